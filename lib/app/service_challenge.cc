#include "lib/app/service_challenge.h"

#include <algorithm>
#include <utility>

#include "lib/core/encoding.h"

namespace accord {
namespace {

using Parameters = std::vector<std::pair<std::string_view, std::string>>;

// The inside of a quoted-string (RFC 9110 s.5.6.4), of what may stand in a header line.
std::string quoted_string(std::string_view text) {
  std::string made = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') made += '\\';
    if (c >= ' ' && c <= '~') {
      made += c;
    } else {
      made += '%' + hex_encode(std::string_view(&c, 1));
    }
  }
  return made + '"';
}

std::string joined(const std::vector<std::string>& parts) {
  std::string text;
  for (const auto& part : parts) {
    if (!text.empty()) text += ',';
    text += part;
  }
  return text;
}

std::string written(const Parameters& parameters, std::string_view separator) {
  std::string text = "Bearer ";
  bool is_first = true;
  for (const auto& [name, value] : parameters) {
    if (!is_first) text += separator;
    is_first = false;
    text += name;
    text += '=';
    text += quoted_string(value);
  }
  return text;
}

void add_authorization_uri(Parameters& parameters, const ServiceChallenge& challenge) {
  if (challenge.authorization_uri) parameters.emplace_back("authorization_uri", *challenge.authorization_uri);
}

Parameters exchange_form(const ServiceChallenge& challenge) {
  Parameters made{{"client_id", challenge.client_id},
                  {"trusted_issuers", joined(challenge.trusted_issuers)},
                  {"token_types", "app_asserted_user_v1 service_asserted_app_v1"}};
  add_authorization_uri(made, challenge);
  return made;
}

// Clients of SharePoint look for the literal `Bearer realm="` (protocol.md 3.1).
Parameters sharepoint_form(const ServiceChallenge& challenge) {
  Parameters made{{"realm", challenge.realm}, {"client_id", challenge.client_id}};
  if (!challenge.trusted_issuers.empty())
    made.emplace_back("trusted_issuers", joined(challenge.trusted_issuers));
  add_authorization_uri(made, challenge);
  return made;
}

Parameters lync_form(const ServiceChallenge& challenge) {
  return {{"trusted_issuers", joined(challenge.trusted_issuers)}, {"client_id", challenge.client_id}};
}

std::string issuer_text(const std::string& principal, const std::string& realm) {
  return is_url_issuer(principal) ? principal : IssuerName{principal, realm}.text();
}

}  // namespace

ServiceChallenge challenge_of(const OAuthConfiguration& configuration, const IssuerName& own,
                              const std::vector<PartnerApplication>& partners,
                              const std::vector<OAuthServer>& servers) {
  ServiceChallenge made{.client_id = own.principal, .realm = own.realm};
  const auto add = [&](std::string issuer) {
    if (issuer != own.text()) made.trusted_issuers.push_back(std::move(issuer));
  };
  for (const auto& one : partners) {
    const bool counts = one.enabled && one.source != TrustSource::oauth_server && !one.relation.keys.empty();
    if (counts) add(issuer_text(one.application_identifier, one.realm.value_or(own.realm)));
  }
  for (const auto& one : servers) {
    if (!one.enabled) continue;
    add(issuer_text(one.issuer_identifier, one.realm));
    const auto& wanted = configuration.client_authorization_oauth_server_identity;
    if (wanted && equals_ignoring_case(*wanted, one.identity)) {
      made.authorization_uri =
          one.authorization_uri_override ? one.authorization_uri_override : one.authorization_endpoint;
    }
  }
  return made;
}

std::string write_challenge(const ServiceChallenge& challenge, Refused refused) {
  const bool is_sharepoint = challenge.client_id == kSharePointPrincipal;
  auto parameters = is_sharepoint                         ? sharepoint_form(challenge)
                    : challenge.client_id == kLyncPrincipal ? lync_form(challenge)
                                                            : exchange_form(challenge);
  if (refused == Refused::bad_token) parameters.emplace_back("error", "invalid_token");
  return written(parameters, is_sharepoint ? "," : ", ");
}

std::string product_diagnostics(std::string line, std::string_view client_id) {
  constexpr std::string_view kExchangeName = ";error_category=";
  constexpr std::string_view kSharePointName = ";category=";
  const auto at = line.rfind(kExchangeName);
  if (client_id == kSharePointPrincipal && at != std::string::npos)
    line.replace(at, kExchangeName.size(), kSharePointName);
  return line;
}

}  // namespace accord
