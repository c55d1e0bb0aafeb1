#include "lib/token/rules.h"

#include <algorithm>
#include <array>
#include <functional>
#include <utility>

#include "lib/core/encoding.h"
#include "lib/core/names.h"

namespace accord::rules {
namespace {

constexpr std::size_t kLongestShown = 200;
constexpr std::size_t kX5tSize = 27;
constexpr std::size_t kMostTimeDigits = 12;

std::string with_marks_as(std::string_view text, std::string_view replacement) {
  std::string result;
  for (const char c : text) {
    if (c == kClaimedMark) {
      result += replacement;
    } else {
      result += c;
    }
  }
  return result;
}

std::string as_sentence(std::string_view detail) {
  auto sentence = with_marks_as(detail, "");
  if (!sentence.empty() && sentence[0] >= 'a' && sentence[0] <= 'z')
    sentence[0] = to_upper(sentence.substr(0, 1))[0];
  return sentence + '.';
}

}  // namespace

// ---- What a rule says ----

Verdict pass(std::string detail) {
  return {.outcome = Outcome::pass, .detail = std::move(detail)};
}
Verdict warn(std::string detail) {
  return {.outcome = Outcome::warn, .detail = std::move(detail)};
}
Verdict refuse(Diagnostic diagnostic, std::string detail, std::string reason) {
  return {.outcome = Outcome::fail,
          .detail = std::move(detail),
          .diagnostic = diagnostic,
          .reason = std::move(reason)};
}
Verdict does_not_apply(std::string why) {
  return {.outcome = Outcome::skip, .detail = std::move(why)};
}
Verdict undecided(std::string why) {
  return {.outcome = Outcome::skip, .decided = false, .detail = std::move(why)};
}

// Text of the token or the store, safe to show and of bounded length.
std::string quoted(std::string_view text) {
  auto shown = escape_for_terminal(text);
  if (shown.size() > kLongestShown) {
    auto end = kLongestShown;
    while (end > 0 && (static_cast<unsigned char>(shown[end]) & 0xC0U) == 0x80U) --end;
    shown.resize(end);
    shown += "…";
  }
  return "'" + shown + "'";
}

std::string claimed(std::string_view value) {
  return kClaimedMark + quoted(value);
}

std::string joined(const std::vector<std::string>& parts, std::string_view separator) {
  std::string text;
  for (const auto& part : parts) {
    if (!text.empty()) text += separator;
    text += part;
  }
  return text;
}

Check to_check(std::string_view name, Verdict verdict) {
  Check check{.name = name, .outcome = verdict.outcome, .detail = std::move(verdict.detail)};
  if (check.outcome == Outcome::fail) {
    check.diagnostic = verdict.diagnostic;
    check.reason = verdict.reason.empty() ? as_sentence(check.detail) : with_marks_as(verdict.reason, "");
  }
  return check;
}

void settle_marks(std::vector<Check>& checks, bool accepted) {
  for (auto& check : checks) check.detail = with_marks_as(check.detail, accepted ? "" : "claimed ");
}

// ---- Headers ----

namespace {

bool is_base64url_text(std::string_view text) {
  return std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  });
}

std::optional<std::string> type_problem(const json::Value& header) {
  const auto* type = header.find("typ");
  if (type == nullptr || (type->is_string() && type->text() == "JWT")) return std::nullopt;
  if (!type->is_string()) return "the header's 'typ' is not a string";
  if (equals_ignoring_case(type->text(), "at+jwt") ||
      equals_ignoring_case(type->text(), "application/at+jwt")) {
    return "the header's 'typ' says that this is an OAuth 2.0 access token (RFC 9068), which is not a "
           "server-to-server "
           "token; expected 'JWT' or none";
  }
  return "the header's 'typ' is " + quoted(type->text()) + "; expected 'JWT' or none";
}

// Beside x5t, kid may repeat it and say nothing else (protocol.md 1.3, attack 14).
std::optional<std::string> key_name_problem(const json::Value& header) {
  const auto* x5t = header.find("x5t");
  const auto* kid = header.find("kid");
  if (x5t != nullptr && !x5t->is_string()) return "the header's 'x5t' is not a string";
  if (kid == nullptr) return std::nullopt;
  if (!kid->is_string() || kid->text().empty() || kid->text().size() > kMostKeyIdBytes ||
      !is_base64url_text(kid->text())) {
    return "the header's 'kid' is not base64url text of at most 256 characters";
  }
  if (x5t != nullptr && x5t->text() != kid->text()) return "the header's 'kid' differs from its 'x5t'";
  return std::nullopt;
}

bool is_server_to_server(std::string_view algorithm) {
  constexpr std::array<std::string_view, 4> kSigned = {"RS256", "ES256", "ES384", "EdDSA"};
  return std::ranges::find(kSigned, algorithm) != kSigned.end();
}

}  // namespace

// What no token here needs and every one of which has been an attack; refused by its mere presence (RFC 8725
// s.3.10, RFC 7515 s.4.1.11, RFC 7797 s.7).
std::optional<std::string> refused_member(const json::Value& header) {
  constexpr std::array<std::string_view, 8> kRefused = {"crit", "b64", "jwk", "jku",
                                                        "x5u",  "x5c", "zip", "enc"};
  for (const auto name : kRefused) {
    if (header.find(name) != nullptr) {
      return "the header has a member '" + std::string(name) + "', which no accepted token carries";
    }
  }
  return std::nullopt;
}

std::optional<std::string> header_problem(const json::Value& header) {
  if (auto problem = refused_member(header)) return problem;
  if (header.find("cty") != nullptr) return "the header has a member 'cty', which no accepted token carries";
  if (auto problem = type_problem(header)) return problem;
  if (!header.find_string("alg")) return "the header names no algorithm: 'alg' must be a string";
  return key_name_problem(header);
}

// ---- Claims ----

namespace {

bool is_exchange_identity(const json::Value& claims) {
  constexpr std::string_view kVersion = "ExIdTok";
  const auto* context = claims.find("appctx");
  if (context == nullptr) return false;
  if (context->is_string()) return context->text().find(kVersion) != std::string::npos;
  return context->find_string("version").value_or("").starts_with(kVersion);
}

// Tokens of the neighbourhood that are often brought here by mistake (protocol.md 1.6 to 1.8).
std::optional<std::string> foreign_kind(const Part& part) {
  const auto& claims = part.claims;
  if (is_exchange_identity(claims)) {
    return "this is an Exchange identity token (appctx with ExIdTok): it tells an add-in's web page about a "
           "mailbox and "
           "is not accepted as a server-to-server token";
  }
  const bool has_context = claims.find("appctx") != nullptr || claims.find("appctxsender") != nullptr;
  if (has_context && part.algorithm().starts_with("HS")) {
    return "this is a SharePoint context token, signed with an add-in's client secret (" +
           quoted(part.algorithm()) + "): server-to-server tokens are signed with a certificate";
  }
  const auto issuer = claims.find_string("iss").value_or("");
  if (is_url_issuer(to_lower(issuer)) && claims.find("nameid") == nullptr) {
    return "this is an access token of Azure AD or ADFS (issuer " + claimed(issuer) +
           ", no nameid): it names no application as principal@realm, which server-to-server tokens must";
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::string> signed_algorithm_problem(const Part& part) {
  if (auto kind = foreign_kind(part)) return kind;
  const auto algorithm = part.algorithm();
  if (is_server_to_server(algorithm)) return std::nullopt;
  if (equals_ignoring_case(algorithm, "none")) {
    return "the token is not signed (alg " + quoted(algorithm) +
           "): only the outer token around a signed actor token may be";
  }
  return "the algorithm " + quoted(algorithm) + " is not one of RS256, ES256, ES384, EdDSA";
}

Text text_claim(const json::Value& claims, std::string_view name) {
  const auto* claim = claims.find(name);
  const auto subject = "the claim '" + std::string(name) + "'";
  if (claim == nullptr) return tl::unexpected(subject + " is missing");
  if (!claim->is_string()) {
    return tl::unexpected(subject + " must be one string, not of kind " +
                          std::string(json::kind_name(claim->kind())));
  }
  if (claim->text().empty()) return tl::unexpected(subject + " is empty");
  return std::string_view(claim->text());
}

// Digits in a string, or an integer (protocol.md 1.10, step 5); bounded here, before anything is calculated
// with it.
Second time_claim(const json::Value& claims, std::string_view name) {
  const auto* claim = claims.find(name);
  const auto subject = "the claim '" + std::string(name) + "'";
  if (claim == nullptr) return tl::unexpected(subject + " is missing");
  const auto bad =
      tl::unexpected(subject + " must be seconds from 0 to 253402300799, as digits or an integer");
  std::int64_t second = 0;
  if (claim->is_integer()) {
    second = claim->integer();
  } else if (claim->is_string()) {
    const auto& digits = claim->text();
    if (digits.empty() || digits.size() > kMostTimeDigits) return bad;
    for (const char c : digits) {
      if (c < '0' || c > '9') return bad;
      second = second * 10 + (c - '0');
    }
  } else {
    return bad;
  }
  if (second < 0 || second > kLatestSecond) return bad;
  return second;
}

// Adds what is wrong to `problems`; nothing when both times are there and in order.
std::optional<Lifetime> lifetime_of(const json::Value& claims, std::vector<std::string>& problems) {
  const auto not_before = time_claim(claims, "nbf");
  const auto expires = time_claim(claims, "exp");
  if (!not_before) problems.push_back(not_before.error());
  if (!expires) problems.push_back(expires.error());
  if (!not_before || !expires) return std::nullopt;
  if (*expires <= *not_before) {
    problems.emplace_back("the claim 'exp' is not after 'nbf'");
    return std::nullopt;
  }
  return Lifetime{*not_before, *expires};
}

void require_text(const json::Value& claims, std::string_view name, std::vector<std::string>& problems) {
  if (const auto text = text_claim(claims, name); !text) problems.push_back(text.error());
}

std::string shown_second(std::int64_t second) {
  return claimed(format_instant(Instant(std::chrono::seconds(second))));
}

std::optional<std::string> time_problem(const Lifetime& lifetime, std::int64_t now, const TimeRules& rules) {
  // All of these are below 2^39, so no sum of them can overflow.
  const auto bounded = [](Duration duration) {
    return std::clamp(duration.count(), std::int64_t{0}, kLatestSecond);
  };
  const auto skew = bounded(rules.clock_skew);
  const auto maximum = bounded(rules.maximum_lifetime);
  const auto shown_now = format_instant(Instant(std::chrono::seconds(now)));
  const auto allowance = " (clock skew " + format_duration(Duration(skew)) + ")";
  if (now < lifetime.not_before - skew) {
    return "the token is valid from " + shown_second(lifetime.not_before) + " on, and it is " + shown_now +
           allowance;
  }
  if (now >= lifetime.expires + skew) {
    return "the token ended at " + shown_second(lifetime.expires) + ", and it is " + shown_now + allowance;
  }
  if (lifetime.expires - lifetime.not_before > maximum) {
    return "the token is valid from " + shown_second(lifetime.not_before) + " to " +
           shown_second(lifetime.expires) + ", longer than the maximum of " +
           format_duration(Duration(maximum));
  }
  if (lifetime.expires > now + maximum + skew) {
    return "the token ends at " + shown_second(lifetime.expires) +
           ", further ahead than the maximum lifetime of " + format_duration(Duration(maximum)) + allowance;
  }
  return std::nullopt;
}

// ---- Hosts ----

// nullopt when the port is not a plain number from 1 to 65535: two spellings of a port are two chances to
// disagree.
std::optional<HostAndPort> split_port(std::string_view text) {
  const auto colon = text.find(':');
  if (colon == std::string_view::npos) return HostAndPort{text, std::nullopt};
  const auto port = text.substr(colon + 1);
  if (colon == 0 || port.empty() || port.size() > 5 || port[0] == '0') return std::nullopt;
  std::uint32_t number = 0;
  for (const char c : port) {
    if (c < '0' || c > '9') return std::nullopt;
    number = number * 10 + static_cast<std::uint32_t>(c - '0');
  }
  if (number > 65535) return std::nullopt;
  return HostAndPort{text.substr(0, colon), port};
}

// An entry without a port stands for every port; no port in the audience means 443.
bool fits_entry(const HostAndPort& host, std::string_view entry) {
  const auto expected = split_port(entry);
  return expected && equals_ignoring_case(host.host, expected->host) &&
         (!expected->port || *expected->port == host.port.value_or("443"));
}

// ---- Keys ----

namespace {

// The certificate that a header names among the keys of `owner`, or why there is none.
struct Named {
  const Certificate* certificate = nullptr;
  bool is_unknown = false;
  std::string problem = {};
};

class KeyRing {
 public:
  KeyRing(std::string_view owner, const std::vector<Certificate>& keys) : owner_(owner), keys_(keys) {}

  [[nodiscard]] Named named_by(const json::Value& header) const {
    if (const auto x5t = header.find_string("x5t")) return of_x5t(*x5t);
    const auto kid = header.find_string("kid");
    const bool has_named_keys =
        std::ranges::any_of(keys_, [](const Certificate& one) { return one.kid.has_value(); });
    if (kid && has_named_keys) return of_kid(*kid);
    return {.problem = "the header names no certificate: 'x5t' is required"};
  }

 private:
  // The one certificate that `is_named`; none where a name could mean two.
  [[nodiscard]] Named only(const std::string& name,
                           const std::function<bool(const Certificate&)>& is_named) const {
    const Certificate* match = nullptr;
    for (const auto& certificate : keys_) {
      if (!is_named(certificate)) continue;
      if (match != nullptr && match->der != certificate.der)
        return {.problem = "two different certificates of " + quoted(owner_) + " have the " + name};
      match = &certificate;
    }
    if (match != nullptr) return {.certificate = match};
    return {.is_unknown = true, .problem = "no certificate of " + quoted(owner_) + " has the " + name};
  }

  // SHA-1 selects, the certificate itself is the pin.
  [[nodiscard]] Named of_x5t(std::string_view x5t) const {
    if (x5t.size() != kX5tSize || !base64url_decode(x5t)) {
      return {.problem = "the header's 'x5t' is not the 27 characters of base64url without padding: " +
                         claimed(x5t)};
    }
    return only("x5t " + claimed(x5t), [&](const Certificate& one) { return one.x5t() == x5t; });
  }

  // Only keys that came from a JWKS have such a name.
  [[nodiscard]] Named of_kid(std::string_view kid) const {
    return only("kid " + claimed(kid), [&](const Certificate& one) { return one.kid == kid; });
  }

  std::string_view owner_;
  const std::vector<Certificate>& keys_;
};

}  // namespace

KeyChoice choose_key(const Part& part, std::string_view owner, const std::vector<Certificate>& keys,
                     std::int64_t now) {
  const auto named = KeyRing(owner, keys).named_by(part.jws.header);
  const auto* match = named.certificate;
  if (match == nullptr)
    return {.verdict = refuse(kInvalidCertificate, named.problem), .is_unknown = named.is_unknown};
  const auto refused = [&](Diagnostic diagnostic, const std::string& why) {
    return KeyChoice{.verdict = refuse(diagnostic, "the " + why)};
  };
  const auto name = quoted(match->thumbprint);
  if (!match->valid_at(Instant(std::chrono::seconds(now)))) {
    return refused(kInvalidCertificate, "certificate " + name + " is valid from " +
                                            format_instant(match->not_before) + " to " +
                                            format_instant(match->not_after) + " only");
  }
  // The key decides the algorithm; a token that names another is an attack or a broken issuer (RFC 8725
  // s.3.1).
  const auto expected = s2s_algorithm(match->public_key.algorithm);
  if (!expected || enum_name(*expected) != part.algorithm()) {
    return refused(kInvalidSignature, "key of certificate " + name + " is for " +
                                          (expected ? quoted(enum_name(*expected))
                                                    : std::string("no algorithm of these tokens")) +
                                          ", the token says " + claimed(part.algorithm()));
  }
  auto key = Key::from_public(match->public_key);
  if (!key) {
    return refused(kInvalidCertificate,
                   "key of certificate " + name + " is not accepted: " + key.error().message);
  }
  return {.verdict =
              pass(std::string(enum_name(*expected)) + " with certificate " + name + " of " + quoted(owner)),
          .key = *std::move(key),
          .algorithm = *expected};
}

}  // namespace accord::rules
