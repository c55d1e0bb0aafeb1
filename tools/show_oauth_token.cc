// show-oauth-token: decode a token without verifying it.
#include <fmt/format.h>

#include "lib/app/environment.h"
#include "lib/app/records.h"
#include "lib/token/jws.h"

namespace accord {
namespace {

struct Options {
  std::optional<std::string> token;
  std::optional<std::string> token_file;
};

constexpr std::string_view kActorToken = "actortoken";

std::vector<Record> members_of(const json::Value& object) {
  std::vector<Record> members;
  for (const auto& [name, value] : object.members()) {
    // The inner token is a credential of its own: it is decoded below, not shown.
    const auto shown = name == kActorToken ? std::string("(decoded below)")
                       : value.is_string() ? value.text()
                                           : json::dump(value);
    members.push_back(Record(kMemberType).add("Name", name).add("Value", shown));
  }
  return members;
}

// A claim of seconds as an instant; null where it is none.
Value time_of(const json::Value& claims, std::string_view name) {
  const auto* claim = claims.find(name);
  if (claim == nullptr) return {};
  std::int64_t seconds = claim->integer();
  if (claim->is_string()) {
    const auto read = parse_integer(claim->text(), 0, kLatestInstant.time_since_epoch().count());
    if (!read) return {};
    seconds = *read;
  } else if (!claim->is_integer() || seconds < 0 || seconds > kLatestInstant.time_since_epoch().count()) {
    return {};
  }
  return Instant(Duration(seconds));
}

std::string kind_of(const json::Value& claims) {
  if (claims.find(kActorToken) != nullptr) return "UserContext";
  if (claims.find("actor") != nullptr) return "Delegated";
  if (claims.find("appctx") != nullptr) return "ContextOrIdentity";
  if (claims.find("nameid") != nullptr) return "AppOnly";
  return "Unknown";
}

Result<Record> decoded(std::string_view token, bool inner) {
  TRY_ASSIGN(const auto jws, parse_compact(token));
  TRY_ASSIGN(const auto claims, parse_claims(jws));
  std::vector<Record> actor;
  const auto inner_token = claims.find_string(kActorToken);
  if (inner_token && !inner) {
    TRY_ASSIGN(auto record, decoded(*inner_token, true));
    actor.push_back(std::move(record));
  }
  return Record(kTokenContentType)
      .add("Verified", false)
      .add("Kind", kind_of(claims))
      .add("Header", members_of(jws.header))
      .add("Claims", members_of(claims))
      .add("NotBefore", time_of(claims, "nbf"))
      .add("Expires", time_of(claims, "exp"))
      .add("ActorToken", std::move(actor));
}

Result<std::string> token_of(Environment& env, const Options& options) {
  if (options.token && options.token_file) {
    return fail("Parameter.Clash", "--token and --token-file cannot be given together", "--token-file");
  }
  if (!options.token && !options.token_file) {
    return fail("Parameter.Missing", "--token must be given", "--token",
                "pipe one in with -, or name a file with --token-file");
  }
  if (options.token && *options.token != "-") {
    env.warn("a token given as an argument is visible to other users of this machine; pipe it in with -");
    return *options.token;
  }
  TRY_ASSIGN(auto text, env.read_file_or_input(options.token_file.value_or("-")));
  if (text.ends_with('\n')) text.pop_back();
  if (text.ends_with('\r')) text.pop_back();
  return text;
}

Result<ExitCode> run(Environment& env, const Options& options) {
  TRY_ASSIGN(const auto token, token_of(env, options));
  TRY_ASSIGN(auto record, decoded(token, false));
  env.notice(
      "NOT VERIFIED: the token was decoded, and nothing in it was checked. test-oauth-token judges it.");
  env.emit(std::move(record));
  return ExitCode::success;
}

Verb declare() {
  return define<Options>({
      .summary = "Decode a token without verifying it",
      .description =
          "Nothing is checked and no store is opened. The signature is not printed, so that the output is no "
          "credential.",
      .parameters =
          {
              parameter("Token", &Options::token,
                        {.help = "The token, or - for standard input; an argument is visible to other users.",
                         .first = true,
                         .origin = Origin::accord}),
              parameter("TokenFile", &Options::token_file,
                        {.help = "A file with the token.", .type = "Path", .origin = Origin::accord}),
          },
      .examples = {{"new-oauth-token --partner exchange | show-oauth-token -", "What we write into a token."},
                   {"show-oauth-token --token-file token.txt --output json", "The same for a program."}},
      .output = &kTokenContentType,
      .run = run,
  });
}

const Registration registration("show-oauth-token", declare);

}  // namespace
}  // namespace accord
