#include "lib/store/refused_signer.h"

#include "lib/store/column.h"

namespace accord {

Result<std::vector<RefusedSigner>> list_refused_signers(Connection& store, std::string_view use) {
  TRY_ASSIGN(auto query,
             store.prepare("SELECT thumbprint, refused_from, last_end FROM refused_signer WHERE use = ? "
                           "ORDER BY thumbprint"));
  query->bind(use);
  std::vector<RefusedSigner> refused;
  for (;;) {
    TRY_ASSIGN(const bool has_row, query->step());
    if (!has_row) return refused;
    refused.push_back({.thumbprint = query->text(0), .from = query->instant(1), .until = query->instant(2)});
  }
}

Result<void> replace_refused_signers(Connection& store, std::string_view use,
                                     const std::vector<RefusedSigner>& refused) {
  TRY_ASSIGN(auto removal, store.prepare("DELETE FROM refused_signer WHERE use = ?"));
  removal->bind(use);
  TRY(finish(*removal));
  TRY_ASSIGN(auto insertion,
             store.prepare("INSERT INTO refused_signer (use, thumbprint, refused_from, last_end) "
                           "VALUES (?, ?, ?, ?)"));
  for (const auto& one : refused) {
    insertion->reset();
    insertion->bind(use).bind(one.thumbprint).bind(one.from).bind(one.until);
    TRY(finish(*insertion));
  }
  return {};
}

}  // namespace accord
