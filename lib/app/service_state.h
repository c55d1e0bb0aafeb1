// What the token service knows of its store: read when the store has changed or the clock has reached the next
// change of signing key, and kept in between, so that a roll-over or a disabled partner takes effect with the
// next request and most requests read nothing.
#pragma once

#include <sys/types.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "lib/app/deployment.h"
#include "lib/app/publication.h"
#include "lib/app/token_signer.h"
#include "lib/app/verification.h"
#include "lib/store/oauth_server.h"
#include "lib/store/partner_application.h"
#include "lib/store/store.h"

namespace accord {

struct ServiceSnapshot {
  Deployment deployment = {};
  IssuerName own = {};
  Judge judge = {};
  std::vector<PartnerApplication> partners = {};
  std::vector<OAuthServer> servers = {};
};

// The store as one thread of the service reads it.
class ServiceState {
 public:
  explicit ServiceState(StoreLocation location) : location_(std::move(location)), vault_(location_.key_file) {}

  // Valid until the next call of anything here. Fails as reading the store does, and with
  // OAuthConfiguration.Incomplete.
  [[nodiscard]] Result<const ServiceSnapshot*> snapshot(Instant now);
  // The key that signs now, opened at most once for each state of the store. To be called after snapshot.
  [[nodiscard]] Result<const TokenSigner*> signer(Instant now);
  [[nodiscard]] Result<Publication> publication(Instant now, PublishedDocument which);

 private:
  // The file that a connection was opened to: where another lies in its place, as after a restore, that one is
  // opened.
  struct FileId {
    dev_t device = 0;
    ino_t number = 0;
    friend bool operator==(const FileId&, const FileId&) = default;
  };
  [[nodiscard]] Result<void> connect();
  [[nodiscard]] Result<ServiceSnapshot> read(Instant now);

  StoreLocation location_;
  KeyVault vault_;
  FileId file_ = {};
  std::unique_ptr<Connection> store_;
  std::int64_t counter_ = 0;  // of the store, when it was read
  std::optional<ServiceSnapshot> snapshot_;
  std::optional<TokenSigner> signer_;
  Instant read_at_ = {};
  Instant good_before_ = {};
};

}  // namespace accord
