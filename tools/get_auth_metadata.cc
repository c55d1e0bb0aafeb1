// get-auth-metadata: read a metadata document, check it and show it.
#include "lib/app/records.h"
#include "lib/app/trust_document.h"
#include "lib/core/encoding.h"
#include "lib/core/names.h"

namespace accord {
namespace {

struct Options : FetchOptions {
  std::string source;
  std::optional<std::string> realm;
  std::vector<std::string> allow_host;
  bool raw = false;
};

Record to_record(const TrustDocument& read, Instant now) {
  std::vector<Record> keys;
  for (const auto& key : read.keys) {
    keys.push_back(Record(kMetadataKeyType)
                       .add("X5t", key.x5t())
                       .add("Thumbprint", key.thumbprint)
                       .add("Subject", key.subject)
                       .add("NotBefore", key.not_before)
                       .add("NotAfter", key.not_after)
                       .add("DaysLeft", days_left(key.not_after, now)));
  }
  std::vector<Record> endpoints;
  for (const auto& endpoint : read.document.endpoints) {
    endpoints.push_back(Record(kMetadataEndpointType)
                            .add("Protocol", endpoint.protocol)
                            .add("Usage", endpoint.usage)
                            .add("Location", endpoint.location));
  }
  const auto& document = read.document;
  return Record(kAuthMetadataType)
      .add("Id", value_or_null(document.id))
      .add("Version", document.version)
      .add("Name", document.name)
      .add("Realm", document.issuer.realm)
      .add("ServiceName", value_or_null(document.service_name))
      .add("Issuer",
           is_url_issuer(document.issuer.principal) ? document.issuer.principal : document.issuer.text())
      .add("AllowedAudiences", document.allowed_audiences)
      .add("Keys", std::move(keys))
      .add("Endpoints", std::move(endpoints))
      .add("Kind", std::string(enum_name(document.kind)))
      .add("JwksUri", value_or_null(document.jwks_uri));
}

// A document and the text that it was read from.
struct Source {
  TrustDocument document = {};
  std::string text = {};
};

Result<Source> from_file(Environment& env, const Options& options, const MetadataContext& context) {
  if (options.ca_file || options.trust_any_certificate || !options.allow_host.empty()) {
    return fail("Parameter.Clash",
                "--ca-file, --trust-any-certificate and --allow-host are for a URL, and the source is a file",
                options.source, "leave them out");
  }
  Source made;
  TRY_ASSIGN(made.text, env.read_file_or_input(options.source));
  TRY_ASSIGN(made.document, trust_document(env, made.text, options.source, context));
  return made;
}

Result<Source> from_network(Environment& env, const Options& options, const MetadataContext& context) {
  TRY(check_document_url(options.source));
  TRY_ASSIGN(auto ca_pem, read_ca_file(env, options.ca_file));
  auto fetched = fetch_document(env, {.url = options.source,
                                      .ca_pem = std::move(ca_pem),
                                      .trust_any_certificate = options.trust_any_certificate,
                                      .allowed_hosts = options.allow_host,
                                      .context = context});
  TRY_ASSIGN(auto document, std::move(fetched.read));
  return Source{.document = std::move(document), .text = std::move(fetched.fetched.response.body)};
}

bool is_url(std::string_view source) {
  return starts_with_ignoring_case(source, "https://") || starts_with_ignoring_case(source, "http://");
}

Result<ExitCode> run(Environment& env, const Options& options) {
  const MetadataContext context = {.tenant = options.realm};
  TRY_ASSIGN(const auto read,
             is_url(options.source) ? from_network(env, options, context) : from_file(env, options, context));
  if (options.raw) {
    env.emit_text(read.text);
  } else {
    env.emit(to_record(read.document, env.now()));
  }
  return ExitCode::success;
}

Verb declare() {
  return define<Options>({
      .summary = "Read a metadata document, check it and show it",
      .description = "Every thumbprint is computed anew, and a document whose x5t does not match is refused.",
      .parameters = with(
          {
              parameter("Source", &Options::source,
                        {.help = "An https URL, a file, or - for standard input.",
                         .type = "Path",
                         .mandatory = true,
                         .first = true,
                         .origin = Origin::accord}),
              parameter("Realm", &Options::realm,
                        {.help = "What {tenantid} stands for in a document that is for all tenants.",
                         .origin = Origin::accord,
                         .check = parse_realm}),
              parameter("AllowHost", &Options::allow_host,
                        {.help = "Hosts that the document may point to, besides its own.",
                         .origin = Origin::accord,
                         .check = parse_host}),
              parameter("Raw", &Options::raw,
                        {.help = "Print the document as it came, once it was found good.",
                         .origin = Origin::accord}),
          },
          fetch_parameters<Options>()),
      .examples =
          {{"get-auth-metadata sts.json", "Name, keys and endpoints of a server."},
           {"get-auth-metadata https://ex.litwareinc.com/autodiscover/metadata/json/1 --ca-file ca.pem",
            "The same over the network, from a server whose authority is your own."},
           {"get-auth-metadata sts.json --output json", "The same for a program."}},
      .output = &kAuthMetadataType,
      .in_batch = InBatch::not_atomic,
      .run = run,
  });
}

const Registration registration("get-auth-metadata", declare);

}  // namespace
}  // namespace accord
