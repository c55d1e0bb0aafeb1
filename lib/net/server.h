// An HTTP/1.1 server over TLS: who handles requests, and running it until a signal ends it.
//
// Boost.Beast does the work, in accord_server.so, which is loaded by run_server and by nothing else. What is
// malformed, too large or too slow never reaches the handler; lib/server/module.cc says what that is.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lib/core/error.h"
#include "lib/core/secret.h"

namespace accord {

// Valid while it is handled.
struct ServerRequest {
  std::string_view peer = {};  // "127.0.0.1:50412"
  std::string_view method = {};
  std::string_view target = {};  // begins with "/", printable ASCII
  std::vector<std::pair<std::string_view, std::string_view>> headers = {};
  std::string_view body = {};

  [[nodiscard]] std::string_view path() const { return target.substr(0, target.find('?')); }
  // All of this name, any case, in order.
  [[nodiscard]] std::vector<std::string_view> all(std::string_view name) const;
};

struct ServerResponse {
  int status = 200;
  // Printable ASCII alone: anything else makes the answer a 500. Content-Length, Connection and Date are
  // written by the server.
  std::vector<std::pair<std::string, std::string>> headers = {};
  std::string body = {};  // not sent in answer to HEAD
};

class ServerHandler {
 public:
  virtual ~ServerHandler() = default;
  // Connections are taken from now on. Where it fails, the server stops and run_server fails so.
  [[nodiscard]] virtual Result<void> listening(std::uint16_t port) = 0;
  // Called by several threads at once, which `worker` numbers from 0.
  [[nodiscard]] virtual ServerResponse handle(unsigned worker, const ServerRequest& request) = 0;
  // A connection was ended without `handle`: with this status, or 0 where there was nobody to tell.
  virtual void refused(std::string_view peer, int status, std::string_view why) = 0;
};

struct ServerTls {
  std::string certificate_pem = {};  // and those above it
  SecretBytes key_pem = {};
  std::string certificate_file = {};  // as errors name them
  std::string key_file = {};
};

struct ServerSettings {
  std::string address = "127.0.0.1";  // an IP address
  std::uint16_t port = 0;             // 0: any
  unsigned workers = 1;
  std::optional<ServerTls> tls = {};  // nullopt: plain HTTP
};

// Runs until SIGTERM or SIGINT: then no new connection is taken, what was begun is answered, and it returns
// within a few seconds; a second signal ends it at once. Fails with Service.CannotListen,
// Certificate.Invalid, Key.Invalid, Service.Failed, Module.Unusable, or as `listening` does.
[[nodiscard]] Result<void> run_server(const ServerSettings& settings, ServerHandler& handler);

}  // namespace accord
