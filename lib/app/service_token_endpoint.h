// The token endpoint of an authorization server: a partner application's signed assertion goes in, a token of
// ours for another application comes out (protocol.md 3.4, RFC 6749 s.5, RFC 7523).
#pragma once

#include "lib/app/replay_cache.h"
#include "lib/app/service_log.h"
#include "lib/app/service_resource.h"
#include "lib/app/service_state.h"
#include "lib/net/server.h"

namespace accord {

// An application that is registered and enabled, and one of its hosts: that of its MetadataUrl, or one that
// --allow-host named.
[[nodiscard]] const PartnerApplication* application_of_resource(
    const std::vector<PartnerApplication>& partners, const IssuerName& own, std::string_view resource);

// The enabled partner applications with keys of their own that go by this name: those whose realm it has, or
// else those of its principal where the realm is ours, under which we know them all.
[[nodiscard]] std::vector<const PartnerApplication*> applications_named(
    const std::vector<PartnerApplication>& partners, const IssuerName& own, const IssuerName& name);

struct TokenEndpointRequest {
  const ServerRequest& request;
  std::string_view realm;  // of the path, decoded
  Detail detail = Detail::as_configured;
  Instant now = {};
};

struct TokenEndpointResult {
  ServerResponse response = {};
  LogNotes notes = {};
};

// Fails only where the store or the signing key does; what is wrong with the request is an answer.
[[nodiscard]] Result<TokenEndpointResult> answer_token_request(ServiceState& state,
                                                               const ServiceSnapshot& snapshot,
                                                               ReplayCache& replays,
                                                               const TokenEndpointRequest& asked);

}  // namespace accord
