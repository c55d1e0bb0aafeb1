// set-oauth-server: change an authorization server's settings, or read its document again.
#include <fmt/format.h>

#include "lib/app/checks.h"
#include "lib/app/registration.h"

namespace accord {
namespace {

struct Options : RelationOptions, DocumentOptions {
  std::string identity;
  std::optional<bool> accept_security_identifier_information;
  std::optional<std::string> authorization_uri_override;
  std::optional<OAuthServerType> type;
  std::optional<bool> enabled;
  bool pass_thru = false;
};

// Before anything is locked, because it may come over the network.
Result<std::optional<TrustDocument>> new_document(Environment& env, const Options& options,
                                                  const RelationChange& change) {
  if (!options.metadata_url && !options.metadata_file) return std::nullopt;
  TRY_ASSIGN(auto* store, env.read());
  TRY_ASSIGN(auto server, stored_oauth_server(*store, options.identity));
  apply(change, env.now(), server.relation);
  return chosen_document(env, options, server.relation, server.realm);
}

Result<void> take_metadata(const Environment& env, const Options& options, const TrustDocument& read,
                           OAuthServer& server) {
  TRY(check_same_issuer(read.document, server));
  TRY_ASSIGN(server.type, type_of(read.document, server.type));
  return take_document(read, options.metadata_url, env.now(), server);
}

Result<ExitCode> run(Environment& env, const Options& options) {
  TRY_ASSIGN(const auto change, relation_change(env, options));
  TRY_ASSIGN(const auto document, new_document(env, options, change));
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
  apply(change, env.now(), server.relation);
  if (options.told_thumbprint) TRY(record_told_issuer(*store, server.relation));
  if (document) TRY(take_metadata(env, options, *document, server));
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
              parameter<Options>("MetadataUrl", &DocumentOptions::metadata_url,
                                 {.help = "Where its metadata document is read from. Together with "
                                          "--metadata-file it is recorded only.",
                                  .check = parse_https_url,
                                  .fetched_unless = "MetadataFile"}),
              parameter<Options>("MetadataFile", &DocumentOptions::metadata_file,
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
              parameter<Options>("ExpectThumbprint", &DocumentOptions::expect_thumbprint,
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
