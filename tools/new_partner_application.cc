// new-partner-application: register a server whose tokens are accepted.
#include <fmt/format.h>

#include "lib/app/checks.h"
#include "lib/app/registration.h"

namespace accord {
namespace {

struct Options : RelationOptions, DocumentOptions {
  std::string identity;
  std::optional<std::string> application_identifier;
  std::optional<TrustLevel> application_trust_level;
  std::optional<std::string> certificate_file_data;
  std::optional<std::string> certificate_raw_data;
  bool use_oauth_server = false;
  std::optional<std::string> realm;
  std::optional<bool> accept_security_identifier_information;
  std::optional<bool> enabled;
  std::optional<bool> require_trusted_for_delegation;
};

Result<void> take_metadata(Environment& env, const Options& options, PartnerApplication& partner) {
  TRY_ASSIGN(const auto read, chosen_document(env, options, partner.relation, options.realm));
  partner.application_identifier = read.document.issuer.principal;
  TRY(take_document(read, options.metadata_url, env.now(), partner));
  TRY_ASSIGN(partner.realm, realm_of(read.document, options.realm));
  return {};
}

Result<void> take_certificate(Environment& env, const Options& options, PartnerApplication& partner) {
  partner.source = TrustSource::certificate;
  partner.application_identifier = *options.application_identifier;
  partner.realm = options.realm;
  TRY_ASSIGN(auto certificate, options.certificate_file_data
                                   ? partner_certificate_from_file(env, *options.certificate_file_data)
                                   : partner_certificate_from_text(env, *options.certificate_raw_data));
  partner.relation.keys.push_back(std::move(certificate));
  return expect_thumbprints(partner.relation.keys, options.expect_thumbprint);
}

Result<void> take_oauth_server(const Options& options, PartnerApplication& partner) {
  if (!options.use_oauth_server) {
    return fail("Parameter.Invalid", "--use-oauth-server=false leaves no way to trust the partner",
                "--use-oauth-server", "give --metadata-url, --metadata-file or a certificate instead");
  }
  partner.source = TrustSource::oauth_server;
  partner.application_identifier = *options.application_identifier;
  partner.realm = options.realm;
  return {};
}

Result<PartnerApplication> partner_from(Environment& env, const Options& options) {
  PartnerApplication partner;
  partner.identity = options.identity;
  partner.trust_level = *options.application_trust_level;
  partner.accept_security_identifier_information =
      options.accept_security_identifier_information.value_or(false);
  partner.enabled = options.enabled.value_or(true);
  partner.require_trusted_for_delegation = options.require_trusted_for_delegation.value_or(true);
  TRY_ASSIGN(const auto change, relation_change(env, options));
  apply(change, env.now(), partner.relation);
  const auto set = env.parameter_set();
  if (set == "UseOAuthServer") {
    TRY(take_oauth_server(options, partner));
  } else if (set == "MetadataUrl" || set == "MetadataFile") {
    TRY(take_metadata(env, options, partner));
  } else {
    TRY(take_certificate(env, options, partner));
  }
  return partner;
}

Result<ExitCode> run(Environment& env, const Options& options) {
  TRY_ASSIGN(auto wanted, partner_from(env, options));
  TRY_ASSIGN(auto* store, env.write());
  TRY(record_told_issuer(*store, wanted.relation));
  if (wanted.source != TrustSource::oauth_server) {
    TRY(refuse_own_name(*store, {wanted.application_identifier, wanted.realm.value_or("")}));
  }
  TRY_ASSIGN(const auto stored, insert_partner_application(*store, wanted));
  TRY(env.approve("Create partner application", stored.identity));
  env.emit(to_record(stored));
  return ExitCode::success;
}

const std::vector<std::string_view> kOwnIdentifier = {"UseOAuthServer", "CertificateFileData",
                                                      "CertificateRawData"};
const std::vector<std::string_view> kDocument = {"MetadataUrl", "MetadataFile"};

Verb declare() {
  return define<Options>({
      .original = "New-CsPartnerApplication",
      .summary = "Register a server whose tokens are accepted",
      .description =
          "Its keys come from its metadata document, from a certificate, or, with --use-oauth-server, its "
          "tokens come from an authorization server. Identifier, realm and keys are the document's where "
          "there is one.",
      .effect = Effect::writes,
      .sets = {"MetadataUrl", "MetadataFile", "CertificateFileData", "CertificateRawData", "UseOAuthServer"},
      .parameters = with(
          {
              parameter("Identity", &Options::identity,
                        {.help = "A name of your choice, unique without regard to case.",
                         .mandatory = true,
                         .first = true,
                         .check = check_identity}),
              parameter("ApplicationTrustLevel", &Options::application_trust_level,
                        {.help = "Full: it may act for itself and for any user. Application: for itself "
                                 "only. User: only "
                                 "with a user's consent.",
                         .type = "ApplicationTrustLevel",
                         .mandatory = true}),
              parameter<Options>("MetadataUrl", &DocumentOptions::metadata_url,
                                 {.help = "Where its metadata document is read from. Together with "
                                          "--metadata-file it is recorded only.",
                                  .sets = kDocument,
                                  .mandatory_in = {"MetadataUrl"},
                                  .check = parse_https_url,
                                  .fetched_unless = "MetadataFile"}),
              parameter<Options>("MetadataFile", &DocumentOptions::metadata_file,
                                 {.help = "Its metadata document as a file, or - for standard input.",
                                  .type = "Path",
                                  .sets = {"MetadataFile"},
                                  .mandatory = true,
                                  .origin = Origin::accord}),
              parameter(
                  "ApplicationIdentifier", &Options::application_identifier,
                  {.help = "Its identifier: exchange, sharepoint, lync, or as it names itself in tokens.",
                   .sets = kOwnIdentifier,
                   .mandatory = true,
                   .check = parse_principal}),
              parameter("CertificateFileData", &Options::certificate_file_data,
                        {.help = "Its certificate as a file: DER, PEM or base64.",
                         .type = "Path",
                         .sets = {"CertificateFileData"},
                         .mandatory = true}),
              parameter("CertificateRawData", &Options::certificate_raw_data,
                        {.help = "Its certificate as base64 of the DER.",
                         .sets = {"CertificateRawData"},
                         .mandatory = true}),
              parameter("UseOAuthServer", &Options::use_oauth_server,
                        {.help = "Its tokens are issued by a registered OAuth server.",
                         .sets = {"UseOAuthServer"},
                         .mandatory = true}),
              parameter("Realm", &Options::realm,
                        {.help = "Its realm; with a document only where the document's is * or empty.",
                         .mandatory_in = {"CertificateFileData", "CertificateRawData"},
                         .check = parse_realm}),
              parameter("AcceptSecurityIdentifierInformation",
                        &Options::accept_security_identifier_information,
                        {.help = "Whether users may be named by SID.", .default_text = "false"}),
              parameter("Enabled", &Options::enabled,
                        {.help = "Whether its tokens are accepted.", .default_text = "true"}),
              parameter<Options>(
                  "ExpectThumbprint", &DocumentOptions::expect_thumbprint,
                  {.help = "The keys must be exactly these.",
                   .sets = {"MetadataUrl", "MetadataFile", "CertificateFileData", "CertificateRawData"},
                   .origin = Origin::accord,
                   .check = parse_thumbprint}),
              parameter("RequireTrustedForDelegation", &Options::require_trusted_for_delegation,
                        {.help = "Whether its tokens must say trustedfordelegation to name a user.",
                         .default_text = "true",
                         .origin = Origin::accord}),
              refused_parameter("Tenant", "a store is one tenant; use a store of its own for another"),
              refused_parameter("InMemory", "objects live in the store; --what-if shows what would be made"),
          },
          relation_parameters<Options>(Empty::refused)),
      .examples =
          {{"new-partner-application exchange --application-trust-level full --metadata-file exchange.json",
            "Trusts an Exchange server by its document."},
           {"new-partner-application sharepoint --application-identifier sharepoint --realm contoso.com "
            "--application-trust-level full --certificate-file-data sharepoint.cer",
            "Trusts a SharePoint farm by its certificate."}},
      .output = &kPartnerApplicationType,
      .run = run,
  });
}

const Registration registration("new-partner-application", declare);

}  // namespace
}  // namespace accord
