// One exchange with a server through accord_client.so, as it was. What it means is said by explain.h; fetch.h
// is what others use.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "lib/core/error.h"
#include "lib/net/client_module.h"
#include "lib/net/fetch.h"

namespace accord {

struct PeerCertificate {
  std::string subject = {};
  std::string issuer = {};
  std::vector<std::string> names = {};  // DNS names and addresses
  std::string rejected = {};            // the subject of the one in its chain that was not accepted
  Instant not_before = {};              // of that one, or of the certificate itself
  Instant not_after = {};
};

struct Exchange {
  ClientStatus status = kClientAnswered;
  ClientStage stage = kClientResolving;
  ClientFault fault = kClientOtherFault;
  int http_status = 0;
  HttpHeaders headers = {};
  std::string body = {};
  std::string redirect = {};  // absolute; empty for an answer that leads nowhere else
  std::vector<std::string> addresses = {};
  std::vector<std::string> forbidden = {};
  std::string reason = {};
  int os_error = 0;
  std::string tls_version = {};
  std::optional<PeerCertificate> certificate = {};
};

// Text from the server is escaped where it is for people: names in certificates, the reason. `time_left`:
// instead of the rules' total. Fails with Module.Unusable.
[[nodiscard]] Result<Exchange> exchange(const HttpRequest& request, const FetchRules& rules,
                                        std::chrono::milliseconds time_left);

// The lines of a header, without the status line. Folded lines (RFC 9112 s.5.2) are joined by a blank.
[[nodiscard]] HttpHeaders parse_header_lines(std::string_view lines);

}  // namespace accord
