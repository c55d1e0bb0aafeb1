#include "lib/cert/request.h"

#include <fmt/format.h>
#include <openssl/objects.h>
#include <openssl/pem.h>

#include <algorithm>
#include <array>

#include "lib/cert/key.h"
#include "lib/cert/make.h"
#include "lib/cert/openssl.h"
#include "lib/cert/pem.h"
#include "lib/core/digest.h"
#include "lib/core/encoding.h"

namespace accord {
namespace {

using openssl::Pkcs7Handle;

// A chain is short; a bundle of every root there is, is no answer.
constexpr int kMostCertificates = 64;
constexpr std::string_view kAnswerForms =
    "give what the certification authority gave back: a certificate (.cer, .crt, .pem) or a PKCS#7 file "
    "(.p7b, .p7c)";

tl::unexpected<Error> invalid(std::string message, std::string_view advice = kAnswerForms) {
  return fail("Certificate.Invalid", std::move(message), {}, std::string(advice));
}

tl::unexpected<Error> cannot_make() {
  return fail("Internal.Unexpected", "OpenSSL could not make the certificate request");
}

bool has_same_content(const Certificate& one, const Certificate& other) {
  return one.sha256 == other.sha256;
}

Result<void> keep(AuthorityAnswer& answer, std::string_view der) {
  auto certificate = parse_certificate(der);
  if (!certificate) {
    if (!answer.first_unreadable) answer.first_unreadable = std::move(certificate).error();
    return {};
  }
  const bool known = std::ranges::any_of(
      answer.certificates, [&](const Certificate& one) { return has_same_content(one, *certificate); });
  if (known) return {};
  if (answer.certificates.size() == kMostCertificates)
    return invalid(fmt::format("the answer holds more than {} certificates", kMostCertificates));
  answer.certificates.push_back(*std::move(certificate));
  return {};
}

// Whether it is PKCS#7 by its first member, which names what it holds; it may be damaged behind that.
bool looks_like_pkcs7(std::string_view der) {
  // SEQUENCE, then the object identifier 1.2.840.113549.1.7.x, which stands within the first bytes.
  constexpr std::string_view kPkcs7 = "\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07";
  constexpr std::size_t kLongestHeader = 6;
  return der.starts_with('\x30') &&
         der.substr(0, kLongestHeader + kPkcs7.size()).find(kPkcs7) != std::string_view::npos;
}

Result<void> read_pkcs7(AuthorityAnswer& answer, std::string_view der) {
  const unsigned char* at = openssl::bytes_of(der);
  const unsigned char* const end = at + der.size();
  const Pkcs7Handle bundle(d2i_PKCS7(nullptr, &at, static_cast<long>(der.size())));
  if (!bundle)
    return invalid("the PKCS#7 file is damaged or cut off", "copy the file again, or ask for it again");
  if (at != end)
    return invalid(fmt::format("{} bytes follow the PKCS#7 file", end - at), "ask for the file again");
  if (!PKCS7_type_is_signed(bundle.get()))
    return invalid("the PKCS#7 file is of a kind that carries no certificates");
  const auto* signed_data = bundle->d.sign;
  const auto* certificates = signed_data != nullptr ? signed_data->cert : nullptr;
  const int count = certificates != nullptr ? sk_X509_num(certificates) : 0;
  if (count == 0) {
    return invalid("the PKCS#7 file holds no certificate",
                   "the authority may have refused the request: ask it for the certificate");
  }
  for (int i = 0; i < count; ++i)
    TRY(keep(answer, openssl::encode_whole(i2d_X509, sk_X509_value(certificates, i))));
  return {};
}

bool may_hold_certificates(std::string_view label) {
  constexpr std::array<std::string_view, 6> kLabels = {PEM_STRING_X509,       PEM_STRING_X509_OLD,
                                                       PEM_STRING_PKCS7,      PEM_STRING_CMS,
                                                       "PKCS #7 SIGNED DATA", "CERTIFICATE CHAIN"};
  return std::ranges::find(kLabels, label) != kLabels.end();
}

// The content decides, not the label: certutil writes "CERTIFICATE" around everything.
Result<void> read_object(AuthorityAnswer& answer, std::string_view der) {
  return looks_like_pkcs7(der) ? read_pkcs7(answer, der) : keep(answer, der);
}

Result<AuthorityAnswer> read_pem(std::string_view content) {
  TRY_ASSIGN(const auto blocks, pem_blocks(content));
  AuthorityAnswer answer;
  bool found = false;
  for (const auto& block : blocks) {
    if (!may_hold_certificates(block.label)) continue;
    found = true;
    TRY(read_object(answer, block.content.view()));
  }
  if (found) return answer;
  // It says what the file is instead.
  TRY(read_certificate(content));
  return invalid("the file holds no certificate");
}

Result<AuthorityAnswer> read_binary(std::string_view content) {
  AuthorityAnswer answer;
  if (looks_like_pkcs7(content)) {
    TRY(read_pkcs7(answer, content));
    return answer;
  }
  TRY_ASSIGN(auto certificate, read_certificate(content));
  answer.certificates.push_back(std::move(certificate));
  return answer;
}

Result<AuthorityAnswer> read_any(std::string_view content) {
  if (looks_like_pem(content)) return read_pem(content);
  if (content.starts_with('\x30')) return read_binary(content);
  return invalid("the file is no answer of a certification authority: neither DER nor PEM nor base64");
}

Result<AuthorityAnswer> read_decoded(std::string_view content) {
  if (looks_like_pem(content) || content.starts_with('\x30')) return read_any(content);
  const auto decoded = base64_decode(without_byte_order_mark(content), Blanks::ignored);
  return read_any(decoded && !decoded->empty() ? std::string_view(*decoded) : content);
}

Result<std::string> signed_request(const NewCertificate& wanted, X509_REQ* request, EVP_PKEY* key) {
  if (X509_REQ_set_pubkey(request, key) != 1 || X509_REQ_sign(request, key, digest_of(wanted.algorithm)) <= 0)
    return cannot_make();
  auto der = openssl::encode_whole(i2d_X509_REQ, request);
  if (der.empty()) return cannot_make();
  return der;
}

}  // namespace

Result<NewRequest> make_request(const NewCertificate& wanted) {
  prepare_crypto();
  const openssl::CleanErrors clean;
  constexpr long kVersion1 = 0;
  const openssl::RequestHandle request(X509_REQ_new());
  if (!request || X509_REQ_set_version(request.get(), kVersion1) != 1) return cannot_make();
  auto* subject = X509_REQ_get_subject_name(request.get());
  TRY(add_subject(subject, wanted));
  TRY_ASSIGN(const auto extensions, extensions_of(wanted));
  if (X509_REQ_add_extensions(request.get(), extensions.get()) != 1) return cannot_make();
  TRY_ASSIGN(const auto key, generate_key(wanted));
  NewRequest made;
  TRY_ASSIGN(made.der, signed_request(wanted, request.get(), key.get()));
  TRY_ASSIGN(made.public_key, public_half_of(key.get()));
  TRY_ASSIGN(made.key, compact_private_key(key.get()));
  made.subject = openssl::name_text(subject);
  made.alternative_names = wanted.dns_names;
  made.key_size = key_bits(key.get());
  return made;
}

std::string request_pem(std::string_view der) {
  return pem_text(PEM_STRING_X509_REQ, der);
}

Result<AuthorityAnswer> read_answer(std::string_view content) {
  prepare_crypto();
  const openssl::CleanErrors clean;
  TRY_ASSIGN(auto answer, read_decoded(content));
  if (answer.certificates.empty() && answer.first_unreadable)
    return tl::unexpected(*std::move(answer.first_unreadable));
  return answer;
}

Result<Identity> pair_with_key(Certificate certificate, PrivateKeyBytes key) {
  prepare_crypto();
  const openssl::CleanErrors clean;
  const auto opened = open_key(key);
  const auto half = opened ? public_half_of(opened.get()) : Result<PublicKeyBytes>(PublicKeyBytes{});
  if (!half || half->algorithm != certificate.public_key.algorithm ||
      half->bytes != certificate.public_key.bytes) {
    return fail("Key.Invalid",
                fmt::format("the private key does not belong to certificate '{}'", certificate.subject),
                certificate.thumbprint);
  }
  return Identity{.certificate = std::move(certificate), .key = std::move(key), .warnings = {}};
}

}  // namespace accord
