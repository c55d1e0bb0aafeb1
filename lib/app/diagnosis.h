// What a server's refusal means: its x-ms-diagnostics, its challenge, its token endpoint's error, in words,
// with the rows of spec/diagnostics.md that it points to and the verb to run next.
//
// Nothing here is verified: it is what the server says. A token that was pasted with it is never given out.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lib/core/parse.h"
#include "lib/core/record.h"
#include "lib/net/challenge.h"

namespace accord {

enum class DiagnosisKind { diagnostics, challenge, token_error };
template <>
struct EnumNames<DiagnosisKind> {
  static constexpr std::array<std::pair<DiagnosisKind, std::string_view>, 3> table = {
      {{DiagnosisKind::diagnostics, "Diagnostics"},
       {DiagnosisKind::challenge, "Challenge"},
       {DiagnosisKind::token_error, "TokenError"}}};
};

struct Diagnosis {
  DiagnosisKind kind = DiagnosisKind::diagnostics;
  bool known = true;                         // false: the code is in no table, and `meaning` says so
  std::optional<std::string> code = {};      // "2000003", "AADSTS70002"
  std::optional<std::string> category = {};  // "invalid_resource"
  std::optional<std::string> reason = {};    // the server's own words, without tokens
  std::string meaning = {};                  // a sentence without a full stop, and so the next two
  std::string cause = {};                    // the likeliest one
  std::string next = {};                     // a command, or what to do
  std::vector<std::string> rows = {};        // of spec/diagnostics.md, the likeliest first; none may fit
  std::vector<std::string> evidence = {};    // what else was read: "client_id: …"
};

[[nodiscard]] Diagnosis diagnose(const DiagnosticsLine& line);
// `error`: of a challenge after a token was refused; what the diagnostics say is more exact then.
[[nodiscard]] Diagnosis diagnose(const std::vector<Challenge>& all,
                                 const std::optional<BearerChallenge>& bearer);
[[nodiscard]] Diagnosis diagnose(const TokenEndpointError& error);

// Everything that is recognised in a pasted text: a value, header lines, the head of an answer with or
// without its body; the most telling first. Fails with Challenge.Invalid where what is recognised cannot be
// read, and with Test.NothingTested where nothing is.
[[nodiscard]] Result<std::vector<Diagnosis>> diagnose_text(std::string_view text);

// `text` with every compact token in it replaced by "(token)".
[[nodiscard]] std::string without_tokens(std::string_view text);

extern const RecordType kOAuthDiagnosticType;
[[nodiscard]] Record to_record(const Diagnosis& diagnosis);

}  // namespace accord
