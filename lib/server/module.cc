// accord_server.so: HTTP/1.1 over TLS for the token service, on Boost.Beast and the shared OpenSSL.
//
// Everything that a stranger can make it hold is bounded: connections, bytes of a head and a body, the time
// that each may take, requests of one connection. Where all connections are taken, the one that has kept us
// waiting longest goes. Whatever is odd about a request ends its connection, so that nobody can disagree
// with us on where the next request begins.
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/ssl/ssl_stream.hpp>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <exception>
#include <functional>
#include <limits>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <type_traits>
#include <unordered_map>
#include <utility>
#include <vector>

#include "lib/net/server_module.h"
#include "lib/server/http_rules.h"

namespace accord {
namespace {

namespace net = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using Tcp = net::ip::tcp;
using ErrorCode = boost::system::error_code;
using Milliseconds = std::chrono::milliseconds;
using SteadyClock = std::chrono::steady_clock;

// Outer tokens are up to 3 KiB, and a token may have 16 KiB: a head that carries the largest is let through
// to the rules on tokens, which say what is wrong with it.
constexpr std::size_t kMostHead = std::size_t{18} * 1024;
constexpr std::size_t kMostBody = std::size_t{64} * 1024;
constexpr std::size_t kReadAtOnce = 4096;
constexpr std::size_t kMostConnections = 256;
constexpr std::size_t kMostClosing = 64;  // beyond these, until they are gone
constexpr unsigned kMostRequests = 10'000;
constexpr Milliseconds kHandshakeTime{5'000};
constexpr Milliseconds kHeadTime{5'000};
constexpr Milliseconds kBodyTime{5'000};
constexpr Milliseconds kWriteTime{10'000};
constexpr Milliseconds kIdleTime{15'000};
constexpr Milliseconds kClosingTime{1'000};
constexpr Milliseconds kDrainTime{5'000};
constexpr Milliseconds kAcceptPause{100};
constexpr std::size_t kMostDiscarded = std::size_t{256} * 1024;

// With its time-out a stream is closed, so nobody can be told.
constexpr const char* kTooSlow = "not sent in time";

thread_local unsigned the_worker = 0;

std::string_view reason_of(int status) {
  switch (status) {
    case 100:
      return "Continue";
    case 200:
      return "OK";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 413:
      return "Content Too Large";
    case 415:
      return "Unsupported Media Type";
    case 417:
      return "Expectation Failed";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 503:
      return "Service Unavailable";
    case 505:
      return "HTTP Version Not Supported";
    default:
      return "Status";
  }
}

std::string_view view_of(ServerBytes bytes) {
  return {bytes.data == nullptr ? "" : bytes.data, bytes.size};
}
ServerBytes bytes_of(std::string_view text) {
  return {text.data(), text.size()};
}
template <class Text>
std::string_view std_view(const Text& text) {
  return {text.data(), text.size()};
}

// RFC 9110 s.5.6.7.
std::string date_now() {
  const std::time_t now = std::time(nullptr);
  std::tm parts = {};
  gmtime_r(&now, &parts);
  std::array<char, 40> text = {};
  const auto size = std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
  return {text.data(), size};
}

struct Answer {
  int status = 0;
  std::vector<std::pair<std::string, std::string>> fields = {};
  std::string body = {};
};

// Called by the program, which gets no exception of ours.
void give_answer(void* place, const ServerAnswerParts* parts) noexcept {
  auto& answer = *static_cast<Answer*>(place);
  try {
    answer.fields.clear();
    for (std::size_t i = 0; i < parts->field_count; ++i) {
      const auto name = view_of(parts->fields[i].name);
      const auto value = view_of(parts->fields[i].value);
      // Beast would write whatever it is given: a value from outside could begin a line of its own.
      if (!is_field_name(name) || !is_field_value(value)) {
        answer = {.status = 500};
        return;
      }
      answer.fields.emplace_back(name, value);
    }
    answer.body = view_of(parts->body);
    answer.status = parts->status;
  } catch (const std::exception&) {
    answer.status = 500;
    answer.fields.clear();
    answer.body.clear();
  }
}

enum class After { keep, close };
enum class Body { sent, left_out };  // of an answer to HEAD

std::string written(const Answer& answer, After after, Body body) {
  std::string text = "HTTP/1.1 " + std::to_string(answer.status) + ' ';
  text += reason_of(answer.status);
  text += "\r\nDate: " + date_now() + "\r\n";
  for (const auto& [name, value] : answer.fields) text += name + ": " + value + "\r\n";
  text += "Content-Length: " + std::to_string(answer.body.size()) + "\r\n";
  if (after == After::close) text += "Connection: close\r\n";
  text += "\r\n";
  if (body == Body::sent) text += answer.body;
  return text;
}

using Parser = http::request_parser<http::string_body>;

struct Problem {
  int status = 0;
  const char* why = "";
};

// What Beast reads and we do not take.
std::optional<Problem> head_problem(const Parser::value_type& request) {
  if (request.version() != 10 && request.version() != 11)
    return Problem{505, "a version that is not HTTP/1.0 or 1.1"};
  if (!is_field_name(std_view(request.method_string()))) return Problem{400, "no method"};
  if (!is_plain_target(std_view(request.target()))) return Problem{400, "a target that is no path"};
  const auto hosts = request.count(http::field::host);
  if (hosts > 1 || (hosts == 0 && request.version() == 11)) return Problem{400, "not one Host"};
  const auto lengths = request.count(http::field::content_length);
  const auto codings = request.count(http::field::transfer_encoding);
  if (lengths > 1 || codings > 1 || (lengths == 1 && codings == 1))
    return Problem{400, "more than one length"};
  const auto length = std_view(request[http::field::content_length]);
  if (length.find_first_not_of("0123456789") != std::string_view::npos)
    return Problem{400, "a length that is no number"};
  if (codings == 1 && request.version() == 10) return Problem{400, "chunks in HTTP/1.0"};
  if (codings == 1 && !beast::iequals(request[http::field::transfer_encoding], "chunked"))
    return Problem{501, "a transfer coding other than chunked"};
  if (request.count(http::field::expect) > 0 && !beast::iequals(request[http::field::expect], "100-continue"))
    return Problem{417, "an expectation other than 100-continue"};
  return std::nullopt;
}

Problem problem_of(const ErrorCode& error) {
  if (error == http::error::body_limit) return {413, "a body over 64 KiB"};
  if (error == http::error::header_limit) return {431, "a head that is too large"};
  if (error == http::error::bad_version) return {505, "a version that is not HTTP/1.0 or 1.1"};
  return {400, "not HTTP"};
}

bool is_malformed(const ErrorCode& error) {
  return error.category() == make_error_code(http::error::bad_version).category() &&
         error != http::error::end_of_stream && error != http::error::partial_message;
}

// ---- Connections

class Connections;

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  explicit Connection(Connections& all) : all_(all) {}
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  virtual ~Connection();
  virtual void start() = 0;
  virtual void cut() = 0;           // at once; from any thread
  virtual void stop_if_idle() = 0;  // the same, where no request is under way

  // Since when the other side keeps us waiting; the largest value while we are at work.
  [[nodiscard]] SteadyClock::rep waiting_since() const { return waiting_since_; }
  [[nodiscard]] bool keeps_waiting() const { return waiting_since_ != kWorking; }
  // So that the next one that needs room cuts another.
  void is_being_cut() { is_working(); }

 protected:
  void is_waiting() { waiting_since_ = SteadyClock::now().time_since_epoch().count(); }
  void is_working() { waiting_since_ = kWorking; }
  Connections& all_;

 private:
  static constexpr SteadyClock::rep kWorking = std::numeric_limits<SteadyClock::rep>::max();
  std::atomic<SteadyClock::rep> waiting_since_ = SteadyClock::now().time_since_epoch().count();
};

class Connections {
 public:
  explicit Connections(const ServerHooks& hooks) : hooks_(hooks) {}

  [[nodiscard]] const ServerHooks& hooks() const { return hooks_; }
  [[nodiscard]] bool stopping() const { return stopping_; }

  // False: there is no room, and none can be made.
  [[nodiscard]] bool make_room() {
    std::vector<std::shared_ptr<Connection>>
        alive;  // whose last owner may be this one: let go without the lock
    {
      const std::lock_guard guard(lock_);
      if (all_.size() < kMostConnections) return true;
      if (all_.size() >= kMostConnections + kMostClosing) return false;
      for (const auto& [address, one] : all_) {
        if (auto locked = one.lock()) alive.push_back(std::move(locked));
      }
    }
    const auto slowest = std::min_element(alive.begin(), alive.end(), [](const auto& a, const auto& b) {
      return a->waiting_since() < b->waiting_since();
    });
    if (slowest == alive.end() || !(*slowest)->keeps_waiting()) return false;
    (*slowest)->is_being_cut();
    (*slowest)->cut();
    return true;
  }

  void add(const std::shared_ptr<Connection>& one) {
    const std::lock_guard guard(lock_);
    all_.emplace(one.get(), one);
  }

  void remove(Connection* one) {
    bool is_last = false;
    {
      const std::lock_guard guard(lock_);
      all_.erase(one);
      is_last = stopping_ && all_.empty();
    }
    if (is_last && when_empty) when_empty();
  }

  // True: there were none.
  bool stop() {
    std::vector<std::shared_ptr<Connection>> left;
    {
      const std::lock_guard guard(lock_);
      stopping_ = true;
      for (const auto& [address, one] : all_) {
        if (auto alive = one.lock()) left.push_back(std::move(alive));
      }
      if (all_.empty()) return true;
    }
    for (const auto& one : left) one->stop_if_idle();
    return false;
  }

  std::function<void()> when_empty = {};

 private:
  const ServerHooks& hooks_;
  std::mutex lock_;
  std::unordered_map<Connection*, std::weak_ptr<Connection>> all_;
  std::atomic<bool> stopping_ = false;
};

Connection::~Connection() {
  all_.remove(this);
}

using PlainStream = beast::tcp_stream;
using TlsStream = beast::ssl_stream<beast::tcp_stream>;

// All of one connection happens on its strand, one step after the other.
template <class Stream>
class Session final : public Connection {
 public:
  static constexpr bool kTls = std::is_same_v<Stream, TlsStream>;

  template <class... Context>
  Session(Connections& all, Tcp::socket socket, std::string peer, Context&... context)
      : Connection(all), stream_(std::move(socket), context...), peer_(std::move(peer)) {}

  void start() override {
    net::dispatch(lowest().get_executor(), [self = self()] { self->begin(); });
  }
  void cut() override {
    net::post(lowest().get_executor(), [self = self()] { self->lowest().close(); });
  }
  void stop_if_idle() override {
    net::post(lowest().get_executor(), [self = self()] {
      if (self->is_idle_) self->lowest().close();
    });
  }

 private:
  std::shared_ptr<Session> self() { return std::static_pointer_cast<Session>(this->shared_from_this()); }
  beast::tcp_stream& lowest() { return beast::get_lowest_layer(stream_); }

  void within(Milliseconds time) {
    lowest().expires_after(time);
    is_waiting();
  }

  void begin() {
    if constexpr (kTls) {
      within(kHandshakeTime);
      stream_.async_handshake(net::ssl::stream_base::server, [self = self()](ErrorCode error) {
        if (!error) return self->read_head();
        self->tell_refused(0, "TLS: " + error.message());
      });
    } else {
      read_head();
    }
  }

  // ---- Reading

  void read_head() {
    if (all_.stopping()) return close();
    parser_.reset();
    fields_.clear();
    checked_ = 0;
    is_idle_ = buffer_.size() == 0;
    within(is_idle_ && requests_ > 0 ? kIdleTime : kHeadTime);
    look_at_head();
  }

  void look_at_head() {
    const auto data = buffer_.data();
    const auto scan = scan_head({static_cast<const char*>(data.data()), data.size()}, checked_);
    if (scan.state == Head::bad) return refuse({400, scan.problem});
    if (checked_ > kMostHead) return refuse({431, "a head that is too large"});
    if (scan.state == Head::complete) return take_head();
    stream_.async_read_some(buffer_.prepare(kReadAtOnce), [self = self()](ErrorCode error, std::size_t size) {
      self->got_of_head(error, size);
    });
  }

  void got_of_head(ErrorCode error, std::size_t size) {
    if (error == beast::error::timeout && buffer_.size() > 0) return tell_refused(0, kTooSlow);
    if (error == beast::error::timeout) return;
    if (error) return close();
    buffer_.commit(size);
    // The time for a head runs from its first byte, and no further byte prolongs it.
    if (is_idle_ && requests_ > 0) within(kHeadTime);
    is_idle_ = false;
    look_at_head();
  }

  void take_head() {
    parser_.emplace();
    parser_->header_limit(static_cast<std::uint32_t>(2 * kMostHead));
    parser_->body_limit(kMostBody);
    parser_->eager(false);
    ErrorCode error;
    buffer_.consume(parser_->put(buffer_.data(), error));
    if (error) return refuse(problem_of(error));
    if (!parser_->is_header_done()) return refuse({400, "not HTTP"});
    if (const auto problem = head_problem(parser_->get())) return refuse(*problem);
    ++requests_;
    keeps_ = parser_->get().keep_alive() && !parser_->chunked() && requests_ < kMostRequests;
    // Here, and not after the body: what comes as a trailer of chunks is not a header.
    for (const auto& field : parser_->get())
      fields_.emplace_back(std_view(field.name_string()), std_view(field.value()));
    if (parser_->is_done()) return handle();
    within(kBodyTime);
    if (parser_->get().count(http::field::expect) > 0 && buffer_.size() == 0) return ask_for_body();
    read_body();
  }

  void ask_for_body() {
    constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
    net::async_write(stream_, net::buffer(kContinue), [self = self()](ErrorCode error, std::size_t) {
      if (error) return self->close();
      self->read_body();
    });
  }

  void read_body() {
    http::async_read(stream_, buffer_, *parser_, [self = self()](ErrorCode error, std::size_t) {
      if (!error) return self->handle();
      if (error == beast::error::timeout) return self->tell_refused(0, kTooSlow);
      if (is_malformed(error)) return self->refuse(problem_of(error));
      self->close();
    });
  }

  // ---- Answering

  void handle() {
    is_working();
    const auto& request = parser_->get();
    std::vector<ServerField> fields;
    for (const auto& [name, value] : fields_) fields.push_back({bytes_of(name), bytes_of(value)});
    const ServerRequestParts parts{.peer = bytes_of(peer_),
                                   .method = bytes_of(std_view(request.method_string())),
                                   .target = bytes_of(std_view(request.target())),
                                   .fields = fields.data(),
                                   .field_count = fields.size(),
                                   .body = bytes_of(request.body())};
    Answer answer{.status = 500};
    all_.hooks().handle(all_.hooks().context, the_worker, &parts, give_answer, &answer);
    const bool is_head = request.method() == http::verb::head;
    if (all_.stopping()) keeps_ = false;
    // HTTP/1.0 would have to be told that the connection stays.
    if (request.version() == 10) keeps_ = false;
    send(written(answer, keeps_ ? After::keep : After::close, is_head ? Body::left_out : Body::sent));
  }

  void refuse(Problem problem) {
    keeps_ = false;
    is_idle_ = false;
    tell_refused(problem.status, problem.why);
    Answer answer{.status = problem.status, .fields = {{"Content-Type", "text/plain"}}};
    answer.body = std::string(problem.why) + '\n';
    send(written(answer, After::close, Body::sent));
  }

  void tell_refused(int status, std::string_view why) {
    all_.hooks().refused(all_.hooks().context, bytes_of(peer_), status, bytes_of(why));
  }

  void send(std::string text) {
    output_ = std::move(text);
    within(kWriteTime);
    net::async_write(stream_, net::buffer(output_), [self = self()](ErrorCode error, std::size_t) {
      if (error) return;  // and with the last reference to it the connection goes
      if (self->keeps_) return self->read_head();
      self->close();
    });
  }

  // ---- Closing

  void close() {
    is_idle_ = false;
    within(kClosingTime);
    if constexpr (kTls) {
      stream_.async_shutdown([self = self()](ErrorCode) { self->end(); });
    } else {
      end();
    }
  }

  // What is unread when a socket is closed resets the connection, and the answer may be lost with it.
  void end() {
    ErrorCode ignored;
    lowest().socket().shutdown(Tcp::socket::shutdown_send, ignored);
    within(kClosingTime);
    discard();
  }
  void discard() {
    if (discarded_ > kMostDiscarded) return;
    buffer_.clear();
    lowest().async_read_some(buffer_.prepare(kReadAtOnce),
                             [self = self()](ErrorCode error, std::size_t size) {
                               self->discarded_ += size;
                               if (!error) self->discard();
                             });
  }

  Stream stream_;
  std::string peer_;
  beast::flat_buffer buffer_{2 * kMostHead + kMostBody};
  std::size_t checked_ = 0;  // of a head
  std::optional<Parser> parser_;
  std::vector<std::pair<std::string, std::string>> fields_;
  std::string output_;
  std::size_t discarded_ = 0;
  unsigned requests_ = 0;
  bool is_idle_ = false;  // between two requests
  bool keeps_ = false;
};

// ---- The server

struct Failure {
  ServerStatus status = kServerFailed;
  std::string text = {};
};

std::string openssl_reason() {
  const auto error = ERR_peek_last_error();
  const char* reason = error == 0 ? nullptr : ERR_reason_error_string(error);
  return reason == nullptr ? "" : reason;
}

// A key with a password would have OpenSSL ask for it on the terminal.
int no_password(char*, int, int, void*) {
  return -1;
}

std::optional<Failure> set_up_tls(net::ssl::context& context, const ServerSetup& setup) {
  constexpr const char* kCiphers = "ECDHE+AESGCM:ECDHE+CHACHA20";
  auto* handle = context.native_handle();
  SSL_CTX_set_min_proto_version(handle, TLS1_2_VERSION);
  SSL_CTX_set_options(handle,
                      SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_NO_COMPRESSION);
  // Sessions are the client's to keep, in tickets.
  SSL_CTX_set_session_cache_mode(handle, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_mode(handle, SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_default_passwd_cb(handle, no_password);
  if (SSL_CTX_set_cipher_list(handle, kCiphers) != 1) return Failure{kServerFailed, openssl_reason()};
  ErrorCode error;
  context.use_certificate_chain(net::buffer(view_of(setup.certificate)), error);
  if (error) return Failure{kServerBadCertificate, openssl_reason()};
  context.use_private_key(net::buffer(view_of(setup.key)), net::ssl::context::pem, error);
  if (error) return Failure{kServerBadKey, error.message()};
  if (SSL_CTX_check_private_key(handle) != 1) return Failure{kServerBadKey, openssl_reason()};
  return std::nullopt;
}

std::string text_of(const Tcp::endpoint& peer) {
  const auto address = peer.address().to_string();
  return (peer.address().is_v6() ? '[' + address + ']' : address) + ':' + std::to_string(peer.port());
}

class Server {
 public:
  Server(const ServerSetup& setup, const ServerHooks& hooks) : setup_(setup), connections_(hooks) {
    connections_.when_empty = [this] { net::post(strand_, [this] { finish(); }); };
  }
  ~Server() { connections_.when_empty = {}; }
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  std::optional<Failure> run() {
    if (setup_.tls != 0) {
      if (auto failure = set_up_tls(tls_, setup_)) return failure;
    }
    if (auto failure = listen()) return failure;
    signals_.async_wait([this](ErrorCode error, int) { on_signal(error); });
    accept();
    ErrorCode error;
    const auto port = acceptor_.local_endpoint(error).port();
    if (connections_.hooks().listening(connections_.hooks().context, port) != 0) return std::nullopt;
    work();
    return std::nullopt;
  }

 private:
  std::optional<Failure> listen() {
    ErrorCode error;
    const auto address = net::ip::make_address(setup_.address, error);
    if (error) return Failure{kServerCannotListen, error.message()};
    const Tcp::endpoint place(address, setup_.port);
    acceptor_.open(place.protocol(), error);
    if (!error) acceptor_.set_option(net::socket_base::reuse_address(true), error);
    if (!error) acceptor_.bind(place, error);
    if (!error) acceptor_.listen(net::socket_base::max_listen_connections, error);
    if (error) return Failure{kServerCannotListen, error.message()};
    return std::nullopt;
  }

  void work() {
    std::vector<std::thread> threads;
    for (unsigned i = 1; i < setup_.workers; ++i) threads.emplace_back([this, i] { run_worker(i); });
    run_worker(0);
    for (auto& one : threads) one.join();
  }

  // A connection that memory does not suffice for goes; the others stay.
  void run_worker(unsigned number) {
    the_worker = number;
    for (;;) {
      try {
        context_.run();
        return;
      } catch (const std::exception&) {
        connections_.hooks().refused(connections_.hooks().context, bytes_of("-"), 0,
                                     bytes_of("an error inside the server"));
      }
    }
  }

  void accept() {
    acceptor_.async_accept(net::make_strand(context_), [this](ErrorCode error, Tcp::socket socket) {
      if (connections_.stopping()) return;
      if (error) return accept_later();
      try {
        take(std::move(socket));
      } catch (const std::exception&) {
        return accept_later();  // out of memory for this one
      }
      accept();
    });
  }

  // Out of descriptors, most likely.
  void accept_later() {
    pause_.expires_after(kAcceptPause);
    pause_.async_wait([this](ErrorCode error) {
      if (!error && !connections_.stopping()) accept();
    });
  }

  void take(Tcp::socket socket) {
    if (!connections_.make_room()) return;
    ErrorCode error;
    const auto peer = socket.remote_endpoint(error);
    if (error) return;
    socket.set_option(Tcp::no_delay(true), error);
    std::shared_ptr<Connection> made;
    if (setup_.tls != 0) {
      made = std::make_shared<Session<TlsStream>>(connections_, std::move(socket), text_of(peer), tls_);
    } else {
      made = std::make_shared<Session<PlainStream>>(connections_, std::move(socket), text_of(peer));
    }
    connections_.add(made);
    made->start();
  }

  void on_signal(const ErrorCode& error) {
    if (error) return;
    if (connections_.stopping()) return context_.stop();
    signals_.async_wait([this](ErrorCode again, int) { on_signal(again); });
    ErrorCode ignored;
    acceptor_.close(ignored);
    pause_.cancel();
    drain_.expires_after(kDrainTime);
    drain_.async_wait([this](ErrorCode ended) {
      if (!ended) context_.stop();
    });
    if (connections_.stop()) finish();
  }

  void finish() {
    drain_.cancel();
    signals_.cancel();
  }

  const ServerSetup& setup_;
  Connections connections_;  // before the context, whose end is that of its sessions
  net::ssl::context tls_{net::ssl::context::tls_server};
  net::io_context context_;
  // Of what is the server's own, and of no connection.
  net::strand<net::io_context::executor_type> strand_ = net::make_strand(context_);
  Tcp::acceptor acceptor_{strand_};
  net::steady_timer pause_{strand_};
  net::steady_timer drain_{strand_};
  net::signal_set signals_{strand_, SIGINT, SIGTERM};
};

void say(ServerOutcome* outcome, ServerStatus status, std::string_view text) {
  outcome->status = status;
  outcome->text[text.copy(outcome->text, sizeof(outcome->text) - 1)] = '\0';
}

void run(const ServerSetup* setup, const ServerHooks* hooks, ServerOutcome* outcome) noexcept {
  // The first call decides: OPENSSL_CONF is not read, now or later.
  OPENSSL_init_ssl(OPENSSL_INIT_NO_LOAD_CONFIG | OPENSSL_INIT_NO_ATEXIT, nullptr);
  try {
    Server server(*setup, *hooks);
    const auto failure = server.run();
    say(outcome, failure ? failure->status : kServerDone, failure ? failure->text : "");
  } catch (const std::exception& error) {
    say(outcome, kServerFailed, error.what());
  }
  ERR_clear_error();
}

}  // namespace

// What kServerEntry names.
extern "C" {
extern const ServerFunctions accord_server_1 __attribute__((visibility("default")));
const ServerFunctions accord_server_1 = {run};
}

}  // namespace accord
