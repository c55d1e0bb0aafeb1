#include "lib/net/challenge.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "lib/core/encoding.h"
#include "lib/core/json.h"
#include "lib/core/parse.h"
#include "lib/core/time.h"

namespace accord {
namespace {

constexpr std::size_t kChallengeLimit = std::size_t{16} * 1024;
constexpr std::size_t kAnswerLimit = std::size_t{256} * 1024;
constexpr std::int64_t kHighestCode = 999'999'999;
constexpr std::int64_t kLongestLifetime = std::int64_t{100} * 366 * 86400;

bool is_alphanumeric(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

// RFC 9110, 5.6.2.
bool is_token_character(char c) {
  return is_alphanumeric(c) || std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

// RFC 9110, 11.2.
bool is_token68_character(char c) {
  return is_alphanumeric(c) || std::string_view("-._~+/").find(c) != std::string_view::npos;
}

bool is_control(char c) {
  return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
}

// What a server may write without quotes though it is no token: URLs and GUIDs with "@".
bool is_bare(char c) {
  return c > 0x20 && c < 0x7f && c != '"' && c != ',' && c != ';';
}

bool is_blank(char c) {
  return c == ' ' || c == '\t';
}

tl::unexpected<Error> invalid(std::string message) {
  return fail("Challenge.Invalid", std::move(message), {},
              "ask the other server's admin what stands between you: a proxy may have changed it");
}

// A place in a text, and what can be read from there on.
class Cursor {
 public:
  explicit Cursor(std::string_view text) : text_(text) {}

  [[nodiscard]] bool at_end() const { return at_ == text_.size(); }
  [[nodiscard]] char peek() const { return at_end() ? '\0' : text_[at_]; }
  [[nodiscard]] std::size_t place() const { return at_; }
  void go_back_to(std::size_t place) { at_ = place; }

  void skip_blanks() {
    while (is_blank(peek())) ++at_;
  }
  // RFC 9110, 5.6.1: a reader takes empty elements of a list.
  void skip_blanks_and(char separator) {
    while (is_blank(peek()) || peek() == separator) ++at_;
  }
  [[nodiscard]] bool take(char c) {
    if (peek() != c || at_end()) return false;
    ++at_;
    return true;
  }
  template <class Predicate>
  [[nodiscard]] std::string_view take_while(Predicate belongs) {
    const auto from = at_;
    while (!at_end() && belongs(text_[at_])) ++at_;
    return text_.substr(from, at_ - from);
  }
  // With its quotes; unescaped. RFC 9110, 5.6.4.
  [[nodiscard]] Result<std::string> take_quoted() {
    ++at_;
    std::string value;
    while (!at_end() && peek() != '"') {
      if (peek() == '\\' && at_ + 1 < text_.size()) ++at_;
      value += text_[at_++];
    }
    if (!take('"')) return invalid("a quoted value does not end");
    return value;
  }

 private:
  std::string_view text_;
  std::size_t at_ = 0;
};

Result<void> check_text(std::string_view text) {
  // A tab may stand between words; in a value it is refused with the rest.
  if (std::ranges::any_of(text, [](char c) { return is_control(c) && c != '\t'; }))
    return invalid("it holds a control character");
  return {};
}

class ChallengeReader {
 public:
  explicit ChallengeReader(std::string_view line) : cursor_(line) {}

  Result<std::vector<Challenge>> read() {
    for (cursor_.skip_blanks_and(','); !cursor_.at_end(); cursor_.skip_blanks_and(',')) {
      TRY(read_element());
      cursor_.skip_blanks();
      if (!cursor_.at_end() && cursor_.peek() != ',') return invalid("a comma is missing after a value");
    }
    return std::move(challenges_);
  }

 private:
  // One element of the list: a parameter of the challenge before, or the beginning of the next one.
  Result<void> read_element() {
    if (is_parameter()) return read_parameter();
    const auto scheme = cursor_.take_while(is_token_character);
    if (scheme.empty()) return invalid("a scheme or a parameter is missing");
    challenges_.push_back({.scheme = std::string(scheme), .token68 = {}, .parameters = {}});
    if (!is_blank(cursor_.peek())) return {};
    cursor_.skip_blanks();
    if (cursor_.at_end() || cursor_.peek() == ',') return {};
    if (read_token68()) return {};
    if (!is_parameter()) return invalid("what follows a scheme is no parameter");
    return read_parameter();
  }

  // A name and "=": looked at, not taken.
  [[nodiscard]] bool is_parameter() {
    const auto start = cursor_.place();
    const bool has_name = !cursor_.take_while(is_token_character).empty();
    cursor_.skip_blanks();
    const bool is = has_name && cursor_.peek() == '=';
    cursor_.go_back_to(start);
    return is;
  }

  [[nodiscard]] bool read_token68() {
    const auto start = cursor_.place();
    auto text = std::string(cursor_.take_while(is_token68_character));
    text += cursor_.take_while([](char c) { return c == '='; });
    cursor_.skip_blanks();
    if (!text.empty() && (cursor_.at_end() || cursor_.peek() == ',')) {
      challenges_.back().token68 = std::move(text);
      return true;
    }
    cursor_.go_back_to(start);
    return false;
  }

  Result<void> read_parameter() {
    std::string name(cursor_.take_while(is_token_character));
    cursor_.skip_blanks();
    static_cast<void>(cursor_.take('='));
    cursor_.skip_blanks();
    TRY_ASSIGN(auto value, read_value());
    if (challenges_.empty()) return invalid("it begins with a parameter instead of a scheme");
    auto& challenge = challenges_.back();
    if (challenge.token68) return invalid("a scheme has both a token and parameters");
    if (challenge.parameter(name)) {
      return invalid(fmt::format("the parameter '{}' is there twice", escape_for_terminal(to_lower(name))));
    }
    challenge.parameters.emplace_back(std::move(name), std::move(value));
    return {};
  }

  Result<std::string> read_value() {
    if (cursor_.peek() != '"') {
      const auto bare = cursor_.take_while(is_bare);
      if (bare.empty()) return invalid("a parameter has no value");
      return std::string(bare);
    }
    TRY_ASSIGN(auto value, cursor_.take_quoted());
    if (std::ranges::any_of(value, is_control)) return invalid("a value holds a control character");
    return value;
  }

  Cursor cursor_;
  std::vector<Challenge> challenges_;
};

std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words;
  while (!text.empty()) {
    const auto end = std::min(text.find(' '), text.size());
    if (end > 0) words.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return words;
}

BearerChallenge bearer_of(const Challenge& challenge) {
  BearerChallenge made{.client_id = challenge.parameter("client_id"),
                       .realm = challenge.parameter("realm"),
                       .authorization_uri = challenge.parameter("authorization_uri"),
                       .error = challenge.parameter("error"),
                       .error_description = challenge.parameter("error_description")};
  if (const auto issuers = challenge.parameter("trusted_issuers"))
    made.trusted_issuers = split_list(*issuers);
  if (const auto types = challenge.parameter("token_types")) made.token_types = words_of(*types);
  return made;
}

// --- Diagnostics

Result<void> add_part(DiagnosticsLine& line, std::string_view name, std::string value) {
  std::optional<std::string>* part = nullptr;
  if (equals_ignoring_case(name, "reason")) part = &line.reason;
  if (equals_ignoring_case(name, "source")) part = &line.source;
  if (equals_ignoring_case(name, "error_category") || equals_ignoring_case(name, "category"))
    part = &line.category;
  if (part == nullptr) return {};
  if (*part) return invalid(fmt::format("'{}' is there twice", to_lower(name)));
  *part = std::move(value);
  return {};
}

Result<void> read_part(Cursor& cursor, DiagnosticsLine& line) {
  const auto name = cursor.take_while(is_token_character);
  cursor.skip_blanks();
  if (name.empty() || !cursor.take('=')) return invalid("what follows the code is no name=value");
  cursor.skip_blanks();
  std::string value;
  if (cursor.peek() == '"') {
    TRY_ASSIGN(value, cursor.take_quoted());
  } else {
    value = trim(cursor.take_while([](char c) { return c != ';' && c != '"'; }));
  }
  if (std::ranges::any_of(value, is_control)) return invalid("a value holds a control character");
  cursor.skip_blanks();
  if (!cursor.at_end() && cursor.peek() != ';') return invalid("a semicolon is missing after a value");
  return add_part(line, name, std::move(value));
}

// --- Answers of a token endpoint

// The codes that stand in a text: "ACS50012: …" -> "ACS50012".
void add_codes(std::vector<std::string>& codes, std::string_view text) {
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  for (const std::string_view prefix : {"AADSTS", "ACS"}) {
    for (auto at = text.find(prefix); at != std::string_view::npos; at = text.find(prefix, at + 1)) {
      if (at > 0 && is_alphanumeric(text[at - 1])) continue;
      auto end = at + prefix.size();
      while (end < text.size() && is_digit(text[end])) ++end;
      const auto digits = end - at - prefix.size();
      std::string code(text.substr(at, end - at));
      if (digits > 0 && digits <= 9 && std::ranges::find(codes, code) == codes.end())
        codes.push_back(std::move(code));
    }
  }
}

// The text behind "Trace ID: ", up to the end of its line.
std::optional<std::string> labelled(std::string_view text, std::string_view label) {
  const auto at = text.find(label);
  if (at == std::string_view::npos) return std::nullopt;
  text.remove_prefix(at + label.size());
  const auto value = trim(text.substr(0, std::min(text.find_first_of("\r\n"), text.size())));
  if (value.empty()) return std::nullopt;
  return std::string(value);
}

std::optional<std::string> text_of(const json::Value& object, std::string_view name) {
  if (const auto text = object.find_string(name)) return std::string(*text);
  return std::nullopt;
}

std::optional<std::string> identifier_of(const json::Value& object, std::string_view member,
                                         const std::optional<std::string>& description,
                                         std::string_view label) {
  if (auto text = text_of(object, member)) return text;
  return description ? labelled(*description, label) : std::nullopt;
}

Result<json::Value> object_of(std::string_view body) {
  TRY_ASSIGN(auto value, json::parse(without_byte_order_mark(body), {.bytes = kAnswerLimit}));
  if (!value.is_object()) {
    return invalid(
        fmt::format("the answer is JSON, but {} instead of an object", json::kind_name(value.kind())));
  }
  return value;
}

// Numbers that may be strings (protocol.md 3.4).
Result<std::optional<std::int64_t>> number_of(const json::Value& object, std::string_view name,
                                              std::int64_t highest) {
  const auto* member = object.find(name);
  if (member == nullptr || member->kind() == json::Kind::null) return std::optional<std::int64_t>();
  auto number = std::optional<std::int64_t>();
  if (member->is_integer()) number = member->integer();
  if (member->is_string()) {
    if (const auto read = parse_integer(member->text(), 0, highest)) number = *read;
  }
  if (!number || *number < 0 || *number > highest)
    return invalid(fmt::format("the answer's '{}' is no number in its bounds", name));
  return number;
}

Result<std::string> required(const json::Value& object, std::string_view name) {
  auto text = text_of(object, name);
  if (!text || text->empty())
    return invalid(fmt::format("the answer has no member '{}', or it is no text", name));
  return *std::move(text);
}

}  // namespace

std::optional<std::string> Challenge::parameter(std::string_view name) const {
  for (const auto& [candidate, value] : parameters) {
    if (equals_ignoring_case(candidate, name)) return value;
  }
  return std::nullopt;
}

Result<std::vector<Challenge>> parse_challenges(const std::vector<std::string>& lines) {
  std::size_t size = 0;
  for (const auto& line : lines) size += line.size();
  if (size > kChallengeLimit) return invalid(fmt::format("it is longer than {} bytes", kChallengeLimit));
  std::vector<Challenge> all;
  for (const auto& line : lines) {
    TRY(check_text(line));
    TRY_ASSIGN(auto challenges, ChallengeReader(line).read());
    std::ranges::move(challenges, std::back_inserter(all));
  }
  return all;
}

Result<std::optional<BearerChallenge>> bearer_challenge(const std::vector<Challenge>& all) {
  const auto is_bearer = [](const Challenge& one) { return equals_ignoring_case(one.scheme, "Bearer"); };
  const auto found = std::ranges::find_if(all, is_bearer);
  if (found == all.end()) return std::nullopt;
  if (std::ranges::count_if(all, is_bearer) > 1)
    return invalid("there are two Bearer challenges, which may contradict each other");
  return bearer_of(*found);
}

Result<DiagnosticsLine> parse_diagnostics(std::string_view text) {
  if (text.size() > kChallengeLimit)
    return invalid(fmt::format("it is longer than {} bytes", kChallengeLimit));
  TRY(check_text(text));
  Cursor cursor(text);
  cursor.skip_blanks();
  DiagnosticsLine line;
  const auto code = parse_integer(cursor.take_while(is_alphanumeric), 0, kHighestCode);
  if (!code) return invalid("it does not begin with the number of a diagnosis");
  line.code = *code;
  cursor.skip_blanks();
  if (!cursor.at_end() && cursor.peek() != ';') return invalid("a semicolon is missing after the number");
  for (cursor.skip_blanks_and(';'); !cursor.at_end(); cursor.skip_blanks_and(';'))
    TRY(read_part(cursor, line));
  return line;
}

Result<TokenEndpointError> parse_token_error(std::string_view body) {
  TRY_ASSIGN(const auto object, object_of(body));
  TokenEndpointError made;
  TRY_ASSIGN(made.error, required(object, "error"));
  made.description = text_of(object, "error_description");
  if (made.description) add_codes(made.codes, *made.description);
  if (const auto* codes = object.find("error_codes"); codes != nullptr) {
    for (const auto& one : codes->items()) {
      const bool is_code = one.is_integer() && one.integer() > 0 && one.integer() <= kHighestCode;
      if (is_code) add_codes(made.codes, fmt::format("AADSTS{}", one.integer()));
    }
  }
  made.trace_id = identifier_of(object, "trace_id", made.description, "Trace ID:");
  made.correlation_id = identifier_of(object, "correlation_id", made.description, "Correlation ID:");
  return made;
}

std::vector<std::string> token_error_codes(std::string_view text) {
  std::vector<std::string> codes;
  add_codes(codes, text);
  return codes;
}

Result<TokenEndpointAnswer> parse_token_answer(std::string_view body) {
  TRY_ASSIGN(const auto object, object_of(body));
  TokenEndpointAnswer made;
  TRY_ASSIGN(made.access_token, required(object, "access_token"));
  TRY_ASSIGN(made.token_type, required(object, "token_type"));
  TRY_ASSIGN(made.expires_in, number_of(object, "expires_in", kLongestLifetime));
  const auto latest = kLatestInstant.time_since_epoch().count();
  TRY_ASSIGN(made.not_before, number_of(object, "not_before", latest));
  TRY_ASSIGN(made.expires_on, number_of(object, "expires_on", latest));
  made.resource = text_of(object, "resource");
  return made;
}

}  // namespace accord
