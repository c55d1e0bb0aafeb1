// How one partner application or OAuth server stands: what is found of it and of our own side, step by step
// (spec/diagnostics.md, every row that can be decided from here).
//
// As in certificate_health.h: facts are gathered first, and `judge` is a pure function of them, so that every
// row is a test without a store and without a network.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "lib/app/connection_test.h"
#include "lib/app/deployment.h"
#include "lib/app/environment.h"
#include "lib/app/finding.h"
#include "lib/app/trust_document.h"
#include "lib/store/oauth_server.h"
#include "lib/store/partner_application.h"

namespace accord {

// --- What there is

// What all of them have in common.
struct OurSide {
  Instant now = {};
  Deployment deployment = {};
  std::vector<PartnerApplication> partners = {};
  std::vector<OAuthServer> servers = {};
  std::vector<Finding> certificates = {};         // CERT-*, of our token issuer
  std::optional<FetchOutcome> autodiscover = {};  // of ExchangeAutodiscoverUrl, where it was called
};

// One of them; exactly one of `partner` and `server` is set.
struct PartyFacts {
  std::optional<PartnerApplication> partner = {};
  std::optional<OAuthServer> server = {};
  // Of its MetadataUrl; nullopt: there is none, or it was not read.
  std::optional<FetchedDocument> live = {};
  Instant answered = {};  // by our clock, when the document came

  [[nodiscard]] const std::string& identity() const;
  [[nodiscard]] const KeyRelation& relation() const;
  [[nodiscard]] const std::optional<std::string>& metadata_url() const;
  [[nodiscard]] bool enabled() const;
  // Its principal, and its realm where it has one.
  [[nodiscard]] const std::string& principal() const;
  [[nodiscard]] std::optional<std::string> realm() const;
  // Its tokens are signed by an authorization server, not by itself.
  [[nodiscard]] bool uses_oauth_server() const;
  // "set-partner-application NAME" or "set-oauth-server NAME", as a shell takes it.
  [[nodiscard]] std::string set_command() const;
  [[nodiscard]] std::string update_command() const;
};

// --- What it means

[[nodiscard]] ConnectionTest judge(const OurSide& ours, const PartyFacts& party);

// The rows of our own side that concern everybody: SERVICE-NAME, AUDIENCE-OPEN, CERT-* (CERT-NOTIFY of
// `identity` alone; of everybody where that is empty); AUTODISCOVER where `exchange` is a partner.
[[nodiscard]] std::vector<Finding> judge_our_side(const OurSide& ours, const std::string& identity,
                                                  const PartnerApplication* exchange);

// The metadata URL that the product has where `url` has another that is known to be wrong; nullopt where it
// may be right.
[[nodiscard]] std::optional<std::string> corrected_metadata_url(const std::string& url,
                                                                const PartyFacts& party);

// --- Gathering, and the verbs

// Fails where the store or its key cannot be read (Store.*, StoreKey.*).
[[nodiscard]] Result<OurSide> gather_our_side(Environment& env);

// Reads the documents of `parties` and judges each, in order. No store is read meanwhile. Fails with
// Module.Unusable where there is no network to be had.
[[nodiscard]] Result<std::vector<ConnectionTest>> test_parties(Environment& env, OurSide& ours,
                                                               std::vector<PartyFacts> parties,
                                                               const FetchOptions& options);

struct PartyTestOptions : FetchOptions {
  std::vector<std::string> identity = {};  // names and patterns
  bool all = false;
  bool ignore_warning = false;
};

enum class PartyKind { partner_application, oauth_server };

// The verb: tests those that the options name, and prints the tests. Fails with Test.NothingTested,
// *.NotFound too.
[[nodiscard]] Result<ExitCode> run_party_test(Environment& env, const PartyTestOptions& options,
                                              PartyKind kind);

}  // namespace accord
