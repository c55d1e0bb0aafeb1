#include "lib/cert/pem.h"

#include <fmt/format.h>
#include <openssl/crypto.h>
#include <openssl/pem.h>

#include <optional>

#include "lib/cert/openssl.h"
#include "lib/core/encoding.h"

namespace accord {

namespace {

constexpr std::size_t kLineLength = 64;

// The three strings that PEM_read_bio hands out; the content may be a key.
struct RawBlock {
  char* label = nullptr;
  char* headers = nullptr;
  unsigned char* content = nullptr;
  long size = 0;

  RawBlock() = default;
  RawBlock(const RawBlock&) = delete;
  RawBlock& operator=(const RawBlock&) = delete;
  ~RawBlock() {
    OPENSSL_free(label);
    OPENSSL_free(headers);
    OPENSSL_clear_free(content, static_cast<std::size_t>(size));
  }
};

std::optional<PemBlock> next_block(BIO* source) {
  RawBlock raw;
  if (PEM_read_bio(source, &raw.label, &raw.headers, &raw.content, &raw.size) != 1) return std::nullopt;
  return PemBlock{.label = raw.label,
                  .headers = raw.headers,
                  .content = SecretBytes(std::string_view(reinterpret_cast<const char*>(raw.content),
                                                          static_cast<std::size_t>(raw.size)))};
}

bool ended_well() {
  return ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
}

}  // namespace

bool looks_like_pem(std::string_view content) {
  return content.find("-----BEGIN ") != std::string_view::npos;
}

bool is_pkcs12(std::string_view content) {
  const openssl::CleanErrors clean;
  const unsigned char* at = openssl::bytes_of(content);
  return openssl::Pkcs12Handle(d2i_PKCS12(nullptr, &at, static_cast<long>(content.size()))) != nullptr;
}

Result<std::vector<PemBlock>> pem_blocks(std::string_view content) {
  const openssl::CleanErrors clean;
  const auto text = without_byte_order_mark(content);
  const openssl::BioHandle source(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
  if (!source) return fail("Certificate.Invalid", "the PEM file cannot be read");
  std::vector<PemBlock> blocks;
  while (auto block = next_block(source.get())) blocks.push_back(*std::move(block));
  if (blocks.empty() || !ended_well()) {
    return fail("Certificate.Invalid",
                fmt::format("block {} of the PEM file is damaged or cut off", blocks.size() + 1), {},
                "copy the file again, with its BEGIN and END lines");
  }
  return blocks;
}

std::string pem_text(std::string_view label, std::string_view content) {
  const auto body = base64_encode(content);
  auto text = fmt::format("-----BEGIN {}-----\n", label);
  for (std::size_t at = 0; at < body.size(); at += kLineLength) {
    text += body.substr(at, kLineLength);
    text += '\n';
  }
  return text + fmt::format("-----END {}-----\n", label);
}

}  // namespace accord
