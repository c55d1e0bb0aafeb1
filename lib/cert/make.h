// What a certificate and a request for one share, for the sources of lib/cert alone.
#pragma once

#include "lib/cert/certificate.h"
#include "lib/cert/openssl.h"

namespace accord {

// All of these fail with Parameter.Invalid, naming what cannot stand in a certificate.

[[nodiscard]] Result<openssl::KeyHandle> generate_key(const NewCertificate& wanted);

// From the most general part to the name, so that the readable form (RFC 2253, reversed) begins with CN.
[[nodiscard]] Result<void> add_subject(X509_NAME* name, const NewCertificate& wanted);

// KeyUsage (critical), EKU serverAuth and the alternative names.
[[nodiscard]] Result<openssl::ExtensionsHandle> extensions_of(const NewCertificate& wanted);

}  // namespace accord
