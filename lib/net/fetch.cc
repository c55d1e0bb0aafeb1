#include "lib/net/fetch.h"

#include "lib/core/encoding.h"

namespace accord {

std::optional<std::string> HttpResponse::header(std::string_view name) const {
  for (const auto& [candidate, value] : headers) {
    if (equals_ignoring_case(candidate, name)) return value;
  }
  return std::nullopt;
}

std::vector<std::string> HttpResponse::all(std::string_view name) const {
  std::vector<std::string> values;
  for (const auto& [candidate, value] : headers) {
    if (equals_ignoring_case(candidate, name)) values.push_back(value);
  }
  return values;
}

FetchOutcome fetch(const HttpRequest& request, const FetchRules&) {
  FetchOutcome outcome;
  outcome.failed_at = FetchStep::connect;
  outcome.error = fail("Module.Unusable", "the module for the network is missing", request.url).value();
  return outcome;
}

Result<HttpResponse> response_of(FetchOutcome outcome) {
  if (outcome.error) return tl::unexpected(*std::move(outcome.error));
  return std::move(outcome.response);
}

}  // namespace accord
