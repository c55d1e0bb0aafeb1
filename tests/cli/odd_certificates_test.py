"""Certificates and PFX files that are odd, at every place that takes a certificate in.

What is refused is refused everywhere and changes nothing; what is accepted with a warning is accepted everywhere. The files
are made here by another implementation (python3-cryptography), or by hand where it makes none so odd.
"""

import base64
import contextlib
import datetime
import json
import sqlite3
import warnings

from accord_program import DATA, ProgramTest, main, skip

try:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec, rsa
    from cryptography.x509.oid import NameOID
except ImportError as missing:
    skip(f"{missing}; install python3-cryptography")

warnings.simplefilter("ignore")  # odd they are, on purpose
DER = serialization.Encoding.DER
PEM = serialization.Encoding.PEM
NOW = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0, tzinfo=None)
DAY = datetime.timedelta(days=1)
STRONG = rsa.generate_private_key(65537, 2048)


def signing(allowed):
    return x509.KeyUsage(digital_signature=allowed, content_commitment=False, key_encipherment=True,
                         data_encipherment=False, key_agreement=False, key_cert_sign=False, crl_sign=False,
                         encipher_only=False, decipher_only=False)


def certificate(key=STRONG, name="odd", digest=None, begin=NOW - DAY, end=NOW + 365 * DAY, usage=None):
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    builder = (x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(key.public_key())
               .serial_number(x509.random_serial_number()).not_valid_before(begin).not_valid_after(end))
    if usage is not None:
        builder = builder.add_extension(usage, critical=True)
    return builder.sign(key, digest or hashes.SHA256()).public_bytes(DER)


def private(key):
    return key.private_bytes(DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())


# --- DER by hand: a PFX without encryption, with whatever is wanted in it


def tlv(tag, *parts):
    content = b"".join(parts)
    size = len(content)
    length = bytes([size]) if size < 128 else bytes([0x82]) + size.to_bytes(2, "big")
    return bytes([tag]) + length + content


def sequence(*parts):
    return tlv(0x30, *parts)


def oid(dotted):
    numbers = [int(part) for part in dotted.split(".")]
    made = bytes([40 * numbers[0] + numbers[1]])
    for number in numbers[2:]:
        digits = [number & 0x7F]
        while number := number >> 7:
            digits.insert(0, 0x80 | (number & 0x7F))
        made += bytes(digits)
    return tlv(6, made)


def key_bag(key):
    return sequence(oid("1.2.840.113549.1.12.10.1.1"), tlv(0xA0, private(key)))


def certificate_bag(der):
    bag = sequence(oid("1.2.840.113549.1.9.22.1"), tlv(0xA0, tlv(4, der)))
    return sequence(oid("1.2.840.113549.1.12.10.1.3"), tlv(0xA0, bag))


def data(content):
    return sequence(oid("1.2.840.113549.1.7.1"), tlv(0xA0, tlv(4, content)))


def pfx(*bags):
    return sequence(tlv(2, b"\x03"), data(sequence(data(sequence(*bags)))))


# --- What is odd: the certificate, its key, and what becomes of it as a partner's and as ours


class Odd:
    """`partner`, `ours`: an error id, or what the warning says, "" for none."""

    def __init__(self, der, key, partner, ours):
        self.der, self.key, self.partner, self.ours = der, key, partner, ours


def negative_serial():
    """As Windows makes them: the first bit of the serial number is set, and no zero stands before it."""
    good = certificate()
    at = 13  # behind two headers of four bytes and the version
    assert good[at] == 2
    changed = good[:at + 2] + bytes([good[at + 2] | 0x80]) + good[at + 3:]
    assert x509.load_der_x509_certificate(changed).serial_number < 0
    return changed  # the signature no longer fits, which nobody checks: trust is by pinning


def odd_ones():
    weak_exponent = rsa.generate_private_key(3, 2048)
    small = rsa.generate_private_key(65537, 1024)
    curve = ec.generate_private_key(ec.SECP521R1())
    roca = x509.load_pem_x509_certificate((DATA / "cert-roca.pem").read_bytes()).public_bytes(DER)
    last = datetime.datetime(9999, 12, 31, 23, 59, 59)
    return {
        "good": Odd(certificate(), STRONG, "", ""),
        "negative serial": Odd(negative_serial(), STRONG, "negative serial number", "negative serial number"),
        "signed with SHA-1": Odd(certificate(digest=hashes.SHA1()), STRONG, "SHA-1", "SHA-1"),
        "until 2185": Odd(certificate(end=datetime.datetime(2185, 11, 8)), STRONG, "", ""),
        "until 9999": Odd(certificate(end=last), STRONG, "", ""),
        "signatures allowed": Odd(certificate(usage=signing(True)), STRONG, "", ""),
        "signatures not allowed": Odd(certificate(usage=signing(False)), STRONG, "Certificate.Invalid",
                                      "Certificate.Invalid"),
        "exponent 3": Odd(certificate(weak_exponent), weak_exponent, "Certificate.Weak", "Certificate.Weak"),
        "1024 bits": Odd(certificate(small), small, "Certificate.Weak", "Certificate.Weak"),
        "P-521": Odd(certificate(curve), curve, "Certificate.Weak", "Certificate.Weak"),
        "ROCA": Odd(roca, None, "Certificate.Weak", None),
        "a byte behind it": Odd(certificate() + b"\0", STRONG, "Certificate.Invalid", "Certificate.Invalid"),
        "a certificate behind it": Odd(certificate() + certificate(), STRONG, "Certificate.Invalid",
                                       "Certificate.Invalid"),
        "expired": Odd(certificate(begin=NOW - 9 * DAY, end=NOW - DAY), STRONG, "expired", "Certificate.Expired"),
        "not yet valid": Odd(certificate(begin=NOW + DAY), STRONG, "is not valid before", "is not valid before"),
    }


ODD = odd_ones()
NEW = ["--application-identifier", "odd", "--realm", "odd.example", "--application-trust-level", "user"]


class OddCertificates(ProgramTest):
    def setUp(self):
        super().setUp()
        self.scratch.issuer("s.db")
        self.ok("new-partner-application", "known", "--store", "s.db", "--application-identifier", "known", "--realm",
                "known.example", "--application-trust-level", "user", "--certificate-file-data", DATA / "cert-p256.pem")
        self.ok("export-auth-metadata", "--store", "s.db", "--output-file", "ours.json")
        self.ok("new-partner-application", "documented", "--store", "s.db", "--application-trust-level", "user",
                "--metadata-file", self.document(ODD["good"].der, "documented.example"))
        self.ok("new-oauth-server", "server", "--store", "s.db", "--metadata-file",
                self.document(certificate(name="server"), "server.example"))
        self.keep()

    def keep(self):
        self.kept = (self.scratch.path / "s.db").read_bytes()

    def restore(self):
        (self.scratch.path / "s.db").write_bytes(self.kept)

    def file(self, name, content):
        path = self.scratch.path / name
        path.write_bytes(content)
        return path

    def document(self, der, realm):
        """A metadata document of another server whose one key this is."""
        document = json.loads((self.scratch.path / "ours.json").read_text())
        principal = "00000002-0000-0ff1-ce00-000000000000"
        value = base64.b64encode(der).decode()
        document.update(realm=realm, serviceName=principal, issuer=f"{principal}@{realm}", name=realm,
                        allowedAudiences=[f"{principal}@{realm}"],
                        keys=[{"usage": "signing", "keyvalue": {"type": "x509Certificate", "value": value}}])
        return self.file(f"{realm}.json", json.dumps(document).encode())

    def places_for_partners(self, der):
        path = self.file("a.cer", der)
        text = base64.b64encode(der).decode()
        pem = self.file("a.pem", b"-----BEGIN CERTIFICATE-----\n" + base64.encodebytes(der) + b"-----END CERTIFICATE-----\n")
        return {
            "new, DER file": ["new-partner-application", "odd", *NEW, "--certificate-file-data", path],
            "new, PEM file": ["new-partner-application", "odd", *NEW, "--certificate-file-data", pem],
            "new, raw data": ["new-partner-application", "odd", *NEW, "--certificate-raw-data", text],
            "new, document": ["new-partner-application", "odd", "--application-trust-level", "user", "--metadata-file",
                              self.document(der, "odd.example")],
            "one more": ["set-partner-application", "known", "--add-certificate-file-data", path],
            "instead": ["set-partner-application", "known", "--certificate-file-data", path],
            "instead, raw data": ["set-partner-application", "known", "--certificate-raw-data", text],
            "a newer document": ["set-partner-application", "documented", "--metadata-file",
                                 self.document(der, "documented.example")],
            "new server, document": ["new-oauth-server", "odd", "--metadata-file", self.document(der, "odd.example")],
            "a server's newer document": ["set-oauth-server", "server", "--metadata-file",
                                          self.document(der, "server.example")],
        }

    def places_for_ours(self, der, key):
        pair = (b"-----BEGIN CERTIFICATE-----\n" + base64.encodebytes(der) + b"-----END CERTIFICATE-----\n" +
                key.private_bytes(PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
        path, pem = self.file("a.pfx", pfx(key_bag(key), certificate_bag(der))), self.file("pair.pem", pair)
        return {
            "import, PFX": ["import-certificate", "--path", path],
            "import, PEM": ["import-certificate", "--path", pem],
            "set, PFX": ["set-certificate", "--identity", "global", "--type", "Default", "--path", path],
            "set, PEM": ["set-certificate", "--identity", "global", "--type", "Default", "--path", pem],
        }

    def expect(self, words, expected):
        """The call ends as expected, and changes the store exactly if it succeeds."""
        self.restore()
        before = self.digest("s.db")
        call = self.run_program(*words, "--store", "s.db")
        if expected.startswith("Certificate."):
            self.assertNotEqual(call.code, 0, call)
            self.assertEqual(self.digest("s.db"), before, "changed although refused")
            again = self.run_program(*words, "--store", "s.db", "--output", "json")
            self.assertEqual(again.error()["id"], expected, again)
            return
        self.assertEqual(call.code, 0, call)
        self.assertNotEqual(self.digest("s.db"), before)
        said = [line for line in call.err.decode().splitlines() if line.startswith("WARNING:") and "odd" in line]
        if expected:
            self.assertTrue(any(expected in line for line in said), (expected, call))
        else:
            self.assertEqual(said, [], call)

    def test_a_partners_certificate_is_judged_alike_wherever_it_comes_in(self):
        for name, odd in ODD.items():
            for place, words in self.places_for_partners(odd.der).items():
                if name == "good" and place == "a newer document":
                    continue  # it is the one that is there
                with self.subTest(name, place=place):
                    self.expect(words, odd.partner)

    def test_a_certificate_of_our_own_is_judged_alike_wherever_it_comes_in(self):
        for name, odd in ODD.items():
            if odd.ours is None:
                continue
            for place, words in self.places_for_ours(odd.der, odd.key).items():
                if "behind it" in name and "PFX" in place:
                    continue  # the next test
                with self.subTest(name, place=place):
                    self.expect(words, odd.ours)

    def test_what_stands_behind_a_certificate_in_a_pfx_does_not_come_in_with_it(self):
        good = certificate()
        for more in (b"\0", certificate()):
            call = self.take_in(key_bag(STRONG), certificate_bag(good + more))
            if call.code == 0:
                self.assertEqual(call.json()["Thumbprint"], self.thumbprint(good))
            else:
                self.assertEqual(call.error()["id"], "Certificate.Invalid", call)

    def test_dates_that_need_more_than_two_digits_come_back_whole(self):
        for name, end in (("until 2185", "2185-11-08T00:00:00Z"), ("until 9999", "9999-12-31T23:59:59Z")):
            words = self.places_for_ours(ODD[name].der, STRONG)["import, PFX"]
            self.restore()
            record = self.ok(*words, "--store", "s.db", "--output", "json").json()
            self.assertEqual(record["NotAfter"], end)
            self.assertGreater(record["DaysLeft"], 50_000)

    def test_another_certificate_with_the_same_sha1_is_refused_wherever_it_comes_in(self):
        """A collision costs a fortune; a store that holds another SHA-256 beside the same SHA-1 costs nothing."""
        der, key = certificate(), STRONG
        beginning = self.kept
        for table in ("trusted_key", "certificate"):
            self.kept = beginning
            self.restore()
            if table == "trusted_key":
                self.ok("new-partner-application", "first", "--store", "s.db", "--application-identifier", "first", "--realm",
                        "first.example", "--application-trust-level", "user", "--certificate-file-data",
                        self.file("a.cer", der))
            else:
                self.ok(*self.places_for_ours(der, key)["import, PFX"], "--store", "s.db")
            thumbprint = self.thumbprint(der)
            with contextlib.closing(sqlite3.connect(self.scratch.path / "s.db")) as store:
                store.execute(f"UPDATE {table} SET sha256 = ? WHERE thumbprint = ?", ("A" * 64, thumbprint))
                self.assertEqual(store.total_changes, 1)
                store.commit()
            self.keep()
            places = {**self.places_for_partners(der), **self.places_for_ours(der, key)}
            for place, words in places.items():
                with self.subTest(table, place=place):
                    self.expect(words, "Certificate.Sha1Collision")

    # --- PFX files

    def take_in(self, *bags, more=b""):
        self.restore()
        path = self.file("a.pfx", pfx(*bags) + more)
        return self.run_program("import-certificate", "--path", path, "--store", "s.db", "--output", "json")

    def thumbprint(self, der):
        return x509.load_der_x509_certificate(der).fingerprint(hashes.SHA1()).hex().upper()

    def test_a_pfx_with_several_keys_leaves_open_which_is_meant(self):
        keys = [STRONG, *(ec.generate_private_key(ec.SECP256R1()) for _ in range(2))]
        bags = [bag for key in keys for bag in (key_bag(key), certificate_bag(certificate(key)))]
        call = self.take_in(*bags)
        self.assertEqual((call.code, call.error()["id"]), (2, "Certificate.Invalid"), call)
        self.assertIn("3 private keys", call.error()["message"])

    def test_a_pfx_without_a_key_is_no_certificate_of_ours(self):
        for name, bags in {"nothing": [], "only a chain": [certificate_bag(certificate(name=name)) for name in "abc"]}.items():
            with self.subTest(name):
                call = self.take_in(*bags)
                self.assertEqual((call.code, call.error()["id"]), (2, "Certificate.NoKey"), call)

    def test_a_pfx_with_a_key_needs_its_certificate(self):
        stranger = certificate(ec.generate_private_key(ec.SECP256R1()))
        for name, bags in {"none": [], "another": [certificate_bag(stranger)]}.items():
            with self.subTest(name):
                call = self.take_in(key_bag(STRONG), *bags)
                self.assertEqual((call.code, call.error()["id"]), (2, "Certificate.NoKey"), call)

    def test_the_certificate_of_the_key_is_found_in_any_order_and_the_chain_is_named(self):
        own = certificate(name="ours")
        chain = [certificate(ec.generate_private_key(ec.SECP256R1()), name=name) for name in ("middle", "root")]
        bags = {"own": certificate_bag(own), "middle": certificate_bag(chain[0]), "root": certificate_bag(chain[1]),
                "key": key_bag(STRONG)}
        for order in ("key own middle root", "root middle own key", "middle key root own"):
            with self.subTest(order):
                call = self.take_in(*(bags[name] for name in order.split()))
                self.assertEqual(call.code, 0, call)
                self.assertEqual(call.json()["Thumbprint"], self.thumbprint(own))
                for der in chain:
                    self.assertIn(self.thumbprint(der).encode(), call.err)

    def test_of_two_certificates_of_one_key_the_one_that_lasts_longer_is_taken_and_the_other_named(self):
        ended, renewed = certificate(name="ended", begin=NOW - 30 * DAY, end=NOW - DAY), certificate(name="renewed", end=NOW + 30 * DAY)
        last = certificate(name="last", end=NOW + 700 * DAY)
        for one, other, taken in ((ended, renewed, renewed), (renewed, ended, renewed), (renewed, last, last)):
            call = self.take_in(certificate_bag(one), certificate_bag(other), key_bag(STRONG))
            self.assertEqual(call.code, 0, call)
            self.assertEqual(call.json()["Thumbprint"], self.thumbprint(taken))
            self.assertIn(self.thumbprint(one if taken is other else other).encode(), call.err)

    def test_bytes_behind_a_pfx_are_refused(self):
        call = self.take_in(key_bag(STRONG), certificate_bag(certificate()), more=b"\0")
        self.assertEqual((call.code, call.error()["id"]), (2, "Certificate.Invalid"), call)


class Exports(ProgramTest):
    """What we write is read by another implementation, to the last byte of the key."""

    def test_every_pfx_holds_the_key_and_the_certificate(self):
        from cryptography.hazmat.primitives.serialization import pkcs12
        self.scratch.issuer("s.db")
        expected = x509.load_pem_x509_certificate((DATA / "cert-rsa.pem").read_bytes())
        for encryption in ("modern", "legacy"):
            with self.subTest(encryption):
                self.ok("export-certificate", "--store", "s.db", "--type", "OAuthTokenIssuer", "--include-private-key",
                        "--output-file", f"{encryption}.pfx", "--password-file", DATA / "password", "--pfx-encryption",
                        encryption)
                content = (self.scratch.path / f"{encryption}.pfx").read_bytes()
                read = pkcs12.load_pkcs12(content, (DATA / "password").read_bytes().strip())
                self.assertEqual(read.cert.certificate, expected)
                self.assertEqual(read.cert.friendly_name.decode(), expected.fingerprint(hashes.SHA1()).hex().upper())
                self.assertEqual(read.key.public_key().public_numbers(), expected.public_key().public_numbers())
                self.assertEqual(read.additional_certs, [])

    def test_a_key_set_verifies_what_current_and_previous_sign(self):
        try:
            from jwcrypto import jwk, jws
        except ImportError as missing:
            self.skipTest(f"{missing}; install python3-jwcrypto")
        self.scratch.issuer("s.db")
        self.ok("new-partner-application", "exchange", "--store", "s.db", "--application-identifier", "exchange", "--realm",
                "contoso.com", "--application-trust-level", "full", "--certificate-file-data", DATA / "cert-other.pem")
        mint = ["new-oauth-token", "exchange", "--store", "s.db", "--host", "mail.contoso.com"]
        tokens = [self.ok(*mint).text.strip()]
        second = self.ok("import-certificate", "--store", "s.db", "--path", DATA / "cert-ed25519-pair.pem", "--output", "json",
                         "--identity", "global", "--type", "OAuthTokenIssuer", "--confirm=false").json()["Thumbprint"]
        tokens.insert(0, self.ok(*mint).text.strip())

        export = ["export-certificate", "--store", "s.db", "--encoding", "jwks"]
        published = self.ok(*export, "--type", "OAuthTokenIssuer").text
        keys = list(jwk.JWKSet.from_json(published)["keys"])
        self.assertEqual([key["kty"] for key in json.loads(published)["keys"]], ["OKP", "RSA"])
        for key in keys:
            good = []
            for token in tokens:
                signed = jws.JWS()
                signed.deserialize(token)
                with contextlib.suppress(jws.InvalidJWSSignature):
                    signed.verify(key)
                    good.append(token)
            self.assertEqual(len(good), 1, key.kid if hasattr(key, "kid") else key)
        one = json.loads(self.ok(*export, "--thumbprint", second).text)
        self.assertEqual(one["keys"], json.loads(published)["keys"][:1])
        # And by our own verb, each token with its key of the set.
        (self.scratch.path / "jwks.json").write_text(published)
        for token in tokens:
            self.ok("test-oauth-token", "-", "--profile", "jws", "--jwks", "jwks.json", "--quiet", stdin=token.encode())


if __name__ == "__main__":
    main()
