#include "lib/metadata/federation.h"

#include <fmt/format.h>

#include <new>
#include <optional>
#include <string>
#include <vector>

#include "lib/core/encoding.h"
#include "lib/core/module.h"
#include "lib/metadata/members.h"
#include "lib/metadata/xml_module.h"

namespace accord::metadata {
namespace {

constexpr std::string_view kAzure = "https://sts.windows.net/";
constexpr std::string_view kAskForWhole =
    "fetch the document again, whole: the FederationMetadata.xml of ADFS or Azure AD";
constexpr std::string_view kAskForSigned =
    "fetch the document again, unchanged; if it stays so, ask its publisher to correct the signature";

// What the module reads in a document.
struct Facts {
  std::string entity_id = {};
  std::optional<std::string> role_name = {};
  std::vector<std::string> certificates = {};
  std::vector<std::string> passive_addresses = {};
  std::vector<std::string> token_addresses = {};
  bool is_out_of_memory = false;
};

void add(Facts& facts, int fact, std::string value) {
  switch (fact) {
    case kXmlEntityId:
      facts.entity_id = std::move(value);
      break;
    case kXmlRoleName:
      facts.role_name = std::move(value);
      break;
    case kXmlCertificate:
      facts.certificates.push_back(std::move(value));
      break;
    case kXmlPassiveAddress:
      facts.passive_addresses.push_back(std::move(value));
      break;
    case kXmlTokenAddress:
      facts.token_addresses.push_back(std::move(value));
      break;
    default:
      break;
  }
}

void receive(void* receiver, int fact, const char* text, std::size_t size) {
  auto& facts = *static_cast<Facts*>(receiver);
  try {
    add(facts, fact, std::string(text, size));
  } catch (const std::bad_alloc&) {  // must not pass through the module
    facts.is_out_of_memory = true;
  }
}

Result<const XmlFunctions*> xml_module() {
  static constexpr Module kModule{
      .file = "accord_xml.so", .entry = kXmlEntry, .purpose = "for XML documents"};
  TRY_ASSIGN(const auto* entry, load_module(kModule));
  return static_cast<const XmlFunctions*>(entry);
}

Result<void> check_answer(const XmlAnswer& answer) {
  const auto what = escape_for_terminal(answer.text);
  switch (answer.status) {
    case kXmlDone:
      return {};
    case kXmlBadSignature:
      return fail("Metadata.BadSignature",
                  fmt::format("the signature of the federation metadata is not accepted: {}", what), {},
                  std::string(kAskForSigned));
    case kXmlInvalid:
      return invalid(fmt::format("this is no acceptable federation metadata: {}", what), kAskForWhole);
    default:
      return fail("Module.Unusable", fmt::format("the module for XML documents does not work: {}", what));
  }
}

// --- Endpoints: derived from where the server is, for the document names no token endpoint

// "https://login.microsoftonline.com" of "https://login.microsoftonline.com/common/wsfed".
std::optional<std::string> authority_of(const std::vector<std::string>& addresses) {
  constexpr std::string_view kScheme = "https://";
  for (const auto& address : addresses) {
    if (!parse_https_url(address)) continue;
    return address.substr(0, address.find_first_of("/?#", kScheme.size()));
  }
  return std::nullopt;
}

std::vector<MetadataEndpoint> endpoints_of(const Facts& facts) {
  auto authority = authority_of(facts.passive_addresses);
  if (!authority) authority = authority_of(facts.token_addresses);
  if (!authority) return {};
  const auto base = *authority + (facts.entity_id.starts_with(kAzure) ? "/common/oauth2" : "/adfs/oauth2");
  const std::string protocol(kOAuth2);
  return {{.location = base + "/token", .protocol = protocol, .usage = "issuance"},
          {.location = base + "/authorize", .protocol = protocol, .usage = "authorization"}};
}

// --- The rest

Result<std::vector<MetadataKey>> keys_of(const Facts& facts) {
  std::vector<MetadataKey> keys;
  std::size_t index = 0;
  for (const auto& certificate : facts.certificates) {
    TRY_ASSIGN(auto der, certificate_bytes(certificate, fmt::format("signing key {}", ++index)));
    add_key(keys, signing_key(std::move(der)));
  }
  if (!keys.empty()) return keys;
  return invalid("the federation metadata holds no signing key of a security token service",
                 "check that this is the document of the authorization server, not of an application");
}

// Of http too: ADFS calls itself so, and nobody connects to a name.
Result<IssuerName> issuer_of(const Facts& facts, const MetadataContext& context) {
  auto name = with_tenant(facts.entity_id, context);
  if (is_url_issuer(name) && escape_for_terminal(name) == name)
    return url_issuer(std::move(name), RealmPlace::first_segment);
  return invalid(fmt::format("the entityID '{}' is no URL", shown(name)),
                 "ask the server's admin which name its tokens carry as issuer");
}

}  // namespace

Result<MetadataDocument> read_federation(std::string_view text, const MetadataContext& context) {
  TRY_ASSIGN(const auto* module, xml_module());
  Facts facts;
  XmlAnswer answer = {};
  module->read_federation(text.data(), text.size(), receive, &facts, &answer);
  TRY(check_answer(answer));
  if (facts.is_out_of_memory) throw std::bad_alloc();

  MetadataDocument document;
  document.kind = MetadataKind::federation;
  document.is_signed = answer.is_signed != 0;
  document.name = std::move(facts.role_name).value_or(std::string());
  TRY_ASSIGN(document.issuer, issuer_of(facts, context));
  TRY_ASSIGN(document.keys, keys_of(facts));
  document.endpoints = endpoints_of(facts);
  return document;
}

}  // namespace accord::metadata
