// Principals, issuers and audiences (protocol.md 1.1 and 1.2): the names that servers go by in tokens.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "lib/core/error.h"

namespace accord {

// Identifiers of protocol.md 1.1.
inline constexpr std::string_view kAuthorizationServerPrincipal = "00000001-0000-0000-c000-000000000000";
inline constexpr std::string_view kExchangePrincipal = "00000002-0000-0ff1-ce00-000000000000";
inline constexpr std::string_view kSharePointPrincipal = "00000003-0000-0ff1-ce00-000000000000";
inline constexpr std::string_view kLyncPrincipal = "00000004-0000-0ff1-ce00-000000000000";

// principal "@" realm. A URL issuer (https://sts.windows.net/TENANT/) is held whole in `principal`, with its
// realm registered beside it.
struct IssuerName {
  std::string principal = {};
  std::string realm = {};
  [[nodiscard]] std::string text() const { return principal + '@' + realm; }
  friend bool operator==(const IssuerName&, const IssuerName&) = default;
};

// principal "/" host "@" realm; the host may carry a port.
struct Audience {
  std::string principal = {};
  std::string host = {};
  std::string realm = {};
  [[nodiscard]] std::string text() const { return principal + '/' + host + '@' + realm; }
  friend bool operator==(const Audience&, const Audience&) = default;
};

// "https://…", or "http://…" as ADFS calls itself: an issuer of this form is named whole, without a realm.
// Nobody connects to it.
[[nodiscard]] bool is_url_issuer(std::string_view principal);

// Exactly one "@", neither part with "/" or a control character; an empty realm or "*" is well-formed here
// and refused where a rule says so. nullopt otherwise.
[[nodiscard]] std::optional<IssuerName> parse_issuer_name(std::string_view text);

// Exactly one "/" and one "@", in this order; the host only of A-Z a-z 0-9 . - : _ and not empty. nullopt
// otherwise.
[[nodiscard]] std::optional<Audience> parse_audience(std::string_view text);

// "exchange" -> 00000002-…; anything else is returned as it is.
[[nodiscard]] std::string expand_principal(std::string_view text);
// The short name that a principal may be meant for: "lync" of "Lyncc"; empty where it is like none of them.
[[nodiscard]] std::string short_name_near(std::string_view principal);

// A principal: not empty, without "/", "@" and control characters, at most 256 bytes; with the short names
// expanded. Fails with Parameter.Invalid.
[[nodiscard]] Result<std::string> parse_principal(std::string_view text);

// A realm: not empty, not "*", without "/", "@" and control characters, at most 256 bytes. Fails with
// Parameter.Invalid.
[[nodiscard]] Result<std::string> parse_realm(std::string_view text);

// The host of an https URL, in lower case, with its port unless that is 443; nullopt for anything else.
[[nodiscard]] std::optional<std::string> host_of_url(std::string_view url);

// An https URL of printable ASCII with a host, no user, no fragment. Fails with Parameter.Invalid.
[[nodiscard]] Result<std::string> parse_https_url(std::string_view text);

}  // namespace accord
