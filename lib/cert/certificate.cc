#include "lib/cert/certificate.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <openssl/crypto.h>
#include <openssl/pem.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <ctime>
#include <optional>

#include "lib/cert/key.h"
#include "lib/cert/openssl.h"
#include "lib/cert/pem.h"
#include "lib/core/digest.h"
#include "lib/core/encoding.h"

namespace accord {

namespace {

using openssl::BioHandle;
using openssl::X509Handle;

constexpr std::string_view kCertificateForms = "give a certificate as DER, PEM or base64 (.cer, .crt, .pem)";

tl::unexpected<Error> invalid(std::string message, std::string advice = {}) {
  return fail("Certificate.Invalid", std::move(message), {}, std::move(advice));
}

// By the calendar, not by mktime: years 2185 and 9999 are real, and the local time zone has no say.
std::optional<Instant> to_instant(const ASN1_TIME* time) {
  std::tm fields = {};
  if (ASN1_TIME_to_tm(time, &fields) != 1) return std::nullopt;
  const std::chrono::year_month_day day{std::chrono::year(fields.tm_year + 1900),
                                        std::chrono::month(static_cast<unsigned>(fields.tm_mon + 1)),
                                        std::chrono::day(static_cast<unsigned>(fields.tm_mday))};
  if (!day.ok()) return std::nullopt;
  return std::chrono::sys_days(day) + std::chrono::hours(fields.tm_hour) +
         std::chrono::minutes(fields.tm_min) + std::chrono::seconds(fields.tm_sec);
}

std::optional<std::string> serial_text(const X509* certificate) {
  const openssl::BignumHandle number(ASN1_INTEGER_to_BN(X509_get0_serialNumber(certificate), nullptr));
  if (!number) return std::nullopt;
  char* digits = BN_bn2hex(number.get());
  if (digits == nullptr) return std::nullopt;
  std::string text = digits;
  OPENSSL_free(digits);
  return text;
}

std::string address_text(const ASN1_OCTET_STRING* address) {
  const int size = ASN1_STRING_length(address);
  const unsigned char* bytes = ASN1_STRING_get0_data(address);
  std::array<char, INET6_ADDRSTRLEN> text = {};
  if (size == 4 || size == 16) {
    inet_ntop(size == 4 ? AF_INET : AF_INET6, bytes, text.data(), static_cast<socklen_t>(text.size()));
    return text.data();
  }
  return hex_encode(std::string_view(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size)));
}

// Null for kinds that have no common text form (other names, directory names …).
std::optional<std::string> alternative_name_text(const GENERAL_NAME* name) {
  int kind = 0;
  const void* value = GENERAL_NAME_get0_value(name, &kind);
  if (value == nullptr) return std::nullopt;
  switch (kind) {
    case GEN_DNS:
    case GEN_EMAIL:
    case GEN_URI: {
      const auto* text = static_cast<const ASN1_IA5STRING*>(value);
      return escape_for_terminal(std::string_view(reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
                                                  static_cast<std::size_t>(ASN1_STRING_length(text))));
    }
    case GEN_IPADD:
      return address_text(static_cast<const ASN1_OCTET_STRING*>(value));
    default:
      return std::nullopt;
  }
}

Result<std::vector<std::string>> alternative_names(const X509* certificate) {
  int critical = 0;
  const openssl::Handle<GENERAL_NAMES, GENERAL_NAMES_free> names(
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, &critical, nullptr)));
  constexpr int kAbsent = -1;
  std::vector<std::string> texts;
  if (!names && critical == kAbsent) return texts;
  if (!names) return invalid("the alternative names of the certificate cannot be read");
  for (int i = 0; i < sk_GENERAL_NAME_num(names.get()); ++i) {
    if (auto text = alternative_name_text(sk_GENERAL_NAME_value(names.get(), i))) {
      texts.push_back(*std::move(text));
    }
  }
  return texts;
}

// PKCS#7, as ".p7b" files are; content that an admin may well take for a certificate.
bool is_pkcs7(std::string_view der) {
  return openssl::decode_whole<openssl::Pkcs7Handle>(d2i_PKCS7, der) != nullptr;
}

bool is_private_key(std::string_view der) {
  if (openssl::decode_whole<openssl::EncryptedKeyHandle>(d2i_X509_SIG, der)) return true;
  return openssl::decode_whole<openssl::KeyHandle>(d2i_AutoPrivateKey, der) != nullptr;
}

bool is_request(std::string_view der) {
  return openssl::decode_whole<openssl::RequestHandle>(d2i_X509_REQ, der) != nullptr;
}

bool is_public_key(std::string_view der) {
  return openssl::decode_whole<openssl::KeyHandle>(d2i_PUBKEY, der) != nullptr;
}

tl::unexpected<Error> given_by_mistake(std::string_view what) {
  if (what == "private key") {
    return invalid("the file holds a private key, not a certificate",
                   "give the certificate file; keep the private key where it is");
  }
  if (what == "certificate request") {
    return invalid("the file holds a certificate request, not a certificate",
                   "give the certificate that the certification authority made from it");
  }
  return invalid(fmt::format("the file holds a {}, not a certificate", what), std::string(kCertificateForms));
}

Result<Certificate> read_der(std::string_view der) {
  auto certificate = parse_certificate(der);
  if (certificate) return certificate;
  const openssl::CleanErrors clean;
  if (is_pkcs12(der)) {
    return invalid("the file is a PFX (PKCS#12) file with a private key, not a certificate",
                   "use import-certificate for a PFX of our own, or export the certificate alone from it");
  }
  if (is_private_key(der)) return given_by_mistake("private key");
  if (is_request(der)) return given_by_mistake("certificate request");
  if (is_public_key(der)) return given_by_mistake("bare public key");
  if (is_pkcs7(der)) return given_by_mistake("PKCS#7 bundle (.p7b)");
  return certificate;
}

// What stands behind the first ASN.1 object; 0 where it is cut off or none.
std::size_t bytes_after_first_object(std::string_view der) {
  const unsigned char* content = openssl::bytes_of(der);
  const unsigned char* const begin = content;
  long length = 0;
  int tag = 0;
  int kind = 0;
  constexpr int kFailed = 0x80;
  if ((ASN1_get_object(&content, &length, &tag, &kind, static_cast<long>(der.size())) & kFailed) != 0)
    return 0;
  return der.size() - static_cast<std::size_t>(content - begin) - static_cast<std::size_t>(length);
}

bool is_certificate_label(std::string_view label) {
  return label == PEM_STRING_X509 || label == PEM_STRING_X509_OLD;
}

Result<Certificate> read_pem(std::string_view text) {
  TRY_ASSIGN(const auto blocks, pem_blocks(text));
  for (const auto& block : blocks) {
    if (is_certificate_label(block.label)) return parse_certificate(block.content.view());
  }
  const auto& label = blocks.front().label;
  if (label.ends_with("PRIVATE KEY")) return given_by_mistake("private key");
  if (label.ends_with("CERTIFICATE REQUEST")) return given_by_mistake("certificate request");
  return given_by_mistake(fmt::format("PEM block '{}'", escape_for_terminal(label)));
}

bool starts_like_der(std::string_view content) {
  return content.starts_with('\x30');
}

Result<Certificate> read_binary_or_pem(std::string_view content) {
  if (looks_like_pem(content)) return read_pem(content);
  if (starts_like_der(content)) return read_der(content);
  return invalid("the file is no certificate: neither DER nor PEM nor base64",
                 std::string(kCertificateForms));
}

}  // namespace

std::string openssl::name_text(const X509_NAME* name) {
  constexpr unsigned long kReadable = XN_FLAG_RFC2253 & ~static_cast<unsigned long>(ASN1_STRFLGS_ESC_MSB);
  // NOLINTNEXTLINE(misc-redundant-expression): the macros of OpenSSL overlap, and that is their affair
  constexpr unsigned long kHexadecimal = XN_FLAG_RFC2253 | ASN1_STRFLGS_DUMP_ALL | ASN1_STRFLGS_DUMP_DER;
  for (const auto flags : {kReadable, kHexadecimal}) {
    const BioHandle text(BIO_new(BIO_s_mem()));
    if (text && X509_NAME_print_ex(text.get(), name, 0, flags) >= 0) {
      return escape_for_terminal(openssl::content_of(text.get()));
    }
  }
  return {};
}

Result<Certificate> parse_certificate(std::string_view der) {
  prepare_crypto();
  const openssl::CleanErrors clean;
  const auto x509 = decode_certificate(der);
  if (!x509) {
    const auto extra = bytes_after_first_object(der);
    if (extra == 0) return invalid("the bytes are no X.509 certificate", std::string(kCertificateForms));
    return invalid(fmt::format("{} bytes follow the certificate", extra),
                   "export the certificate again, by itself");
  }

  const auto not_before = to_instant(X509_get0_notBefore(x509.get()));
  const auto not_after = to_instant(X509_get0_notAfter(x509.get()));
  if (!not_before || !not_after) return invalid("the validity of the certificate is not a valid time");
  auto serial = serial_text(x509.get());
  if (!serial) return invalid("the serial number of the certificate cannot be read");
  TRY_ASSIGN(auto names, alternative_names(x509.get()));
  TRY_ASSIGN(auto key, compact_public_key(x509.get()));

  return Certificate{.der = std::string(der),
                     .thumbprint = hex_encode(sha1(der)),
                     .sha256 = hex_encode(sha256(der)),
                     .subject = openssl::name_text(X509_get_subject_name(x509.get())),
                     .issuer = openssl::name_text(X509_get_issuer_name(x509.get())),
                     .serial_number = *std::move(serial),
                     .not_before = *not_before,
                     .not_after = *not_after,
                     .alternative_names = std::move(names),
                     .public_key = std::move(key.bytes),
                     .key_size = key.size};
}

Result<Certificate> read_certificate(std::string_view content) {
  prepare_crypto();
  if (looks_like_pem(content) || starts_like_der(content)) return read_binary_or_pem(content);
  // Raw data is base64 of a file's bytes, and that file may itself have been PEM (protocol.md 4.4).
  const auto decoded = base64_decode(without_byte_order_mark(content), Blanks::ignored);
  if (decoded && !decoded->empty()) return read_binary_or_pem(*decoded);
  return read_binary_or_pem(content);
}

Result<std::vector<Certificate>> read_certificates(std::string_view content) {
  std::vector<Certificate> found;
  if (looks_like_pem(content)) {
    TRY_ASSIGN(const auto blocks, pem_blocks(content));
    for (const auto& block : blocks) {
      if (block.label != "CERTIFICATE") continue;
      TRY_ASSIGN(auto certificate, parse_certificate(block.content.view()));
      found.push_back(std::move(certificate));
    }
  }
  if (!found.empty()) return found;
  TRY_ASSIGN(auto certificate, read_certificate(content));
  found.push_back(std::move(certificate));
  return found;
}

}  // namespace accord
