// Reading a registered document again (protocol.md 2.2 and 2.5): which keys came and went, and what is
// refused.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "lib/app/registration.h"

namespace accord {

enum class RefreshResult { updated, unchanged, refused, failed };
template <>
struct EnumNames<RefreshResult> {
  static constexpr std::array<std::pair<RefreshResult, std::string_view>, 4> table = {
      {{RefreshResult::updated, "Updated"},
       {RefreshResult::unchanged, "Unchanged"},
       {RefreshResult::refused, "Refused"},
       {RefreshResult::failed, "Failed"}}};
};

struct Refresh {
  std::string identity = {};
  RefreshResult result = RefreshResult::unchanged;
  std::vector<std::string> added = {}, removed = {}, kept = {};  // thumbprints
  std::optional<Error> error = {};  // why it was refused (Metadata.Refused) or failed
};

struct RefreshOptions : DocumentOptions {
  bool accept_new_keys = false;  // though no known one is among them
};

// The document of a partner or OAuth server, read over the network or from a file, taken into the one given:
// its keys and addresses where they are accepted, and when it was read and how that went in any case. The
// name never changes. A document of another issuer, and one without any known key, is refused and the keys
// stay.
[[nodiscard]] Refresh take_again(const Result<TrustDocument>& read, const RefreshOptions& options,
                                 Instant now, PartnerApplication& partner);
[[nodiscard]] Refresh take_again(const Result<TrustDocument>& read, const RefreshOptions& options,
                                 Instant now, OAuthServer& server);

// What update-partner-application and update-oauth-server do: reads the documents while nothing is held, then
// takes them all in one transaction. A refused or failed one is told, recorded, and leaves its keys as they
// are; the code is then that of the first refused one, or else of the first failed one. Fails with
// *.NotFound, Parameter.*.
struct RefreshRequest : RefreshOptions {
  std::vector<std::string> identity = {};
  bool all = false;
};
[[nodiscard]] Result<ExitCode> refresh_partner_applications(Environment& env, const RefreshRequest& request);
[[nodiscard]] Result<ExitCode> refresh_oauth_servers(Environment& env, const RefreshRequest& request);

// Their parameters, of options that are RefreshRequest.
[[nodiscard]] std::vector<Parameter> refresh_parameters(std::string_view get_verb);

}  // namespace accord
