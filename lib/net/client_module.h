// What accord_client.so (lib/client) offers to the program: one request over HTTPS. Plain C, for the reasons
// of lib/core/module.h: libcurl is linked to the shared OpenSSL.
//
// A change of anything here takes a new number in kClientEntry, so that a module of another version is not
// found.
#pragma once

#include <cstddef>
#include <cstdint>

namespace accord {

extern "C" {

struct ClientText {
  const char* data;  // without a NUL behind it; null where there is none
  std::size_t size;
};

struct ClientRequest {
  const char* url;             // https, its shape checked by the caller
  const char* method;          // "GET", "HEAD" or "POST"
  const char* const* headers;  // "Name: value", checked by the caller
  std::size_t header_count;
  ClientText body;         // of a POST
  ClientText ca_pem;       // the only authorities; null data: those of the system
  int checks_certificate;  // 0: whatever certificate the server shows
  // Whether this address, 4 or 16 bytes of network order, may be connected to; null: any may.
  int (*may_connect)(const unsigned char* address, std::size_t size);
  std::size_t most_body;
  std::size_t most_headers;
  long connect_ms;  // until TLS stands
  long total_ms;
  const char* user_agent;
};

// What became of it.
enum ClientStatus : int {
  kClientAnswered = 0,
  kClientBadUrl,
  kClientNoName,
  kClientNoConnection,
  kClientBadAuthorities,  // ca_pem holds no certificate, or one that OpenSSL does not read
  kClientTlsFailed,
  kClientNoAnswer,  // closed, broken off, not HTTP
  kClientTimedOut,
  kClientBodyTooLarge,
  kClientHeadersTooLarge,
  kClientNoMemory,
  kClientUnusable,  // libcurl or OpenSSL do not start, or do not know an option that guards something
};

// How far it came.
enum ClientStage : int { kClientResolving = 0, kClientConnecting, kClientSecuring, kClientAsking };

// Why TLS failed; with kClientTlsFailed only.
enum ClientFault : int {
  kClientOtherFault = 0,
  kClientUntrusted,
  kClientSelfSigned,
  kClientWrongName,
  kClientExpired,
  kClientNotYetValid,
  kClientOldProtocol,
  kClientNoTls,
};

struct ClientCertificate {
  ClientText subject;       // as RFC 2253 writes names, in UTF-8; null data: nothing was shown
  ClientText issuer;        // the same
  ClientText names;         // DNS names and addresses, a line each
  ClientText rejected;      // the subject of the one in the chain that was not accepted, where it is another
  std::int64_t not_before;  // seconds since 1970, of the one that was not accepted
  std::int64_t not_after;
};

struct ClientAnswer {
  int status;  // ClientStatus
  int stage;   // ClientStage
  int fault;   // ClientFault
  int http_status;
  ClientText headers;    // the lines of the last header, each with its CRLF, the status line first
  ClientText body;       // as far as it came
  ClientText redirect;   // where a redirect leads, absolute
  ClientText addresses;  // that were tried, "203.0.113.7:443", a line each
  ClientText forbidden;  // those that may_connect refused, the same
  ClientText reason;     // what libcurl or OpenSSL say; never anything of the request
  int os_error;          // errno of the last connection that failed
  char tls_version[16];  // "TLSv1.3"; empty where none was agreed on
  ClientCertificate certificate;
};

struct ClientFunctions {
  // Null where there is no memory for an answer.
  ClientAnswer* (*perform)(const ClientRequest* request);
  void (*release)(ClientAnswer* answer);
};

}  // extern "C"

// The one symbol that the module shows: const ClientFunctions.
inline constexpr char kClientEntry[] = "accord_client_1";

}  // namespace accord
