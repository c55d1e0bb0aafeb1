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

void Answers::take(Answer answer, bool to_all) {
  if (!pending) return;
  given.push_back({*std::exchange(pending, std::nullopt), answer});
  if (to_all) rest = answer;
}

}  // namespace accord
