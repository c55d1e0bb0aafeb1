// What of a request is refused, because programs on the way here might read it in another way (RFC 9112 s.11.2):
// plain functions of the bytes, looked at before and after Beast's parser.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string_view>

namespace accord {

enum class Head { incomplete, complete, bad };

struct HeadScan {
  Head state = Head::incomplete;
  std::size_t end = 0;  // of a complete head: behind its empty line
  const char* problem = "";
};

// `checked`: how much of `bytes` an earlier call has looked at; kept up to date. A line ends with CR LF and
// nothing else does, no line continues another (obs-fold), and there are no control characters.
inline HeadScan scan_head(std::string_view bytes, std::size_t& checked) {
  for (; checked < bytes.size(); ++checked) {
    const char c = bytes[checked];
    const char before = checked > 0 ? bytes[checked - 1] : '\0';
    if (before == '\r' && c != '\n') return {.state = Head::bad, .problem = "a carriage return alone"};
    if (c == '\n' && before != '\r') return {.state = Head::bad, .problem = "a line feed alone"};
    if (c == '\n' && checked == 1) return {.state = Head::bad, .problem = "an empty line first"};
    if (c == '\n' && checked >= 3 && bytes[checked - 2] == '\n')
      return {.state = Head::complete, .end = ++checked};
    if (before == '\n' && (c == ' ' || c == '\t'))
      return {.state = Head::bad, .problem = "a header line that continues another"};
    const bool is_control = (c >= 0 && c < ' ') || c == '\x7F';
    if (is_control && c != '\r' && c != '\n' && c != '\t')
      return {.state = Head::bad, .problem = "a control character"};
  }
  return {};
}

inline bool is_plain_target(std::string_view target) {
  return !target.empty() && target.front() == '/' &&
         std::all_of(target.begin(), target.end(), [](char c) { return c > ' ' && c <= '~'; });
}

inline bool is_field_name(std::string_view name) {
  constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
  return !name.empty() && std::all_of(name.begin(), name.end(), [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           kMarks.find(c) != std::string_view::npos;
  });
}

// What a header of an answer may say: nothing that could begin another line.
inline bool is_field_value(std::string_view value) {
  return std::all_of(value.begin(), value.end(),
                     [](char c) { return c == '\t' || (c >= ' ' && c <= '~'); });
}

}  // namespace accord
