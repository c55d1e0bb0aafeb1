#include "lib/app/service_resource.h"

#include "lib/app/service_challenge.h"
#include "lib/core/encoding.h"
#include "lib/core/json.h"
#include "lib/token/jws.h"

namespace accord {
namespace {

// Of "Bearer <token>"; nullopt for another scheme and where the token is empty.
std::optional<std::string_view> bearer_token(std::string_view authorization) {
  constexpr std::string_view kScheme = "bearer";
  if (!starts_with_ignoring_case(authorization, kScheme)) return std::nullopt;
  authorization.remove_prefix(kScheme.size());
  if (authorization.empty() || authorization.front() != ' ') return std::nullopt;
  const auto token = trim(authorization);
  return token.empty() ? std::nullopt : std::optional(token);
}

json::Value recognised(const AcceptedToken& token) {
  auto made = json::Value::object();
  made.add("result", "Success");
  made.add("profile", enum_name(token.profile));
  made.add("partner", token.partner);
  made.add("issuer", token.issuer);
  made.add("user", token.user ? json::Value(*token.user) : json::Value());
  made.add("userKind", token.user_kind ? json::Value(*token.user_kind) : json::Value());
  return made;
}

// Whoever holds an actor token can put any user around it, so the log tells which one it was.
void note_actor(std::string_view token, LogNotes& notes) {
  const auto jws = parse_compact(token);
  const auto claims = jws ? parse_claims(*jws) : fail("Token.Malformed", "");
  if (!claims) return;
  if (const auto actor = claims->find_string("actortoken")) notes.emplace_back("actor", token_mark(*actor));
}

ServerResponse challenge(const ServiceSnapshot& state, Refused refused) {
  const auto parts =
      challenge_of(state.deployment.configuration, state.own, state.partners, state.servers);
  return {.status = 401,
          .headers = {{"WWW-Authenticate", write_challenge(parts, refused)}, {"Cache-Control", "no-store"}}};
}

void note_accepted(const AcceptedToken& token, std::string_view text, LogNotes& notes) {
  notes.emplace_back("partner", token.partner);
  notes.emplace_back("issuer", token.issuer);
  notes.emplace_back("profile", enum_name(token.profile));
  if (token.user) notes.emplace_back("user", *token.user);
  if (token.profile == TokenProfile::user_context) note_actor(text, notes);
}

}  // namespace

Result<ResourceAnswer> guarded_resource(const ServiceSnapshot& state, const ServerRequest& request,
                                        Detail detail, Instant now) {
  ResourceAnswer answer;
  const auto authorization = request.all("Authorization");
  const auto token = authorization.empty() ? std::nullopt : bearer_token(authorization.front());
  if (!token) {
    answer.response = challenge(state, Refused::no_token);
    return answer;
  }
  answer.notes.emplace_back("token", token_mark(*token));
  TRY_ASSIGN(const auto report, verify_token(*token, state.judge.policy, now));
  if (const auto* accepted = report.token()) {
    note_accepted(*accepted, *token, answer.notes);
    answer.response.headers = {{"Content-Type", "application/json; charset=utf-8"},
                               {"Cache-Control", "no-store"}};
    answer.response.body = json::dump(recognised(*accepted)) + '\n';
    return answer;
  }
  answer.unknown_key_of = report.unknown_key_of();
  answer.response = challenge(state, Refused::bad_token);
  const bool is_minimal = detail == Detail::minimal || state.judge.minimal_detail;
  answer.response.headers.emplace_back(
      "x-ms-diagnostics", product_diagnostics(diagnostics_line(report, is_minimal), state.own.principal));
  if (const auto* failure = report.first_failure()) answer.notes.emplace_back("failed", failure->name);
  return answer;
}

}  // namespace accord
