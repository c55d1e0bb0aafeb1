// get-auth-metadata: read a metadata document, check it and show it.
#include "lib/app/records.h"
#include "lib/app/registration.h"

namespace accord {
namespace {

struct Options {
  std::string source;
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

Result<ExitCode> run(Environment& env, const Options& options) {
  if (starts_with_ignoring_case(options.source, "https://") ||
      starts_with_ignoring_case(options.source, "http://")) {
    return fail("Metadata.NoNetwork", "a document cannot be read from a URL in this version", options.source,
                "save it with another program and name the file");
  }
  TRY_ASSIGN(const auto text, env.read_file_or_input(options.source));
  TRY_ASSIGN(const auto read, trust_document(env, text, options.source));
  if (options.raw) {
    env.emit_text(text);
  } else {
    env.emit(to_record(read, env.now()));
  }
  return ExitCode::success;
}

Verb declare() {
  return define<Options>({
      .summary = "Read a metadata document, check it and show it",
      .description = "Every thumbprint is computed anew, and a document whose x5t does not match is refused.",
      .parameters =
          {
              parameter("Source", &Options::source,
                        {.help = "A file, or - for standard input.",
                         .type = "Path",
                         .mandatory = true,
                         .first = true,
                         .origin = Origin::accord}),
              parameter("Raw", &Options::raw,
                        {.help = "Print the document as it came, once it was found good.",
                         .origin = Origin::accord}),
          },
      .examples = {{"get-auth-metadata sts.json", "Name, keys and endpoints of a server."},
                   {"get-auth-metadata sts.json --output json", "The same for a program."}},
      .output = &kAuthMetadataType,
      .run = run,
  });
}

const Registration registration("get-auth-metadata", declare);

}  // namespace
}  // namespace accord
