#include "lib/app/answers.h"

#include <utility>

namespace accord {

std::optional<Answer> Answers::to(const Question& question) {
  const std::size_t place = next++;
  if (place < given.size()) {
    if (given[place].question == question) return given[place].answer;
    given.resize(place);
    rest.reset();
  }
  return rest;
}

void Answers::start_over() {
  next = 0;
  next_said = 0;
}

bool Answers::is_news(const std::string& text) {
  const std::size_t place = next_said++;
  if (place < said.size() && said[place] == text) return false;
  said.resize(place);
  said.push_back(text);
  return true;
}

void Answers::take(Answer answer, bool to_all) {
  if (!pending) return;
  given.push_back({*std::exchange(pending, std::nullopt), answer});
  if (to_all) rest = answer;
}

}  // namespace accord
