// PEM files block by block, and what kind of file bytes look like, for the sources of lib/cert alone.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "lib/core/error.h"
#include "lib/core/secret.h"

namespace accord {

struct PemBlock {
  std::string label = {};    // "CERTIFICATE", "RSA PRIVATE KEY" …
  std::string headers = {};  // "Proc-Type: …" of traditional encryption
  SecretBytes content = {};  // it may be a key
};

[[nodiscard]] bool looks_like_pem(std::string_view content);
// A PKCS#12 file by its outer structure; true for one that is encrypted, and for one with bytes behind it.
[[nodiscard]] bool is_pkcs12(std::string_view content);

// Every block in order, at least one. Fails with Certificate.Invalid when one of them is damaged.
[[nodiscard]] Result<std::vector<PemBlock>> pem_blocks(std::string_view content);

// One block.
[[nodiscard]] std::string pem_text(std::string_view label, std::string_view content);

}  // namespace accord
