#include "lib/app/answers.h"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <cstddef>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

namespace accord {

void showValue(const Question& question, std::ostream& out) {
  out << question.operation << " " << question.target;
}

namespace {

struct Reply {
  Answer answer = Answer::no;
  bool to_all = false;
};

// A verb that asks these questions one after the other, and runs again from the start for each that has no
// answer yet.
struct Played {
  std::vector<Answer> answers = {};
  std::vector<Question> asked = {};
};

// One run: the answers that there were, up to the question that stopped it.
std::vector<Answer> run_once(Answers& answers, const std::vector<Question>& questions) {
  std::vector<Answer> had;
  answers.start_over();
  for (const auto& question : questions) {
    const auto answer = answers.to(question);
    if (!answer) {
      answers.pending = question;
      break;
    }
    had.push_back(*answer);
  }
  return had;
}

Played play(Answers& answers, const std::vector<Question>& questions, const std::vector<Reply>& replies) {
  Played played;
  for (;;) {
    played.answers = run_once(answers, questions);
    if (!answers.pending) return played;
    const auto& reply = replies.at(played.asked.size());
    played.asked.push_back(*answers.pending);
    answers.take(reply.answer, reply.to_all);
  }
}

rc::Gen<std::vector<Question>> any_questions() {
  return rc::gen::container<std::vector<Question>>(rc::gen::build<Question>(
      rc::gen::set(&Question::operation, rc::gen::element<std::string>("Set", "Remove")),
      rc::gen::set(&Question::target, rc::gen::element<std::string>("a", "b", "c"))));
}

std::vector<Reply> replies_for(std::size_t count, int all_of_100) {
  std::vector<Reply> replies;
  for (std::size_t i = 0; i < count; ++i) {
    replies.push_back({.answer = *rc::gen::element(Answer::yes, Answer::no),
                       .to_all = *rc::gen::inRange(0, 100) < all_of_100});
  }
  return replies;
}

TEST_CASE("each question is asked once, in order, and has the answer that was given to it") {
  CHECK(rc::check([] {
    const auto questions = *any_questions();
    const auto replies = replies_for(questions.size(), 15);
    // The plain way: one reply a question until one of them is to all.
    std::vector<Answer> expected;
    std::size_t asked = 0;
    for (std::size_t i = 0; i < questions.size(); ++i) {
      const bool is_answered = asked > 0 && replies[asked - 1].to_all;
      if (!is_answered) ++asked;
      expected.push_back(replies[asked - 1].answer);
    }
    Answers answers;
    const auto played = play(answers, questions, replies);
    RC_ASSERT(played.answers == expected);
    RC_ASSERT(played.asked == std::vector<Question>(questions.begin(),
                                                    questions.begin() + static_cast<std::ptrdiff_t>(asked)));
  }));
}

TEST_CASE("where another question comes up than before, what was answered from there on is asked again") {
  CHECK(rc::check([] {
    const auto common = *any_questions();
    const auto before = *rc::gen::nonEmpty(any_questions());
    const auto after = *rc::gen::nonEmpty(any_questions());
    RC_PRE(before.front() != after.front());
    auto first = common;
    first.insert(first.end(), before.begin(), before.end());
    auto second = common;
    second.insert(second.end(), after.begin(), after.end());

    Answers answers;
    const auto replies = replies_for(first.size(), 0);
    const auto played = play(answers, first, replies);
    const auto had = run_once(answers, second);
    RC_ASSERT(had ==
              std::vector<Answer>(played.answers.begin(),
                                  played.answers.begin() + static_cast<std::ptrdiff_t>(common.size())));
    RC_ASSERT(answers.pending == after.front());
    RC_ASSERT(answers.given.size() == common.size());
  }));
}

TEST_CASE("an answer to all is forgotten with the questions that led to it") {
  Answers answers;
  const Question remove_a{.operation = "Remove", .target = "a"};
  const Question remove_b{.operation = "Remove", .target = "b"};
  const Question remove_c{.operation = "Remove", .target = "c"};
  CHECK(play(answers, {remove_a, remove_b}, {{.answer = Answer::yes, .to_all = true}}).answers ==
        std::vector<Answer>{Answer::yes, Answer::yes});
  CHECK(run_once(answers, {remove_a, remove_c}) == std::vector<Answer>{Answer::yes, Answer::yes});
  CHECK(run_once(answers, {remove_c, remove_a}).empty());
  CHECK(answers.pending == remove_c);
  CHECK_FALSE(answers.rest.has_value());
}

TEST_CASE("a warning is new once, and again where it comes a second time or after another one") {
  CHECK(rc::check("runs that go further each time", [] {
    const auto warnings =
        *rc::gen::container<std::vector<std::string>>(rc::gen::element<std::string>("one", "two", "three"));
    Answers answers;
    std::vector<std::string> printed;
    for (std::size_t reached = 0; reached <= warnings.size();
         reached += *rc::gen::inRange<std::size_t>(1, 4)) {
      answers.start_over();
      for (std::size_t i = 0; i < reached; ++i) {
        if (answers.is_news(warnings[i])) printed.push_back(warnings[i]);
      }
    }
    answers.start_over();
    for (const auto& warning : warnings) {
      if (answers.is_news(warning)) printed.push_back(warning);
    }
    RC_ASSERT(printed == warnings);
  }));
  Answers answers;
  CHECK(answers.is_news("a"));
  CHECK(answers.is_news("a"));
  answers.start_over();
  CHECK_FALSE(answers.is_news("a"));
  CHECK(answers.is_news("b"));
  CHECK(answers.is_news("a"));
}

TEST_CASE("nothing is taken without a question") {
  Answers answers;
  answers.take(Answer::yes, true);
  CHECK(answers.given.empty());
  CHECK_FALSE(answers.rest.has_value());
}

TEST_CASE("the same operation on another target is another question") {
  Answers answers;
  CHECK(play(answers, {{.operation = "Remove", .target = "a"}}, {{.answer = Answer::yes}}).answers.size() ==
        1);
  CHECK(run_once(answers, {{.operation = "Remove", .target = "A"}}).empty());
  CHECK(play(answers, {{.operation = "Remove", .target = "a"}}, {{.answer = Answer::no}}).asked.size() == 1);
}

}  // namespace
}  // namespace accord
