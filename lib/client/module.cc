// accord_client.so: one request over HTTPS, through libcurl.
//
// libcurl brings three dozen shared libraries along, which cost more than a verb's own work, and is linked to
// the shared OpenSSL. So this is a module that the program loads when it has something to fetch. It does what
// the request says and tells what happened; what that means is said in lib/net.
#include <arpa/inet.h>
#include <curl/curl.h>
#include <netinet/in.h>
#include <openssl/crypto.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <memory>
#include <new>
#include <string_view>
#include <type_traits>

#include "lib/core/handle.h"
#include "lib/net/client_module.h"

namespace accord {
namespace {

// Text that grows without exceptions: libcurl and OpenSSL call what fills it.
class Buffer {
 public:
  Buffer() = default;
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;
  ~Buffer() { std::free(data_); }

  [[nodiscard]] bool append(std::string_view text) {
    if (text.size() > room_ - size_ && !grow(size_ + text.size())) return false;
    text.copy(data_ + size_, text.size());
    size_ += text.size();
    return true;
  }
  [[nodiscard]] bool append_line(std::string_view text) { return append(text) && append("\n"); }
  void clear() { size_ = 0; }
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] ClientText text() const { return {size_ == 0 ? nullptr : data_, size_}; }

 private:
  bool grow(std::size_t least) {
    const std::size_t room = least < 2 * room_ ? 2 * room_ : least + 64;
    auto* data = static_cast<char*>(std::realloc(data_, room));
    if (data == nullptr) return false;
    data_ = data;
    room_ = room;
    return true;
  }

  char* data_ = nullptr;
  std::size_t size_ = 0;
  std::size_t room_ = 0;
};

// One request under way, and its answer afterwards.
struct Exchange {
  ClientAnswer answer = {};
  const ClientRequest* request = nullptr;
  Buffer headers, body, redirect, addresses, forbidden, subject, issuer, names, rejected;
  char reason[CURL_ERROR_SIZE] = {};
  std::size_t header_bytes = 0;  // of all headers that came, those of interim answers and trailers too
  bool header_is_whole = false;
  bool headers_are_too_large = false;
  bool body_is_too_large = false;
  bool is_out_of_memory = false;
  bool is_old_protocol = false;  // one side told the other so
  bool was_refused_by_alert = false;
  int verified = X509_V_OK;

  // False, and remembered, where there was no memory.
  bool keep(bool appended) {
    is_out_of_memory = is_out_of_memory || !appended;
    return appended;
  }
  void reach(ClientStage stage) {
    if (answer.stage < stage) answer.stage = stage;
  }
};

static_assert(std::is_standard_layout_v<Exchange>, "an answer is found again by its address");

std::string_view view(ClientText text) {
  return {text.data == nullptr ? "" : text.data, text.size};
}

// ---- The answer as it comes

// Interim answers (RFC 9110 s.15.2) come before the real one, and trailers behind it; neither is kept.
std::size_t take_header(char* data, std::size_t, std::size_t size, void* to) {
  auto& exchange = *static_cast<Exchange*>(to);
  const std::string_view line(data, size);
  exchange.header_bytes += size;
  if (exchange.header_bytes > exchange.request->most_headers) {
    exchange.headers_are_too_large = true;
    return 0;
  }
  if (line.starts_with("HTTP/")) {
    exchange.headers.clear();
    exchange.header_is_whole = false;
  }
  if (exchange.header_is_whole) return size;
  exchange.header_is_whole = line == "\r\n" || line == "\n";
  return exchange.keep(exchange.headers.append(line)) ? size : 0;
}

std::size_t take_body(char* data, std::size_t, std::size_t size, void* to) {
  auto& exchange = *static_cast<Exchange*>(to);
  if (size > exchange.request->most_body - exchange.body.size()) {
    exchange.body_is_too_large = true;
    return 0;
  }
  return exchange.keep(exchange.body.append({data, size})) ? size : 0;
}

// ---- The connection

// "203.0.113.7:443", "[2001:db8::7]:443"; empty for what is neither IPv4 nor IPv6.
struct Address {
  const unsigned char* bytes = nullptr;
  std::size_t size = 0;
  char text[INET6_ADDRSTRLEN + 16] = {};
};

Address address_of(const curl_sockaddr& peer) {
  Address made;
  char host[INET6_ADDRSTRLEN] = {};
  if (peer.family == AF_INET) {
    const auto* v4 = reinterpret_cast<const sockaddr_in*>(&peer.addr);
    made.bytes = reinterpret_cast<const unsigned char*>(&v4->sin_addr);
    made.size = sizeof(v4->sin_addr);
    inet_ntop(AF_INET, &v4->sin_addr, host, sizeof(host));
    std::snprintf(made.text, sizeof(made.text), "%s:%u", host, ntohs(v4->sin_port));
  } else if (peer.family == AF_INET6) {
    const auto* v6 = reinterpret_cast<const sockaddr_in6*>(&peer.addr);
    made.bytes = reinterpret_cast<const unsigned char*>(&v6->sin6_addr);
    made.size = sizeof(v6->sin6_addr);
    inet_ntop(AF_INET6, &v6->sin6_addr, host, sizeof(host));
    std::snprintf(made.text, sizeof(made.text), "[%s]:%u", host, ntohs(v6->sin6_port));
  }
  return made;
}

// Asked for each address that libcurl is about to connect to, whatever name, spelling or answer of DNS led
// there.
curl_socket_t open_socket(void* to, curlsocktype, curl_sockaddr* peer) {
  auto& exchange = *static_cast<Exchange*>(to);
  exchange.reach(kClientConnecting);
  const auto address = address_of(*peer);
  if (address.size == 0) return CURL_SOCKET_BAD;
  auto* const may_connect = exchange.request->may_connect;
  const bool may = may_connect == nullptr || may_connect(address.bytes, address.size) != 0;
  auto& list = may ? exchange.addresses : exchange.forbidden;
  if (!exchange.keep(list.append_line(address.text)) || !may) return CURL_SOCKET_BAD;
  return socket(peer->family, peer->socktype | SOCK_CLOEXEC, peer->protocol);
}

// ---- The server's certificate

void append_name(Exchange& exchange, Buffer& buffer, const X509_NAME* name) {
  constexpr unsigned long kRfc2253InUtf8 = XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB;
  const Handle<BIO, BIO_free> text(BIO_new(BIO_s_mem()));
  char* data = nullptr;
  if (!text || X509_NAME_print_ex(text.get(), name, 0, kRfc2253InUtf8) < 0) return;
  const long size = BIO_get_mem_data(text.get(), &data);
  if (size > 0) exchange.keep(buffer.append({data, static_cast<std::size_t>(size)}));
}

void append_address_name(Exchange& exchange, const ASN1_OCTET_STRING& address) {
  char text[INET6_ADDRSTRLEN] = {};
  const int size = ASN1_STRING_length(&address);
  if (size != 4 && size != 16) return;
  inet_ntop(size == 4 ? AF_INET : AF_INET6, ASN1_STRING_get0_data(&address), text, sizeof(text));
  exchange.keep(exchange.names.append_line(text));
}

void append_names(Exchange& exchange, const X509* certificate) {
  const Handle<GENERAL_NAMES, GENERAL_NAMES_free> names(
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  for (int i = 0; names && i < sk_GENERAL_NAME_num(names.get()); ++i) {
    const auto* name = sk_GENERAL_NAME_value(names.get(), i);
    if (name->type == GEN_IPADD) append_address_name(exchange, *name->d.iPAddress);
    if (name->type != GEN_DNS) continue;
    const auto* text = reinterpret_cast<const char*>(ASN1_STRING_get0_data(name->d.dNSName));
    const auto size = static_cast<std::size_t>(ASN1_STRING_length(name->d.dNSName));
    exchange.keep(exchange.names.append_line({text, size}));
  }
}

std::int64_t seconds_of(const ASN1_TIME* time) {
  std::tm parts = {};
  return ASN1_TIME_to_tm(time, &parts) == 1 ? timegm(&parts) : 0;
}

void describe(Exchange& exchange, const X509* leaf, const X509* rejected) {
  for (auto* buffer : {&exchange.subject, &exchange.issuer, &exchange.names, &exchange.rejected})
    buffer->clear();
  append_name(exchange, exchange.subject, X509_get_subject_name(leaf));
  append_name(exchange, exchange.issuer, X509_get_issuer_name(leaf));
  append_names(exchange, leaf);
  if (rejected != leaf) append_name(exchange, exchange.rejected, X509_get_subject_name(rejected));
  exchange.answer.certificate.not_before = seconds_of(X509_get0_notBefore(rejected));
  exchange.answer.certificate.not_after = seconds_of(X509_get0_notAfter(rejected));
}

void note_version(Exchange& exchange, const SSL* tls) {
  std::snprintf(exchange.answer.tls_version, sizeof(exchange.answer.tls_version), "%s", SSL_get_version(tls));
}

// OpenSSL's own verification and nothing else; here is where its verdict and its evidence can be seen
// together.
int verify_chain(X509_STORE_CTX* chain, void* to) {
  auto& exchange = *static_cast<Exchange*>(to);
  const int verdict = X509_verify_cert(chain);
  exchange.verified = X509_STORE_CTX_get_error(chain);
  const auto* leaf = X509_STORE_CTX_get0_cert(chain);
  const auto* rejected = verdict == 1 ? leaf : X509_STORE_CTX_get_current_cert(chain);
  if (leaf != nullptr) describe(exchange, leaf, rejected == nullptr ? leaf : rejected);
  const auto* tls =
      static_cast<const SSL*>(X509_STORE_CTX_get_ex_data(chain, SSL_get_ex_data_X509_STORE_CTX_idx()));
  if (tls != nullptr) note_version(exchange, tls);
  return verdict;
}

// Alerts are what the two sides tell each other about why they give up.
void watch_handshake(const SSL* tls, int where, int what) {
  auto& exchange = *static_cast<Exchange*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(tls)));
  if ((where & SSL_CB_HANDSHAKE_DONE) != 0) {
    exchange.reach(kClientAsking);
    note_version(exchange, tls);
  }
  if ((where & SSL_CB_ALERT) == 0) return;
  if ((what & 0xff) == SSL_AD_PROTOCOL_VERSION) exchange.is_old_protocol = true;
  const bool is_fatal = (what >> 8) == SSL3_AL_FATAL;
  if ((where & SSL_CB_READ) != 0 && is_fatal) exchange.was_refused_by_alert = true;
}

CURLcode prepare_tls(CURL*, void* context, void* to) {
  auto& exchange = *static_cast<Exchange*>(to);
  exchange.reach(kClientSecuring);
  auto* tls = static_cast<SSL_CTX*>(context);
  SSL_CTX_set_app_data(tls, &exchange);
  SSL_CTX_set_cert_verify_callback(tls, verify_chain, &exchange);
  SSL_CTX_set_info_callback(tls, watch_handshake);
  return CURLE_OK;
}

// ---- The request

using Curl = Handle<CURL, curl_easy_cleanup>;
using CurlList = Handle<curl_slist, curl_slist_free_all>;

bool append(CurlList& list, const char* line) {
  auto* longer = curl_slist_append(list.get(), line);
  if (longer == nullptr) return false;
  static_cast<void>(list.release());
  list.reset(longer);
  return true;
}

bool set_headers(CURL* curl, const ClientRequest& request, CurlList& list) {
  // No waiting for a "100 Continue".
  if (!append(list, "Expect:")) return false;
  for (std::size_t i = 0; i < request.header_count; ++i) {
    if (!append(list, request.headers[i])) return false;
  }
  return curl_easy_setopt(curl, CURLOPT_HTTPHEADER, list.get()) == CURLE_OK;
}

bool set_method(CURL* curl, const ClientRequest& request) {
  const std::string_view method = request.method;
  if (method == "HEAD") return curl_easy_setopt(curl, CURLOPT_NOBODY, 1L) == CURLE_OK;
  if (method == "GET") return curl_easy_setopt(curl, CURLOPT_HTTPGET, 1L) == CURLE_OK;
  const auto body = view(request.body);
  return curl_easy_setopt(curl, CURLOPT_POST, 1L) == CURLE_OK &&
         curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size())) ==
             CURLE_OK &&
         curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body.data()) == CURLE_OK;
}

// https and no other scheme, straight to the host: no proxy and no credentials, whatever the environment and
// files say. Redirects are the caller's.
bool set_manner(CURL* curl, const ClientRequest& request) {
  return curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "https") == CURLE_OK &&
         curl_easy_setopt(curl, CURLOPT_REDIR_PROTOCOLS_STR, "https") == CURLE_OK &&
         curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L) == CURLE_OK &&
         curl_easy_setopt(curl, CURLOPT_DISALLOW_USERNAME_IN_URL, 1L) == CURLE_OK &&
         curl_easy_setopt(curl, CURLOPT_PROXY, "") == CURLE_OK &&
         curl_easy_setopt(curl, CURLOPT_NOPROXY, "*") == CURLE_OK &&
         curl_easy_setopt(curl, CURLOPT_NETRC, static_cast<long>(CURL_NETRC_IGNORED)) == CURLE_OK &&
         curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1)) == CURLE_OK &&
         curl_easy_setopt(curl, CURLOPT_HTTP09_ALLOWED, 0L) == CURLE_OK &&
         curl_easy_setopt(curl, CURLOPT_HTTP_CONTENT_DECODING, 0L) == CURLE_OK &&
         curl_easy_setopt(curl, CURLOPT_TCP_NODELAY, 1L) == CURLE_OK &&
         curl_easy_setopt(curl, CURLOPT_USERAGENT, request.user_agent) == CURLE_OK;
}

bool set_limits(CURL* curl, const ClientRequest& request) {
  return curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, request.connect_ms) == CURLE_OK &&
         curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, request.total_ms) == CURLE_OK &&
         // Signals are the program's; and a name server that says nothing is not waited for at the end.
         curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
         curl_easy_setopt(curl, CURLOPT_QUICK_EXIT, 1L) == CURLE_OK &&
         curl_easy_setopt(curl, CURLOPT_MAXFILESIZE_LARGE, static_cast<curl_off_t>(request.most_body)) ==
             CURLE_OK;
}

// The folder of the system's authorities and not their file: one is looked up, all are read in 20 to 58 ms.
bool set_authorities(CURL* curl, const ClientRequest& request) {
  const bool has_own = request.ca_pem.data != nullptr;
  curl_blob pem = {};
  pem.data = const_cast<char*>(request.ca_pem.data);  // it is copied
  pem.len = request.ca_pem.size;
  pem.flags = CURL_BLOB_COPY;
  return curl_easy_setopt(curl, CURLOPT_CAINFO, nullptr) == CURLE_OK &&
         curl_easy_setopt(curl, CURLOPT_CAPATH, has_own ? nullptr : "/etc/ssl/certs") == CURLE_OK &&
         (!has_own || curl_easy_setopt(curl, CURLOPT_CAINFO_BLOB, &pem) == CURLE_OK);
}

bool set_tls(CURL* curl, Exchange& exchange) {
  const auto& request = *exchange.request;
  const long checks = request.checks_certificate != 0 ? 1L : 0L;
  return set_authorities(curl, request) &&
         curl_easy_setopt(curl, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2)) == CURLE_OK &&
         curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, checks) == CURLE_OK &&
         curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 2 * checks) == CURLE_OK &&
         curl_easy_setopt(curl, CURLOPT_SSL_CTX_FUNCTION, prepare_tls) == CURLE_OK &&
         curl_easy_setopt(curl, CURLOPT_SSL_CTX_DATA, &exchange) == CURLE_OK;
}

bool set_callbacks(CURL* curl, Exchange& exchange) {
  return curl_easy_setopt(curl, CURLOPT_OPENSOCKETFUNCTION, open_socket) == CURLE_OK &&
         curl_easy_setopt(curl, CURLOPT_OPENSOCKETDATA, &exchange) == CURLE_OK &&
         curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, take_header) == CURLE_OK &&
         curl_easy_setopt(curl, CURLOPT_HEADERDATA, &exchange) == CURLE_OK &&
         curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body) == CURLE_OK &&
         curl_easy_setopt(curl, CURLOPT_WRITEDATA, &exchange) == CURLE_OK &&
         curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, exchange.reason) == CURLE_OK;
}

// An option that is not taken is a reason not to go: each of them guards something.
bool set_all(CURL* curl, Exchange& exchange, CurlList& headers) {
  const auto& request = *exchange.request;
  return set_manner(curl, request) && set_limits(curl, request) && set_tls(curl, exchange) &&
         set_callbacks(curl, exchange) && set_method(curl, request) && set_headers(curl, request, headers) &&
         curl_easy_setopt(curl, CURLOPT_URL, request.url) == CURLE_OK;
}

// ---- What became of it

bool reason_has(const Exchange& exchange, const char* text) {
  return std::strstr(exchange.reason, text) != nullptr;
}

ClientFault fault_of(const Exchange& exchange) {
  switch (exchange.verified) {
    case X509_V_OK:
      break;
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return kClientExpired;
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return kClientNotYetValid;
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
      return kClientSelfSigned;
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
      return kClientWrongName;
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_CERT_UNTRUSTED:
    case X509_V_ERR_CERT_SIGNATURE_FAILURE:
      return kClientUntrusted;
    default:
      return kClientOtherFault;
  }
  if (exchange.is_old_protocol) return kClientOldProtocol;
  // What does not look like TLS at all is not answered with an alert.
  if (reason_has(exchange, "wrong version number") || reason_has(exchange, "http request"))
    return kClientNoTls;
  return kClientOtherFault;
}

// libcurl compares the names after the handshake, when OpenSSL has accepted the chain.
ClientFault fault_of(const Exchange& exchange, CURLcode code) {
  const bool is_about_name = code == CURLE_PEER_FAILED_VERIFICATION && exchange.verified == X509_V_OK;
  return is_about_name ? kClientWrongName : fault_of(exchange);
}

ClientStatus status_of(const Exchange& exchange, CURLcode code) {
  if (exchange.is_out_of_memory) return kClientNoMemory;
  if (exchange.headers_are_too_large) return kClientHeadersTooLarge;
  if (exchange.body_is_too_large) return kClientBodyTooLarge;
  switch (code) {
    case CURLE_OK:  // even where the connection ended within the header
      return exchange.header_is_whole ? kClientAnswered : kClientNoAnswer;
    case CURLE_URL_MALFORMAT:
    case CURLE_LOGIN_DENIED:
      return kClientBadUrl;
    case CURLE_COULDNT_RESOLVE_HOST:
      return kClientNoName;
    case CURLE_COULDNT_CONNECT:
      return kClientNoConnection;
    case CURLE_OPERATION_TIMEDOUT:
      return kClientTimedOut;
    case CURLE_FILESIZE_EXCEEDED:
      return kClientBodyTooLarge;
    case CURLE_SSL_CACERT_BADFILE:
      return kClientBadAuthorities;
    case CURLE_OUT_OF_MEMORY:
      // A line of a header over libcurl's own limit ends so too.
      return exchange.answer.stage == kClientAsking && !exchange.header_is_whole ? kClientHeadersTooLarge
                                                                                 : kClientNoMemory;
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_INVALIDCERTSTATUS:
      return kClientTlsFailed;
    default:
      break;
  }
  if (exchange.answer.stage < kClientSecuring) return kClientNoConnection;
  // TLS 1.3 lets a server refuse after the client's last word of the handshake.
  const bool is_refused = exchange.was_refused_by_alert && exchange.headers.size() == 0;
  return exchange.answer.stage == kClientSecuring || is_refused ? kClientTlsFailed : kClientNoAnswer;
}

void finish(Exchange& exchange, CURL* curl, CURLcode code) {
  auto& answer = exchange.answer;
  long http_status = 0;
  long os_error = 0;
  const char* redirect = nullptr;
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &http_status);
  curl_easy_getinfo(curl, CURLINFO_OS_ERRNO, &os_error);
  curl_easy_getinfo(curl, CURLINFO_REDIRECT_URL, &redirect);
  if (redirect != nullptr) exchange.keep(exchange.redirect.append(redirect));
  answer.http_status = static_cast<int>(http_status);
  answer.os_error = static_cast<int>(os_error);
  answer.status = status_of(exchange, code);
  answer.fault = fault_of(exchange, code);
  const char* why = code == CURLE_OK ? "the header is cut off" : curl_easy_strerror(code);
  const char* reason = exchange.reason[0] != '\0' ? exchange.reason : why;
  answer.reason = {reason, std::strlen(reason)};
}

void point_to_texts(Exchange& exchange) {
  auto& answer = exchange.answer;
  answer.headers = exchange.headers.text();
  answer.body = exchange.body.text();
  answer.redirect = exchange.redirect.text();
  answer.addresses = exchange.addresses.text();
  answer.forbidden = exchange.forbidden.text();
  answer.certificate.subject = exchange.subject.text();
  answer.certificate.issuer = exchange.issuer.text();
  answer.certificate.names = exchange.names.text();
  answer.certificate.rejected = exchange.rejected.text();
}

// The first call decides: OPENSSL_CONF is not read, now or later.
bool start_libraries() {
  static const bool is_started = OPENSSL_init_ssl(OPENSSL_INIT_NO_LOAD_CONFIG, nullptr) == 1 &&
                                 curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
  return is_started;
}

// ---- What the program calls

// Each request has a connection of its own: one that is kept would lead past the address guard and the
// authorities of the next.
ClientAnswer* perform(const ClientRequest* request) {
  auto* exchange = new (std::nothrow) Exchange;
  if (exchange == nullptr) return nullptr;
  exchange->request = request;
  exchange->answer.status = kClientUnusable;
  const Curl curl(start_libraries() ? curl_easy_init() : nullptr);
  CurlList headers;
  if (curl && set_all(curl.get(), *exchange, headers))
    finish(*exchange, curl.get(), curl_easy_perform(curl.get()));
  point_to_texts(*exchange);
  return &exchange->answer;
}

void release(ClientAnswer* answer) {
  delete reinterpret_cast<Exchange*>(answer);  // its first member
}

}  // namespace

// What kClientEntry names.
extern "C" {
extern const ClientFunctions accord_client_1 __attribute__((visibility("default")));
const ClientFunctions accord_client_1 = {perform, release};
}

}  // namespace accord
