#include "lib/app/checks.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <vector>

#include "lib/core/encoding.h"
#include "lib/core/parse.h"

namespace accord {
namespace {

constexpr std::array<std::string_view, 15> kCertificateTypes = {"OAuthTokenIssuer",
                                                                "Default",
                                                                "Internal",
                                                                "External",
                                                                "AccessEdgeExternal",
                                                                "DataEdgeExternal",
                                                                "AudioVideoAuthentication",
                                                                "WebServicesInternal",
                                                                "WebServicesExternal",
                                                                "WsFedTokenTransfer",
                                                                "ProvisionService",
                                                                "PICWebService",
                                                                "MPNService",
                                                                "iPhoneAPNService",
                                                                "iPadAPNService"};

bool has_control(std::string_view text) {
  return escape_for_terminal(text) != text;
}

tl::unexpected<Error> bad_identity(std::string_view text, std::string_view why) {
  return fail("Parameter.Invalid",
              fmt::format("'{}' cannot be an identity: {}", escape_for_terminal(text.substr(0, 80)), why),
              std::string(text.substr(0, 80)));
}

}  // namespace

Result<std::string> check_identity(std::string_view text) {
  if (text.size() > 256)
    return bad_identity(text, fmt::format("it has {} bytes, 256 is the most", text.size()));
  if (!is_utf8(text) || has_control(text))
    return bad_identity(text, "it has a control or non-printing character");
  if (text.find('/') != std::string_view::npos) return bad_identity(text, "it has a '/'");
  if (has_wildcard(text)) return bad_identity(text, "it has a wildcard, * or ?");
  if (text == "-") return bad_identity(text, "- stands for the records of a pipeline");
  if (trim(text) != text || text.empty()) return bad_identity(text, "it begins or ends with a blank");
  return std::string(text);
}

Result<std::string> check_exact_identity(std::string_view text) {
  if (has_wildcard(text)) {
    return fail("Parameter.Invalid",
                fmt::format("'{}' has a wildcard: this verb takes one exact identity", text),
                std::string(text), "the get verb of the same noun takes wildcards");
  }
  return std::string(text);
}

Result<std::string> check_global(std::string_view text) {
  if (equals_ignoring_case(text, "global")) return std::string("Global");
  return fail("OAuthConfiguration.NotFound",
              fmt::format("there is no OAuth configuration '{}'", escape_for_terminal(text)),
              std::string(text), "the only one is 'global'");
}

Result<std::string> check_certificate_scope(std::string_view text) {
  if (equals_ignoring_case(text, "global")) return std::string("Global");
  const bool is_thumbprint = parse_thumbprint(text).has_value();
  return fail(
      "Parameter.Invalid", fmt::format("'{}' is not 'global'", escape_for_terminal(text)), std::string(text),
      is_thumbprint
          ? "a thumbprint is given with --thumbprint"
          : "certificates are assigned to the whole deployment, --identity global; a file is given with "
            "--path, a certificate with --thumbprint");
}

std::vector<std::string_view> certificate_types() {
  return {kCertificateTypes.begin(), kCertificateTypes.end()};
}

Result<std::string> check_certificate_type(std::string_view text) {
  for (const auto type : kCertificateTypes) {
    if (equals_ignoring_case(type, text)) return std::string(type);
  }
  const auto close = nearest(text, kCertificateTypes);
  return fail(
      "Parameter.Invalid",
      fmt::format("'{}' is none of {}", escape_for_terminal(text), fmt::join(kCertificateTypes, ", ")),
      std::string(text), close.empty() ? "write one of these" : fmt::format("did you mean '{}'?", close));
}

Result<std::string> check_address(std::string_view text) {
  const auto at = text.find('@');
  const bool good = at != std::string_view::npos && at > 0 && at + 1 < text.size() &&
                    text.find('@', at + 1) == std::string_view::npos && is_utf8(text) && !has_control(text) &&
                    text.find(' ') == std::string_view::npos;
  if (good) return to_lower(text);
  return fail("Parameter.Invalid",
              fmt::format("'{}' is no address of the form user@domain", escape_for_terminal(text)),
              std::string(text));
}

Result<std::string> check_sip_address(std::string_view text) {
  constexpr std::string_view kScheme = "sip:";
  return check_address(starts_with_ignoring_case(text, kScheme) ? text.substr(kScheme.size()) : text);
}

Result<std::string> check_sid(std::string_view text) {
  const auto digits_and_dashes = [](std::string_view rest) {
    return !rest.empty() && rest.back() != '-' && rest.find("--") == std::string_view::npos &&
           std::ranges::all_of(rest, [](char c) { return (c >= '0' && c <= '9') || c == '-'; });
  };
  if (starts_with_ignoring_case(text, "s-1-") && text.size() <= 184 && digits_and_dashes(text.substr(4))) {
    return to_lower(text);
  }
  return fail("Parameter.Invalid",
              fmt::format("'{}' is no SID of the form S-1-5-21-…", escape_for_terminal(text)),
              std::string(text));
}

}  // namespace accord
