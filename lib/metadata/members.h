// What the readers of all kinds of documents share: members of JSON objects, certificates, names in messages.
// Errors are Metadata.Invalid where nothing else is said.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "lib/core/error.h"
#include "lib/core/json.h"
#include "lib/metadata/document.h"

namespace accord::metadata {

inline constexpr std::string_view kSigning = "signing";
inline constexpr std::string_view kOAuth2 = "OAuth2";

tl::unexpected<Error> invalid(std::string message, std::string_view advice = {});

// Text that another server wrote, for a message: escaped, and not more than its beginning.
[[nodiscard]] std::string shown(std::string_view text);

// --- Members of an object

// Reads members of `object`, which messages call `where`; `advice` is what they advise.
class Members {
 public:
  Members(const json::Value& object, std::string where, json::Names names, std::string_view advice = {})
      : object_(object), where_(std::move(where)), names_(names), advice_(advice) {}

  // nullopt when absent; null counts as absent, because serializers write it for it.
  [[nodiscard]] Result<std::optional<std::string>> optional_text(std::string_view name) const;
  [[nodiscard]] Result<std::string> required_text(std::string_view name) const;
  // nullptr when absent.
  [[nodiscard]] Result<const json::Value*> optional(std::string_view name, json::Kind kind) const;
  [[nodiscard]] Result<const json::Value*> required(std::string_view name, json::Kind kind) const;

  [[nodiscard]] tl::unexpected<Error> wrong_kind(std::string_view name, json::Kind found,
                                                 std::string_view wanted) const;
  [[nodiscard]] tl::unexpected<Error> missing(std::string_view name) const;
  [[nodiscard]] const std::string& where() const { return where_; }

 private:
  const json::Value& object_;
  std::string where_;
  json::Names names_;
  std::string_view advice_;
};

// --- Certificates

// The bytes of a base64 certificate of `place` ("key 2"); one that is cut off is told.
[[nodiscard]] Result<std::string> certificate_bytes(std::string_view base64, std::string_view place);

// Whether `stated`, which may be padded, is `x5t`. Fails with Metadata.KeyMismatch, which names both.
[[nodiscard]] Result<void> compare_thumbprint(std::string_view stated, std::string_view x5t);

[[nodiscard]] MetadataKey signing_key(std::string der, std::optional<std::string> kid = {});
// In the document's order, each once.
void add_key(std::vector<MetadataKey>& keys, MetadataKey key);

// --- Names of tenants

// `{tenantid}` replaced, where the tenant is known.
[[nodiscard]] std::string with_tenant(std::string text, const MetadataContext& context);

// A URL that names an issuer, held whole, with the realm that its path names by a GUID: the first segment's,
// or of any segment.
enum class RealmPlace { first_segment, any_segment };
[[nodiscard]] IssuerName url_issuer(std::string url, RealmPlace place);

}  // namespace accord::metadata
