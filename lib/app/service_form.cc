#include "lib/app/service_form.h"

#include <algorithm>

#include "lib/core/encoding.h"

namespace accord {
namespace {

constexpr std::size_t kMostFields = 32;

// nullopt: not written as it must be.
std::optional<std::string> decoded(std::string_view text) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c <= ' ' || c > '~') return std::nullopt;
    if (c == '+') {
      plain += ' ';
    } else if (c != '%') {
      plain += c;
    } else {
      const auto byte = text.size() - i > 2 ? hex_decode(text.substr(i + 1, 2)) : std::nullopt;
      if (!byte) return std::nullopt;
      plain += *byte;
      i += 2;
    }
  }
  return plain;
}

bool is_plain_text(std::string_view text) {
  return is_utf8(text) &&
         std::ranges::none_of(text, [](char c) { return (c >= 0 && c < ' ') || c == '\x7F'; });
}

}  // namespace

tl::expected<Form, std::string> Form::parse(std::string_view body) {
  const auto bad = [](std::string_view why) { return tl::unexpected("The form " + std::string(why) + '.'); };
  Form form;
  while (!body.empty()) {
    const auto end = std::min(body.find('&'), body.size());
    const auto piece = body.substr(0, end);
    const bool is_last = end == body.size();
    if (!is_last && end + 1 == body.size()) return bad("ends with &");
    body.remove_prefix(is_last ? end : end + 1);
    const auto equals = piece.find('=');
    if (equals == std::string_view::npos || equals == 0) return bad("has a piece that is not name=value");
    auto name = decoded(piece.substr(0, equals));
    auto value = decoded(piece.substr(equals + 1));
    if (!name || !value) return bad("is not percent-encoded as it must be");
    if (!is_plain_text(*name) || !is_plain_text(*value))
      return bad("has text that is not UTF-8 or has control characters");
    if (form.find(*name)) return bad("has a parameter twice");
    if (form.fields_.size() == kMostFields) return bad("has too many parameters");
    form.fields_.emplace_back(*std::move(name), *std::move(value));
  }
  return form;
}

std::optional<std::string_view> Form::find(std::string_view name) const {
  for (const auto& [one, value] : fields_) {
    if (one == name) return value;
  }
  return std::nullopt;
}

bool is_form_type(std::string_view content_type) {
  const auto semicolon = content_type.find(';');
  if (!equals_ignoring_case(trim(content_type.substr(0, semicolon)), "application/x-www-form-urlencoded"))
    return false;
  if (semicolon == std::string_view::npos) return true;
  const auto parameter = trim(content_type.substr(semicolon + 1));
  return equals_ignoring_case(parameter, "charset=utf-8") || equals_ignoring_case(parameter, "charset=\"utf-8\"");
}

}  // namespace accord
