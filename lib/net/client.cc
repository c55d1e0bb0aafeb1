#include "lib/net/client.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <new>
#include <string_view>

#include "lib/core/encoding.h"
#include "lib/core/module.h"
#include "lib/net/address.h"

namespace accord {
namespace {

constexpr std::size_t kMostHeaders = std::size_t{64} * 1024;

// ---- The module

// libcurl, OpenSSL and the resolver ask the environment for proxies, authorities, plug-ins, a file to write
// the keys of connections to, other names of hosts. Ours is read once, when the program starts, so nothing
// else misses these; and only variables that are there are taken away, because other threads may read them.
void forget_variables() {
  for (const char* name :
       {"SSLKEYLOGFILE", "OPENSSL_CONF", "OPENSSL_CONF_INCLUDE", "OPENSSL_ENGINES", "OPENSSL_MODULES",
        "SSL_CERT_FILE", "SSL_CERT_DIR", "NETRC", "HOSTALIASES", "LOCALDOMAIN", "RES_OPTIONS", "http_proxy",
        "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY"}) {
    if (std::getenv(name) != nullptr) unsetenv(name);
  }
}

Result<const ClientFunctions*> functions() {
  static const auto loaded = [] {
    forget_variables();
    return load_module({.file = "accord_client.so", .entry = kClientEntry, .purpose = "for the network"});
  }();
  TRY_ASSIGN(const auto* entry, loaded);
  return static_cast<const ClientFunctions*>(entry);
}

// ---- There

int may_connect(const unsigned char* address, std::size_t size) {
  return is_public_address({address, size}) ? 1 : 0;
}

ClientText text_of(std::string_view text) {
  return {text.data(), text.size()};
}

// As libcurl wants them: without a value, a header ends in a semicolon.
std::vector<std::string> lines_of(const HttpHeaders& headers) {
  std::vector<std::string> lines;
  for (const auto& [name, value] : headers)
    lines.push_back(value.empty() ? name + ";" : fmt::format("{}: {}", name, value));
  return lines;
}

long count(std::chrono::milliseconds duration) {
  return std::max<long>(1, static_cast<long>(duration.count()));  // 0 would be for ever
}

// ---- And back

std::string copy(ClientText text) {
  return text.data == nullptr ? std::string() : std::string(text.data, text.size);
}

std::string shown(ClientText text) {
  return escape_for_terminal(copy(text));
}

std::vector<std::string> split_lines(ClientText text) {
  std::vector<std::string> lines;
  std::string_view rest(text.data == nullptr ? "" : text.data, text.size);
  while (!rest.empty()) {
    const auto end = rest.find('\n');
    lines.push_back(escape_for_terminal(rest.substr(0, end)));
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  }
  return lines;
}

Instant instant_of(std::int64_t seconds) {
  return std::clamp(Instant(std::chrono::seconds(seconds)), Instant(), kLatestInstant);
}

std::optional<PeerCertificate> certificate_of(const ClientCertificate& shown_one) {
  if (shown_one.issuer.data == nullptr && shown_one.subject.data == nullptr) return std::nullopt;
  return PeerCertificate{.subject = shown(shown_one.subject),
                         .issuer = shown(shown_one.issuer),
                         .names = split_lines(shown_one.names),
                         .rejected = shown(shown_one.rejected),
                         .not_before = instant_of(shown_one.not_before),
                         .not_after = instant_of(shown_one.not_after)};
}

Exchange exchange_of(const ClientAnswer& answer) {
  return {.status = static_cast<ClientStatus>(answer.status),
          .stage = static_cast<ClientStage>(answer.stage),
          .fault = static_cast<ClientFault>(answer.fault),
          .http_status = answer.http_status,
          .headers = parse_header_lines(copy(answer.headers)),
          .body = copy(answer.body),
          .redirect = copy(answer.redirect),
          .addresses = split_lines(answer.addresses),
          .forbidden = split_lines(answer.forbidden),
          .reason = shown(answer.reason),
          .os_error = answer.os_error,
          .tls_version = answer.tls_version,
          .certificate = certificate_of(answer.certificate)};
}

}  // namespace

HttpHeaders parse_header_lines(std::string_view lines) {
  HttpHeaders headers;
  while (!lines.empty()) {
    const auto end = lines.find('\n');
    const auto line = lines.substr(0, end);
    lines.remove_prefix(end == std::string_view::npos ? lines.size() : end + 1);
    const bool is_folded = line.starts_with(' ') || line.starts_with('\t');
    const auto colon = line.find(':');
    if (is_folded && !headers.empty()) {
      auto& value = headers.back().second;
      if (const auto more = trim(line); !more.empty())
        value += (value.empty() ? "" : " ") + std::string(more);
    } else if (!is_folded && colon != std::string_view::npos && !line.starts_with("HTTP/")) {
      headers.emplace_back(line.substr(0, colon), trim(line.substr(colon + 1)));
    }
  }
  return headers;
}

Result<Exchange> exchange(const HttpRequest& request, const FetchRules& rules,
                          std::chrono::milliseconds time_left) {
  TRY_ASSIGN(const auto* module, functions());
  const auto lines = lines_of(request.headers);
  std::vector<const char*> headers;
  headers.reserve(lines.size());
  for (const auto& line : lines) headers.push_back(line.c_str());
  const ClientRequest asked = {.url = request.url.c_str(),
                               .method = request.method.c_str(),
                               .headers = headers.data(),
                               .header_count = headers.size(),
                               .body = text_of(request.body),
                               .ca_pem = rules.ca_pem ? text_of(*rules.ca_pem) : ClientText{nullptr, 0},
                               .checks_certificate = rules.trust_any_certificate ? 0 : 1,
                               .may_connect = rules.allow_private_addresses ? nullptr : may_connect,
                               .most_body = rules.limit,
                               .most_headers = kMostHeaders,
                               .connect_ms = count(std::min(rules.connect_timeout, time_left)),
                               .total_ms = count(time_left),
                               .user_agent = "Accord/" ACCORD_VERSION};
  const std::unique_ptr<ClientAnswer, decltype(module->release)> answer(module->perform(&asked),
                                                                        module->release);
  if (!answer || answer->status == kClientNoMemory) throw std::bad_alloc();
  if (answer->status == kClientUnusable) {
    return fail("Module.Unusable", "the module for the network does not start: libcurl is too old for it",
                request.url, "install libcurl4 7.88 or newer");
  }
  return exchange_of(*answer);
}

}  // namespace accord
