// Judging tokens as this deployment's server would, or as a partner would: the trust of the store put into
// the form that lib/token/verify.h asks for.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "lib/app/environment.h"
#include "lib/token/verify.h"

namespace accord {

struct VerifyRequest {
  std::optional<std::string> partner = {};     // the token must come from this one
  std::optional<std::string> as_partner = {};  // judge a token of ours as this one would
  std::optional<std::string> host = {};        // of that partner
  std::optional<std::string> audience = {};
  std::optional<std::string> key_file = {};       // a certificate that stands for the issuer's keys
  std::optional<std::string> metadata_file = {};  // a document that stands for the registered issuer
  std::optional<Instant> at = {};                 // when the tokens are judged; now if not set
};

struct Judge {
  VerifyPolicy policy = {};
  bool minimal_detail = false;
  std::vector<std::string> assumptions = {};  // what was not taken from the store
};

// How many tokens are to be judged: for one, an issuer is looked up when it is asked for; for many, all are
// loaded once, and the judge may be used from several threads.
enum class Load { on_demand, at_once };

[[nodiscard]] Result<Judge> make_judge(Environment& env, const VerifyRequest& request, Load load);
// As this deployment's server judges, with what the store says and nothing else.
[[nodiscard]] Result<Judge> make_judge(Connection& store, Load load);

}  // namespace accord
