#include "lib/core/pkcs11_uri.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>
#include <vector>

#include "lib/core/encoding.h"

namespace accord {
namespace {

constexpr std::string_view kScheme = "pkcs11:";
constexpr std::size_t kLongest = 4096;

enum class Use { finds_token, finds_key, type, pin_file, pin, module_path, not_heeded };

struct Attribute {
  std::string_view name;
  Use use;
};

// RFC 7512, 2.3 and 2.4: all there are but those of vendors.
constexpr std::array<Attribute, 17> kAttributes = {{{"token", Use::finds_token},
                                                    {"manufacturer", Use::finds_token},
                                                    {"serial", Use::finds_token},
                                                    {"model", Use::finds_token},
                                                    {"object", Use::finds_key},
                                                    {"id", Use::finds_key},
                                                    {"type", Use::type},
                                                    {"pin-source", Use::pin_file},
                                                    {"pin-value", Use::pin},
                                                    {"module-path", Use::module_path},
                                                    {"module-name", Use::not_heeded},
                                                    {"slot-id", Use::not_heeded},
                                                    {"slot-description", Use::not_heeded},
                                                    {"slot-manufacturer", Use::not_heeded},
                                                    {"library-manufacturer", Use::not_heeded},
                                                    {"library-description", Use::not_heeded},
                                                    {"library-version", Use::not_heeded}}};

constexpr std::string_view kHeeded =
    "token, manufacturer, serial, model, object, id, type=private, module-path and pin-source may stand "
    "there";

tl::unexpected<Error> invalid(std::string message, std::string advice = std::string(kHeeded)) {
  return fail("Parameter.Invalid", std::move(message), {}, std::move(advice));
}

bool is_alphanumeric(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool is_unreserved(char c) {
  return is_alphanumeric(c) || std::string_view("-._~").find(c) != std::string_view::npos;
}

// What may stand in a value as it is: of the path and of the query, which differ in "&", "/", "?" and "|".
bool is_plain(char c) {
  return is_unreserved(c) || std::string_view(":[]@!$'()*+,=&/?|").find(c) != std::string_view::npos;
}

std::optional<std::string> percent_decoded(std::string_view text) {
  std::string value;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (is_plain(text[i])) {
      value += text[i];
      continue;
    }
    const auto byte = text[i] == '%' && i + 3 <= text.size() ? hex_decode(text.substr(i + 1, 2))
                                                             : std::optional<std::string>();
    if (!byte) return std::nullopt;
    value += *byte;
    i += 2;
  }
  return value;
}

std::string percent_encoded(std::string_view value) {
  std::string text;
  for (const char c : value) {
    if (is_unreserved(c)) {
      text += c;
    } else {
      text += '%' + hex_encode(std::string_view(&c, 1));
    }
  }
  return text;
}

std::string pair_of(const Attribute& attribute, std::string_view value) {
  return fmt::format("{}={};", attribute.name, percent_encoded(value));
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> pieces;
  for (;;) {
    const auto end = text.find(separator);
    pieces.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return pieces;
    text.remove_prefix(end + 1);
  }
}

// An id is any bytes, everything else text.
bool is_fit(std::string_view name, std::string_view value) {
  return name == "id" || (is_utf8(value) && escape_for_terminal(value) == value);
}

Result<std::string> pin_file_of(std::string_view source) {
  constexpr std::string_view kFile = "file:";
  if (source.starts_with(kFile)) source.remove_prefix(kFile.size());
  if (source.starts_with("///")) source.remove_prefix(2);  // file:///path, with an empty host
  if (source.starts_with('/') && !source.starts_with("//")) return std::string(source);
  return invalid("pin-source of the PKCS#11 URI is not a file by its absolute path",
                 "write pin-source=file:/path/of/the/file, a file with the PIN on its first line");
}

class Reader {
 public:
  Result<void> read(std::string_view piece) {
    const auto equals = piece.find('=');
    const auto name = piece.substr(0, equals);
    const auto* known = std::ranges::find(kAttributes, name, &Attribute::name);
    if (equals == std::string_view::npos || known == kAttributes.end()) {
      return invalid("the PKCS#11 URI has a part that is none of the attributes of RFC 7512");
    }
    if (known->use == Use::pin) {
      return invalid("a PIN does not belong in the PKCS#11 URI, which is stored and shown",
                     "write the PIN into a file that only you may read, and pin-source=file:/path instead of "
                     "pin-value");
    }
    if (std::ranges::find(seen_, name) != seen_.end()) {
      return invalid(fmt::format("the PKCS#11 URI has '{}' twice", name), "leave one of them out");
    }
    seen_.push_back(name);
    const auto value = percent_decoded(piece.substr(equals + 1));
    if (!value || !is_fit(name, *value)) {
      return invalid(fmt::format("'{}' of the PKCS#11 URI is not well formed", name),
                     "write everything but letters, digits and - . _ ~ as %XX, in UTF-8");
    }
    return take(*known, *value);
  }

  Result<Pkcs11Uri> finish() {
    if (finds_one_) {
      uri_.key.insert(0, kScheme);
      uri_.key.pop_back();  // the last ";"
      return std::move(uri_);
    }
    return invalid("the PKCS#11 URI names neither an object nor an id, so any key would do",
                   "add object=LABEL or id=%XX… of the private key");
  }

 private:
  Result<void> take(const Attribute& attribute, const std::string& value) {
    switch (attribute.use) {
      case Use::finds_token:
        uri_.token += pair_of(attribute, value);
        uri_.key += pair_of(attribute, value);
        return {};
      case Use::finds_key:
        finds_one_ = finds_one_ || !value.empty();
        uri_.key += pair_of(attribute, value);
        return {};
      case Use::type:
        if (value == "private") return {};
        return invalid("the PKCS#11 URI names something other than a private key", "write type=private");
      case Use::pin_file: {
        TRY_ASSIGN(uri_.pin_file, pin_file_of(value));
        return {};
      }
      case Use::module_path:
        if (!value.starts_with('/')) {
          return invalid("module-path of the PKCS#11 URI is not an absolute path",
                         "write module-path=/path/of/the/library.so");
        }
        uri_.module_path = value;
        return {};
      case Use::pin:
      case Use::not_heeded:
        break;
    }
    return invalid(
        fmt::format("'{}' of the PKCS#11 URI is not heeded, and another key could answer", attribute.name));
  }

  Pkcs11Uri uri_;
  std::vector<std::string_view> seen_;
  bool finds_one_ = false;
};

}  // namespace

Result<Pkcs11Uri> parse_pkcs11_uri(std::string_view text) {
  if (!text.starts_with(kScheme)) {
    return invalid("this is no PKCS#11 URI, which begins with 'pkcs11:'",
                   "write pkcs11:token=LABEL;object=LABEL;pin-source=file:/path");
  }
  if (text.size() > kLongest) return invalid("the PKCS#11 URI is longer than 4096 bytes");
  text.remove_prefix(kScheme.size());
  const auto question = text.find('?');
  Reader reader;
  for (const auto piece : split(text.substr(0, question), ';')) TRY(reader.read(piece));
  if (question != std::string_view::npos) {
    for (const auto piece : split(text.substr(question + 1), '&')) TRY(reader.read(piece));
  }
  return reader.finish();
}

Result<std::string> check_pkcs11_uri(std::string_view text) {
  TRY(parse_pkcs11_uri(text));
  return std::string(text);
}

}  // namespace accord
