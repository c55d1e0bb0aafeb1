#include "lib/app/token_service.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <deque>

#include "lib/app/service_log.h"
#include "lib/app/service_refresh.h"
#include "lib/app/service_resource.h"
#include "lib/app/service_state.h"
#include "lib/app/service_token_endpoint.h"
#include "lib/core/descriptor.h"
#include "lib/core/encoding.h"

namespace accord {
namespace {

// Of assertions: at a thousand tokens a second, those of more than two minutes; some 20 MB.
constexpr std::size_t kMostReplays = 200'000;

// ---- Where things are

enum class Kind { document, resource, token_endpoint, nothing };

struct Place {
  Kind kind = Kind::nothing;
  PublishedDocument document = PublishedDocument::auth_metadata;
  std::string realm = {};  // of the token endpoint
};

// The servers that this one stands for do not tell paths apart by case.
constexpr auto kDocuments = std::to_array<std::pair<std::string_view, PublishedDocument>>({
    {"/metadata/json/1", PublishedDocument::auth_metadata},
    {"/autodiscover/metadata/json/1", PublishedDocument::auth_metadata},
    {"/_layouts/15/metadata/json/1", PublishedDocument::auth_metadata},
    {kKeySetPath, PublishedDocument::jwks},
    {kOpenIdConfigurationPath, PublishedDocument::openid_configuration},
});
constexpr auto kResources = std::to_array<std::string_view>({
    "/test",
    "/ews/exchange.asmx",
    "/_vti_bin/client.svc",
    "/autodiscover/autodiscover.svc",
});

std::optional<std::string> percent_decoded(std::string_view text) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      plain += text[i];
      continue;
    }
    const auto byte = text.size() - i > 2 ? hex_decode(text.substr(i + 1, 2)) : std::nullopt;
    if (!byte) return std::nullopt;
    plain += *byte;
    i += 2;
  }
  return plain;
}

Place place_of(std::string_view path) {
  for (const auto& [one, document] : kDocuments) {
    if (equals_ignoring_case(path, one)) return {.kind = Kind::document, .document = document};
  }
  if (std::ranges::any_of(kResources, [&](auto one) { return equals_ignoring_case(path, one); }))
    return {.kind = Kind::resource};
  const auto end = path.find('/', 1);
  if (end == std::string_view::npos) return {};
  const auto realm = percent_decoded(path.substr(1, end - 1));
  if (realm && path.substr(end) == token_endpoint_path("").substr(1))
    return {.kind = Kind::token_endpoint, .realm = *realm};
  return {};
}

std::optional<ServiceRole> role_of(Kind kind) {
  switch (kind) {
    case Kind::document:
      return ServiceRole::metadata;
    case Kind::resource:
      return ServiceRole::resource;
    case Kind::token_endpoint:
      return ServiceRole::issuer;
    case Kind::nothing:
      break;
  }
  return std::nullopt;
}

std::vector<std::string_view> methods_of(Kind kind) {
  if (kind == Kind::document) return {"GET", "HEAD"};
  if (kind == Kind::resource) return {"GET", "HEAD", "POST"};
  return {"POST"};
}

ServerResponse plain_answer(int status, std::string_view text) {
  return {.status = status,
          .headers = {{"Content-Type", "text/plain; charset=utf-8"}},
          .body = std::string(text) + '\n'};
}

ServerResponse not_allowed(const std::vector<std::string_view>& methods) {
  auto answer = plain_answer(405, "this method is not for this resource");
  answer.headers.emplace_back("Allow", fmt::format("{}", fmt::join(methods, ", ")));
  return answer;
}

enum class ReadyFile { missing, regular, other };
// Of the name itself: a link such as /dev/stdout is written through, and neither replaced nor removed.
ReadyFile kind_of(const std::string& path) {
  struct stat status = {};
  if (lstat(path.c_str(), &status) != 0) return ReadyFile::missing;
  return S_ISREG(status.st_mode) ? ReadyFile::regular : ReadyFile::other;
}

// Whole or not at all, for whoever waits for it; it need not outlive a power cut, and writing it so would
// take longer than everything else before the first request.
Result<void> write_ready_file(const std::string& path, std::string_view text) {
  if (kind_of(path) == ReadyFile::other) return write_file(path, text);
  const auto temporary = fmt::format("{}.{}.new", path, getpid());
  const Descriptor file(open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
  const int failed = file ? write_all(file.number(), text) : errno;
  if (failed == 0 && rename(temporary.c_str(), path.c_str()) == 0) return {};
  const auto why = describe_errno(failed != 0 ? failed : errno);
  if (file) unlink(temporary.c_str());
  return fail("File.CannotWrite", fmt::format("cannot write '{}': {}", path, why), path);
}

// ---- One request

struct Handled {
  ServerResponse response = {};
  LogNotes notes = {};
};

class TokenService final : public ServerHandler {
 public:
  TokenService(Environment& env, const TokenServiceRequest& request, const StoreLocation& location)
      : env_(env),
        request_(request),
        log_(env.context().console, env.common().quiet ? ServiceLog::Speaks::no : ServiceLog::Speaks::yes),
        refresh_(env.context().settings, env.common().store, request.refresh, log_) {
    for (unsigned i = 0; i < request.server.workers; ++i) states_.emplace_back(location);
  }

  Result<void> listening(std::uint16_t port) override {
    const auto& address = request_.server.address;
    const auto url =
        fmt::format("{}://{}:{}", request_.server.tls ? "https" : "http",
                    address.find(':') == std::string::npos ? address : '[' + address + ']', port);
    env_.notice(fmt::format("This is a test server. It listens at {} ({}); Ctrl-C ends it.", url, roles()));
    if (request_.ready_file) TRY(write_ready_file(*request_.ready_file, url + '\n'));
    return {};
  }

  ServerResponse handle(unsigned worker, const ServerRequest& request) override {
    const auto started = std::chrono::steady_clock::now();
    const auto now = SystemClock().now();
    auto handled = answer(states_[worker], request, now);
    const auto took = std::chrono::steady_clock::now() - started;
    log_.request(now, request, handled.response, std::chrono::duration_cast<std::chrono::microseconds>(took),
                 handled.notes);
    return std::move(handled.response);
  }

  // A server that does not answer is not waited for: what its refresh has not committed is undone.
  void end_refresh() {
    constexpr std::chrono::seconds kPatience{3};
    if (refresh_.end_within(kPatience)) return;
    log_.note(SystemClock().now(), "the refresh under way is given up");
    std::_Exit(static_cast<int>(ExitCode::success));
  }

  void refused(std::string_view peer, int status, std::string_view why) override {
    log_.refused(SystemClock().now(), peer, status, why);
  }

 private:
  [[nodiscard]] bool plays(ServiceRole role) const {
    return std::ranges::find(request_.roles, role) != request_.roles.end();
  }
  [[nodiscard]] std::string roles() const {
    std::vector<std::string_view> names;
    for (const auto role : request_.roles) names.push_back(enum_name(role));
    return fmt::format("{}", fmt::join(names, ", "));
  }
  [[nodiscard]] Detail detail() const {
    return request_.is_loopback ? Detail::as_configured : Detail::minimal;
  }

  Handled answer(ServiceState& state, const ServerRequest& request, Instant now) {
    const auto place = place_of(request.path());
    const auto role = role_of(place.kind);
    if (!role || !plays(*role)) return {plain_answer(404, "there is nothing here")};
    const auto methods = methods_of(place.kind);
    if (std::ranges::find(methods, request.method) == methods.end()) return {not_allowed(methods)};
    if (request.all("Authorization").size() > 1)
      return {plain_answer(400, "a request has one Authorization header")};
    auto answered = answer_at(place, state, request, now);
    if (answered) return *std::move(answered);
    log_.note(now, answered.error().message);
    return {plain_answer(503, "the service cannot answer at the moment; its log says why")};
  }

  Result<Handled> answer_at(const Place& place, ServiceState& state, const ServerRequest& request,
                            Instant now) {
    if (place.kind == Kind::document) return document(place.document, state, now);
    TRY_ASSIGN(const auto* snapshot, state.snapshot(now));
    if (place.kind == Kind::resource) return resource(*snapshot, request, now);
    TRY_ASSIGN(auto result, answer_token_request(
                                state, *snapshot, replays_,
                                {.request = request, .realm = place.realm, .detail = detail(), .now = now}));
    return Handled{std::move(result.response), std::move(result.notes)};
  }

  static Result<Handled> document(PublishedDocument which, ServiceState& state, Instant now) {
    TRY_ASSIGN(auto published, state.publication(now, which));
    // Partners that read it again for a new key must get the new one.
    return Handled{{.headers = {{"Content-Type", published.media_type}, {"Cache-Control", "max-age=60"}},
                    .body = std::move(published.text)}};
  }

  Result<Handled> resource(const ServiceSnapshot& snapshot, const ServerRequest& request, Instant now) {
    TRY_ASSIGN(auto answered, guarded_resource(snapshot, request, detail(), now));
    if (answered.unknown_key_of) refresh_.ask_for(*answered.unknown_key_of);
    return Handled{std::move(answered.response), std::move(answered.notes)};
  }

  Environment& env_;
  const TokenServiceRequest& request_;
  ServiceLog log_;
  ServiceRefresh refresh_;
  ReplayCache replays_{kMostReplays};
  std::deque<ServiceState> states_;  // one a worker
};

// ---- Before it starts

bool issues(const TokenServiceRequest& request) {
  return std::ranges::find(request.roles, ServiceRole::issuer) != request.roles.end();
}

Result<void> check_configuration(const ServiceSnapshot& state, const TokenServiceRequest& request) {
  if (issues(request) && state.own.principal != kAuthorizationServerPrincipal) {
    return fail(
        "Parameter.Clash",
        fmt::format("only an authorization server issues tokens for others, and our ServiceName is '{}'",
                    state.own.principal),
        "--role", "leave issuer out, or set-oauth-configuration --service-name sts");
  }
  if (request.is_loopback || !state.deployment.configuration.hosts.empty()) return {};
  return fail(
      "OAuthConfiguration.Incomplete",
      fmt::format(
          "to listen at '{}', where others can reach it, Hosts must say under which names it is called",
          request.server.address),
      request.server.address, "set-oauth-configuration --hosts HOST, or listen at 127.0.0.1");
}

Result<void> check_ready_file(const TokenServiceRequest& request, const StoreLocation& location) {
  if (!request.ready_file) return {};
  const auto& path = *request.ready_file;
  if (is_same_file(path, location.store) || is_same_file(path, location.key_file)) {
    return fail("Parameter.Invalid", fmt::format("'{}' is the store itself or its key", path),
                "--once-ready-file", "name another file");
  }
  return check_writable(path);
}

// A file of an earlier run would tell a waiting script too early.
void remove_ready_file(const TokenServiceRequest& request) {
  if (request.ready_file && kind_of(*request.ready_file) == ReadyFile::regular)
    unlink(request.ready_file->c_str());
}

}  // namespace

Result<void> run_token_service(Environment& env, const TokenServiceRequest& request) {
  TRY_ASSIGN(const auto location, env.location());
  {
    ServiceState state(location);
    TRY_ASSIGN(const auto* snapshot, state.snapshot(env.now()));
    TRY(check_configuration(*snapshot, request));
    if (issues(request)) {
      TRY_ASSIGN([[maybe_unused]] const auto* signer, state.signer(env.now()));
    }
  }
  TRY(check_ready_file(request, location));
  remove_ready_file(request);
  TokenService service(env, request, location);
  auto ran = run_server(request.server, service);
  remove_ready_file(request);
  if (ran) service.end_refresh();
  return ran;
}

}  // namespace accord
