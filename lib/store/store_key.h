// Whether the key in the vault is the one of this store, for the sources of lib/store that seal keys alone.
#pragma once

#include "lib/store/connection.h"
#include "lib/store/key_vault.h"

namespace accord {

// Before a key is loaded: the file must hold the key that the store's private keys were sealed with. Fails
// with StoreKey.Missing, StoreKey.Wrong.
[[nodiscard]] Result<void> check_store_key(Connection& store, KeyVault& vault);

// Before a key is stored: the same, or, while nothing is sealed, from here on the key is the store's, and is
// made where there is none.
[[nodiscard]] Result<void> prepare_store_key(Connection& store, KeyVault& vault);

}  // namespace accord
