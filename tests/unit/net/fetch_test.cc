#include "lib/net/fetch.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <chrono>
#include <csignal>
#include <string>
#include <vector>

#include "lib/core/encoding.h"
#include "lib/net/client.h"
#include "tests/support.h"
#include "tests/unit/net/server.h"

namespace accord {
namespace {

using test::Connection;
using test::must;
using test::Server;
using test::Speaks;
using namespace std::chrono_literals;

constexpr std::string_view kOk = "HTTP/1.1 200 OK\r\n";

// Rules of a look at a loopback server: its certificate is for another name.
FetchRules look() {
  return {.trust_any_certificate = true, .allow_private_addresses = true};
}

std::string id_of(const FetchOutcome& outcome) {
  return outcome.error ? std::string(outcome.error->id.text()) : std::string();
}

Server::Script answering(std::string text) {
  return [text = std::move(text)](Connection& connection) {
    if (!connection.read_header().empty()) connection.write(text);
  };
}

FetchOutcome fetch_from(const Server& server, const FetchRules& rules = look()) {
  return fetch({.url = server.url()}, rules);
}

TEST_CASE("an answer is taken with all of its headers, and evidence of how it came") {
  Server server(Speaks::tls,
                answering("HTTP/1.1 103 Early\r\nX: no\r\n\r\nHTTP/1.1 404 Not Found\r\n"
                          "WWW-Authenticate: NTLM\r\nwww-authenticate: Bearer\r\nFolded: a\r\n\tb\r\n"
                          "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\nContent-Length: 5\r\n\r\nhello"));
  const auto outcome = fetch_from(server);
  REQUIRE_MESSAGE(outcome.ok(), (outcome.error ? outcome.error->message : std::string()));
  const auto& response = outcome.response;
  CHECK(response.status == 404);
  CHECK(response.body == "hello");
  CHECK(response.url == server.url());
  CHECK(response.all("WWW-AUTHENTICATE") == std::vector<std::string>{"NTLM", "Bearer"});
  CHECK(response.header("folded") == "a b");
  CHECK_FALSE(response.header("X"));
  CHECK(response.date() == Instant{std::chrono::seconds(784111777)});
  CHECK(outcome.addresses == std::vector<std::string>{fmt::format("127.0.0.1:{}", server.port())});
  CHECK(outcome.tls_version == "TLSv1.3");
  REQUIRE(outcome.certificate);
  CHECK(outcome.certificate->starts_with("CN="));
  CHECK(outcome.tls_fault == TlsFault::none);
}

TEST_CASE("a request says what it is told to, and little else") {
  std::string seen;
  std::string body(11, '\0');
  Server server(Speaks::tls, [&](Connection& connection) {
    seen = connection.read_header();
    connection.write("HTTP/1.1 204 No Content\r\n\r\n");
  });
  const HttpRequest request = {.url = server.url("127.0.0.1", "/a/b?c=d"),
                               .method = "POST",
                               .headers = {{"Authorization", "Bearer x.y.z"}, {"X-Empty", ""}},
                               .body = "grant=x&y=z"};
  const auto outcome = fetch(request, look());
  CHECK(outcome.response.status == 204);
  CHECK(seen.starts_with("POST /a/b?c=d HTTP/1.1\r\n"));
  CHECK(seen.find("\r\nAuthorization: Bearer x.y.z\r\n") != std::string::npos);
  CHECK(seen.find("\r\nX-Empty:\r\n") != std::string::npos);
  CHECK(seen.find("\r\nContent-Length: 11\r\n") != std::string::npos);
  CHECK(seen.find("\r\nUser-Agent: Accord/") != std::string::npos);
  for (const std::string absent : {"Accept-Encoding", "Expect", "Cookie", "Proxy", "Upgrade"}) {
    CAPTURE(absent);
    CHECK(seen.find(absent) == std::string::npos);
  }
}

TEST_CASE("a header that could become two is not sent, and its value not told") {
  Server server(Speaks::tls, answering("HTTP/1.1 204 No Content\r\n\r\n"));
  const std::vector<std::pair<std::string, std::string>> bad = {
      {"X", "secret\r\nY: z"}, {"X", "secret\n"},   {"X", std::string("sec\0ret", 7)},
      {"X", "secret\x7f"},     {"X Y", "secret"},   {"", "secret"},
      {"X:", "secret"},        {"X\r\nY", "secret"}};
  for (const auto& header : bad) {
    CAPTURE(header.first);
    const auto outcome = fetch({.url = server.url(), .headers = {header}}, look());
    CHECK(id_of(outcome) == "Parameter.Invalid");
    CHECK(outcome.failed_at == FetchStep::url);
    CHECK(outcome.error->message.find("secret") == std::string::npos);
  }
  CHECK(id_of(fetch({.url = server.url(), .method = "DELETE"}, look())) == "Parameter.Invalid");
  CHECK(server.connections() == 0);
}

// Design: reliability S3. Each of these leads, or may lead, to the listener on this host.
TEST_CASE("no spelling of an address leads inside where the URL is not the admin's") {
  Server server(Speaks::plain, [](Connection&) {});
  const auto port = std::to_string(server.port());
  for (const std::string host :
       {"127.0.0.1",  "127.0.0.2",        "127.1",        "127.0.1",     "2130706433",      "0x7f000001",
        "0x7f.0.0.1", "0x7F.0x0.0x0.0x1", "017700000001", "0177.0.0.1",  "0177.0000.00.01", "127.0.0.01",
        "0",          "0.0.0.0",          "0x0",          "00000000",    "localhost",       "LOCALHOST",
        "localhost.", "ip6-localhost",    "10.0.0.1",     "192.168.0.1", "169.254.169.254", "2852039166",
        "0xa9fea9fe", "100.64.0.1",       "172.16.0.1",   "198.18.0.1",  "255.255.255.255", "224.0.0.1",
        "240.0.0.1",  "192.0.0.1"}) {
    CAPTURE(host);
    const auto outcome = fetch({.url = fmt::format("https://{}:{}/", host, port)},
                               {.trust_any_certificate = true, .connect_timeout = 2s});
    // A spelling is refused as no host, or is not found, or leads to an address that is not allowed.
    const auto id = id_of(outcome);
    CHECK((id == "Network.AddressNotAllowed" || id == "Parameter.Invalid" || id == "Network.NameNotFound"));
    CHECK(outcome.failed_at <= FetchStep::connect);
  }
  CHECK(server.connections() == 0);
}

// URLs of these shapes are refused before (protocol.md 1.2 knows no brackets), but a name may have such
// addresses.
TEST_CASE("IPv6 is spoken, and watched like IPv4") {
  Server server(Speaks::tls, answering("HTTP/1.1 204 No Content\r\n\r\n"), AF_INET6);
  const auto url = [&](std::string_view host) {
    return fmt::format("https://[{}]:{}/", host, server.port());
  };
  const auto there = must(exchange({.url = url("::1")}, look(), 5s));
  CHECK(there.http_status == 204);
  CHECK(there.addresses == std::vector<std::string>{fmt::format("[::1]:{}", server.port())});
  const FetchRules rules = {.trust_any_certificate = true};
  for (const std::string host : {"::1", "0:0:0:0:0:0:0:1", "::", "::ffff:127.0.0.1", "::ffff:7f00:1",
                                 "::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b:1::7f00:1", "2002:7f00:1::",
                                 "2001:0:7f00:1::", "fe80::1", "fd00::1", "ff02::1", "fec0::1"}) {
    CAPTURE(host);
    const auto refused = must(exchange({.url = url(host)}, rules, 5s));
    CHECK(refused.status == kClientNoConnection);
    CHECK(refused.forbidden.size() == 1);
    CHECK(refused.addresses.empty());
  }
  CHECK(server.connections() == 1);
}

TEST_CASE("an address that is not allowed is named") {
  const auto outcome = fetch({.url = "https://127.0.0.1:1/"}, {});
  CHECK(id_of(outcome) == "Network.AddressNotAllowed");
  CHECK(outcome.error->message.find("127.0.0.1:1") != std::string::npos);
  CHECK(outcome.error->advice == "if that is right, allow this host: --allow-host 127.0.0.1:1");
}

TEST_CASE("a URL of the wrong shape is refused before anything is looked up") {
  for (const std::string url : {"",
                                "https://",
                                "https:///",
                                "http://127.0.0.1/",
                                "HTTP://127.0.0.1/",
                                "ftp://127.0.0.1/",
                                "file:///etc/passwd",
                                "gopher://127.0.0.1/",
                                "//127.0.0.1/",
                                "127.0.0.1",
                                "https:127.0.0.1",
                                "https:/127.0.0.1/",
                                "https://user@127.0.0.1/",
                                "https://user:password@127.0.0.1/",
                                "https://127.0.0.1@localhost/",
                                "https://127.0.0.1#@localhost/",
                                "https://127.0.0.1/#fragment",
                                "https://127.0.0.1\\@localhost/",
                                "https://127.0.0.1 /",
                                "https://127.0.0.1/ x",
                                "https://127.0.0.1/\r\nX: y",
                                "https://127.0.0.1/\x01",
                                "https://m\xc3\xbcller.example/",
                                "https://\xef\xbc\x91\x32\x37.0.0.1/",
                                "https://127.0.0.1%00/",
                                "https://127%2e0.0.1/",
                                "https://127.0.0.1:/",
                                "https://127.0.0.1:0/",
                                "https://127.0.0.1:65536/",
                                "https://127.0.0.1:x/",
                                "https://127.0.0.1:22:443/",
                                "https://[::1/",
                                "https://[::ffff:127.0.0.1]@x/",
                                "https://.../",
                                "https://-/",
                                "https://a..b/"}) {
    CAPTURE(url);
    const auto outcome = fetch({.url = url}, look());
    CHECK(id_of(outcome) == "Parameter.Invalid");
    CHECK(outcome.failed_at == FetchStep::url);
    CHECK(outcome.addresses.empty());
  }
}

TEST_CASE("a closed port is said to refuse, with the address that was tried") {
  std::string url;
  {
    const Server closed(Speaks::plain, [](Connection&) {});
    url = closed.url();
  }
  const auto outcome = fetch({.url = url}, look());
  CHECK(id_of(outcome) == "Network.NoConnection");
  CHECK(outcome.failed_at == FetchStep::connect);
  CHECK(outcome.error->message.find("connection refused (tried 127.0.0.1:") != std::string::npos);
  CHECK(outcome.addresses.size() == 1);
}

TEST_CASE("a name that does not exist is said not to be found") {
  const auto outcome = fetch({.url = "https://no-such-host.invalid/"}, look());
  CHECK(outcome.failed_at == FetchStep::name);
  CHECK((id_of(outcome) == "Network.NameNotFound" || id_of(outcome) == "Network.TimedOut"));
}

TEST_CASE("what a server is silent in is said, and time-outs hold") {
  auto rules = look();
  rules.connect_timeout = 200ms;
  rules.total_timeout = 400ms;
  SUBCASE("before TLS") {
    Server server(Speaks::plain, [](Connection& connection) { connection.wait(); });
    const auto outcome = fetch_from(server, rules);
    CHECK(id_of(outcome) == "Network.TimedOut");
    CHECK(outcome.failed_at == FetchStep::tls);
    CHECK(outcome.error->message.find("within 200 ms") != std::string::npos);
    CHECK(outcome.took < 2s);
  }
  SUBCASE("after the request") {
    Server server(Speaks::tls, [](Connection& connection) { connection.wait(); });
    const auto outcome = fetch_from(server, rules);
    CHECK(id_of(outcome) == "Network.TimedOut");
    CHECK(outcome.failed_at == FetchStep::answer);
    CHECK(outcome.tls_version == "TLSv1.3");
    CHECK(outcome.took >= 300ms);
    CHECK(outcome.took < 2s);
  }
  SUBCASE("a byte at a time") {
    Server server(Speaks::tls, [](Connection& connection) {
      if (!connection.write(std::string(kOk) + "Content-Length: 1000\r\n\r\n")) return;
      while (connection.write("x")) std::this_thread::sleep_for(20ms);
    });
    const auto outcome = fetch_from(server, rules);
    CHECK(id_of(outcome) == "Network.TimedOut");
    CHECK(outcome.took < 2s);
  }
  SUBCASE("redirects share one time") {
    Server server(Speaks::tls, [](Connection& connection) {
      std::this_thread::sleep_for(150ms);
      connection.write("HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n");
    });
    const auto outcome = fetch_from(server, rules);
    CHECK(id_of(outcome) == "Network.TimedOut");
    CHECK(outcome.took < 2s);
  }
}

TEST_CASE("what does not speak TLS is told from what closes") {
  SUBCASE("plain http") {
    Server server(Speaks::plain, [](Connection& connection) {
      connection.write("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
      connection.wait();
    });
    const auto outcome = fetch_from(server);
    CHECK(id_of(outcome) == "Network.TlsRefused");
    CHECK(outcome.tls_fault == TlsFault::no_tls);
  }
  SUBCASE("closed at once") {
    Server server(Speaks::plain, [](Connection&) {});
    const auto outcome = fetch_from(server);
    CHECK(id_of(outcome) == "Network.TlsRefused");
    CHECK(outcome.tls_fault == TlsFault::other);
    CHECK(outcome.failed_at == FetchStep::tls);
  }
  SUBCASE("the alert of a server without TLS 1.2") {
    Server server(Speaks::plain, [](Connection& connection) {
      connection.write(std::string("\x15\x03\x01\x00\x02\x02\x46", 7));
      connection.wait();
    });
    CHECK(fetch_from(server).tls_fault == TlsFault::old_protocol);
  }
  SUBCASE("the alert of a server with other ciphers") {
    Server server(Speaks::plain, [](Connection& connection) {
      connection.write(std::string("\x15\x03\x03\x00\x02\x02\x28", 7));
      connection.wait();
    });
    CHECK(fetch_from(server).tls_fault == TlsFault::other);
  }
}

TEST_CASE("certificates are checked against the authorities given, chain and name") {
  Server server(Speaks::tls, answering("HTTP/1.1 204 No Content\r\n\r\n"));
  FetchRules rules = {.allow_private_addresses = true};
  SUBCASE("the system's") {
    const auto outcome = fetch_from(server, rules);
    CHECK(id_of(outcome) == "Network.TlsRefused");
    CHECK(outcome.tls_fault == TlsFault::untrusted);
    CHECK(outcome.certificate);
    CHECK(outcome.tls_version == "TLSv1.3");
  }
  SUBCASE("its own, and the name is another") {
    rules.ca_pem = test::data("cert-p256.pem");
    const auto outcome = fetch_from(server, rules);
    CHECK(id_of(outcome) == "Network.TlsRefused");
    CHECK(outcome.tls_fault == TlsFault::wrong_name);
  }
  SUBCASE("another's") {
    rules.ca_pem = test::data("cert-rsa.pem");
    CHECK(fetch_from(server, rules).tls_fault == TlsFault::untrusted);
  }
  SUBCASE("none") {
    for (const std::string pem :
         {"", "nothing", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"}) {
      CAPTURE(pem);
      rules.ca_pem = pem;
      CHECK(id_of(fetch_from(server, rules)) == "Network.TlsRefused");
    }
  }
}

TEST_CASE("answers are bounded while they come") {
  auto rules = look();
  rules.limit = 1000;
  SUBCASE("a body of just the limit") {
    Server server(Speaks::tls, answering(fmt::format("{}Content-Length: 1000\r\n\r\n{:x>1000}", kOk, "")));
    CHECK(fetch_from(server, rules).response.body.size() == 1000);
  }
  SUBCASE("a body that is said to be longer") {
    Server server(Speaks::tls, answering(fmt::format("{}Content-Length: 1001\r\n\r\n", kOk)));
    CHECK(id_of(fetch_from(server, rules)) == "Network.TooLarge");
  }
  SUBCASE("a body that is longer") {
    Server server(Speaks::tls, [](Connection& connection) {
      connection.write(std::string(kOk) + "\r\n");
      while (connection.write(std::string(500, 'x'))) {
      }
    });
    const auto outcome = fetch_from(server, rules);
    CHECK(id_of(outcome) == "Network.TooLarge");
    CHECK(outcome.response.body.empty());
  }
  SUBCASE("chunks without end") {
    Server server(Speaks::tls, [](Connection& connection) {
      connection.write(std::string(kOk) + "Transfer-Encoding: chunked\r\n\r\n");
      while (connection.write("a\r\n0123456789\r\n")) {
      }
    });
    CHECK(id_of(fetch_from(server, rules)) == "Network.TooLarge");
  }
  SUBCASE("headers without end") {
    Server server(Speaks::tls, [](Connection& connection) {
      connection.write(kOk);
      while (connection.write("X: " + std::string(1000, 'x') + "\r\n")) {
      }
    });
    CHECK(id_of(fetch_from(server, rules)) == "Network.TooLarge");
  }
  SUBCASE("a line of a header without end") {
    Server server(Speaks::tls, [](Connection& connection) {
      connection.write(std::string(kOk) + "X: ");
      while (connection.write(std::string(1000, 'x'))) {
      }
    });
    CHECK(id_of(fetch_from(server, rules)) == "Network.TooLarge");
  }
  SUBCASE("interim answers without end") {
    Server server(Speaks::tls, [](Connection& connection) {
      while (connection.write("HTTP/1.1 103 Early Hints\r\nX: y\r\n\r\n")) {
      }
    });
    CHECK(id_of(fetch_from(server, rules)) == "Network.TooLarge");
  }
  SUBCASE("trailers without end") {
    Server server(Speaks::tls, [](Connection& connection) {
      connection.write(std::string(kOk) + "Transfer-Encoding: chunked\r\n\r\n0\r\n");
      while (connection.write("X: y\r\n")) {
      }
    });
    CHECK(id_of(fetch_from(server, rules)) == "Network.TooLarge");
  }
}

TEST_CASE("what breaks off, or is not HTTP, is no answer") {
  for (const std::string text :
       {"", "HTTP/1.1 200", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nnonsense\r\n", "<html>hello</html>\r\n\r\n",
        "SSH-2.0-OpenSSH_9.2\r\n", "HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n",
        "HTTP/9.9 200 OK\r\n\r\n"}) {
    CAPTURE(text);
    Server server(Speaks::tls, answering(text));
    const auto outcome = fetch_from(server);
    CHECK(id_of(outcome) == "Network.NoAnswer");
    CHECK(outcome.failed_at == FetchStep::answer);
  }
}

TEST_CASE("what is compressed comes as it is") {
  Server server(
      Speaks::tls,
      answering(std::string(kOk) + "Content-Encoding: gzip\r\nContent-Length: 4\r\n\r\n\x1f\x8b\x08\x01"));
  CHECK(fetch_from(server).response.body == "\x1f\x8b\x08\x01");
}

TEST_CASE("redirects lead to the same place only, at most three times, and never for a POST") {
  std::string location;
  int status = 302;
  std::atomic<int> left = 1;
  Server server(Speaks::tls, [&](Connection& connection) {
    connection.read_header();
    if (left-- > 0) {
      connection.write(fmt::format("HTTP/1.1 {} Moved\r\nLocation: {}\r\nContent-Length: 4\r\n\r\nhere",
                                   status, location));
    } else {
      connection.write(std::string(kOk) + "Content-Length: 5\r\n\r\nthere");
    }
  });
  SUBCASE("another path, absolute or not, of each kind of redirect") {
    for (const int kind : {301, 302, 303, 307, 308}) {
      for (const auto& to :
           {std::string("/there?a=b"), std::string("there?a=b"), server.url("127.0.0.1", "/there?a=b"),
            server.url("127.0.0.1", "/there?a=b#part"),
            fmt::format("//127.0.0.1:{}/there?a=b", server.port())}) {
        CAPTURE(kind);
        CAPTURE(to);
        status = kind;
        location = to;
        left = 1;
        const auto outcome = fetch_from(server);
        CHECK(outcome.response.body == "there");
        CHECK(outcome.response.url == server.url("127.0.0.1", "/there?a=b"));
      }
    }
  }
  SUBCASE("three, but not four") {
    location = "/";
    left = 3;
    CHECK(fetch_from(server).response.body == "there");
    left = 4;
    CHECK(id_of(fetch_from(server)) == "Network.Redirected");
  }
  SUBCASE("elsewhere") {
    for (const auto& to :
         {fmt::format("http://127.0.0.1:{}/", server.port()), server.url("localhost"),
          server.url("127.0.0.2"), std::string("https://127.0.0.1:1/"), std::string("https://127.0.0.1/"),
          std::string("https://elsewhere.example/x\xc3\xbc"), std::string("file:///etc/passwd"),
          server.url("user@127.0.0.1"), server.url("127.0.0.1."), std::string("gopher://127.0.0.1/")}) {
      CAPTURE(to);
      location = to;
      left = 1;
      const auto outcome = fetch_from(server);
      CHECK(id_of(outcome) == "Network.Redirected");
      CHECK(outcome.failed_at == FetchStep::answer);
      CHECK(outcome.error->message.find(fmt::format("127.0.0.1:{}", server.port())) != std::string::npos);
    }
  }
  SUBCASE("not at all where the rules say so") {
    location = "/";
    auto rules = look();
    rules.follow_redirects = false;
    const auto outcome = fetch_from(server, rules);
    CHECK(outcome.response.status == 302);
    CHECK(outcome.response.body == "here");
  }
  SUBCASE("a POST") {
    location = "/";
    status = 307;
    CHECK(id_of(fetch({.url = server.url(), .method = "POST", .body = ""}, look())) == "Network.Redirected");
    CHECK(server.connections() == 1);
  }
  SUBCASE("nowhere") {
    location = "";
    const auto outcome = fetch_from(server);
    CHECK(outcome.ok());
    CHECK(outcome.response.status == 302);
  }
}

TEST_CASE("HEAD has no body, whatever length is said") {
  Server server(Speaks::tls, answering(std::string(kOk) + "Content-Length: 100\r\n\r\n"));
  const auto outcome = fetch({.url = server.url(), .method = "HEAD"}, look());
  CHECK(outcome.ok());
  CHECK(outcome.response.header("content-length") == "100");
}

TEST_CASE("a server that leaves while it is written to ends nothing but the request") {
  std::signal(SIGPIPE, SIG_DFL);
  Server server(Speaks::tls, [](Connection&) {});
  const auto outcome =
      fetch({.url = server.url(), .method = "POST", .body = std::string(8 * 1024 * 1024, 'x')}, look());
  CHECK(id_of(outcome) == "Network.NoAnswer");
}

TEST_CASE("lines of a header are split as they stand") {
  const auto headers = parse_header_lines(
      "HTTP/1.1 200 OK\r\nA: b: c\r\nno colon\r\nD:\r\n\t e\r\n f \r\nG:  \r\nH : i\n\r\n");
  const HttpHeaders expected = {{"A", "b: c"}, {"D", "e f"}, {"G", ""}, {"H ", "i"}};
  CHECK(headers == expected);
}

}  // namespace
}  // namespace accord
