-- Version 3: what is learnt over the network.

-- Our own issuer name (principal@realm) when this one was registered or last told of a key of ours; null: not known.
ALTER TABLE partner_application ADD COLUMN told_issuer TEXT;
ALTER TABLE oauth_server ADD COLUMN told_issuer TEXT;

-- Where users sign in, as its document says; authorization_uri_override stands before it.
ALTER TABLE oauth_server ADD COLUMN authorization_endpoint TEXT;

-- `kid` of the JWK that the certificate came in: a token may name the key by it alone. Null: it came in no key set.
ALTER TABLE trusted_key ADD COLUMN kid TEXT;
