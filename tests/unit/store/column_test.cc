#include "lib/store/column.h"

#include <rapidcheck.h>

#include "tests/support.h"

namespace accord::test {
namespace {

TEST_CASE("a list is one item a line") {
  CHECK(list_to_text({}).empty());
  CHECK(list_to_text({"a", "b"}) == "a\nb\n");
  CHECK(list_to_text({""}) == "\n");
  CHECK(list_from_text("").empty());
  CHECK(list_from_text("a\nb\n") == std::vector<std::string>{"a", "b"});
}

TEST_CASE("any list comes back as it went in") {
  CHECK(rc::check("list", [](const std::vector<std::string>& items) {
    RC_ASSERT(list_from_text(list_to_text(items)) == items);
  }));
  const std::vector<std::string> odd = {"\\", "\n", "\\n", std::string(1, '\0'), "\\0", "", "\\\\\n"};
  CHECK(list_from_text(list_to_text(odd)) == odd);
}

}  // namespace
}  // namespace accord::test
