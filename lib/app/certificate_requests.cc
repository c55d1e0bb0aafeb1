#include "lib/app/certificate_requests.h"

#include <fmt/format.h>

#include <algorithm>

#include "lib/app/our_certificates.h"
#include "lib/cert/request.h"
#include "lib/core/encoding.h"

namespace accord {
namespace {

bool is_key_of(const PublicKeyBytes& key, const PublicKeyBytes& other) {
  return key.algorithm == other.algorithm && key.bytes == other.bytes;
}

tl::unexpected<Error> no_such_request(std::int64_t id) {
  return fail("CertificateRequest.NotFound", fmt::format("no certificate request {} is pending", id),
              std::to_string(id), "request-certificate --list lists those that are");
}

std::string describe(const CertificateRequest& request) {
  return fmt::format("{} ('{}')", request.id, request.subject);
}

// A request and the certificate that answers it.
struct Match {
  CertificateRequest request = {};
  Certificate certificate = {};
};

// The authority may have issued one for the same key before; the newest is meant.
bool is_newer(const Certificate& one, const Certificate& other) {
  return std::pair(one.not_after, one.not_before) > std::pair(other.not_after, other.not_before);
}

std::optional<Match> match_of(const Environment& env, const CertificateRequest& request,
                              const std::vector<Certificate>& certificates) {
  const Certificate* best = nullptr;
  for (const auto& one : certificates) {
    if (!is_key_of(one.public_key, request.public_key)) continue;
    const auto* left_out = best == nullptr || is_newer(one, *best) ? std::exchange(best, &one) : &one;
    if (left_out != nullptr) {
      env.warn(
          fmt::format("the answer holds several certificates for the key; '{}', valid to {}, is left out",
                      left_out->thumbprint, format_instant(left_out->not_after)));
    }
  }
  if (best == nullptr) return std::nullopt;
  return Match{.request = request, .certificate = *best};
}

std::vector<Match> matches_of(const Environment& env, const std::vector<CertificateRequest>& requests,
                              const AuthorityAnswer& answer) {
  std::vector<Match> matches;
  for (const auto& request : requests) {
    if (auto match = match_of(env, request, answer.certificates)) matches.push_back(*std::move(match));
  }
  return matches;
}

std::string listed(std::vector<std::string> items) {
  constexpr std::size_t kMostShown = 5;
  const auto more = items.size() > kMostShown ? items.size() - kMostShown : 0;
  items.resize(items.size() - more);
  return fmt::format("{}{}", fmt::join(items, ", "), more > 0 ? fmt::format(" and {} more", more) : "");
}

tl::unexpected<Error> mismatch(const AuthorityAnswer& answer,
                               const std::vector<CertificateRequest>& requests) {
  std::vector<std::string> seen;
  seen.reserve(answer.certificates.size());
  for (const auto& one : answer.certificates) seen.push_back(fmt::format("'{}'", one.subject));
  const auto thumbprint = answer.certificates.front().thumbprint;
  if (requests.empty()) {
    return fail(
        "CertificateRequest.NotFound",
        fmt::format("no certificate request is pending; the answer is for {}", listed(std::move(seen))),
        thumbprint,
        "its request was cleared or made in another store; import-certificate takes in a certificate "
        "that comes with its own key");
  }
  std::vector<std::string> pending;
  pending.reserve(requests.size());
  for (const auto& one : requests) pending.push_back(describe(one));
  auto message = fmt::format("no certificate of the answer ({}) is for the key of request {}",
                             listed(std::move(seen)), listed(std::move(pending)));
  if (answer.first_unreadable)
    message += fmt::format("; one cannot be read: {}", answer.first_unreadable->message);
  return fail("Certificate.RequestMismatch", std::move(message), thumbprint,
              "request-certificate --list shows what each request asked for; import-certificate takes in a "
              "certificate that comes with its own key");
}

tl::unexpected<Error> several(const std::vector<Match>& matches) {
  std::vector<std::string> ids;
  ids.reserve(matches.size());
  for (const auto& one : matches) ids.push_back(std::to_string(one.request.id));
  return fail(
      "Parameter.Missing",
      fmt::format("the file answers the requests {}: one is retrieved at a time", fmt::join(ids, ", ")),
      "--request-id", fmt::format("add --request-id {}, then the others", ids.front()));
}

// One of the answer's that is in the store with its key: the answer was retrieved before.
Result<std::optional<Certificate>> taken_in_before(Connection& store, const AuthorityAnswer& answer) {
  for (const auto& one : answer.certificates) {
    TRY_ASSIGN(const auto stored, find_certificate(store, one.thumbprint));
    TRY_ASSIGN(const bool has_key, has_private_key(store, one.thumbprint));
    if (stored && stored->sha256 == one.sha256 && has_key) return std::optional(one);
  }
  return std::optional<Certificate>();
}

void name_ignored(const Environment& env, const AuthorityAnswer& answer, const Certificate& chosen) {
  for (const auto& one : answer.certificates) {
    if (one.sha256 == chosen.sha256) continue;
    env.verbose(fmt::format("certificate '{}' ({}) of the answer is not the request's, and is not needed",
                            one.subject, one.thumbprint));
  }
}

// An authority may write what it likes; what it left out shows only when a partner refuses the name.
void name_left_out(const Environment& env, const Match& match) {
  std::vector<std::string> missing;
  for (const auto& wanted : match.request.alternative_names) {
    const bool found = std::ranges::any_of(match.certificate.alternative_names, [&](const auto& name) {
      return equals_ignoring_case(name, wanted);
    });
    if (!found) missing.push_back(fmt::format("'{}'", wanted));
  }
  if (!missing.empty())
    env.warn(
        fmt::format("the certificate lacks names that the request asked for: {}", fmt::join(missing, ", ")));
}

Result<Retrieved> take_answer(Environment& env, Connection& store, Match match) {
  name_left_out(env, match);
  TRY_ASSIGN(auto* vault, env.vault());
  TRY_ASSIGN(auto key, load_request_key(store, *vault, match.request));
  TRY_ASSIGN(const auto identity, pair_with_key(match.certificate, std::move(key)));
  TRY(env.approve("Import certificate", match.certificate.thumbprint,
                  {fmt::format("request {}: pending -> answered", match.request.id)}));
  TRY(take_in(env, store, identity));
  TRY(remove_certificate_request(store, match.request.id));
  return Retrieved{.certificate = std::move(match.certificate), .uses = std::move(match.request.uses)};
}

}  // namespace

Result<CertificateRequest> new_request(Environment& env, Connection& store, const NewCertificate& wanted,
                                       const std::vector<std::string>& uses) {
  TRY_ASSIGN(auto made, make_request(wanted));
  TRY_ASSIGN(auto* vault, env.vault());
  return insert_certificate_request(store, *vault,
                                    {.id = 0,
                                     .created = env.now(),
                                     .uses = uses,
                                     .subject = std::move(made.subject),
                                     .alternative_names = std::move(made.alternative_names),
                                     .der = std::move(made.der),
                                     .public_key = std::move(made.public_key),
                                     .key_size = made.key_size},
                                    made.key);
}

Result<std::vector<CertificateRequest>> pending_requests(Connection& store, std::optional<std::int64_t> id) {
  if (!id) return list_certificate_requests(store);
  TRY_ASSIGN(auto found, find_certificate_request(store, *id));
  if (!found) return no_such_request(*id);
  return std::vector{*std::move(found)};
}

Result<Retrieved> retrieve(Environment& env, const std::string& path, std::optional<std::int64_t> id) {
  TRY_ASSIGN(const auto content, env.read_file_or_input(path));
  TRY_ASSIGN(const auto answer, about(path, read_answer(content)));
  TRY_ASSIGN(auto* store, env.write());
  auto requests = pending_requests(*store, id);
  if (requests) {
    auto matches = matches_of(env, *requests, answer);
    if (matches.size() > 1) return several(matches);
    if (!matches.empty()) {
      name_ignored(env, answer, matches.front().certificate);
      return take_answer(env, *store, std::move(matches.front()));
    }
  }
  TRY_ASSIGN(const auto before, taken_in_before(*store, answer));
  if (before) {
    env.notice(fmt::format("The certificate {} is in the store already, with its key.", before->thumbprint));
    return Retrieved{.certificate = *before, .uses = {}};
  }
  TRY_ASSIGN(const auto asked, std::move(requests));
  return mismatch(answer, asked);
}

}  // namespace accord
