#include "lib/core/parse.h"

#include <algorithm>
#include <charconv>

#include "lib/core/encoding.h"

namespace accord {
namespace {

std::string quoted(std::string_view text) {
  return "'" + escape_for_terminal(text) + "'";
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool is_hex_digit(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

// RFC 1035 with the underscore that Windows names may have.
bool is_label(std::string_view label) {
  return !label.empty() && label.size() <= 63 && label.front() != '-' && label.back() != '-' &&
         std::all_of(label.begin(), label.end(),
                     [](char c) { return is_digit(c) || is_letter(c) || c == '-' || c == '_'; });
}

// The number of labels; 0 when it is no domain name.
std::size_t count_labels(std::string_view name) {
  if (name.size() > 253) return 0;
  std::size_t labels = 0;
  for (;;) {
    const auto dot = name.find('.');
    if (!is_label(name.substr(0, dot))) return 0;
    ++labels;
    if (dot == std::string_view::npos) return labels;
    name.remove_prefix(dot + 1);
  }
}

bool is_port(std::string_view text) {
  if (text.empty() || text.size() > 5 || !std::all_of(text.begin(), text.end(), is_digit)) return false;
  unsigned port = 0;
  std::from_chars(text.data(), text.data() + text.size(), port);
  return port >= 1 && port <= 65535;
}

tl::unexpected<Error> no_thumbprint(std::string_view text, std::string what) {
  return fail("Parameter.Invalid",
              "a thumbprint has 40 hexadecimal digits, " + quoted(text) + " " + std::move(what),
              std::string(text), "copy the thumbprint again; get-certificate shows those that are stored");
}

}  // namespace

std::optional<bool> parse_boolean(std::string_view text) {
  for (const auto* yes : {"$true", "true", "1"}) {
    if (equals_ignoring_case(text, yes)) return true;
  }
  for (const auto* no : {"$false", "false", "0"}) {
    if (equals_ignoring_case(text, no)) return false;
  }
  return std::nullopt;
}

Result<std::int64_t> parse_integer(std::string_view text, std::int64_t lowest, std::int64_t highest) {
  std::int64_t value = 0;
  const char* end = text.data() + text.size();
  const auto [stopped, failure] = std::from_chars(text.data(), end, value);
  if (failure == std::errc::invalid_argument || stopped != end) {
    return fail("Parameter.Invalid", quoted(text) + " is not a whole number", std::string(text));
  }
  if (failure != std::errc() || value < lowest || value > highest) {
    return fail("Parameter.Invalid",
                quoted(text) + " is not within " + std::to_string(lowest) + " to " + std::to_string(highest),
                std::string(text));
  }
  return value;
}

Result<std::string> parse_thumbprint(std::string_view text) {
  constexpr std::string_view kLeftToRightMark = "\xE2\x80\x8E";  // the Windows dialog puts one in front
  std::string digits;
  for (std::size_t i = 0; i < text.size();) {
    if (text.substr(i).starts_with(kLeftToRightMark)) {
      i += kLeftToRightMark.size();
      continue;
    }
    const char c = text[i++];
    if (c == ' ' || c == '\t' || c == ':') continue;
    if (!is_hex_digit(c)) return no_thumbprint(text, "has a character that is none");
    digits += c;
  }
  if (digits.size() != 40) return no_thumbprint(text, "has " + std::to_string(digits.size()));
  return to_upper(digits);
}

std::vector<std::string> split_list(std::string_view text) {
  std::vector<std::string> items;
  for (;;) {
    const auto comma = text.find(',');
    if (const auto item = trim(text.substr(0, comma)); !item.empty()) items.emplace_back(item);
    if (comma == std::string_view::npos) return items;
    text.remove_prefix(comma + 1);
  }
}

Result<std::string> parse_domain_name(std::string_view text) {
  if (count_labels(text) < 2) {
    return fail("Parameter.Invalid", quoted(text) + " is not a domain name", std::string(text),
                "write it like 'litwareinc.com', in its ASCII form");
  }
  return to_lower(text);
}

Result<std::string> parse_host(std::string_view text) {
  const auto colon = text.find(':');
  if (count_labels(text.substr(0, colon)) == 0 ||
      (colon != std::string_view::npos && !is_port(text.substr(colon + 1)))) {
    return fail("Parameter.Invalid", quoted(text) + " is not a host name", std::string(text),
                "write it like 'mail.litwareinc.com' or 'mail.litwareinc.com:443', without https://");
  }
  return to_lower(text);
}

}  // namespace accord
