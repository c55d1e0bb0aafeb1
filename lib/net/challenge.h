// What a server says when it refuses: the challenge (RFC 9110 s.11, RFC 6750 s.3, protocol.md 3.1), the line
// of diagnostics (protocol.md 3.3) and the answer of a token endpoint (RFC 6749 s.5, protocol.md 3.4).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lib/core/error.h"

namespace accord {

struct Challenge {
  std::string scheme = {};  // as written: "Bearer", "NTLM", "MsRtcOAuth"
  // token68 of Negotiate and the like; the parameters are empty then.
  std::optional<std::string> token68 = {};
  std::vector<std::pair<std::string, std::string>> parameters = {};  // names as written, in order; unescaped

  // Without regard to case.
  [[nodiscard]] std::optional<std::string> parameter(std::string_view name) const;
};

// The challenges of all WWW-Authenticate header lines of one answer, in order; several may be folded into one
// line, with commas inside quotes (protocol.md 3.1). Fails with Challenge.Invalid: no grammar of RFC 9110, a
// parameter twice in one challenge, a control character, over 16 KiB.
[[nodiscard]] Result<std::vector<Challenge>> parse_challenges(const std::vector<std::string>& lines);

// The one Bearer challenge; nullopt where there is none. Two are Challenge.Invalid.
struct BearerChallenge {
  std::optional<std::string> client_id = {};
  std::optional<std::string> realm = {};
  // nullopt: the parameter is absent; empty: it is "". Each as written: principal@realm, principal@*, a URL.
  std::optional<std::vector<std::string>> trusted_issuers = {};
  std::vector<std::string> token_types = {};
  std::optional<std::string> authorization_uri = {};
  std::optional<std::string> error = {};
  std::optional<std::string> error_description = {};
};
[[nodiscard]] Result<std::optional<BearerChallenge>> bearer_challenge(const std::vector<Challenge>& all);

// `2000003;reason="…";error_category="invalid_resource"`; SharePoint writes `category`, Lync `source`.
struct DiagnosticsLine {
  std::int64_t code = 0;
  std::optional<std::string> reason = {};
  std::optional<std::string> category = {};  // error_category or category
  std::optional<std::string> source = {};
};
// Fails with Challenge.Invalid.
[[nodiscard]] Result<DiagnosticsLine> parse_diagnostics(std::string_view text);

// The error of a token endpoint or of SharePoint's body: {"error":…,"error_description":…,"error_codes":[…]}.
struct TokenEndpointError {
  std::string error = {};
  std::optional<std::string> description = {};
  std::vector<std::string> codes = {};  // "ACS50012", "AADSTS70002": those of the text and of error_codes
  std::optional<std::string> trace_id = {};
  std::optional<std::string> correlation_id = {};
};
// Fails with Json.Invalid, Challenge.Invalid (no member `error`).
[[nodiscard]] Result<TokenEndpointError> parse_token_error(std::string_view body);

// The codes that stand in a text, in order, each once: "ACS50012", "AADSTS70002".
[[nodiscard]] std::vector<std::string> token_error_codes(std::string_view text);

// A successful answer (RFC 6749 s.5.1); numbers may be strings.
struct TokenEndpointAnswer {
  std::string access_token = {};  // a credential
  std::string token_type = {};
  std::optional<std::int64_t> expires_in = {};  // seconds
  std::optional<std::int64_t> not_before = {};  // seconds since 1970
  std::optional<std::int64_t> expires_on = {};
  std::optional<std::string> resource = {};
};
// Fails with Json.Invalid, Challenge.Invalid (a member missing or of the wrong kind); never quotes the token.
[[nodiscard]] Result<TokenEndpointAnswer> parse_token_answer(std::string_view body);

}  // namespace accord
