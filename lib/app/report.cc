#include "lib/app/report.h"

#include <fmt/format.h>

#include <algorithm>

#include "lib/core/encoding.h"
#include "lib/core/json.h"

namespace accord {
namespace {

std::string as_json(const Error& error, const ReportStyle& style) {
  json::Value inner = json::Value::object();
  inner.add("id", error.id.text());
  inner.add("category", category_of(error.id.exit_code()));
  inner.add("target", error.target.empty() ? json::Value() : json::Value(error.target));
  inner.add("message", error.message);
  if (error.column > 0) inner.add("column", static_cast<std::int64_t>(error.column));
  inner.add("try", error.advice.empty() ? json::Value() : json::Value(error.advice));
  if (!style.store.empty()) inner.add("store", style.store);
  if (!style.file.empty()) inner.add("file", style.file);
  if (error.line > 0) inner.add("line", static_cast<std::int64_t>(error.line));
  json::Value outer = json::Value::object();
  outer.add("error", std::move(inner));
  outer.add("exitCode", static_cast<std::int64_t>(error.id.exit_code()));
  return json::dump(outer) + '\n';
}

// "verb: ", "setup.batch:12: verb: ", "verb: line 3: ".
std::string heading(std::string_view verb, const Error& error, const ReportStyle& style) {
  if (!style.file.empty()) return fmt::format("{}:{}: {}: ", style.file, error.line, verb);
  return error.line > 0 ? fmt::format("{}: line {}: ", verb, error.line) : fmt::format("{}: ", verb);
}

// Of what stands before the column in the target as it is shown: escapes and some letters are wider than one.
std::size_t width_before(const Error& error) {
  std::size_t end = 0;
  for (std::size_t i = 1; i < error.column && end < error.target.size(); ++i)
    end += code_point_at(error.target, end).length;
  return display_width(escape_for_terminal(std::string_view(error.target).substr(0, end)));
}

std::string as_text(std::string_view verb, const Error& error, const ReportStyle& style) {
  std::string text = fmt::format("{}{}{}\n", escape_for_terminal(heading(verb, error, style)),
                                 escape_for_terminal(error.message), error.message.ends_with('.') ? "" : ".");
  if (!error.target.empty()) text += fmt::format("  Target : {}\n", escape_for_terminal(error.target));
  if (error.column > 0) text += fmt::format("           {}^\n", std::string(width_before(error), ' '));
  if (!style.store.empty()) text += fmt::format("  Store  : {}\n", escape_for_terminal(style.store));
  if (!error.advice.empty()) text += fmt::format("  Try    : {}\n", escape_for_terminal(error.advice));
  return text;
}

// A token that was given in the wrong place stands in the complaint about it, and is a credential all the
// same.
std::string without_tokens(std::string_view text) {
  constexpr std::string_view kStart = "eyJ";  // {" in base64url
  constexpr std::size_t kShortest = 32;
  const auto belongs = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.';
  };
  std::string result;
  for (auto at = text.find(kStart); at != std::string_view::npos; at = text.find(kStart)) {
    const auto end = static_cast<std::size_t>(
        std::find_if_not(text.begin() + static_cast<std::ptrdiff_t>(at), text.end(), belongs) - text.begin());
    const auto run = text.substr(at, end - at);
    const bool is_token = run.size() >= kShortest;
    result += text.substr(0, at);
    result += is_token ? std::string_view("(a token)") : run;
    text.remove_prefix(end);
  }
  return result.append(text);
}

// A value may be as long as it likes; an error about it shall be read.
std::string shortened(std::string_view text) {
  constexpr std::size_t kLongest = 2000;
  if (text.size() <= kLongest) return std::string(text);
  std::size_t end = kLongest;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return fmt::format("{}…", text.substr(0, end));
}

}  // namespace

ExitCode report(Console& console, std::string_view verb, Error error, const ReportStyle& style) {
  if (style.silent) return error.id.exit_code();
  for (auto* text : {&error.message, &error.target, &error.advice}) *text = shortened(without_tokens(*text));
  if (error.column > error.target.size() + 1) error.column = 0;
  const auto name = shortened(without_tokens(verb));
  const bool json = style.format == Format::json || style.format == Format::jsonl;
  console.write_error(json ? as_json(error, style) : as_text(name, error, style));
  return error.id.exit_code();
}

std::string store_of(const Error& error, const std::optional<std::string>& named, const Settings& settings) {
  const auto code = error.id.exit_code();
  const bool about_store = code == ExitCode::not_found || code == ExitCode::store;
  if (!about_store || error.id.text().starts_with("File.")) return {};
  const auto where = locate_store(named, settings);
  return where && where->store != error.target ? where->store : std::string();
}

}  // namespace accord
