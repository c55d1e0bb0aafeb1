// set-partner-application: change a partner's settings, or how its tokens are trusted.
#include <fmt/format.h>

#include <algorithm>

#include "lib/app/checks.h"
#include "lib/app/registration.h"

namespace accord {
namespace {

struct Options : RelationOptions, DocumentOptions {
  std::string identity;
  std::optional<TrustLevel> application_trust_level;
  std::optional<std::string> certificate_file_data;
  std::optional<std::string> certificate_raw_data;
  std::optional<std::string> add_certificate_file_data;
  std::optional<std::string> remove_thumbprint;
  bool use_oauth_server = false;
  std::optional<bool> accept_security_identifier_information;
  std::optional<bool> enabled;
  std::optional<bool> require_trusted_for_delegation;
  bool pass_thru = false;
};

// Before anything is locked, because it may come over the network.
Result<std::optional<TrustDocument>> new_document(Environment& env, const Options& options,
                                                  const RelationChange& change) {
  if (!options.metadata_url && !options.metadata_file) return std::nullopt;
  TRY_ASSIGN(auto* store, env.read());
  TRY_ASSIGN(auto partner, stored_partner(*store, options.identity));
  apply(change, env.now(), partner.relation);
  return chosen_document(env, options, partner.relation, partner.realm);
}

Result<void> take_metadata(const Environment& env, const Options& options, const TrustDocument& read,
                           PartnerApplication& partner) {
  TRY(check_same_issuer(read.document, partner));
  return take_document(read, options.metadata_url, env.now(), partner);
}

// What another source of trust left behind goes.
void become_certificate_partner(PartnerApplication& partner) {
  if (partner.source == TrustSource::certificate) return;
  partner.source = TrustSource::certificate;
  partner.metadata_url = std::nullopt;
  partner.relation.keys.clear();
  partner.relation.last_refresh = std::nullopt;
  partner.relation.last_refresh_result = std::nullopt;
}

Result<void> require_realm(const PartnerApplication& partner) {
  if (partner.realm) return {};
  return fail("Parameter.Missing",
              fmt::format("'{}' has no realm, and a partner with a certificate needs one", partner.identity),
              partner.identity, "remove it and create it again with --realm");
}

Result<void> replace_certificate(Environment& env, const Options& options, PartnerApplication& partner) {
  TRY(require_realm(partner));
  TRY_ASSIGN(auto certificate, options.certificate_file_data
                                   ? partner_certificate_from_file(env, *options.certificate_file_data)
                                   : partner_certificate_from_text(env, *options.certificate_raw_data));
  for (const auto& old : partner.relation.keys) {
    if (old.valid_at(env.now()) && old.sha256 != certificate.sha256) {
      env.warn(fmt::format("certificate {} is still valid, and is not accepted any more", old.thumbprint));
    }
  }
  become_certificate_partner(partner);
  partner.relation.keys = {std::move(certificate)};
  return expect_thumbprints(partner.relation.keys, options.expect_thumbprint);
}

Result<void> add_certificate(Environment& env, const Options& options, PartnerApplication& partner) {
  TRY(require_realm(partner));
  TRY_ASSIGN(auto certificate, partner_certificate_from_file(env, *options.add_certificate_file_data));
  become_certificate_partner(partner);
  auto& keys = partner.relation.keys;
  if (std::ranges::find(keys, certificate.sha256, &Certificate::sha256) != keys.end()) return {};
  if (keys.size() >= kMaximumPartnerCertificates) {
    return fail("Certificate.TooMany",
                fmt::format("'{}' has {} certificates, the most there can be", partner.identity, keys.size()),
                partner.identity, "take one away first with --remove-thumbprint");
  }
  keys.push_back(std::move(certificate));
  return {};
}

Result<void> remove_certificate(const Options& options, PartnerApplication& partner) {
  auto& keys = partner.relation.keys;
  const auto found = std::ranges::find(keys, *options.remove_thumbprint, &Certificate::thumbprint);
  if (found == keys.end()) {
    return fail(
        "Certificate.NotFound",
        fmt::format("'{}' has no certificate '{}'", partner.identity, *options.remove_thumbprint),
        *options.remove_thumbprint,
        fmt::format("get-partner-application {} --property Thumbprints lists them", partner.identity));
  }
  if (partner.source != TrustSource::certificate) {
    return fail("Parameter.Clash",
                fmt::format("the keys of '{}' are those of its metadata document", partner.identity),
                partner.identity, "read a new document with --metadata-file");
  }
  if (keys.size() == 1) {
    return fail("Certificate.InUse",
                fmt::format("'{}' would be left without a certificate", partner.identity), partner.identity,
                "replace it with --certificate-file-data, or disable the partner");
  }
  keys.erase(found);
  return {};
}

Result<void> switch_to_oauth_server(const Options& options, PartnerApplication& partner) {
  if (!options.use_oauth_server) {
    return fail("Parameter.Invalid", "--use-oauth-server=false does not say how the partner is to be trusted",
                "--use-oauth-server", "give --metadata-file or a certificate instead");
  }
  become_certificate_partner(partner);
  partner.source = TrustSource::oauth_server;
  partner.relation.keys.clear();
  return {};
}

Result<void> change_trust(Environment& env, const Options& options,
                          const std::optional<TrustDocument>& document, PartnerApplication& partner) {
  const auto set = env.parameter_set();
  if (document) return take_metadata(env, options, *document, partner);
  if (set == "UseOAuthServer") return switch_to_oauth_server(options, partner);
  if (set == "CertificateFileData" || set == "CertificateRawData")
    return replace_certificate(env, options, partner);
  if (set == "AddCertificate") return add_certificate(env, options, partner);
  if (set == "RemoveThumbprint") return remove_certificate(options, partner);
  return {};
}

Result<ExitCode> run(Environment& env, const Options& options) {
  TRY_ASSIGN(const auto change, relation_change(env, options));
  TRY_ASSIGN(const auto document, new_document(env, options, change));
  TRY_ASSIGN(auto* store, env.write());
  TRY_ASSIGN(auto partner, stored_partner(*store, options.identity));
  const auto before = to_record(partner);
  if (options.application_trust_level) partner.trust_level = *options.application_trust_level;
  if (options.accept_security_identifier_information) {
    partner.accept_security_identifier_information = *options.accept_security_identifier_information;
  }
  if (options.enabled) partner.enabled = *options.enabled;
  if (options.require_trusted_for_delegation)
    partner.require_trusted_for_delegation = *options.require_trusted_for_delegation;
  apply(change, env.now(), partner.relation);
  if (options.told_thumbprint) TRY(record_told_issuer(*store, partner.relation));
  TRY(change_trust(env, options, document, partner));
  TRY(update_partner_application(*store, partner));
  auto after = to_record(partner);
  TRY(env.approve("Set partner application", partner.identity, changes_between(before, after)));
  if (options.pass_thru) env.emit(std::move(after));
  return ExitCode::success;
}

constexpr std::string_view kCannotChange =
    "it cannot change: remove the partner application and create it again";

Verb declare() {
  return define<Options>({
      .original = "Set-CsPartnerApplication",
      .summary = "Change a partner application",
      .description = "Switching from one way of trust to another removes what the old one left. Identity, "
                     "ApplicationIdentifier and Realm cannot change.",
      .effect = Effect::writes,
      .sets = {"Identity", "MetadataUrl", "MetadataFile", "CertificateFileData", "CertificateRawData",
               "UseOAuthServer", "AddCertificate", "RemoveThumbprint"},
      .parameters = with(
          {
              parameter("Identity", &Options::identity,
                        {.help = "The partner application.",
                         .mandatory = true,
                         .first = true,
                         .check = check_exact_identity,
                         .completion = "get-partner-application --property Identity"}),
              parameter("ApplicationTrustLevel", &Options::application_trust_level,
                        {.help = "What it may do.", .type = "ApplicationTrustLevel"}),
              parameter<Options>("MetadataUrl", &DocumentOptions::metadata_url,
                                 {.help = "Where its metadata document is read from. Together with "
                                          "--metadata-file it is recorded only.",
                                  .sets = {"MetadataUrl", "MetadataFile"},
                                  .mandatory_in = {"MetadataUrl"},
                                  .check = parse_https_url,
                                  .fetched_unless = "MetadataFile"}),
              parameter<Options>("MetadataFile", &DocumentOptions::metadata_file,
                                 {.help = "Its metadata document as a file, or - for standard input.",
                                  .type = "Path",
                                  .sets = {"MetadataFile"},
                                  .mandatory = true,
                                  .origin = Origin::accord}),
              parameter("CertificateFileData", &Options::certificate_file_data,
                        {.help = "A certificate file that replaces all of its keys.",
                         .type = "Path",
                         .sets = {"CertificateFileData"},
                         .mandatory = true}),
              parameter("CertificateRawData", &Options::certificate_raw_data,
                        {.help = "The same as base64 of the DER.",
                         .sets = {"CertificateRawData"},
                         .mandatory = true}),
              parameter("UseOAuthServer", &Options::use_oauth_server,
                        {.help = "Its tokens are issued by a registered OAuth server.",
                         .sets = {"UseOAuthServer"},
                         .mandatory = true}),
              parameter("AddCertificateFileData", &Options::add_certificate_file_data,
                        {.help = "A certificate file whose key is accepted besides the others; at most 8.",
                         .type = "Path",
                         .sets = {"AddCertificate"},
                         .mandatory = true,
                         .origin = Origin::accord}),
              parameter("RemoveThumbprint", &Options::remove_thumbprint,
                        {.help = "A key that is not accepted any more; not the last.",
                         .sets = {"RemoveThumbprint"},
                         .mandatory = true,
                         .origin = Origin::accord,
                         .check = parse_thumbprint}),
              parameter("AcceptSecurityIdentifierInformation",
                        &Options::accept_security_identifier_information,
                        {.help = "Whether users may be named by SID."}),
              parameter("Enabled", &Options::enabled, {.help = "Whether its tokens are accepted."}),
              parameter<Options>(
                  "ExpectThumbprint", &DocumentOptions::expect_thumbprint,
                  {.help = "The new keys must be exactly these.",
                   .sets = {"MetadataUrl", "MetadataFile", "CertificateFileData", "CertificateRawData"},
                   .origin = Origin::accord,
                   .check = parse_thumbprint}),
              parameter("RequireTrustedForDelegation", &Options::require_trusted_for_delegation,
                        {.help = "Whether its tokens must say trustedfordelegation to name a user.",
                         .origin = Origin::accord}),
              parameter("PassThru", &Options::pass_thru,
                        {.help = "Print the changed record.", .origin = Origin::accord}),
              refused_parameter("ApplicationIdentifier", kCannotChange),
              refused_parameter("Realm", kCannotChange),
              refused_parameter("Tenant", "a store is one tenant; use a store of its own for another"),
              refused_parameter("Instance",
                                "live objects do not cross processes; give the properties as parameters"),
          },
          relation_parameters<Options>(Empty::clears)),
      .examples = {{"set-partner-application exchange --application-trust-level full",
                    "Lets it act for users."},
                   {"set-partner-application exchange --enabled false --what-if", "Says what would change."}},
      .output = &kPartnerApplicationType,
      .input = {.type = &kPartnerApplicationType,
                .take = {{.property = "Identity", .parameter = "Identity"}}},
      .run = run,
  });
}

const Registration registration("set-partner-application", declare);

}  // namespace
}  // namespace accord
