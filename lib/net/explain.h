// Why an exchange ended without an answer, in an admin's words, and the way out.
#pragma once

#include <optional>
#include <string>

#include "lib/core/error.h"
#include "lib/net/client.h"
#include "lib/net/fetch.h"

namespace accord {

struct Failure {
  FetchStep step = FetchStep::url;
  Error error;
  TlsFault tls_fault = TlsFault::none;
};

// nullopt: it has an answer. `url`: that was asked, an acceptable one.
[[nodiscard]] std::optional<Failure> explain(const Exchange& exchange, const std::string& url,
                                             const FetchRules& rules);

// Why a redirect is not followed.
[[nodiscard]] Error redirect_refused(const std::string& url, const std::string& to);
[[nodiscard]] Error too_many_redirects(const std::string& url, const std::string& to);

// The server's certificate in one line: subject, names, authority, end.
[[nodiscard]] std::string describe(const PeerCertificate& certificate);

}  // namespace accord
