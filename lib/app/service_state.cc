#include "lib/app/service_state.h"

#include <sys/stat.h>

#include <algorithm>

#include "lib/app/checks.h"
#include "lib/app/our_certificates.h"

namespace accord {

Result<void> ServiceState::connect() {
  struct stat status = {};
  const bool is_there = stat(location_.store.c_str(), &status) == 0;
  const FileId file{is_there ? status.st_dev : 0, is_there ? status.st_ino : 0};
  if (store_ != nullptr && is_there && file == file_) return {};
  snapshot_.reset();
  signer_.reset();
  store_.reset();
  vault_ = KeyVault(location_.key_file);
  TRY_ASSIGN(store_, open_store(location_.store, OpenFor::reading));
  file_ = file;
  return {};
}

Result<ServiceSnapshot> ServiceState::read(Instant now) {
  TRY_ASSIGN(const auto transaction, Transaction::begin_reading(*store_));
  ServiceSnapshot made;
  TRY_ASSIGN(made.deployment, read_deployment(*store_));
  TRY_ASSIGN(made.own, require_issuer(made.deployment));
  TRY_ASSIGN(made.judge, make_judge(*store_, Load::at_once));
  TRY_ASSIGN(made.partners, list_partner_applications(*store_));
  TRY_ASSIGN(made.servers, list_oauth_servers(*store_));
  TRY_ASSIGN(const auto rows, list_assignments(*store_, kTokenIssuerUse));
  good_before_ = kLatestInstant;
  for (const auto& row : rows) {
    if (row.effective > now) good_before_ = std::min(good_before_, row.effective);
  }
  return made;
}

Result<const ServiceSnapshot*> ServiceState::snapshot(Instant now) {
  TRY(connect());
  // Before it is read: what is committed meanwhile is read again with the next request.
  TRY_ASSIGN(const auto counter, store_->change_counter());
  const bool is_good = snapshot_ && counter == counter_ && now >= read_at_ && now < good_before_;
  if (is_good) return &*snapshot_;
  snapshot_.reset();
  signer_.reset();
  TRY_ASSIGN(auto made, read(now));
  snapshot_ = std::move(made);
  counter_ = counter;
  read_at_ = now;
  return &*snapshot_;
}

Result<const TokenSigner*> ServiceState::signer(Instant now) {
  if (!signer_) {
    TRY_ASSIGN(const auto transaction, Transaction::begin_reading(*store_));
    TRY_ASSIGN(auto opened, current_signer(*store_, vault_, now));
    signer_.emplace(std::move(opened));
  }
  if (!signer_->certificate.valid_at(now)) {
    return fail("Token.CannotMint", "the token-issuer certificate has ended", signer_->certificate.thumbprint,
                "test-certificate-configuration says what to do");
  }
  return &*signer_;
}

Result<Publication> ServiceState::publication(Instant now, PublishedDocument which) {
  TRY(connect());
  TRY_ASSIGN(const auto transaction, Transaction::begin_reading(*store_));
  return publish(*store_, now, which);
}

}  // namespace accord
