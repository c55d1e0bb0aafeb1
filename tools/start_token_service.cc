// start-token-service: serve this deployment's documents, a guarded test resource and a token endpoint.
#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <thread>

#include "lib/app/token_service.h"
#include "lib/core/descriptor.h"
#include "lib/core/encoding.h"
#include "lib/core/parse.h"

namespace accord {
namespace {

constexpr unsigned kMostWorkers = 8;
constexpr std::size_t kKeyLimit = std::size_t{64} * 1024;

struct Options {
  std::string listen = "127.0.0.1:8443";
  std::optional<std::string> certificate;
  std::optional<std::string> key;
  std::vector<std::string> role = {"metadata", "resource"};
  std::string refresh = "8h";
  std::optional<std::string> once_ready_file;
  bool insecure_http = false;
};

// ---- Where it listens

struct Listening {
  std::string address = {};
  std::uint16_t port = 0;
  bool is_loopback = false;
};

std::optional<bool> is_loopback(const std::string& address) {
  in_addr four = {};
  if (inet_pton(AF_INET, address.c_str(), &four) == 1) return (ntohl(four.s_addr) >> 24U) == 127;
  in6_addr six = {};
  if (inet_pton(AF_INET6, address.c_str(), &six) == 1) return IN6_IS_ADDR_LOOPBACK(&six);
  return std::nullopt;
}

Result<Listening> listening_of(const std::string& text) {
  const auto bad = [&] {
    return fail("Parameter.Invalid",
                fmt::format("'{}' is no IP address with a port", escape_for_terminal(text)), "--listen",
                "write it like 127.0.0.1:8443 or [::1]:8443; port 0 is one that is free");
  };
  const auto colon = text.rfind(':');
  if (colon == std::string::npos) return bad();
  auto address = text.substr(0, colon);
  const bool has_brackets = address.starts_with('[') && address.ends_with(']');
  if (has_brackets) address = address.substr(1, address.size() - 2);
  if (has_brackets != (address.find(':') != std::string::npos)) return bad();
  if (equals_ignoring_case(address, "localhost")) address = "127.0.0.1";
  const auto port = parse_integer(text.substr(colon + 1), 0, 65535);
  const auto loopback = is_loopback(address);
  if (!port || !loopback) return bad();
  return Listening{address, static_cast<std::uint16_t>(*port), *loopback};
}

// ---- Its key

tl::unexpected<Error> bad_key_file(const std::string& path, std::string_view why, std::string advice) {
  return fail("File.CannotRead", fmt::format("the key file '{}' {}", path, why), path, std::move(advice));
}

// A private key that others can read is none.
Result<SecretBytes> read_key_file(const std::string& path) {
  TRY_ASSIGN(const auto file, open_to_read(path));
  struct stat status = {};
  if (fstat(file.number(), &status) != 0)
    return bad_key_file(path, "cannot be looked at: " + describe_errno(errno), "name another file");
  if (!S_ISREG(status.st_mode)) return bad_key_file(path, "is no regular file", "name a file with --key");
  if (status.st_uid != geteuid() && status.st_uid != 0) {
    return bad_key_file(path, fmt::format("belongs to another user (uid {})", status.st_uid),
                        "give it to the user who runs the service");
  }
  if ((status.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    return bad_key_file(path, "can be read or written by other users",
                        fmt::format("chmod 600 {}", shell_quoted(path)));
  }
  TRY_ASSIGN(auto text, read_descriptor(file.number(), kKeyLimit, path));
  SecretBytes bytes(text);
  wipe(text);
  return bytes;
}

Result<std::optional<ServerTls>> tls_of(const Options& options, const Listening& where) {
  if (options.insecure_http) {
    if (options.certificate || options.key) {
      return fail("Parameter.Clash", "--insecure-http uses no certificate", "--insecure-http",
                  "leave out --insecure-http, or --certificate and --key");
    }
    if (!where.is_loopback) {
      return fail("Parameter.Clash", "tokens are credentials: without TLS they are served on loopback alone",
                  "--insecure-http", "listen at 127.0.0.1, or give --certificate and --key");
    }
    return std::optional<ServerTls>();
  }
  if (!options.certificate || !options.key) {
    return fail("Parameter.Missing", "the service needs a certificate and its key for TLS", "--certificate",
                "give --certificate and --key, two PEM files; on loopback --insecure-http does without");
  }
  ServerTls tls{.certificate_file = *options.certificate, .key_file = *options.key};
  TRY_ASSIGN(tls.certificate_pem, read_file(*options.certificate));
  TRY_ASSIGN(tls.key_pem, read_key_file(*options.key));
  return std::optional(std::move(tls));
}

// ---- The rest

Result<Duration> refresh_of(const std::string& text) {
  constexpr Duration kShortest = std::chrono::minutes(1);
  if (text == "0") return Duration::zero();
  TRY_ASSIGN(const auto duration, parse_duration(text));
  if (duration != Duration::zero() && duration < kShortest) {
    return fail("Parameter.Invalid", fmt::format("--refresh {} is shorter than a minute", text), "--refresh",
                "give 1m or more, or 0 to turn it off");
  }
  return duration;
}

Result<std::vector<ServiceRole>> roles_of(const std::vector<std::string>& names) {
  std::vector<ServiceRole> roles;
  for (const auto& name : names) {
    const auto role = parse_enum<ServiceRole>(name);
    if (!role) {
      return fail("Parameter.Invalid", fmt::format("'{}' is no role", escape_for_terminal(name)), "--role",
                  "the roles are metadata, resource and issuer");
    }
    if (std::ranges::find(roles, *role) == roles.end()) roles.push_back(*role);
  }
  return roles;
}

Result<ExitCode> run(Environment& env, const Options& options) {
  TRY_ASSIGN(const auto where, listening_of(options.listen));
  TokenServiceRequest request{.is_loopback = where.is_loopback, .ready_file = options.once_ready_file};
  TRY_ASSIGN(request.roles, roles_of(options.role));
  TRY_ASSIGN(request.refresh, refresh_of(options.refresh));
  request.server.address = where.address;
  request.server.port = where.port;
  request.server.workers = std::clamp(std::thread::hardware_concurrency(), 1U, kMostWorkers);
  TRY_ASSIGN(request.server.tls, tls_of(options, where));
  TRY(run_token_service(env, request));
  return ExitCode::success;
}

Verb declare() {
  return define<Options>({
      .summary = "Serve this deployment's metadata, a guarded test resource and, as an authorization server, tokens",
      .description =
          "A test server for partners: the documents that they register, at the usual paths; /test, "
          "/ews/exchange.asmx, /_vti_bin/client.svc and /autodiscover/autodiscover.svc, which answer a call as "
          "the real server would, with its challenge and x-ms-diagnostics; and /REALM/tokens/OAuth/2. A "
          "roll-over or a disabled partner takes effect with the next request. SIGTERM and SIGINT end it with "
          "exit code 0. Standard error has a line a request, without tokens. On an address that is not "
          "loopback, what is wrong with a token is told as with TokenErrorDetail Minimal.",
      .parameters =
          {
              own(parameter("Listen", &Options::listen,
                            {.help = "Address and port; port 0 is one that is free.",
                             .default_text = "127.0.0.1:8443"})),
              own(parameter("Certificate", &Options::certificate,
                            {.help = "Its TLS certificate and those above it, PEM.", .type = "Path"})),
              own(parameter("Key", &Options::key,
                            {.help = "The certificate's private key, PEM, mode 0600.", .type = "Path"})),
              own(parameter("Role", &Options::role,
                            {.help = "What it does: metadata, resource, issuer. issuer is for authorization "
                                     "servers (ServiceName sts).",
                             .default_text = "metadata,resource",
                             .values = {"metadata", "resource", "issuer"}})),
              own(parameter("Refresh", &Options::refresh,
                            {.help = "How often the documents of partners and OAuth servers are read again; 0: "
                                     "never.",
                             .type = "TimeSpan",
                             .default_text = "8h"})),
              own(parameter("OnceReadyFile", &Options::once_ready_file,
                            {.help = "A file that holds its URL as soon as connections are taken, and while "
                                     "it runs.",
                             .type = "Path",
                             .writes_file = true})),
              own(parameter("InsecureHttp", &Options::insecure_http,
                            {.help = "Without TLS, on loopback alone."})),
              refused_parameter("AllowLocalStore", "the local replica is not in this version; leave it out"),
          },
      .examples = {{"start-token-service --listen 127.0.0.1:0 --certificate server.pem --key server.key "
                    "--once-ready-file url",
                    "Metadata and the test resource, for a script that waits for the file and reads the URL in "
                    "it."},
                   {"start-token-service --listen 127.0.0.1:0 --insecure-http --role metadata --refresh 0",
                    "The documents alone, without TLS, to try something on this machine."}},
      .in_batch = InBatch::never,
      .run = run,
  });
}

const Registration registration("start-token-service", declare);

}  // namespace
}  // namespace accord
