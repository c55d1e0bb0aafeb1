// The document of another server, read from a file or over the network, with its certificates judged.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/app/environment.h"
#include "lib/cert/certificate.h"
#include "lib/metadata/document.h"
#include "lib/net/fetch.h"

namespace accord {

struct TrustDocument {
  MetadataDocument document = {};
  std::vector<Certificate> keys = {};
};

// The document of a file (or standard input), its certificates read and judged, with a warning for what is
// odd. An openid-configuration is refused: its keys are in another document. Fails with Metadata.*,
// Certificate.*.
[[nodiscard]] Result<TrustDocument> read_trust_document(Environment& env, const std::string& path,
                                                        const MetadataContext& context = {});
// The same of a document that was read from `source`, which errors name.
[[nodiscard]] Result<TrustDocument> trust_document(const Environment& env, std::string_view text,
                                                   const std::string& source,
                                                   const MetadataContext& context = {});

// --- Over the network

struct DocumentSource {
  std::string url = {};  // that the admin wrote, now or at registration
  std::optional<std::string> ca_pem = {};
  bool trust_any_certificate = false;
  std::vector<std::string> allowed_hosts = {};  // --allow-host
  MetadataContext context = {};
};

struct FetchedDocument {
  FetchOutcome fetched = {};  // of the document itself
  Result<TrustDocument> read =
      {};  // or why there is none: Network.*, Metadata.*, Certificate.*, Json.Invalid
};

// A URL of a document that the admin wrote: https, and http has an error of its own. Fails with
// Parameter.Invalid.
[[nodiscard]] Result<void> check_document_url(const std::string& url);

// Reads the document, and the key set of an openid-configuration from its jwks_uri. Warns where the server's
// certificate is not checked; --verbose says how the document came.
[[nodiscard]] FetchedDocument fetch_document(const Environment& env, const DocumentSource& source);

// How a URL that a document names may be used: https, on the document's host or on one of `allowed_hosts`. A
// private address only where the admin named host and port. Fails with Metadata.HostNotAllowed.
struct NamedUrl {
  bool allow_private_addresses = false;
};
[[nodiscard]] Result<NamedUrl> check_named_url(std::string_view what, const std::string& url,
                                               const std::string& document_url,
                                               const std::vector<std::string>& allowed_hosts);

// --ca-file of a verb that fetches: PEM with one or more certificates.
[[nodiscard]] Result<std::optional<std::string>> read_ca_file(Environment& env,
                                                              const std::optional<std::string>& path);

// What every verb that reads or tests over the network takes.
struct FetchOptions {
  std::optional<std::string> ca_file = {};
  bool trust_any_certificate = false;
};
template <class O>
[[nodiscard]] std::vector<Parameter> fetch_parameters() {
  return {
      own(parameter<O>(
          "CaFile", &FetchOptions::ca_file,
          {.help = "The authority of the server's TLS certificate, PEM; instead of the system's.",
           .type = "Path"})),
      own(parameter<O>(
          "TrustAnyCertificate", &FetchOptions::trust_any_certificate,
          {.help = "Do not check the server's TLS certificate: for a look, never for a decision."})),
  };
}

}  // namespace accord
