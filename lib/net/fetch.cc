#include "lib/net/fetch.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "lib/core/encoding.h"
#include "lib/core/names.h"
#include "lib/net/client.h"
#include "lib/net/explain.h"
#include "lib/net/http_date.h"

namespace accord {
namespace {

using std::chrono::milliseconds;
using SteadyClock = std::chrono::steady_clock;

constexpr int kMostRedirects = 3;

// ---- Before anything is asked

bool is_token_character(char c) {  // RFC 9110 s.5.6.2
  constexpr std::string_view kOthers = "!#$%&'*+-.^_`|~";
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
         kOthers.find(c) != std::string_view::npos;
}

bool is_control(char c) {
  return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f;
}

// Its value may be a token, so it is not said.
Result<void> check_header(const std::string& name, const std::string& value) {
  const bool is_good_name = !name.empty() && std::ranges::all_of(name, is_token_character);
  if (is_good_name && std::ranges::none_of(value, is_control)) return {};
  return fail("Parameter.Invalid",
              fmt::format("the header '{}' cannot be sent: its name or its value has a character that no "
                          "header may have",
                          escape_for_terminal(name)),
              escape_for_terminal(name), "leave control characters out");
}

Result<void> check_request(const HttpRequest& request) {
  TRY(parse_https_url(request.url));
  constexpr std::array<std::string_view, 3> kMethods = {"GET", "HEAD", "POST"};
  if (std::ranges::find(kMethods, request.method) == kMethods.end()) {
    return fail("Parameter.Invalid",
                fmt::format("'{}' is not a method that is used here", escape_for_terminal(request.method)),
                request.url, "use GET, HEAD or POST");
  }
  for (const auto& [name, value] : request.headers) TRY(check_header(name, value));
  return {};
}

// ---- Redirects

bool is_redirect(const Exchange& exchange) {
  constexpr std::array<int, 5> kStatuses = {301, 302, 303, 307, 308};
  return !exchange.redirect.empty() && std::ranges::find(kStatuses, exchange.http_status) != kStatuses.end();
}

bool is_same_place(const std::string& url, const std::string& to) {
  return parse_https_url(to).has_value() && host_of_url(to) == host_of_url(url);
}

// A fragment is not sent, so it does not matter.
std::string without_fragment(const std::string& url) {
  return url.substr(0, url.find('#'));
}

// ---- What is told

void add_evidence(FetchOutcome& outcome, const Exchange& exchange) {
  for (const auto* list : {&exchange.addresses, &exchange.forbidden})
    outcome.addresses.insert(outcome.addresses.end(), list->begin(), list->end());
  if (!exchange.tls_version.empty()) outcome.tls_version = exchange.tls_version;
  if (exchange.certificate) outcome.certificate = describe(*exchange.certificate);
}

void fail_at(FetchOutcome& outcome, FetchStep step, Error error, TlsFault fault = TlsFault::none) {
  outcome.failed_at = step;
  outcome.error = std::move(error);
  outcome.tls_fault = fault;
}

HttpResponse response_from(Exchange exchange, const std::string& url) {
  return {.status = exchange.http_status,
          .headers = std::move(exchange.headers),
          .body = std::move(exchange.body),
          .url = url};
}

// One request; the URL to ask next where its answer is a redirect that may be followed.
std::optional<std::string> ask(const HttpRequest& request, const FetchRules& rules, milliseconds time_left,
                               FetchOutcome& outcome) {
  auto made = exchange(request, rules, time_left);
  if (!made) {
    fail_at(outcome, FetchStep::url, std::move(made).error());
    return std::nullopt;
  }
  add_evidence(outcome, *made);
  if (auto failure = explain(*made, request.url, rules)) {
    fail_at(outcome, failure->step, std::move(failure->error), failure->tls_fault);
    return std::nullopt;
  }
  const auto next = without_fragment(made->redirect);
  const bool follows = rules.follow_redirects && is_redirect(*made);
  outcome.response = response_from(*std::move(made), request.url);
  if (!follows) return std::nullopt;
  if (request.method != "POST" && is_same_place(request.url, next)) return next;
  fail_at(outcome, FetchStep::answer, redirect_refused(request.url, next));
  return std::nullopt;
}

milliseconds since(SteadyClock::time_point start) {
  return std::chrono::duration_cast<milliseconds>(SteadyClock::now() - start);
}

void follow(HttpRequest request, const FetchRules& rules, FetchOutcome& outcome) {
  const auto start = SteadyClock::now();
  for (int redirects = 0;; ++redirects) {
    auto next = ask(request, rules, rules.total_timeout - since(start), outcome);
    if (!next) return;
    if (redirects == kMostRedirects) {
      fail_at(outcome, FetchStep::answer, too_many_redirects(request.url, *next));
      return;
    }
    request.url = *std::move(next);
  }
}

}  // namespace

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

std::optional<Instant> HttpResponse::date() const {
  const auto value = header("Date");
  return value ? parse_http_date(*value) : std::nullopt;
}

FetchOutcome fetch(const HttpRequest& request, const FetchRules& rules) {
  FetchOutcome outcome;
  const auto start = SteadyClock::now();
  if (auto checked = check_request(request); !checked) {
    fail_at(outcome, FetchStep::url, std::move(checked).error());
  } else {
    follow(request, rules, outcome);
  }
  outcome.took = since(start);
  return outcome;
}

Result<HttpResponse> response_of(FetchOutcome outcome) {
  if (outcome.error) return tl::unexpected(*std::move(outcome.error));
  return std::move(outcome.response);
}

}  // namespace accord
