// What the admin answered so far in one call, and in the whole of a batch that is one transaction.
//
// No lock is held while a question waits: the verb is rolled back, the question is asked, and then the verb
// runs again from the start, on the store as it is by then, with the answer at hand.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "lib/core/secret.h"

namespace accord {

enum class Answer { yes, no };

struct Question {
  std::string operation = {};
  std::string target = {};
  friend bool operator==(const Question&, const Question&) = default;
};

struct Answers {
  struct Given {
    Question question = {};
    Answer answer = Answer::no;
  };
  std::vector<Given> given = {};         // in the order they were asked
  std::optional<Answer> rest = {};       // to all that follows: "Yes to All", "No to All"
  std::size_t next = 0;                  // the questions that came up in this run
  std::optional<Question> pending = {};  // the one that stopped the verb
  std::vector<std::string> said = {};    // on standard error in the runs before, which is not said again
  std::size_t next_said = 0;
  // What was read from where nothing can be read twice: standard input, pipes, descriptors, the keyboard.
  std::map<std::string, std::string> inputs = {};
  std::map<std::string, SecretBytes> secrets = {};

  // The answer at hand; none: it has to be asked, and what was answered after this place does not count any
  // more.
  [[nodiscard]] std::optional<Answer> to(const Question& question);
  // Before each run.
  void start_over();
  // Whether a text is new: not the one that came at this place in the run before.
  [[nodiscard]] bool is_news(const std::string& text);
  // Remembers what was said to the pending question.
  void take(Answer answer, bool to_all);
};

}  // namespace accord
