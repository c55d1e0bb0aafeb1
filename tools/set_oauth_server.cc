// set-oauth-server: change an authorization server's settings, or read its document again.
#include <fmt/format.h>

#include "lib/app/checks.h"
#include "lib/app/registration.h"

namespace accord {
namespace {

struct Options : RelationOptions {
  std::string identity;
  std::optional<std::string> metadata_url;
  std::optional<std::string> metadata_file;
  std::optional<bool> accept_security_identifier_information;
  std::optional<std::string> authorization_uri_override;
  std::optional<OAuthServerType> type;
  std::optional<bool> enabled;
  std::vector<std::string> expect_thumbprint;
  bool pass_thru = false;
};

Result<void> take_metadata(Environment& env, const Options& options, OAuthServer& server) {
  if (!options.metadata_file) return no_network(*options.metadata_url);
  TRY_ASSIGN(auto read, read_trust_document(env, *options.metadata_file));
  TRY(expect_thumbprints(read.keys, options.expect_thumbprint));
  // A document whose realm names none speaks for the realm that was registered.
  const auto& issuer = read.document.issuer;
  const bool open = issuer.realm.empty() || issuer.realm == "*";
  if (issuer.principal != server.issuer_identifier || (!open && issuer.realm != server.realm)) {
    return fail("Metadata.Contradiction",
                fmt::format("the document is of '{}', but '{}' is registered as '{}@{}'", issuer.text(),
                            server.identity, server.issuer_identifier, server.realm),
                server.identity,
                "remove the OAuth server and create it again if it really has another name now");
  }
  server.metadata_url = options.metadata_url ? options.metadata_url : read.document.endpoint("metadata");
  server.token_endpoint = read.document.endpoint("issuance");
  server.relation.keys = std::move(read.keys);
  server.relation.last_refresh = env.now();
  server.relation.last_refresh_result = "Success";
  return {};
}

Result<ExitCode> run(Environment& env, const Options& options) {
  TRY_ASSIGN(auto* store, env.write());
  TRY_ASSIGN(auto server, stored_oauth_server(*store, options.identity));
  const auto before = to_record(server);
  if (options.accept_security_identifier_information) {
    server.accept_security_identifier_information = *options.accept_security_identifier_information;
  }
  if (options.authorization_uri_override) {
    const auto& given = options.authorization_uri_override;
    server.authorization_uri_override = given->empty() ? std::nullopt : given;
  }
  if (options.type) server.type = *options.type;
  if (options.enabled) server.enabled = *options.enabled;
  if (options.metadata_url || options.metadata_file) TRY(take_metadata(env, options, server));
  TRY(apply(env, options, server.relation));
  TRY(update_oauth_server(*store, server));
  auto after = to_record(server);
  TRY(env.approve("Set OAuth server", server.identity, changes_between(before, after)));
  if (options.pass_thru) env.emit(std::move(after));
  return ExitCode::success;
}

Verb declare() {
  return define<Options>({
      .original = "Set-CsOAuthServer",
      .summary = "Change an authorization server",
      .description = "Identity and Realm cannot change, and a document of another issuer is refused.",
      .effect = Effect::writes,
      .parameters = with(
          {
              parameter("Identity", &Options::identity,
                        {.help = "The OAuth server.",
                         .mandatory = true,
                         .first = true,
                         .check = check_exact_identity,
                         .completion = "get-oauth-server --property Identity"}),
              parameter(
                  "MetadataUrl", &Options::metadata_url,
                  {.help =
                       "Where its metadata document is. Together with --metadata-file it is recorded only.",
                   .check = parse_https_url}),
              parameter("MetadataFile", &Options::metadata_file,
                        {.help = "Its metadata document as a file, or - for standard input.",
                         .type = "Path",
                         .origin = Origin::accord}),
              parameter("AcceptSecurityIdentifierInformation",
                        &Options::accept_security_identifier_information,
                        {.help = "Whether users may be named by SID."}),
              parameter("AuthorizationUriOverride", &Options::authorization_uri_override,
                        {.help = "Where clients are sent to sign in.",
                         .empty = Empty::clears,
                         .check = parse_https_url}),
              parameter("Type", &Options::type, {.help = "What kind of server it is."}),
              parameter("Enabled", &Options::enabled,
                        {.help = "Whether its tokens are accepted.", .origin = Origin::accord}),
              parameter("ExpectThumbprint", &Options::expect_thumbprint,
                        {.help = "The document's keys must be exactly these.",
                         .origin = Origin::accord,
                         .check = parse_thumbprint}),
              parameter("PassThru", &Options::pass_thru,
                        {.help = "Print the changed record.", .origin = Origin::accord}),
              own(refused_parameter("Realm",
                                    "it cannot change: remove the OAuth server and create it again")),
              refused_parameter("Tenant", "a store is one tenant; use a store of its own for another"),
              refused_parameter("Instance",
                                "live objects do not cross processes; give the properties as parameters"),
          },
          relation_parameters<Options>(Empty::clears)),
      .examples = {{"set-oauth-server sts --metadata-file sts.json", "Takes the keys of a newer document."},
                   {"set-oauth-server sts --enabled false --what-if", "Says what would change."}},
      .output = &kOAuthServerType,
      .input = {.type = &kOAuthServerType, .take = {{.property = "Identity", .parameter = "Identity"}}},
      .run = run,
  });
}

const Registration registration("set-oauth-server", declare);

}  // namespace
}  // namespace accord
