#include "lib/net/server.h"

#include <fmt/format.h>

#include <exception>

#include "lib/core/encoding.h"
#include "lib/core/module.h"
#include "lib/net/server_module.h"

namespace accord {
namespace {

std::string_view view_of(ServerBytes bytes) {
  return {bytes.data == nullptr ? "" : bytes.data, bytes.size};
}
ServerBytes bytes_of(std::string_view text) {
  return {text.data(), text.size()};
}

struct Running {
  ServerHandler& handler;
  std::optional<Error> not_ready = {};
};

Running& running(void* context) {
  return *static_cast<Running*>(context);
}

ServerRequest request_of(const ServerRequestParts& parts) {
  ServerRequest made{.peer = view_of(parts.peer),
                     .method = view_of(parts.method),
                     .target = view_of(parts.target),
                     .body = view_of(parts.body)};
  made.headers.reserve(parts.field_count);
  for (std::size_t i = 0; i < parts.field_count; ++i)
    made.headers.emplace_back(view_of(parts.fields[i].name), view_of(parts.fields[i].value));
  return made;
}

void give(const ServerResponse& response, ServerGive give_parts, void* answer) {
  std::vector<ServerField> fields;
  for (const auto& [name, value] : response.headers) fields.push_back({bytes_of(name), bytes_of(value)});
  const ServerAnswerParts parts{.status = response.status,
                                .fields = fields.data(),
                                .field_count = fields.size(),
                                .body = bytes_of(response.body)};
  give_parts(answer, &parts);
}

// Called by the module, which must get no exception of ours: what it is not given is a 500.
extern "C" {

static int on_listening(void* context, unsigned short port) noexcept {
  try {
    auto ready = running(context).handler.listening(port);
    if (ready) return 0;
    running(context).not_ready = std::move(ready).error();
  } catch (const std::exception&) {
    running(context).not_ready = fail("Memory.Exhausted", "out of memory").value();
  }
  return 1;
}

static void on_request(void* context, unsigned worker, const ServerRequestParts* request,
                       ServerGive give_parts, void* answer) noexcept {
  try {
    give(running(context).handler.handle(worker, request_of(*request)), give_parts, answer);
  } catch (const std::exception&) {
    const ServerAnswerParts failed{.status = 500, .fields = nullptr, .field_count = 0, .body = {}};
    give_parts(answer, &failed);
  }
}

static void on_refused(void* context, ServerBytes peer, int status, ServerBytes why) noexcept {
  try {
    running(context).handler.refused(view_of(peer), status, view_of(why));
  } catch (const std::exception&) {
    return;  // a line of the log is lost with the memory that there is not
  }
}

}  // extern "C"

Result<void> result_of(const ServerOutcome& outcome, const ServerSettings& settings) {
  const std::string_view why = outcome.text;
  const auto place = fmt::format("{}:{}", settings.address, settings.port);
  switch (outcome.status) {
    case kServerDone:
      return {};
    case kServerBadCertificate:
      return fail("Certificate.Invalid",
                  fmt::format("'{}' holds no certificate that TLS can use: {}", settings.tls->certificate_file, why),
                  settings.tls->certificate_file,
                  "give the server's certificate in PEM, and after it those above it");
    case kServerBadKey:
      return fail("Key.Invalid",
                  fmt::format("'{}' is not the private key of '{}': {}", settings.tls->key_file,
                              settings.tls->certificate_file, why),
                  settings.tls->key_file, "give the certificate's own key in PEM, without a password");
    case kServerCannotListen:
      return fail("Service.CannotListen", fmt::format("nothing can be listened to at '{}': {}", place, why),
                  place, "choose another --listen address; port 0 is one that is free");
    default:
      return fail("Service.Failed", fmt::format("the service at '{}' failed: {}", place, why), place);
  }
}

}  // namespace

std::vector<std::string_view> ServerRequest::all(std::string_view name) const {
  std::vector<std::string_view> values;
  for (const auto& [one, value] : headers) {
    if (equals_ignoring_case(one, name)) values.push_back(value);
  }
  return values;
}

Result<void> run_server(const ServerSettings& settings, ServerHandler& handler) {
  TRY_ASSIGN(const auto* entry,
             load_module({.file = "accord_server.so", .entry = kServerEntry, .purpose = "for the token service"}));
  Running state{handler};
  const ServerHooks hooks{
      .context = &state, .listening = on_listening, .handle = on_request, .refused = on_refused};
  ServerSetup setup{.address = settings.address.c_str(),
                    .port = settings.port,
                    .workers = settings.workers,
                    .tls = settings.tls ? 1 : 0,
                    .certificate = {},
                    .key = {}};
  if (settings.tls) {
    setup.certificate = bytes_of(settings.tls->certificate_pem);
    setup.key = bytes_of(settings.tls->key_pem.view());
  }
  ServerOutcome outcome = {};
  static_cast<const ServerFunctions*>(entry)->run(&setup, &hooks, &outcome);
  if (state.not_ready) return tl::unexpected(*std::move(state.not_ready));
  return result_of(outcome, settings);
}

}  // namespace accord
