#include "lib/metadata/members.h"

#include <fmt/format.h>

#include <algorithm>

#include "lib/core/digest.h"
#include "lib/core/encoding.h"

namespace accord::metadata {
namespace {

constexpr std::size_t kThumbprintSize = 20;
constexpr std::size_t kShown = 100;

// The bytes of `x5t`. Some serializers pad; the padding says nothing.
std::optional<std::string> thumbprint_of(std::string_view x5t) {
  if (x5t.ends_with('=')) x5t.remove_suffix(1);
  auto bytes = base64url_decode(x5t);
  if (!bytes || bytes->size() != kThumbprintSize) return std::nullopt;
  return bytes;
}

// The bytes that a DER element says it has, its header included; nullopt when there is no header that says
// so.
std::optional<std::size_t> stated_size(std::string_view der) {
  constexpr unsigned kLongForm = 0x80;
  constexpr std::size_t kMostLengthBytes = 4;
  if (der.size() < 2 || der[0] != '\x30') return std::nullopt;
  const auto first = static_cast<unsigned char>(der[1]);
  if (first < kLongForm) return std::size_t{2} + first;
  const std::size_t count = first - kLongForm;
  if (count == 0 || count > kMostLengthBytes || der.size() < 2 + count) return std::nullopt;
  std::size_t size = 0;
  for (const char byte : der.substr(2, count)) size = size << 8U | static_cast<unsigned char>(byte);
  return 2 + count + size;
}

// 8-4-4-4-12 hexadecimal digits.
bool is_guid(std::string_view text) {
  constexpr std::string_view kForm = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
  return text.size() == kForm.size() &&
         std::equal(text.begin(), text.end(), kForm.begin(), [](char c, char form) {
           const bool is_digit = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
           return form == '-' ? c == '-' : is_digit;
         });
}

}  // namespace

tl::unexpected<Error> invalid(std::string message, std::string_view advice) {
  return fail("Metadata.Invalid", std::move(message), {}, std::string(advice));
}

std::string shown(std::string_view text) {
  if (text.size() > kShown) return escape_for_terminal(text.substr(0, kShown)) + "…";
  return escape_for_terminal(text);
}

// --- Members of an object

Result<std::optional<std::string>> Members::optional_text(std::string_view name) const {
  TRY_ASSIGN(const auto* member, optional(name, json::Kind::string));
  if (member == nullptr) return std::nullopt;
  return member->text();
}

Result<std::string> Members::required_text(std::string_view name) const {
  TRY_ASSIGN(const auto* member, required(name, json::Kind::string));
  return member->text();
}

Result<const json::Value*> Members::optional(std::string_view name, json::Kind kind) const {
  const auto* member = object_.find(name, names_);
  if (member == nullptr || member->kind() == json::Kind::null) return nullptr;
  if (member->kind() != kind) return wrong_kind(name, member->kind(), json::kind_name(kind));
  return member;
}

Result<const json::Value*> Members::required(std::string_view name, json::Kind kind) const {
  TRY_ASSIGN(const auto* member, optional(name, kind));
  if (member == nullptr) return missing(name);
  return member;
}

tl::unexpected<Error> Members::wrong_kind(std::string_view name, json::Kind found,
                                          std::string_view wanted) const {
  return invalid(fmt::format("member '{}' of {} is of kind '{}', not '{}'", name, where_,
                             json::kind_name(found), wanted),
                 advice_);
}

tl::unexpected<Error> Members::missing(std::string_view name) const {
  return invalid(fmt::format("member '{}' of {} is missing", name, where_), advice_);
}

// --- Certificates

Result<std::string> certificate_bytes(std::string_view base64, std::string_view place) {
  auto der = base64_decode(base64, Blanks::ignored);
  if (!der || der->empty()) {
    return invalid(fmt::format("the certificate of {} is not base64, or it is cut off", place),
                   "fetch the document again, whole");
  }
  const auto size = stated_size(*der);
  if (size && *size > der->size()) {
    return invalid(fmt::format("the certificate of {} is cut off: {} of {} bytes", place, der->size(), *size),
                   "fetch the document again, whole");
  }
  return *std::move(der);
}

Result<void> compare_thumbprint(std::string_view stated, std::string_view x5t) {
  const auto bytes = thumbprint_of(stated);
  if (bytes && base64url_encode(*bytes) == x5t) return {};
  return fail(
      "Metadata.KeyMismatch",
      fmt::format("the document calls a key '{}', and its certificate has the x5t '{}'", shown(stated), x5t),
      {}, "fetch the document again; if it stays so, ask the partner which certificate is the right one");
}

MetadataKey signing_key(std::string der, std::optional<std::string> kid) {
  auto x5t = base64url_encode(sha1(der));
  return {
      .usage = std::string(kSigning), .der = std::move(der), .x5t = std::move(x5t), .kid = std::move(kid)};
}

void add_key(std::vector<MetadataKey>& keys, MetadataKey key) {
  if (std::find(keys.begin(), keys.end(), key) == keys.end()) keys.push_back(std::move(key));
}

// --- Names of tenants

std::string with_tenant(std::string text, const MetadataContext& context) {
  constexpr std::string_view kTemplate = "{tenantid}";
  if (!context.tenant) return text;
  for (auto at = text.find(kTemplate); at != std::string::npos;
       at = text.find(kTemplate, at + context.tenant->size())) {
    text.replace(at, kTemplate.size(), *context.tenant);
  }
  return text;
}

IssuerName url_issuer(std::string url, RealmPlace place) {
  IssuerName issuer;
  std::string_view rest = url;
  rest.remove_prefix(std::min(rest.find("://") + 3, rest.size()));
  for (auto slash = rest.find('/'); slash != std::string_view::npos; slash = rest.find('/')) {
    rest.remove_prefix(slash + 1);
    const auto segment = rest.substr(0, rest.find('/'));
    if (is_guid(segment)) issuer.realm = segment;
    if (!issuer.realm.empty() || place == RealmPlace::first_segment) break;
  }
  issuer.principal = std::move(url);
  return issuer;
}

}  // namespace accord::metadata
