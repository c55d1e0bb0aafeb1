-- Version 2: rolls of certificates, requests to certification authorities, keys that stay in a token.

-- Since when partners can have read the certificate in our metadata; what changes only its date keeps it.
ALTER TABLE certificate_assignment ADD COLUMN published INTEGER NOT NULL DEFAULT 0;
UPDATE certificate_assignment SET published = updated;
-- The last second in which it may have signed, as was known when the row was written; null: never.
ALTER TABLE certificate_assignment ADD COLUMN signed_until INTEGER;

-- A change after which tokens that a key of ours signed are refused although they have not ended: what the admin was
-- warned of then, so that a test can still tell of it.
CREATE TABLE refused_signer (
  use          TEXT NOT NULL,
  thumbprint   TEXT NOT NULL CHECK (length(thumbprint) = 40),
  refused_from INTEGER NOT NULL,  -- first second in which its tokens are refused
  last_end     INTEGER NOT NULL,  -- when the last of these tokens has ended at the latest
  PRIMARY KEY (use, thumbprint)
) STRICT;

-- Where a private key lies that never enters the store (RFC 7512: "pkcs11:…", without a PIN); null: sealed here. With
-- it both sealed columns are empty.
ALTER TABLE private_key ADD COLUMN uri TEXT;

-- Requests that a certification authority has not answered yet, each with its key: sealed as in private_key.
CREATE TABLE certificate_request (
  id                   INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,  -- never used again; RequestId
  created              INTEGER NOT NULL,
  uses                 TEXT NOT NULL,  -- list of what the certificate is meant for
  subject              TEXT NOT NULL,  -- RFC 2253 order
  alternative_names    TEXT NOT NULL,  -- list
  der                  BLOB NOT NULL,  -- the PKCS#10 request
  public_key_algorithm TEXT NOT NULL CHECK (public_key_algorithm IN ('RSA', 'P-256', 'P-384', 'P-521', 'Ed25519')),
  public_key           BLOB NOT NULL,
  key_size             INTEGER NOT NULL,
  wrapped_data_key     BLOB NOT NULL,
  ciphertext           BLOB NOT NULL
) STRICT;
