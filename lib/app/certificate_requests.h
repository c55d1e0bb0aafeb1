// Requests to a certification authority: made and kept here, answered by a file that an admin brings back.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "lib/app/environment.h"
#include "lib/cert/certificate.h"
#include "lib/store/certificate_request.h"

namespace accord {

// Makes a key and its request and keeps both until the answer comes.
[[nodiscard]] Result<CertificateRequest> new_request(Environment& env, Connection& store,
                                                     const NewCertificate& wanted,
                                                     const std::vector<std::string>& uses);

// All of them, or the one of this id. Fails with CertificateRequest.NotFound.
[[nodiscard]] Result<std::vector<CertificateRequest>> pending_requests(Connection& store,
                                                                       std::optional<std::int64_t> id);

struct Retrieved {
  Certificate certificate = {};
  std::vector<std::string> uses = {};  // what the request was made for; empty when it was answered before
};
// Takes the certificate of the authority's answer (a file, or - for standard input) into the store, with the
// key of the request that it answers, which is pending no more. `id` narrows to one request. The same answer
// again changes nothing. Fails with Certificate.RequestMismatch, CertificateRequest.NotFound, and as
// read_answer and take_in do.
[[nodiscard]] Result<Retrieved> retrieve(Environment& env, const std::string& path,
                                         std::optional<std::int64_t> id);

}  // namespace accord
