#include "lib/core/names.h"

#include <algorithm>
#include <array>
#include <utility>

#include "lib/core/encoding.h"
#include "lib/core/parse.h"

namespace accord {
namespace {

constexpr std::size_t kLongestName = 256;

constexpr std::array<std::pair<std::string_view, std::string_view>, 4> kShortNames = {{
    {"exchange", kExchangePrincipal},
    {"sharepoint", kSharePointPrincipal},
    {"lync", kLyncPrincipal},
    {"sts", kAuthorizationServerPrincipal},
}};

std::string quoted(std::string_view text) {
  return "'" + escape_for_terminal(text) + "'";
}

bool is_control(char c) {
  return (c >= 0 && c < 0x20) || c == 0x7F;
}

// C1 controls are two bytes of UTF-8, U+0080 to U+009F.
bool has_control(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const auto next = code_point_at(text, i);
    if (next.value &&
        ((*next.value >= 0x80 && *next.value < 0xA0) || (*next.value < 0x80 && is_control(text[i])))) {
      return true;
    }
    i += next.length;
  }
  return false;
}

bool is_name_part(std::string_view text) {
  return text.find_first_of("/@") == std::string_view::npos && !has_control(text);
}

bool is_host_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-' ||
         c == ':' || c == '_';
}

struct UrlParts {
  std::string_view authority;
  std::string_view rest;
};

std::optional<UrlParts> split_https_url(std::string_view url) {
  constexpr std::string_view kScheme = "https://";
  if (!starts_with_ignoring_case(url, kScheme)) return std::nullopt;
  url.remove_prefix(kScheme.size());
  const auto end = std::min(url.find_first_of("/?#"), url.size());
  return UrlParts{url.substr(0, end), url.substr(end)};
}

// Who names a user may name a password, which no error shows.
std::string without_user(std::string_view url) {
  const auto scheme = url.find("://");
  const auto start = scheme == std::string_view::npos ? 0 : scheme + 3;
  const auto authority = url.substr(start, url.find_first_of("/?#", start) - start);
  const auto at = authority.rfind('@');
  if (at == std::string_view::npos) return std::string(url);
  return std::string(url.substr(0, start)) + "..." + std::string(url.substr(start + at));
}

bool is_printable_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7F; });
}

Result<std::string> parse_name(std::string_view text, std::string_view what) {
  const auto refuse = [&](std::string_view why) {
    return fail("Parameter.Invalid",
                quoted(text) + " is not a " + std::string(what) + ": " + std::string(why), std::string(text));
  };
  if (text.empty()) return refuse("it is empty");
  if (text.size() > kLongestName) return refuse("it is longer than 256 bytes");
  if (!is_utf8(text)) return refuse("it is not UTF-8");
  if (!is_name_part(text)) return refuse("'/', '@' and control characters are not allowed");
  return std::string(text);
}

}  // namespace

bool is_url_issuer(std::string_view principal) {
  return principal.starts_with("https://") || principal.starts_with("http://");
}

std::optional<IssuerName> parse_issuer_name(std::string_view text) {
  const auto at = text.find('@');
  if (at == std::string_view::npos) return std::nullopt;
  const auto principal = text.substr(0, at);
  const auto realm = text.substr(at + 1);
  if (principal.empty() || !is_name_part(principal) || !is_name_part(realm)) return std::nullopt;
  return IssuerName{std::string(principal), std::string(realm)};
}

std::optional<Audience> parse_audience(std::string_view text) {
  const auto slash = text.find('/');
  const auto at = text.find('@');
  if (slash == std::string_view::npos || at == std::string_view::npos || at < slash) return std::nullopt;
  const auto principal = text.substr(0, slash);
  const auto host = text.substr(slash + 1, at - slash - 1);
  const auto realm = text.substr(at + 1);
  if (principal.empty() || !is_name_part(principal) || !is_name_part(realm)) return std::nullopt;
  if (host.empty() || !std::all_of(host.begin(), host.end(), is_host_character)) return std::nullopt;
  return Audience{std::string(principal), std::string(host), std::string(realm)};
}

std::string expand_principal(std::string_view text) {
  for (const auto& [name, principal] : kShortNames) {
    if (equals_ignoring_case(text, name)) return std::string(principal);
  }
  return std::string(text);
}

std::string short_name_near(std::string_view principal) {
  std::vector<std::string_view> names;
  for (const auto& [name, known] : kShortNames) names.push_back(name);
  return nearest(principal, names);
}

Result<std::string> parse_principal(std::string_view text) {
  TRY_ASSIGN(const auto name, parse_name(text, "principal"));
  return expand_principal(name);
}

Result<std::string> parse_realm(std::string_view text) {
  if (text == "*") {
    return fail("Parameter.Invalid", "the realm '*' stands for any realm and names none", "*",
                "name the realm, for example the default SIP domain");
  }
  return parse_name(text, "realm");
}

std::optional<std::string> host_of_url(std::string_view url) {
  const auto parts = split_https_url(url);
  if (!parts) return std::nullopt;
  const auto host = parse_host(parts->authority);
  if (!host) return std::nullopt;
  constexpr std::string_view kUsualPort = ":443";
  if (host->ends_with(kUsualPort)) return host->substr(0, host->size() - kUsualPort.size());
  return *host;
}

Result<std::string> parse_https_url(std::string_view text) {
  const auto shown = without_user(text);
  const auto refuse = [&](std::string_view why) {
    return fail("Parameter.Invalid", quoted(shown) + " is not an acceptable URL: " + std::string(why), shown,
                "write it like 'https://ex.litwareinc.com/autodiscover/metadata/json/1'");
  };
  const auto parts = split_https_url(text);
  if (!parts) return refuse("it does not begin with https://");
  if (!is_printable_ascii(text)) return refuse("it has a blank or a character that is not ASCII");
  if (parts->authority.find('@') != std::string_view::npos) return refuse("it names a user");
  if (!host_of_url(text)) return refuse("it has no valid host");
  if (parts->rest.find('#') != std::string_view::npos) return refuse("it has a fragment");
  return std::string(text);
}

}  // namespace accord
