#include "lib/app/partner_health.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "lib/app/certificate_health.h"
#include "lib/app/registration.h"
#include "lib/core/encoding.h"

namespace accord {
namespace {

constexpr Duration kWarning = std::chrono::days(60);
constexpr Duration kCritical = std::chrono::days(14);

DocumentSource source_of(const PartyFacts& party, const std::optional<std::string>& ca_pem,
                         const FetchOptions& options) {
  const auto& relation = party.relation();
  DocumentSource source{.url = *party.metadata_url(),
                        .ca_pem = ca_pem ? ca_pem : relation.ca_pem,
                        .trust_any_certificate = options.trust_any_certificate,
                        .allowed_hosts = relation.allowed_hosts};
  source.context.tenant = party.realm();
  return source;
}

// A fault of this installation is no verdict on the other side.
Result<void> check_module(const FetchOutcome& outcome) {
  if (outcome.error && outcome.error->id == ErrorId("Module.Unusable")) return tl::unexpected(*outcome.error);
  return {};
}

bool is_https(const std::optional<std::string>& url) {
  return url && starts_with_ignoring_case(*url, "https://");
}

// Calls are made one after the other, and each takes its time: `elapsed` counts what they took.
class Reader {
 public:
  Reader(const Environment& env, const FetchOptions& options, std::optional<std::string> ca_pem)
      : env_(env), options_(options), ca_pem_(std::move(ca_pem)) {}

  Result<void> read(PartyFacts& party) {
    if (!is_https(party.metadata_url())) return {};
    party.live = fetch_document(env_, source_of(party, ca_pem_, options_));
    TRY(check_module(party.live->fetched));
    took(party.live->fetched);
    party.answered = now();
    return {};
  }

  Result<void> call_autodiscover(OurSide& ours, const std::vector<PartyFacts>& parties) {
    const auto& url = ours.deployment.configuration.exchange_autodiscover_url;
    const auto is_exchange = [](const PartyFacts& one) {
      return one.partner && one.principal() == kExchangePrincipal;
    };
    if (!is_https(url) || ours.autodiscover || std::ranges::none_of(parties, is_exchange)) return {};
    ours.autodiscover =
        fetch({.url = *url, .method = "HEAD"}, {.allow_private_addresses = true, .follow_redirects = false});
    took(*ours.autodiscover);
    return check_module(*ours.autodiscover);
  }

 private:
  void took(const FetchOutcome& outcome) { elapsed_ += outcome.took; }
  [[nodiscard]] Instant now() const {
    return env_.now() + std::chrono::duration_cast<std::chrono::seconds>(elapsed_);
  }

  const Environment& env_;
  const FetchOptions& options_;
  std::optional<std::string> ca_pem_;
  std::chrono::milliseconds elapsed_ = {};
};

std::vector<PartyFacts> all_of(const OurSide& ours, PartyKind kind) {
  std::vector<PartyFacts> parties;
  if (kind == PartyKind::partner_application) {
    for (const auto& one : ours.partners) parties.push_back({.partner = one});
  } else {
    for (const auto& one : ours.servers) parties.push_back({.server = one});
  }
  return parties;
}

tl::unexpected<Error> nothing_tested(std::string_view why, std::string_view target, PartyKind kind) {
  return fail("Test.NothingTested", fmt::format("nothing was tested: {}", why), std::string(target),
              kind == PartyKind::partner_application ? "get-partner-application lists those there are"
                                                     : "get-oauth-server lists those there are");
}

Result<void> check_exists(Environment& env, const std::string& identity, PartyKind kind) {
  TRY_ASSIGN(auto* store, env.read());
  if (kind == PartyKind::partner_application) {
    TRY(stored_partner(*store, identity));
  } else {
    TRY(stored_oauth_server(*store, identity));
  }
  return {};
}

Result<std::vector<PartyFacts>> chosen(Environment& env, const OurSide& ours, const PartyTestOptions& options,
                                       PartyKind kind) {
  if (options.all && !options.identity.empty()) {
    return fail("Parameter.Clash", "--identity and --all cannot be given together", "--all");
  }
  if (options.all) return all_of(ours, kind);
  if (options.identity.empty()) return nothing_tested("name one, or give --all", "--identity", kind);
  std::vector<PartyFacts> parties;
  for (const auto& wanted : options.identity) {
    if (!has_wildcard(wanted)) TRY(check_exists(env, wanted, kind));
    for (auto& one : all_of(ours, kind)) {
      const auto is_same = [&](const auto& other) { return other.identity() == one.identity(); };
      if (matches_wildcard(one.identity(), wanted) && std::ranges::none_of(parties, is_same))
        parties.push_back(std::move(one));
    }
  }
  return parties;
}

}  // namespace

Result<OurSide> gather_our_side(Environment& env) {
  TRY_ASSIGN(auto* store, env.read());
  OurSide ours{.now = env.now()};
  TRY_ASSIGN(ours.deployment, read_deployment(*store));
  TRY_ASSIGN(ours.partners, list_partner_applications(*store));
  TRY_ASSIGN(ours.servers, list_oauth_servers(*store));
  TRY_ASSIGN(const auto facts, gather(env, kWarning, kCritical));
  ours.certificates = judge(facts).findings;
  return ours;
}

Result<std::vector<ConnectionTest>> test_parties(Environment& env, OurSide& ours,
                                                 std::vector<PartyFacts> parties,
                                                 const FetchOptions& options) {
  TRY_ASSIGN(auto ca_pem, read_ca_file(env, options.ca_file));
  if (options.trust_any_certificate)
    env.warn("--trust-any-certificate: whoever answered may be somebody else; do not rely on what is shown");
  env.let_go();
  Reader reader(env, options, std::move(ca_pem));
  TRY(reader.call_autodiscover(ours, parties));
  std::vector<ConnectionTest> tests;
  for (auto& party : parties) {
    TRY(reader.read(party));
    tests.push_back(judge(ours, party));
  }
  return tests;
}

Result<ExitCode> run_party_test(Environment& env, const PartyTestOptions& options, PartyKind kind) {
  TRY_ASSIGN(auto ours, gather_our_side(env));
  TRY_ASSIGN(auto parties, chosen(env, ours, options, kind));
  if (parties.empty())
    return nothing_tested(options.all ? "there is none" : "none has such a name", "--identity", kind);
  const bool is_one = options.identity.size() == 1 && !has_wildcard(options.identity.front());
  TRY_ASSIGN(const auto tests, test_parties(env, ours, std::move(parties), options));
  emit_tests(env, tests, is_one);
  return exit_code(tests, options.ignore_warning);
}

}  // namespace accord
