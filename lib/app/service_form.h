// The body of a token request: application/x-www-form-urlencoded, read strictly, because two readings of one
// request are two requests (RFC 6749 s.3.2 and appendix B).
#pragma once

#include <tl/expected.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace accord {

class Form {
 public:
  // Fails with what is wrong, in words that quote nothing: a name twice or empty, a piece without "=", a bad
  // escape, a character that should have been escaped, text that is not UTF-8 or holds control characters.
  [[nodiscard]] static tl::expected<Form, std::string> parse(std::string_view body);

  [[nodiscard]] std::optional<std::string_view> find(std::string_view name) const;

 private:
  std::vector<std::pair<std::string, std::string>> fields_ = {};
};

// Whether a Content-Type is that of such a form; of parameters only charset=utf-8 is known.
[[nodiscard]] bool is_form_type(std::string_view content_type);

}  // namespace accord
