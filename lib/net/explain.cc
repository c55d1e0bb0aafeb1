#include "lib/net/explain.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cerrno>

#include "lib/core/descriptor.h"
#include "lib/core/encoding.h"
#include "lib/core/names.h"
#include "lib/core/time.h"

namespace accord {
namespace {

constexpr std::size_t kMostNames = 8;

std::string host_of(const std::string& url) {
  return host_of_url(url).value_or(url);
}

// Without its port.
std::string name_of(const std::string& url) {
  const auto host = host_of(url);
  return host.substr(0, host.find(':'));
}

std::string port_of(const std::string& url) {
  const auto host = host_of(url);
  const auto colon = host.find(':');
  return colon == std::string::npos ? "443" : host.substr(colon + 1);
}

std::string seconds(std::chrono::milliseconds duration) {
  return duration.count() % 1000 == 0 ? fmt::format("{} s", duration.count() / 1000)
                                      : fmt::format("{} ms", duration.count());
}

std::string in_kib(std::size_t bytes) {
  return bytes % 1024 == 0 ? fmt::format("{} KiB", bytes / 1024) : fmt::format("{} bytes", bytes);
}

std::string listed(const std::vector<std::string>& names) {
  if (names.empty()) return "none";
  const auto shown = std::min(names.size(), kMostNames);
  auto text =
      fmt::format("{}", fmt::join(names.begin(), names.begin() + static_cast<std::ptrdiff_t>(shown), ", "));
  if (shown < names.size()) text += fmt::format(" and {} more", names.size() - shown);
  return text;
}

// The name that stands in a certificate without alternative names.
std::vector<std::string> names_of(const PeerCertificate& certificate) {
  return certificate.names.empty() ? std::vector{certificate.subject} : certificate.names;
}

// What the URL, the rules and the exchange say together.
class Explanation {
 public:
  Explanation(const Exchange& exchange, const std::string& url, const FetchRules& rules)
      : exchange_(exchange), url_(url), rules_(rules) {}

  [[nodiscard]] Failure failure() const;

 private:
  [[nodiscard]] Failure make(FetchStep step, ErrorId id, std::string message, std::string advice,
                             TlsFault fault = TlsFault::none) const {
    return {.step = step,
            .error = fail(id, std::move(message), url_, std::move(advice)).value(),
            .tls_fault = fault};
  }
  [[nodiscard]] Failure tls(TlsFault fault, std::string message, std::string advice) const {
    return make(FetchStep::tls, "Network.TlsRefused", std::move(message), std::move(advice), fault);
  }

  [[nodiscard]] Failure bad_url() const;
  [[nodiscard]] Failure bad_authorities() const;
  [[nodiscard]] Failure no_name() const;
  [[nodiscard]] Failure no_connection() const;
  [[nodiscard]] Failure forbidden() const;
  [[nodiscard]] Failure tls_failed() const;
  [[nodiscard]] Failure untrusted(bool is_self_signed) const;
  [[nodiscard]] Failure wrong_name() const;
  [[nodiscard]] Failure expired() const;
  [[nodiscard]] Failure not_yet_valid() const;
  [[nodiscard]] Failure other_tls() const;
  [[nodiscard]] Failure timed_out() const;
  [[nodiscard]] Failure no_answer() const;
  [[nodiscard]] Failure too_large(std::string_view what, std::size_t limit) const;
  [[nodiscard]] std::string whose_certificate() const;

  const Exchange& exchange_;
  const std::string& url_;
  const FetchRules& rules_;
};

Failure Explanation::bad_url() const {
  return make(FetchStep::url, "Parameter.Invalid", fmt::format("'{}' is not an acceptable URL", url_),
              "write it like 'https://ex.litwareinc.com/autodiscover/metadata/json/1'");
}

Failure Explanation::bad_authorities() const {
  return make(
      FetchStep::tls, "Network.TlsRefused",
      fmt::format("the authorities given for '{}' hold no certificate that can be read", host_of(url_)),
      "give a PEM file with the certificate of the authority: --ca-file FILE", TlsFault::other);
}

Failure Explanation::no_name() const {
  const auto name = name_of(url_);
  return make(FetchStep::name, "Network.NameNotFound", fmt::format("the name '{}' is not found", name),
              fmt::format("check its spelling, and what DNS says on this host: getent ahosts {}", name));
}

Failure Explanation::forbidden() const {
  return make(FetchStep::connect, "Network.AddressNotAllowed",
              fmt::format("'{}' is at {}, a private or special address, and its URL is not the admin's own",
                          host_of(url_), fmt::join(exchange_.forbidden, ", ")),
              fmt::format("if that is right, allow this host: --allow-host {}", host_of(url_)));
}

Failure Explanation::no_connection() const {
  if (!exchange_.forbidden.empty()) return forbidden();
  const auto why = exchange_.os_error == 0 ? std::string() : ": " + describe_errno(exchange_.os_error);
  const auto advice =
      exchange_.os_error == ECONNREFUSED
          ? fmt::format("see that the server runs and that it listens on port {}", port_of(url_))
          : fmt::format("check the route and the firewalls between this host and port {} of '{}'",
                        port_of(url_), name_of(url_));
  return make(
      FetchStep::connect, "Network.NoConnection",
      fmt::format("no connection to '{}'{} (tried {})", host_of(url_), why, listed(exchange_.addresses)),
      advice);
}

// The server's own, or one of the authorities above it.
std::string Explanation::whose_certificate() const {
  const auto& rejected = exchange_.certificate->rejected;
  if (rejected.empty()) return fmt::format("the certificate of '{}'", host_of(url_));
  return fmt::format("the authority '{}' of the certificate of '{}'", rejected, host_of(url_));
}

Failure Explanation::untrusted(bool is_self_signed) const {
  const auto issuer = exchange_.certificate ? exchange_.certificate->issuer : std::string();
  if (is_self_signed) {
    return tls(TlsFault::untrusted,
               fmt::format("the certificate of '{}' is self-signed and not trusted here: '{}'", host_of(url_),
                           issuer),
               "if it is the right one, --ca-file FILE names it as its own authority");
  }
  return tls(TlsFault::untrusted,
             fmt::format("the certificate of '{}' comes from an authority that is not trusted here: '{}'",
                         host_of(url_), issuer),
             "--ca-file FILE names its authority: a PEM file with the authority's certificate");
}

Failure Explanation::wrong_name() const {
  const auto names = exchange_.certificate ? names_of(*exchange_.certificate) : std::vector<std::string>();
  return tls(TlsFault::wrong_name,
             fmt::format("the certificate of '{}' is for another name: {}", host_of(url_), listed(names)),
             fmt::format("use a name in the URL that it has, or ask the other side for one with '{}'",
                         name_of(url_)));
}

Failure Explanation::expired() const {
  return tls(
      TlsFault::expired,
      fmt::format("{} expired at {}", whose_certificate(), format_instant(exchange_.certificate->not_after)),
      "ask the other side to renew it; if that time is not past yet, set this host's clock");
}

Failure Explanation::not_yet_valid() const {
  return tls(TlsFault::expired,
             fmt::format("{} is not valid before {}", whose_certificate(),
                         format_instant(exchange_.certificate->not_before)),
             "check this host's clock: date -u");
}

Failure Explanation::other_tls() const {
  return tls(TlsFault::other,
             fmt::format("the TLS handshake with '{}' failed: {}", host_of(url_), exchange_.reason),
             "check that this port serves https, and which ciphers and certificates the other side asks for");
}

Failure Explanation::tls_failed() const {
  const bool has_certificate = exchange_.certificate.has_value();
  switch (exchange_.fault) {
    case kClientUntrusted:
    case kClientSelfSigned:
      return untrusted(exchange_.fault == kClientSelfSigned);
    case kClientWrongName:
      return wrong_name();
    case kClientExpired:
      return has_certificate ? expired() : other_tls();
    case kClientNotYetValid:
      return has_certificate ? not_yet_valid() : other_tls();
    case kClientOldProtocol:
      return tls(TlsFault::old_protocol,
                 fmt::format("'{}' offers no protocol from TLS 1.2 on", host_of(url_)),
                 "ask the other side to switch TLS 1.2 or newer on");
    case kClientNoTls:
      return tls(TlsFault::no_tls, fmt::format("'{}' does not speak TLS", host_of(url_)),
                 "check the port: plain http or something else is served there");
    case kClientOtherFault:
      break;
  }
  return other_tls();
}

Failure Explanation::timed_out() const {
  const auto make_one = [&](FetchStep step, std::string message, std::string advice) {
    return make(step, "Network.TimedOut", std::move(message), std::move(advice));
  };
  const auto host = host_of(url_);
  const auto connect = seconds(std::min(rules_.connect_timeout, rules_.total_timeout));
  switch (exchange_.stage) {
    case kClientResolving:
      return make_one(FetchStep::name,
                      fmt::format("no name server told within {} where '{}' is", connect, name_of(url_)),
                      "check this host's DNS: the servers in /etc/resolv.conf");
    case kClientConnecting:
      return make(FetchStep::connect, "Network.NoConnection",
                  fmt::format("no connection to '{}' within {} (tried {})", host, connect,
                              listed(exchange_.addresses)),
                  fmt::format("check the route and the firewalls between this host and port {} of '{}'",
                              port_of(url_), name_of(url_)));
    case kClientSecuring:
      return make_one(FetchStep::tls,
                      fmt::format("'{}' did not finish the TLS handshake within {}", host, connect),
                      "check that this port serves https, and how busy the server is");
    case kClientAsking:
      break;
  }
  return make_one(FetchStep::answer,
                  fmt::format("'{}' did not answer whole within {}; {} bytes came", host,
                              seconds(rules_.total_timeout), exchange_.body.size()),
                  "check how busy the server is, and try again");
}

Failure Explanation::no_answer() const {
  return make(FetchStep::answer, "Network.NoAnswer",
              fmt::format("'{}' gave no HTTP answer, or it broke off after {} bytes: {}", host_of(url_),
                          exchange_.body.size(), exchange_.reason),
              "try again; if it stays so, look at the log of the server and of what stands before it");
}

Failure Explanation::too_large(std::string_view what, std::size_t limit) const {
  return make(FetchStep::answer, "Network.TooLarge",
              fmt::format("{} of '{}' is over {}", what, host_of(url_), in_kib(limit)),
              "check the URL: what is wanted there is smaller");
}

Failure Explanation::failure() const {
  switch (exchange_.status) {
    case kClientBadUrl:
      return bad_url();
    case kClientBadAuthorities:
      return bad_authorities();
    case kClientNoName:
      return no_name();
    case kClientNoConnection:
      return no_connection();
    case kClientTlsFailed:
      return tls_failed();
    case kClientTimedOut:
      return timed_out();
    case kClientBodyTooLarge:
      return too_large("the answer", rules_.limit);
    case kClientHeadersTooLarge:
      return too_large("the header of the answer", std::size_t{64} * 1024);
    default:
      return no_answer();
  }
}

}  // namespace

std::optional<Failure> explain(const Exchange& exchange, const std::string& url, const FetchRules& rules) {
  if (exchange.status == kClientAnswered) return std::nullopt;
  return Explanation(exchange, url, rules).failure();
}

Error redirect_refused(const std::string& url, const std::string& to) {
  const auto shown = escape_for_terminal(to);
  const bool is_https = starts_with_ignoring_case(to, "https://");
  return fail("Network.Redirected",
              fmt::format("'{}' redirects to another place, '{}', which is not followed", host_of(url),
                          is_https ? host_of(shown) : shown),
              url,
              is_https ? fmt::format("if that is right, use '{}' instead", shown)
                       : std::string("ask the other side for the https URL of the document"))
      .value();
}

Error too_many_redirects(const std::string& url, const std::string& to) {
  return fail("Network.Redirected",
              fmt::format("'{}' redirects more than 3 times, at last to '{}'", host_of(url),
                          escape_for_terminal(to)),
              url, "ask the other side for the URL at which the document is")
      .value();
}

std::string describe(const PeerCertificate& certificate) {
  return fmt::format("{}, for {}, by {}, until {}", certificate.subject, listed(names_of(certificate)),
                     certificate.issuer, format_instant(certificate.not_after));
}

}  // namespace accord
