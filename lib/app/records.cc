#include "lib/app/records.h"

#include <fmt/format.h>

#include <array>

#include "lib/cert/request.h"
#include "lib/core/writer.h"

namespace accord {
namespace {

constexpr std::array<std::string_view, 18> kPartnerApplicationProperties = {
    "Identity",
    "AuthToken",
    "Name",
    "ApplicationIdentifier",
    "Realm",
    "ApplicationTrustLevel",
    "AcceptSecurityIdentifierInformation",
    "Enabled",
    "MetadataUrl",
    "Thumbprints",
    "RequireTrustedForDelegation",
    "LearnsOurKeysBy",
    "ToldThumbprints",
    "ToldAt",
    "AllowedHosts",
    "CaFile",
    "LastRefresh",
    "LastRefreshResult"};
constexpr std::array<std::string_view, 18> kOAuthServerProperties = {"Identity",
                                                                     "Name",
                                                                     "IssuerIdentifier",
                                                                     "Realm",
                                                                     "MetadataUrl",
                                                                     "AuthorizationUriOverride",
                                                                     "Type",
                                                                     "AcceptSecurityIdentifierInformation",
                                                                     "Enabled",
                                                                     "TokenEndpoint",
                                                                     "Thumbprints",
                                                                     "LearnsOurKeysBy",
                                                                     "ToldThumbprints",
                                                                     "ToldAt",
                                                                     "AllowedHosts",
                                                                     "CaFile",
                                                                     "LastRefresh",
                                                                     "LastRefreshResult"};
constexpr std::array<std::string_view, 17> kOAuthConfigurationProperties = {
    "Identity",
    "PartnerApplications",
    "OAuthServers",
    "Realm",
    "ServiceName",
    "ClientAuthorizationOAuthServerIdentity",
    "ExchangeAutodiscoverUrl",
    "ExchangeAutodiscoverAllowedDomains",
    "EffectiveRealm",
    "PublicUrl",
    "TokenLifetime",
    "MaximumTokenLifetime",
    "ClockSkew",
    "Hosts",
    "AudienceComparison",
    "TokenErrorDetail",
    "ReplicaMaximumAge"};
constexpr std::array<std::string_view, 18> kCertificateProperties = {
    "Issuer",     "NotAfter",      "NotBefore",          "SerialNumber", "Subject", "AlternativeNames",
    "Thumbprint", "EffectiveDate", "PreviousThumbprint", "UpdateTime",   "Use",     "SourceScope",
    "X5t",        "Sha256",        "KeyAlgorithm",       "KeySize",      "State",   "DaysLeft"};
constexpr std::array<std::string_view, 6> kRefreshProperties = {"Identity", "Result", "Added",
                                                                "Removed",  "Kept",   "Detail"};
constexpr std::array<std::string_view, 6> kCertificateColumns = {"Use",     "State",    "Thumbprint",
                                                                 "Subject", "NotAfter", "DaysLeft"};
constexpr std::array<std::string_view, 6> kPartnerApplicationColumns = {
    "Identity", "ApplicationIdentifier", "Realm", "ApplicationTrustLevel", "Enabled", "LearnsOurKeysBy"};
constexpr std::array<std::string_view, 6> kOAuthServerColumns = {
    "Identity", "IssuerIdentifier", "Realm", "Type", "Enabled", "LearnsOurKeysBy"};
constexpr std::array<std::string_view, 8> kCertificateRequestProperties = {
    "RequestId", "Subject", "AlternativeNames", "KeyAlgorithm", "KeySize", "Types", "Created", "Request"};
constexpr std::array<std::string_view, 3> kSipDomainProperties = {"Identity", "Name", "IsDefault"};
constexpr std::array<std::string_view, 8> kOAuthTokenProperties = {
    "Token", "Profile", "Issuer", "Audience", "NameId", "NotBefore", "Expires", "X5t"};
constexpr std::array<std::string_view, 13> kTokenTestProperties = {
    "Result", "Profile", "Partner",     "Issuer", "User", "UserKind", "Category",
    "Code",   "Reason",  "Assumptions", "Checks", "Line", "TokenHash"};
constexpr std::array<std::string_view, 4> kStoreLocationProperties = {"Store", "StoreSource", "KeyFile",
                                                                      "KeyFileSource"};
constexpr std::array<std::string_view, 6> kManagementStoreProperties = {
    "Store", "KeyFile", "SchemaVersion", "ServiceName", "EffectiveRealm", "SipDomain"};
constexpr std::array<std::string_view, 11> kAuthMetadataProperties = {
    "Id",   "Version",   "Name", "Realm",  "ServiceName", "Issuer", "AllowedAudiences",
    "Keys", "Endpoints", "Kind", "JwksUri"};
constexpr std::array<std::string_view, 6> kMetadataKeyProperties = {"X5t",       "Thumbprint", "Subject",
                                                                    "NotBefore", "NotAfter",   "DaysLeft"};
constexpr std::array<std::string_view, 3> kMetadataEndpointProperties = {"Protocol", "Usage", "Location"};
constexpr std::array<std::string_view, 8> kCertificateTestProperties = {
    "Result", "Verdict", "Decision", "Summary", "Evidence", "Commands", "Partners", "Findings"};
constexpr std::array<std::string_view, 7> kKeyLearnerProperties = {
    "Identity",     "LearnsOurKeysBy",   "ToldThumbprints", "LastRefresh",
    "KnowsCurrent", "KnowsStagedInTime", "Detail"};
constexpr std::array<std::string_view, 5> kFindingProperties = {"Id", "Severity", "Target", "Detection",
                                                                "Action"};
constexpr std::array<std::string_view, 3> kCheckProperties = {"Name", "Result", "Detail"};
constexpr std::array<std::string_view, 7> kTokenContentProperties = {
    "Verified", "Kind", "Header", "Claims", "NotBefore", "Expires", "ActorToken"};
constexpr std::array<std::string_view, 4> kConnectionTestProperties = {"Result", "Target", "Steps",
                                                                       "Findings"};
constexpr std::array<std::string_view, 4> kTestStepProperties = {"Number", "Name", "Result", "Detail"};
constexpr std::array<std::string_view, 2> kMemberProperties = {"Name", "Value"};

std::vector<std::string> thumbprints_of(const std::vector<Certificate>& keys) {
  std::vector<std::string> made;
  for (const auto& key : keys) made.push_back(key.thumbprint);
  return made;
}

// How tokens of this partner are trusted (spec/commands.md 5).
std::string auth_token(const PartnerApplication& partner) {
  if (partner.source == TrustSource::oauth_server) return "UseOAuthServer";
  if (partner.metadata_url) return "Value=" + *partner.metadata_url;
  return partner.relation.keys.empty() ? "Value=" : "Value=" + partner.relation.keys.front().thumbprint;
}

Record& add_relation(Record& record, const KeyRelation& relation) {
  return record.add("LearnsOurKeysBy", std::string(enum_name(relation.learns_our_keys_by)))
      .add("ToldThumbprints", relation.told_thumbprints)
      .add("ToldAt", value_or_null(relation.told_at))
      .add("AllowedHosts", relation.allowed_hosts)
      .add("CaFile", value_or_null(relation.ca_pem))
      .add("LastRefresh", value_or_null(relation.last_refresh))
      .add("LastRefreshResult", value_or_null(relation.last_refresh_result));
}

std::string shown(const Record& record, std::string_view property) {
  const std::array<std::string_view, 1> one = {property};
  std::string text = render({&record, 1}, one, Format::value, Count::one);
  while (text.ends_with('\n')) text.pop_back();
  return text.empty() ? "(empty)" : text;
}

}  // namespace

const RecordType kPartnerApplicationType{"PartnerApplication", kPartnerApplicationProperties,
                                         kPartnerApplicationColumns};
const RecordType kOAuthServerType{"OAuthServer", kOAuthServerProperties, kOAuthServerColumns};
const RecordType kOAuthConfigurationType{"OAuthConfiguration", kOAuthConfigurationProperties};
const RecordType kCertificateType{"Certificate", kCertificateProperties, kCertificateColumns};
const RecordType kCertificateRequestType{"CertificateRequest", kCertificateRequestProperties};
const RecordType kSipDomainType{"SipDomain", kSipDomainProperties};
const RecordType kOAuthTokenType{"OAuthToken", kOAuthTokenProperties};
const RecordType kTokenTestType{"TokenTest", kTokenTestProperties};
const RecordType kStoreLocationType{"StoreLocation", kStoreLocationProperties};
const RecordType kManagementStoreType{"ManagementStore", kManagementStoreProperties};
const RecordType kAuthMetadataType{"AuthMetadata", kAuthMetadataProperties};
const RecordType kMetadataKeyType{"MetadataKey", kMetadataKeyProperties};
const RecordType kMetadataEndpointType{"MetadataEndpoint", kMetadataEndpointProperties};
const RecordType kCertificateTestType{"CertificateTest", kCertificateTestProperties};
const RecordType kKeyLearnerType{"KeyLearner", kKeyLearnerProperties};
const RecordType kFindingType{"Finding", kFindingProperties};
const RecordType kRefreshType{"Refresh", kRefreshProperties};
const RecordType kCheckType{"Check", kCheckProperties};
const RecordType kTokenContentType{"TokenContent", kTokenContentProperties};
const RecordType kMemberType{"Member", kMemberProperties};
const RecordType kConnectionTestType{"ConnectionTest", kConnectionTestProperties};
const RecordType kTestStepType{"TestStep", kTestStepProperties};

Record to_record(const PartnerApplication& partner) {
  Record record(kPartnerApplicationType);
  record.add("Identity", partner.identity)
      .add("AuthToken", auth_token(partner))
      .add("Name", partner.identity)
      .add("ApplicationIdentifier", partner.application_identifier)
      .add("Realm", value_or_null(partner.realm))
      .add("ApplicationTrustLevel", std::string(enum_name(partner.trust_level)))
      .add("AcceptSecurityIdentifierInformation", partner.accept_security_identifier_information)
      .add("Enabled", partner.enabled)
      .add("MetadataUrl", value_or_null(partner.metadata_url))
      .add("Thumbprints", thumbprints_of(partner.relation.keys))
      .add("RequireTrustedForDelegation", partner.require_trusted_for_delegation);
  add_relation(record, partner.relation);
  return record;
}

Record to_record(const OAuthServer& server) {
  Record record(kOAuthServerType);
  record.add("Identity", server.identity)
      .add("Name", server.identity)
      .add("IssuerIdentifier", server.issuer_identifier)
      .add("Realm", server.realm)
      .add("MetadataUrl", value_or_null(server.metadata_url))
      .add("AuthorizationUriOverride", value_or_null(server.authorization_uri_override))
      .add("Type", std::string(enum_name(server.type)))
      .add("AcceptSecurityIdentifierInformation", server.accept_security_identifier_information)
      .add("Enabled", server.enabled)
      .add("TokenEndpoint", value_or_null(server.token_endpoint))
      .add("Thumbprints", thumbprints_of(server.relation.keys));
  add_relation(record, server.relation);
  return record;
}

Record to_record(const SipDomain& domain) {
  return Record(kSipDomainType)
      .add("Identity", domain.name)
      .add("Name", domain.name)
      .add("IsDefault", domain.is_default);
}

Record to_record(const CertificateRequest& request) {
  return Record(kCertificateRequestType)
      .add("RequestId", request.id)
      .add("Subject", request.subject)
      .add("AlternativeNames", request.alternative_names)
      .add("KeyAlgorithm", std::string(enum_name(request.public_key.algorithm)))
      .add("KeySize", request.key_size)
      .add("Types", request.uses)
      .add("Created", request.created)
      .add("Request", request_pem(request.der));
}

Record to_record(const StoreLocation& location) {
  return Record(kStoreLocationType)
      .add("Store", location.store)
      .add("StoreSource", location.store_source)
      .add("KeyFile", location.key_file)
      .add("KeyFileSource", location.key_file_source);
}

Record to_record(const OAuthConfiguration& configuration, const std::vector<std::string>& partners,
                 const std::vector<std::string>& servers, const std::optional<std::string>& effective_realm) {
  return Record(kOAuthConfigurationType)
      .add("Identity", "Global")
      .add("PartnerApplications", partners)
      .add("OAuthServers", servers)
      .add("Realm", value_or_null(configuration.realm))
      .add("ServiceName", value_or_null(configuration.service_name))
      .add("ClientAuthorizationOAuthServerIdentity",
           value_or_null(configuration.client_authorization_oauth_server_identity))
      .add("ExchangeAutodiscoverUrl", value_or_null(configuration.exchange_autodiscover_url))
      .add("ExchangeAutodiscoverAllowedDomains", configuration.exchange_autodiscover_allowed_domains)
      .add("EffectiveRealm", value_or_null(effective_realm))
      .add("PublicUrl", value_or_null(configuration.public_url))
      .add("TokenLifetime", format_duration(configuration.token_lifetime))
      .add("MaximumTokenLifetime", format_duration(configuration.maximum_token_lifetime))
      .add("ClockSkew", format_duration(configuration.clock_skew))
      .add("Hosts", configuration.hosts)
      .add("AudienceComparison", std::string(enum_name(configuration.audience_comparison)))
      .add("TokenErrorDetail", std::string(enum_name(configuration.token_error_detail)))
      .add("ReplicaMaximumAge", format_duration(configuration.replica_maximum_age));
}

Record to_record(const Certificate& certificate, const CertificateUse& use, Instant now) {
  const bool assigned = use.assignment.has_value();
  return Record(kCertificateType)
      .add("Issuer", certificate.issuer)
      .add("NotAfter", certificate.not_after)
      .add("NotBefore", certificate.not_before)
      .add("SerialNumber", certificate.serial_number)
      .add("Subject", certificate.subject)
      .add("AlternativeNames", certificate.alternative_names)
      .add("Thumbprint", certificate.thumbprint)
      .add("EffectiveDate", assigned ? Value(use.assignment->effective) : Value())
      .add("PreviousThumbprint", value_or_null(use.previous_thumbprint))
      .add("UpdateTime", assigned ? Value(use.assignment->updated) : Value())
      .add("Use", assigned ? Value(use.assignment->use) : Value())
      .add("SourceScope", assigned ? Value("Global") : Value())
      .add("X5t", certificate.x5t())
      .add("Sha256", certificate.sha256)
      .add("KeyAlgorithm", std::string(enum_name(certificate.public_key.algorithm)))
      .add("KeySize", certificate.key_size)
      .add("State", std::string(enum_name(use.state)))
      .add("DaysLeft", days_left(certificate.not_after, now));
}

std::int64_t days_left(Instant until, Instant now) {
  return std::chrono::floor<std::chrono::days>(until - now).count();
}

std::vector<std::string> changes_between(const Record& before, const Record& after) {
  std::vector<std::string> changes;
  for (const auto name : after.type().properties) {
    const auto old = shown(before, name);
    const auto now = shown(after, name);
    if (old != now) changes.push_back(fmt::format("{}: {} -> {}", name, old, now));
  }
  return changes;
}

}  // namespace accord
