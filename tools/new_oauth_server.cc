// new-oauth-server: register an authorization server.
#include <fmt/format.h>

#include "lib/app/checks.h"
#include "lib/app/registration.h"

namespace accord {
namespace {

struct Options : RelationOptions, DocumentOptions {
  std::string identity;
  std::optional<std::string> realm;
  std::optional<bool> accept_security_identifier_information;
  std::optional<std::string> authorization_uri_override;
  std::optional<OAuthServerType> type;
  std::optional<bool> enabled;
};

Result<OAuthServer> server_from(Environment& env, const Options& options) {
  OAuthServer server;
  server.identity = options.identity;
  TRY_ASSIGN(const auto change, relation_change(env, options));
  apply(change, env.now(), server.relation);
  TRY_ASSIGN(const auto read, chosen_document(env, options, server.relation, options.realm));
  server.issuer_identifier = read.document.issuer.principal;
  TRY_ASSIGN(server.type, type_of(read.document, options.type));
  TRY(take_document(read, options.metadata_url, env.now(), server));
  TRY_ASSIGN(server.realm, realm_of(read.document, options.realm));
  server.authorization_uri_override = options.authorization_uri_override;
  server.accept_security_identifier_information =
      options.accept_security_identifier_information.value_or(false);
  server.enabled = options.enabled.value_or(true);
  return server;
}

Result<ExitCode> run(Environment& env, const Options& options) {
  TRY_ASSIGN(auto wanted, server_from(env, options));
  TRY_ASSIGN(auto* store, env.write());
  TRY(record_told_issuer(*store, wanted.relation));
  TRY(refuse_own_name(*store, {wanted.issuer_identifier, wanted.realm}));
  TRY_ASSIGN(const auto stored, insert_oauth_server(*store, wanted));
  if (!stored.token_endpoint)
    env.warn("the document names no token endpoint: no token can be requested from this server");
  TRY(env.approve("Create OAuth server", stored.identity));
  env.emit(to_record(stored));
  return ExitCode::success;
}

Verb declare() {
  return define<Options>({
      .original = "New-CsOAuthServer",
      .summary = "Register an authorization server",
      .description =
          "It issues tokens for the partner applications that are registered with --use-oauth-server. "
          "Issuer, realm, keys and token endpoint are those of its metadata document.",
      .effect = Effect::writes,
      .sets = {"MetadataUrl", "MetadataFile"},
      .parameters = with(
          {
              parameter("Identity", &Options::identity,
                        {.help = "A name of your choice, unique without regard to case.",
                         .mandatory = true,
                         .first = true,
                         .check = check_identity}),
              parameter<Options>("MetadataUrl", &DocumentOptions::metadata_url,
                                 {.help = "Where its metadata document is read from. Together with "
                                          "--metadata-file it is recorded only.",
                                  .mandatory_in = {"MetadataUrl"},
                                  .check = parse_https_url,
                                  .fetched_unless = "MetadataFile"}),
              parameter<Options>("MetadataFile", &DocumentOptions::metadata_file,
                                 {.help = "Its metadata document as a file, or - for standard input.",
                                  .type = "Path",
                                  .sets = {"MetadataFile"},
                                  .mandatory = true,
                                  .origin = Origin::accord}),
              parameter("Realm", &Options::realm,
                        {.help = "Its realm, where the document's is * or empty.", .check = parse_realm}),
              parameter("AcceptSecurityIdentifierInformation",
                        &Options::accept_security_identifier_information,
                        {.help = "Whether users may be named by SID.", .default_text = "false"}),
              parameter("AuthorizationUriOverride", &Options::authorization_uri_override,
                        {.help = "Where clients are sent to sign in.", .check = parse_https_url}),
              parameter("Type", &Options::type,
                        {.help = "What kind of server it is.", .default_text = "found from the document"}),
              parameter("Enabled", &Options::enabled,
                        {.help = "Whether its tokens are accepted.",
                         .default_text = "true",
                         .origin = Origin::accord}),
              parameter<Options>("ExpectThumbprint", &DocumentOptions::expect_thumbprint,
                                 {.help = "The document's keys must be exactly these.",
                                  .origin = Origin::accord,
                                  .check = parse_thumbprint}),
              refused_parameter("Tenant", "a store is one tenant; use a store of its own for another"),
              refused_parameter("InMemory", "objects live in the store; --what-if shows what would be made"),
          },
          relation_parameters<Options>(Empty::refused)),
      .examples =
          {{"new-oauth-server sts --metadata-file sts.json",
            "Trusts an authorization server by its document."},
           {"new-oauth-server sts --metadata-url https://sts.contoso.com/sts/metadata/json/1 --ca-file "
            "ca.pem "
            "--allow-host login.fabrikam.com",
            "Reads it over the network, from a server of a private authority whose token endpoint is on "
            "another host."}},
      .output = &kOAuthServerType,
      .run = run,
  });
}

const Registration registration("new-oauth-server", declare);

}  // namespace
}  // namespace accord
