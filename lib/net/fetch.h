// The HTTPS client: one request and its answer, or the step at which it failed and why.
//
// libcurl does the work, in accord_client.so, which is loaded by the first request and not before. Always
// https with TLS 1.2 or newer and full verification, unless the caller says otherwise; no proxy, no cookie,
// no credential store; redirects lead to the same host only, and never for a POST (protocol.md 3.4, 5 rows 32
// and 42; design: reliability "Metadata fetch").
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lib/core/error.h"
#include "lib/core/parse.h"
#include "lib/core/time.h"

namespace accord {

using HttpHeaders = std::vector<std::pair<std::string, std::string>>;  // in order, repeated ones too

struct HttpRequest {
  std::string url = {};
  std::string method = "GET";  // GET, POST, HEAD
  HttpHeaders headers = {};    // a control character in one is Parameter.Invalid
  std::string body = {};       // of a POST
};

struct HttpResponse {
  int status = 0;
  HttpHeaders headers = {};
  std::string body = {};
  std::string url = {};  // where it came from, after redirects

  // The first of this name, any case.
  [[nodiscard]] std::optional<std::string> header(std::string_view name) const;
  [[nodiscard]] std::vector<std::string> all(std::string_view name) const;
  // The Date header (RFC 9110 s.5.6.7); nullopt where there is none that can be read.
  [[nodiscard]] std::optional<Instant> date() const;
};

struct FetchRules {
  std::optional<std::string> ca_pem = {};  // the only authorities, instead of the system's
  bool trust_any_certificate = false;
  // Whether the server may be at a loopback, private, link-local, shared or otherwise special address: only
  // where the admin wrote the URL, never where a document, a token, a challenge or an answer named it.
  bool allow_private_addresses = false;
  bool follow_redirects = true;                  // of GET and HEAD, within the same scheme, host and port
  std::size_t limit = std::size_t{1024} * 1024;  // of the body; headers together have 64 KiB
  // Until TLS stands, looking up the name included; and for all of it, with its redirects.
  std::chrono::milliseconds connect_timeout = std::chrono::seconds(5);
  std::chrono::milliseconds total_timeout = std::chrono::seconds(15);
};

// In the order in which they happen.
enum class FetchStep { url, name, connect, tls, answer };
template <>
struct EnumNames<FetchStep> {
  static constexpr std::array<std::pair<FetchStep, std::string_view>, 5> table = {
      {{FetchStep::url, "Url"},
       {FetchStep::name, "Name"},
       {FetchStep::connect, "Connect"},
       {FetchStep::tls, "Tls"},
       {FetchStep::answer, "Answer"}}};
};

// Why TLS failed, as far as the diagnosis differs.
enum class TlsFault { none, untrusted, wrong_name, expired, old_protocol, no_tls, other };

struct FetchOutcome {
  // Set where it failed: at this step, with an error whose target is the URL and whose advice says the way
  // out.
  std::optional<FetchStep> failed_at = {};
  std::optional<Error> error = {};  // Network.*, Parameter.Invalid (the URL), Module.Unusable
  TlsFault tls_fault = TlsFault::none;
  HttpResponse response = {};
  // Evidence, as far as it got.
  std::vector<std::string> addresses = {};      // that were tried, "203.0.113.7:443"
  std::optional<std::string> tls_version = {};  // "TLSv1.3"
  std::optional<std::string> certificate = {};  // of the server: subject, names, end; for people
  std::chrono::milliseconds took = {};

  [[nodiscard]] bool ok() const { return !failed_at; }
};

// Whatever status the answer has, it is an answer. Fails never by itself: what went wrong is in the outcome.
[[nodiscard]] FetchOutcome fetch(const HttpRequest& request, const FetchRules& rules);

// The response, or the error of the outcome.
[[nodiscard]] Result<HttpResponse> response_of(FetchOutcome outcome);

}  // namespace accord
