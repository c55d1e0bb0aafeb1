// request-oauth-token: get a token from an authorization server.
#include "lib/app/checks.h"
#include "lib/app/records.h"
#include "lib/app/token_request.h"

namespace accord {
namespace {

struct Options {
  std::string oauth_server;
  std::string resource;
  std::optional<GrantForm> grant;
};

Record to_record(const ReceivedToken& token) {
  return Record(kOAuthTokenType)
      .add("Token", token.text)
      .add("Profile", "Issued")
      .add("Issuer", token.issuer)
      .add("Audience", token.audience)
      .add("NameId", value_or_null(token.name_id))
      .add("NotBefore", token.not_before)
      .add("Expires", token.expires)
      .add("X5t", token.x5t);
}

Result<ExitCode> run(Environment& env, const Options& options) {
  TRY_ASSIGN(auto exchange, exchange_assertion(env, {.oauth_server = options.oauth_server,
                                                     .resource = options.resource,
                                                     .grant = options.grant}));
  TRY_ASSIGN(const auto token, std::move(exchange.token));
  const bool plain = !env.common().output && env.common().property.empty();
  if (plain) {
    env.emit_text(token.text + '\n');
  } else {
    env.emit(to_record(token));
  }
  return ExitCode::success;
}

Verb declare() {
  return define<Options>({
      .summary = "Get a token from an authorization server",
      .description =
          "Proves who we are with an assertion that our token-issuer certificate signs, and checks that the "
          "token that comes back is signed by a registered key of that server, for this resource and alive. "
          "Prints the compact token alone; with --output or --property a record.",
      .parameters =
          {
              own(parameter("OAuthServer", &Options::oauth_server,
                            {.help = "The registered OAuth server.",
                             .mandatory = true,
                             .first = true,
                             .check = check_exact_identity,
                             .completion = "get-oauth-server --property Identity"})),
              own(parameter("Resource", &Options::resource,
                            {.help = "Whom the token is for: PRINCIPAL/HOST@REALM.",
                             .mandatory = true,
                             .check = check_resource})),
              own(parameter("Grant", &Options::grant,
                            {.help = "How the assertion is handed over.",
                             .default_text = "Acs for a server of that type, else ClientCredentials"})),
          },
      .examples =
          {{"request-oauth-token --oauth-server sts --resource "
            "00000002-0000-0ff1-ce00-000000000000/mail.contoso.com@contoso.com",
            "A token for an Exchange server that trusts the same authorization server."},
           {"request-oauth-token sts --resource "
            "00000003-0000-0ff1-ce00-000000000000/sharepoint.contoso.com@contoso.com --grant jwtbearer "
            "--property Audience,Expires",
            "What came back, without the token, asked for as RFC 7523 has it."}},
      .output = &kOAuthTokenType,
      .in_batch = InBatch::not_atomic,
      .run = run,
  });
}

const Registration registration("request-oauth-token", declare);

}  // namespace
}  // namespace accord
