// A server of a test on a loopback port of its own: what it does with each connection is the test's.
#pragma once

#include <doctest/doctest.h>
#include <netinet/in.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <functional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include "lib/core/descriptor.h"
#include "lib/core/handle.h"
#include "tests/support.h"

namespace accord::test {

// A connection as the server sees it: with TLS or without.
class Connection {
 public:
  Connection(int number, SSL* tls) : number_(number), tls_(tls) {}

  // Until the blank line behind a header; empty where the other side left.
  std::string read_header() {
    std::string text;
    char c = 0;
    while (!text.ends_with("\r\n\r\n")) {
      const bool is_read = tls_ != nullptr ? SSL_read(tls_, &c, 1) == 1 : recv(number_, &c, 1, 0) == 1;
      if (!is_read) return {};
      text += c;
    }
    return text;
  }
  // False where the other side has left.
  bool write(std::string_view text) {
    const auto size = static_cast<int>(text.size());
    return tls_ != nullptr ? SSL_write(tls_, text.data(), size) == size
                           : send(number_, text.data(), text.size(), MSG_NOSIGNAL) == size;
  }
  // Until the other side has left.
  void wait() {
    char c = 0;
    while ((tls_ != nullptr ? SSL_read(tls_, &c, 1) : static_cast<int>(recv(number_, &c, 1, 0))) > 0) {
    }
  }

 private:
  int number_;
  SSL* tls_;
};

enum class Speaks { plain, tls };

class Server {
 public:
  using Script = std::function<void(Connection&)>;

  Server(Speaks speaks, Script script, int family = AF_INET) : speaks_(speaks), script_(std::move(script)) {
    if (family == AF_INET6) {
      sockaddr_in6 address = {};
      address.sin6_addr = in6addr_loopback;
      listen_on(address, AF_INET6);
    } else {
      sockaddr_in address = {};
      address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
      listen_on(address, AF_INET);
    }
    if (speaks == Speaks::tls) make_tls();
    thread_ = std::thread([this] { serve(); });
  }
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  ~Server() {
    is_ending_ = true;
    shutdown(socket_.number(), SHUT_RDWR);
    thread_.join();
  }

  [[nodiscard]] int port() const { return port_; }
  [[nodiscard]] int connections() const { return connections_; }
  [[nodiscard]] std::string url(std::string_view host = "127.0.0.1", std::string_view path = "/") const {
    return "https://" + std::string(host) + ":" + std::to_string(port_) + std::string(path);
  }

 private:
  template <class Address>
  void listen_on(Address address, int family) {
    auto* const generic = reinterpret_cast<sockaddr*>(&address);
    generic->sa_family = static_cast<sa_family_t>(family);
    socklen_t size = sizeof(address);
    socket_ = Descriptor(::socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0));
    REQUIRE(bind(socket_.number(), generic, size) == 0);
    REQUIRE(listen(socket_.number(), 16) == 0);
    REQUIRE(getsockname(socket_.number(), generic, &size) == 0);
    port_ = ntohs(reinterpret_cast<sockaddr_in*>(generic)->sin_port);  // in the same place in both
  }

  void make_tls() {
    const auto folder = std::string(ACCORD_SOURCE_DIR) + "/tests/data/";
    tls_.reset(SSL_CTX_new(TLS_server_method()));
    REQUIRE(SSL_CTX_use_certificate_file(tls_.get(), (folder + "cert-p256.pem").c_str(), SSL_FILETYPE_PEM) ==
            1);
    REQUIRE(SSL_CTX_use_PrivateKey_file(tls_.get(), (folder + "cert-p256.key").c_str(), SSL_FILETYPE_PEM) ==
            1);
  }

  // OpenSSL writes to connections that the other side has left; that is the server's own affair.
  static void hold_pipe_signal() {
    sigset_t held;
    sigemptyset(&held);
    sigaddset(&held, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &held, nullptr);
  }

  void serve() {
    hold_pipe_signal();
    while (!is_ending_) {
      const Descriptor accepted(accept4(socket_.number(), nullptr, nullptr, SOCK_CLOEXEC));
      if (!accepted) continue;
      ++connections_;
      if (speaks_ == Speaks::plain) {
        Connection connection(accepted.number(), nullptr);
        script_(connection);
        continue;
      }
      const Handle<SSL, SSL_free> tls(SSL_new(tls_.get()));
      SSL_set_fd(tls.get(), accepted.number());
      if (SSL_accept(tls.get()) == 1) {
        Connection connection(accepted.number(), tls.get());
        script_(connection);
        SSL_shutdown(tls.get());
      }
      ERR_clear_error();
    }
  }

  Speaks speaks_;
  Script script_;
  Descriptor socket_;
  Handle<SSL_CTX, SSL_CTX_free> tls_;
  int port_ = 0;
  std::atomic<int> connections_ = 0;
  std::atomic<bool> is_ending_ = false;
  std::thread thread_;
};

}  // namespace accord::test
