// test-oauth-token: judge tokens as this deployment's server would.
#include <fmt/format.h>

#include <atomic>
#include <new>
#include <thread>

#include "lib/app/checks.h"
#include "lib/app/records.h"
#include "lib/app/verification.h"
#include "lib/core/digest.h"
#include "lib/token/key.h"

namespace accord {
namespace {

enum class Profile { s2s, jws };

}  // namespace

template <>
struct EnumNames<Profile> {
  static constexpr std::array<std::pair<Profile, std::string_view>, 2> table = {
      {{Profile::s2s, "s2s"}, {Profile::jws, "jws"}}};
};

namespace {

constexpr std::size_t kInputLimit = 1024 * 1024 * 1024;

struct Options {
  std::optional<std::string> token;
  std::optional<std::string> token_file;
  std::optional<Profile> profile;
  std::optional<std::string> partner;
  std::optional<std::string> as_partner;
  std::optional<std::string> host;
  std::optional<std::string> audience;
  std::optional<std::string> key;
  std::optional<std::string> jwks;
  std::optional<std::string> metadata_file;
  std::optional<Instant> at;
  bool require_live = false;
};

struct Verdict {
  TokenReport report;
  std::string hash;
};

// What the verb judges with: the trust of a deployment, or bare keys.
struct Bench {
  bool jws = false;
  std::vector<Key> keys = {};
  Judge judge = {};
  Instant now = {};

  [[nodiscard]] Result<Verdict> judge_one(std::string_view token) const {
    const auto hash = to_lower(hex_encode(sha256(token))).substr(0, 8);
    if (jws) return Verdict{verify_jws(token, keys), hash};
    TRY_ASSIGN(auto report, verify_token(token, judge.policy, now));
    return Verdict{std::move(report), hash};
  }
};

Result<void> check_options(const Options& options) {
  if (options.token && options.token_file) {
    return fail("Parameter.Clash", "--token and --token-file cannot be given together", "--token-file");
  }
  if (!options.token && !options.token_file) {
    return fail("Test.NothingTested", "nothing was tested: no token was given", "--token",
                "pipe one in with -, or name a file with --token-file");
  }
  if (options.profile == Profile::jws) {
    const bool one_key_source = options.key.has_value() != options.jwks.has_value();
    if (!one_key_source) {
      return fail("Parameter.Missing", "--profile jws needs either --key or --jwks", "--key",
                  "name the file of the signer's key");
    }
    if (options.partner || options.as_partner || options.audience || options.metadata_file || options.at ||
        options.host) {
      return fail("Parameter.Clash",
                  "--profile jws judges form, key and signature only: no partner, audience, metadata or time",
                  "--profile", "leave --profile out to judge the claims");
    }
    return {};
  }
  if (options.jwks) {
    return fail("Parameter.Clash", "--jwks belongs to --profile jws", "--jwks",
                "give a certificate with --key, or a document with --metadata-file");
  }
  if (options.as_partner && (options.partner || options.metadata_file || options.key)) {
    return fail("Parameter.Clash",
                "--as-partner says whose trust counts: no --partner, --metadata-file or --key beside it",
                "--as-partner");
  }
  if (options.host && !options.as_partner)
    return fail("Parameter.Clash", "--host is that of --as-partner", "--host");
  return {};
}

Result<void> refuse_assumptions(const Options& options) {
  if (!options.require_live) return {};
  std::string_view first;
  if (options.at) first = "--at";
  if (options.audience) first = "--audience";
  if (options.key) first = "--key";
  if (options.jwks) first = "--jwks";
  if (options.metadata_file) first = "--metadata-file";
  if (options.as_partner) first = "--as-partner";
  if (options.profile == Profile::jws) first = "--profile jws";
  if (first.empty()) return {};
  return fail("Parameter.Clash", fmt::format("--require-live allows no assumption, and {} is one", first),
              "--require-live");
}

Result<std::vector<Key>> keys_of(Environment& env, const Options& options) {
  if (options.jwks) {
    TRY_ASSIGN(const auto content, env.read_file_or_input(*options.jwks));
    return read_key_set(content);
  }
  TRY_ASSIGN(const auto content, env.read_file_or_input(*options.key));
  TRY_ASSIGN(auto key, read_key(content));
  std::vector<Key> keys;
  keys.push_back(std::move(key));
  return keys;
}

// One LF or CRLF a line is dropped, nothing else: what is left is judged as it is.
std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const auto end = text.find('\n');
    auto line = text.substr(0, end);
    if (end != std::string_view::npos && line.ends_with('\r')) line.remove_suffix(1);
    lines.emplace_back(line);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return lines;
}

Result<std::vector<std::string>> tokens_of(Environment& env, const Options& options) {
  std::vector<std::string> tokens;
  if (options.token && *options.token != "-") {
    if (!options.token->empty())
      env.warn("a token given as an argument is visible to other users of this machine; pipe it in with -");
    tokens.push_back(*options.token);
  } else {
    TRY_ASSIGN(const auto text, env.read_file_or_input(options.token_file.value_or("-"), kInputLimit));
    tokens = lines_of(text);
  }
  if (tokens.empty() || (tokens.size() == 1 && tokens.front().empty())) {
    return fail("Test.NothingTested", "nothing was tested: the input is empty",
                options.token_file.value_or("-"));
  }
  return tokens;
}

Result<Bench> prepare(Environment& env, const Options& options, bool many) {
  Bench bench;
  bench.now = options.at.value_or(env.now());
  bench.jws = options.profile == Profile::jws;
  if (bench.jws) {
    TRY_ASSIGN(bench.keys, keys_of(env, options));
    bench.judge.assumptions.push_back("the key is that of a file; form, header and signature only");
    return bench;
  }
  const VerifyRequest request{options.partner, options.as_partner,    options.host, options.audience,
                              options.key,     options.metadata_file, options.at};
  TRY_ASSIGN(bench.judge, make_judge(env, request, many ? Load::at_once : Load::on_demand));
  if (options.at)
    bench.judge.assumptions.push_back(fmt::format("the time is {}", format_instant(*options.at)));
  return bench;
}

// All cores take from one queue; the order of the results is that of the lines.
Result<std::vector<Verdict>> judge_all(const Bench& bench, const std::vector<std::string>& tokens) {
  std::vector<std::optional<Result<Verdict>>> slots(tokens.size());
  std::atomic<std::size_t> next = 0;
  std::atomic<bool> exhausted = false;
  // What is thrown in a helper would end the program at once.
  const auto work = [&] {
    try {
      for (auto i = next++; i < tokens.size() && !exhausted; i = next++)
        slots[i] = bench.judge_one(tokens[i]);
    } catch (const std::bad_alloc&) {
      exhausted = true;
    }
  };
  {
    std::vector<std::jthread> helpers;
    const auto cores =
        std::min<std::size_t>(std::max(1U, std::thread::hardware_concurrency()), tokens.size());
    for (std::size_t i = 1; i < cores; ++i) helpers.emplace_back(work);
    work();
  }
  if (exhausted) {
    return fail("Memory.Exhausted", "there is not enough memory to judge so many tokens in one call", {},
                "give fewer lines at a time");
  }
  std::vector<Verdict> verdicts;
  for (auto& slot : slots) {
    TRY_ASSIGN(auto verdict, *std::move(slot));
    verdicts.push_back(std::move(verdict));
  }
  return verdicts;
}

Record to_record(const Verdict& verdict, const Bench& bench) {
  const auto& report = verdict.report;
  const auto* token = report.token();
  const auto* failure = report.first_failure();
  std::vector<Record> checks;
  for (const auto& check : report.checks()) {
    checks.push_back(Record(kCheckType)
                         .add("Name", std::string(check.name))
                         .add("Result", std::string(enum_name(check.outcome)))
                         .add("Detail", check.detail));
  }
  const bool claims = token != nullptr && !bench.jws;
  return Record(kTokenTestType)
      .add("Result", report.accepted() ? "Success" : "Failure")
      .add("Profile", claims ? Value(std::string(enum_name(token->profile))) : Value())
      .add("Partner", claims ? Value(token->partner) : Value())
      .add("Issuer", claims ? Value(token->issuer) : Value())
      .add("User", claims ? value_or_null(token->user) : Value())
      .add("UserKind", claims ? value_or_null(token->user_kind) : Value())
      .add("Category", failure != nullptr ? Value(std::string(failure->diagnostic.category)) : Value())
      .add("Code", failure != nullptr ? Value(std::int64_t{failure->diagnostic.code}) : Value())
      .add("Reason", failure != nullptr ? Value(failure->reason) : Value())
      .add("Assumptions", bench.judge.assumptions)
      .add("Checks", std::move(checks))
      .add("Line", report.accepted() ? Value() : Value(diagnostics_line(report, bench.judge.minimal_detail)))
      .add("TokenHash", verdict.hash);
}

Result<ExitCode> run(Environment& env, const Options& options) {
  TRY(check_options(options));
  TRY(refuse_assumptions(options));
  TRY_ASSIGN(const auto tokens, tokens_of(env, options));
  TRY_ASSIGN(const auto bench, prepare(env, options, tokens.size() > 1));
  if (!bench.judge.assumptions.empty()) {
    env.warn(fmt::format("hypothetical verdict: {}", fmt::join(bench.judge.assumptions, "; ")));
  }
  TRY_ASSIGN(const auto verdicts, judge_all(bench, tokens));
  bool all_accepted = true;
  std::vector<Record> records;
  for (const auto& verdict : verdicts) {
    all_accepted = all_accepted && verdict.report.accepted();
    records.push_back(to_record(verdict, bench));
  }
  if (records.size() == 1) {
    env.emit(std::move(records.front()));
  } else {
    env.emit(kTokenTestType, std::move(records));
  }
  return all_accepted ? ExitCode::success : ExitCode::negative;
}

Verb declare() {
  return define<Options>({
      .summary = "Judge a token as this deployment's server would, check by check",
      .description =
          "Exit code 0: accepted; 5: refused. Trust comes from the store alone; what a parameter puts in its "
          "place stands in Assumptions, with a warning. A file or stream of many lines has a verdict a line.",
      .parameters =
          {
              own(parameter(
                  "Token", &Options::token,
                  {.help = "The token, or - for standard input; an argument is visible to other users.",
                   .first = true,
                   .empty = Empty::is_a_value})),
              own(parameter("TokenFile", &Options::token_file,
                            {.help = "A file of tokens, one a line.", .type = "Path"})),
              own(parameter(
                  "Profile", &Options::profile,
                  {.help = "s2s: all checks. jws: form, header, key and signature only; no store is opened.",
                   .default_text = "s2s"})),
              own(parameter("Partner", &Options::partner,
                            {.help = "The token must come from this partner application.",
                             .completion = "get-partner-application --property Identity"})),
              own(parameter("AsPartner", &Options::as_partner,
                            {.help = "Judge a token of ours as this partner application would.",
                             .completion = "get-partner-application --property Identity"})),
              own(parameter("Host", &Options::host,
                            {.help = "The host of --as-partner.",
                             .default_text = "that of its MetadataUrl",
                             .check = parse_host})),
              own(parameter("Audience", &Options::audience, {.help = "What the audience is to be."})),
              own(parameter("Key", &Options::key,
                            {.help = "The signer's key as a file: a certificate; with --profile jws also a "
                                     "JWK or a public key.",
                             .type = "Path"})),
              own(parameter("Jwks", &Options::jwks,
                            {.help = "With --profile jws: a key set as a file.", .type = "Path"})),
              own(parameter("MetadataFile", &Options::metadata_file,
                            {.help = "The issuer's document as a file, in place of what is registered.",
                             .type = "Path"})),
              own(parameter("At", &Options::at,
                            {.help = "Judge as if it were this time.", .default_text = "now"})),
              own(parameter("RequireLive", &Options::require_live, {.help = "Refuse every assumption."})),
          },
      .examples = {{"new-oauth-token --partner exchange | test-oauth-token - --as-partner exchange",
                    "Whether a partner would accept what we make: a smoke test of one store."},
                   {"test-oauth-token --token-file token.txt --output json",
                    "The verdict on a received token, for a program."}},
      .output = &kTokenTestType,
      .run = run,
  });
}

const Registration registration("test-oauth-token", declare);

}  // namespace
}  // namespace accord
