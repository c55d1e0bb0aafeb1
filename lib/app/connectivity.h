// The live path of a call to another server, as diagnostics.md has it: name, connect, TLS, the anonymous
// call, its challenge, who is to issue the token, the token, the authenticated call, the verdict.
//
// The token is for the host that is called and for no other, goes over https to that host alone, follows no
// redirect and is never shown. What a challenge says of the server counts only where it is what is
// registered (protocol.md 5, rows 41 and 42).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "lib/app/connection_test.h"
#include "lib/app/partner_health.h"
#include "lib/net/challenge.h"
#include "lib/token/claims.h"

namespace accord {

struct LiveCall : FetchOptions {
  std::string url = {};
  std::optional<std::string> partner = {};  // else the one that the challenge names
  TokenUser user = {};                      // empty: an app-only token
};

// Walks the path. Fails where nothing can be judged: Store.*, Parameter.Invalid (the URL), Module.Unusable,
// PartnerApplication.NotFound.
[[nodiscard]] Result<ConnectionTest> test_live_path(Environment& env, const LiveCall& call);

// 0 or 5: a call either ends well or does not.
[[nodiscard]] ExitCode live_exit_code(const ConnectionTest& test);

// The same at ExchangeAutodiscoverUrl, or at `target_uri` in its place. Where neither is set, that is what
// the test finds: AUTODISCOVER.
[[nodiscard]] Result<ConnectionTest> test_path_to_exchange(Environment& env, LiveCall call,
                                                           const std::optional<std::string>& target_uri);

// --- The decisions, each a pure function

// The registered partner that answers at `host`: that of the name, or the one whose ApplicationIdentifier is
// the challenge's client_id; realms must agree where both say one. The finding says why there is none.
[[nodiscard]] std::variant<PartnerApplication, Finding> choose_partner(const OurSide& ours,
                                                                       const BearerChallenge& challenge,
                                                                       const LiveCall& call);

// Who issues the token that the server will take; the text says why. `server` is empty where we do ourselves.
struct IssuerChoice {
  std::optional<OAuthServer> server = {};
  std::string why = {};
};
[[nodiscard]] std::variant<IssuerChoice, Finding> choose_issuer(const OurSide& ours,
                                                                const BearerChallenge& challenge,
                                                                const PartnerApplication& partner,
                                                                const std::string& target);

// The steps "Authenticated call" and "Verdict", by what came back.
void judge_answer(ConnectionTest& test, const HttpResponse& response, bool has_user);

// The severity that the table of diagnostics.md gives a row.
[[nodiscard]] Severity severity_of(std::string_view row);

}  // namespace accord
