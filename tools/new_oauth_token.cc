// new-oauth-token: make a token for a partner.
#include "lib/app/checks.h"
#include "lib/app/minting.h"
#include "lib/app/records.h"

namespace accord {
namespace {

struct Options {
  std::optional<std::string> partner;
  std::optional<std::string> oauth_server;
  std::optional<std::string> host;
  std::optional<std::string> user_sip;
  std::optional<std::string> user_upn;
  std::optional<std::string> user_smtp;
  std::optional<std::string> user_sid;
  std::optional<Duration> lifetime;
  std::optional<Instant> not_before;
  std::vector<std::string> claim;
  std::optional<std::int64_t> count;
  std::optional<MintProfile> profile;
  std::optional<std::string> issuer;
  std::optional<std::string> audience;
  std::optional<std::string> sign_with;
  bool allow_invalid = false;
};

MintRequest request_of(const Options& options) {
  return {.partner = options.partner,
          .oauth_server = options.oauth_server,
          .host = options.host,
          .user = {.sid = options.user_sid,
                   .upn = options.user_upn,
                   .smtp = options.user_smtp,
                   .sip = options.user_sip},
          .lifetime = options.lifetime,
          .not_before = options.not_before,
          .claims = options.claim,
          .profile = options.profile,
          .issuer = options.issuer,
          .audience = options.audience,
          .sign_with = options.sign_with,
          .allow_invalid = options.allow_invalid,
          .count = options.count.value_or(1)};
}

Record to_record(const MintedToken& token) {
  return Record(kOAuthTokenType)
      .add("Token", token.text)
      .add("Profile", token.profile)
      .add("Issuer", token.issuer)
      .add("Audience", token.audience)
      .add("NameId", value_or_null(token.name_id))
      .add("NotBefore", token.not_before)
      .add("Expires", token.expires)
      .add("X5t", token.x5t);
}

Result<ExitCode> run(Environment& env, const Options& options) {
  TRY_ASSIGN(const auto tokens, mint_tokens(env, request_of(options)));
  const bool plain = !env.common().output && env.common().property.empty();
  if (plain) {
    for (const auto& token : tokens) env.emit_text(token.text + '\n');
  } else if (tokens.size() == 1 && !options.count) {
    env.emit(to_record(tokens.front()));
  } else {
    std::vector<Record> records;
    for (const auto& token : tokens) records.push_back(to_record(token));
    env.emit(kOAuthTokenType, std::move(records));
  }
  return ExitCode::success;
}

Verb declare() {
  return define<Options>({
      .summary = "Make a token for a partner",
      .description =
          "Prints the compact token alone; with --output or --property a record. Without a user it is an "
          "app-only token, with one the outer token around it. What could never verify is refused.",
      .parameters =
          {
              own(parameter("Partner", &Options::partner,
                            {.help = "The partner application it is for.",
                             .first = true,
                             .completion = "get-partner-application --property Identity"})),
              own(parameter("Host", &Options::host,
                            {.help = "The host it is for.",
                             .default_text = "that of the partner's MetadataUrl",
                             .check = parse_host})),
              own(parameter("UserSip", &Options::user_sip,
                            {.help = "The user's SIP address.", .check = check_sip_address})),
              own(parameter("UserUpn", &Options::user_upn,
                            {.help = "The user's principal name.", .check = check_address})),
              own(parameter("UserSmtp", &Options::user_smtp,
                            {.help = "The user's mail address.", .check = check_address})),
              own(parameter("UserSid", &Options::user_sid,
                            {.help = "The user's security identifier.", .check = check_sid})),
              own(parameter("Lifetime", &Options::lifetime,
                            {.help = "How long it lives.", .default_text = "TokenLifetime"})),
              own(parameter("NotBefore", &Options::not_before,
                            {.help = "When it starts.", .default_text = "now"})),
              own(parameter("Claim", &Options::claim,
                            {.help = "A further claim, name=value; may be repeated."})),
              own(parameter("Count", &Options::count,
                            {.help = "How many, each signed for itself.", .default_text = "1"})),
              own(parameter("Profile", &Options::profile, {.help = "A part of a token, for tests."})),
              own(parameter("OAuthServer", &Options::oauth_server, {.help = "Whom an assertion is for."})),
              own(parameter("Issuer", &Options::issuer, {.help = "Another iss; needs --allow-invalid."})),
              own(parameter("Audience", &Options::audience, {.help = "Another aud; needs --allow-invalid."})),
              own(parameter("SignWith", &Options::sign_with,
                            {.help = "A certificate that is not assigned; needs --allow-invalid.",
                             .check = parse_thumbprint,
                             .completion = "get-certificate --property Thumbprint"})),
              own(parameter(
                  "AllowInvalid", &Options::allow_invalid,
                  {.help =
                       "Make a token that is to be refused, for a negative test. With a key that is assigned "
                       "it ends within 5 min."})),
          },
      .examples = {{"new-oauth-token --partner exchange", "An app-only token for the host of its metadata."},
                   {"new-oauth-token --partner exchange --user-sip sip:kenmyer@litwareinc.com --lifetime 30m "
                    "--output json",
                    "A token with user context, as a record."}},
      .output = &kOAuthTokenType,
      .run = run,
  });
}

const Registration registration("new-oauth-token", declare);

}  // namespace
}  // namespace accord
