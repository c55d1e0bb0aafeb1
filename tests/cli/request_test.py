"""A certification authority signs what request-certificate asks for, and its answer finds the key that waits for it.

The authority is a real one, made with the openssl command: a root and an intermediate below it. It answers in every form
that authorities answer in; what it signs is then a token issuer whose tokens are accepted.
"""

import base64
import re
import shutil
import subprocess
import unittest

from accord_program import DATA, ProgramTest, Scratch, main, skip

NEW = ["--new", "--type", "OAuthTokenIssuer", "--key-alg", "P-256"]
EXTENSIONS = """
[ca]
basicConstraints = critical, CA:true
keyUsage = critical, keyCertSign, cRLSign
[server]
basicConstraints = critical, CA:false
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth
subjectAltName = DNS:litwareinc.com, DNS:fabrikam.com
[bare]
keyUsage = critical, digitalSignature
[wrong]
keyUsage = critical, keyCertSign
[req]
distinguished_name = none
[none]
"""


class Authority:
    """In a folder of its own: root.pem and sub.pem, and `sub` signs."""

    def __init__(self, folder):
        self.folder = folder
        folder.mkdir()
        (folder / "extensions").write_text(EXTENSIONS)
        self.openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-521", "-nodes", "-keyout", "root.key",
                     "-out", "root.pem", "-subj", "/CN=Contoso Root", "-days", "30", "-config", "extensions",
                     "-extensions", "ca")
        self.openssl("req", "-new", "-newkey", "rsa:2048", "-nodes", "-keyout", "sub.key", "-out", "sub.csr", "-subj",
                     "/CN=Contoso Issuing", "-config", "extensions")
        self.openssl("x509", "-req", "-in", "sub.csr", "-CA", "root.pem", "-CAkey", "root.key", "-out", "sub.pem", "-days",
                     "20", "-set_serial", "2", "-extfile", "extensions", "-extensions", "ca")
        self.serial = 100

    def openssl(self, *words, stdin=None):
        done = subprocess.run(["openssl", *words], cwd=self.folder, input=stdin, capture_output=True, check=False)
        assert done.returncode == 0, (words, done)
        return done

    def sign(self, request, days=10, section="server"):
        """The certificate as PEM."""
        self.serial += 1
        return self.openssl("x509", "-req", "-in", request, "-CA", "sub.pem", "-CAkey", "sub.key", "-days", str(days),
                            "-set_serial", str(self.serial), "-extfile", "extensions", "-extensions", section).stdout

    def read(self, name):
        return (self.folder / name).read_bytes()

    def der(self, pem):
        return self.openssl("x509", "-outform", "DER", stdin=pem).stdout

    def pkcs7(self, form, *pems):
        """A certs-only PKCS#7 of these, in this order."""
        words = []
        for number, pem in enumerate(pems):
            (self.folder / f"part{number}.pem").write_bytes(pem)
            words += ["-certfile", f"part{number}.pem"]
        return self.openssl("crl2pkcs7", "-nocrl", *words, "-outform", form).stdout

    def signed_cms(self, form, pem):
        """A signed message, as a full answer of CMC is, in which the certificate lies."""
        (self.folder / "leaf.pem").write_bytes(pem)
        return self.openssl("cms", "-sign", "-signer", "sub.pem", "-inkey", "sub.key", "-certfile", "leaf.pem", "-nodetach",
                            "-binary", "-outform", form, stdin=b"an answer").stdout

    def forms(self, leaf):
        """name -> an answer in which `leaf` stands."""
        root, sub = self.read("root.pem"), self.read("sub.pem")
        der, bundle = self.der(leaf), self.pkcs7("DER", leaf, sub, root)
        pem_bundle = self.pkcs7("PEM", leaf, sub)
        text = self.openssl("x509", "-text", stdin=leaf).stdout
        broken_lines = re.sub(rb"(.{64})", rb"\1\r\n", base64.b64encode(der)) + b"\r\n"
        return {
            "PEM": leaf,
            "PEM with text before it": text,
            "PEM with CRLF": leaf.replace(b"\n", b"\r\n"),
            "PEM with a byte order mark": b"\xef\xbb\xbf" + leaf,
            "PEM, then the chain": leaf + sub + root,
            "PEM after the chain": root + sub + leaf,
            "PEM within the chain, twice": root + leaf + sub + leaf,
            "PEM beside a key of a kind that is not read": (DATA / "cert-secp256k1.pem").read_bytes() + leaf,
            "DER": der,
            "base64 on one line": base64.b64encode(der),
            "base64 in lines": broken_lines,
            "PKCS#7 in DER": bundle,
            "PKCS#7 in DER, chain first": self.pkcs7("DER", root, sub, leaf),
            "PKCS#7 in PEM": pem_bundle,
            "PKCS#7 called CMS": pem_bundle.replace(b"PKCS7", b"CMS"),
            "PKCS#7 called a chain": pem_bundle.replace(b"PKCS7", b"CERTIFICATE CHAIN"),
            "PKCS#7 called a certificate, as certutil does": pem_bundle.replace(b"PKCS7", b"CERTIFICATE"),
            "PKCS#7 in base64": base64.b64encode(bundle),
            "CMS in DER, signed": self.signed_cms("DER", leaf),
            "CMS in PEM, signed": self.signed_cms("PEM", leaf),
        }


class Requests(ProgramTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        scratch = Scratch()
        cls.addClassCleanup(scratch.close)
        cls.authority = Authority(scratch.path / "authority")

    def setUp(self):
        super().setUp()
        self.folder = self.scratch.path
        self.scratch.env["ACCORD_STORE"] = "s.db"
        self.ok("new-management-store", "--service-name", "lync", "--sip-domain", "litwareinc.com")
        self.ok("new-sip-domain", "fabrikam.com")

    def request(self, *words, file="request.csr"):
        """The path of a new request."""
        self.ok("request-certificate", *(words or NEW), "--output", file)
        return self.folder / file

    def certificate_command(self, *words, **more):
        return self.run_program("request-certificate", *words, "--format", "json", **more)

    def retrieve(self, answer, *words):
        (self.folder / "answer").write_bytes(answer)
        return self.certificate_command("--retrieve", "--path", "answer", *words)

    def pending(self):
        return [one["RequestId"] for one in self.certificate_command("--list").json()]

    def certificates(self):
        return self.ok("get-certificate", "--output", "json").json()

    def expect(self, call, code, id):
        self.assertEqual((call.code, call.error()["id"]), (code, id), call)

    def test_every_kind_of_key_makes_a_request_that_openssl_verifies(self):
        kinds = {"RSA 2048": "2048", "RSA 3072": "3072", "RSA 4096": "4096", "P-256": None, "P-384": None, "Ed25519": None}
        for kind, size in kinds.items():
            with self.subTest(kind=kind):
                words = ["--key-alg", kind.split(" ", maxsplit=1)[0], *(["--key-size", size] if size else [])]
                request = self.request("--new", "--type", "OAuthTokenIssuer", *words, "--organization", "Litware, Inc.",
                                       "--country", "us", file="kind.csr")
                done = self.authority.openssl("req", "-in", request, "-verify", "-noout", "-text")
                text = done.stdout.decode()
                self.assertIn(b"verify OK", done.stdout + done.stderr)
                self.assertIn("DNS:litwareinc.com, DNS:fabrikam.com", text)
                self.assertRegex(text, r'Subject: C = US, O = "Litware, Inc.", CN = litwareinc.com')
                self.assertIn("TLS Web Server Authentication", text)
                self.assertIn("Digital Signature" + (", Key Encipherment" if size else ""), text)
                # And it answers to that key.
                call = self.retrieve(self.authority.sign(request))
                self.assertEqual(call.code, 0, call)
                self.assertEqual(call.json()["KeyAlgorithm"], kind.split(" ", maxsplit=1)[0])
        self.assertEqual(self.pending(), [])

    def test_every_form_of_an_answer_is_taken_in(self):
        request = self.request()
        answers = self.authority.forms(self.authority.sign(request))
        shutil.copy2(self.folder / "s.db", self.folder / "before.db")
        for name, answer in answers.items():
            with self.subTest(form=name):
                shutil.copy2(self.folder / "before.db", self.folder / "s.db")
                call = self.retrieve(answer)
                self.assertEqual(call.code, 0, call)
                self.assertEqual(call.json()["Issuer"], "CN=Contoso Issuing")
                self.assertEqual(call.err, b"")
                self.assertEqual(self.pending(), [])
                self.assertEqual(len(self.certificates()), 1)

    def test_what_is_signed_makes_tokens_that_are_accepted(self):
        request = self.request()
        leaf = self.authority.sign(request)
        answer = self.authority.pkcs7("DER", self.authority.read("root.pem"), self.authority.read("sub.pem"), leaf)
        call = self.retrieve(answer, "--identity", "global")
        self.assertEqual(call.code, 0, call)
        self.assertEqual((call.json()["Use"], call.json()["State"]), ("OAuthTokenIssuer", "Current"))
        (self.folder / "leaf.pem").write_bytes(leaf)
        self.ok("set-oauth-configuration", "--hosts", "lync.litwareinc.com", "--public-url", "https://lync.litwareinc.com")
        self.ok("new-partner-application", "exchange", "--application-identifier", "exchange", "--realm", "contoso.com",
                "--application-trust-level", "full", "--certificate-file-data", DATA / "cert-other.pem")
        token = self.ok("new-oauth-token", "exchange", "--host", "mail.contoso.com").out
        verdict = self.ok("test-oauth-token", "-", "--as-partner", "exchange", "--host", "mail.contoso.com", "--output", "json",
                          "--quiet", stdin=token)
        self.assertEqual(verdict.json()["Result"], "Success")
        # A partner that has nothing but the certificate that the authority made accepts it too.
        self.ok("test-oauth-token", "-", "--profile", "jws", "--key", "leaf.pem", "--quiet", stdin=token)
        self.assertEqual(self.ok("export-certificate", "--type", "OAuthTokenIssuer").out, leaf)

    def test_standard_input_and_output_do_as_well_as_files(self):
        made = self.run_program("request-certificate", *NEW)
        self.assertTrue(made.out.startswith(b"-----BEGIN CERTIFICATE REQUEST-----\n"), made)
        self.assertIn(b"Request 1 is pending", made.err)
        (self.folder / "r.csr").write_bytes(made.out)
        leaf = self.authority.sign(self.folder / "r.csr")
        call = self.certificate_command("--retrieve", "--path", "-", "--property", "Subject", stdin=leaf)
        self.assertEqual(call.code, 0, call)
        self.assertEqual(call.json(), {"Subject": "CN=litwareinc.com"})

    def test_the_same_answer_again_changes_nothing(self):
        leaf = self.authority.sign(self.request())
        self.assertEqual(self.retrieve(leaf).code, 0)
        before = self.digest("s.db")
        for words in ([], ["--request-id", "1"]):
            call = self.retrieve(leaf, *words)
            self.assertEqual(call.code, 0, call)
            self.assertIn(b"is in the store already, with its key", call.err)
            self.assertEqual(call.json()["Issuer"], "CN=Contoso Issuing")
        self.assertEqual(self.digest("s.db"), before)
        # It may still be assigned, to what is named.
        self.expect(self.retrieve(leaf, "--identity", "global"), 2, "Parameter.Missing")
        call = self.retrieve(leaf, "--identity", "global", "--type", "Default")
        self.assertEqual((call.code, call.json()["Use"]), (0, "Default"))

    def test_a_certificate_for_another_key_is_refused(self):
        self.request()
        other = self.authority.sign(self.request(file="other.csr"))
        self.ok("request-certificate", "--clear", "--request-id", "2")
        before = self.digest("s.db")
        chain = [self.authority.read("sub.pem"), self.authority.read("root.pem")]
        for answer in (other, b"".join([other, *chain]), self.authority.pkcs7("DER", *chain),
                       self.authority.pkcs7("PEM", other, *chain)):
            call = self.retrieve(answer)
            self.expect(call, 2, "Certificate.RequestMismatch")
            self.assertIn("request 1 ('CN=litwareinc.com')", call.error()["message"])
        self.assertIn("CN=Contoso Issuing", self.retrieve(chain[0]).error()["message"])
        self.assertEqual((self.pending(), self.certificates(), self.digest("s.db")), ([1], [], before))

    def test_without_a_request_nothing_is_answered(self):
        leaf = self.authority.sign(self.request())
        self.ok("request-certificate", "--clear")
        call = self.retrieve(leaf)
        self.expect(call, 3, "CertificateRequest.NotFound")
        self.assertIn("the answer is for 'CN=litwareinc.com'", call.error()["message"])
        self.expect(self.retrieve(leaf, "--request-id", "1"), 3, "CertificateRequest.NotFound")

    def test_a_request_is_found_among_several(self):
        requests = [self.request(file=f"{number}.csr") for number in range(3)]
        leaves = [self.authority.sign(request) for request in requests]
        self.expect(self.retrieve(leaves[1], "--request-id", "1"), 2, "Certificate.RequestMismatch")
        call = self.retrieve(leaves[0] + leaves[2])
        self.expect(call, 2, "Parameter.Missing")
        self.assertIn("1, 3", call.error()["message"])
        self.assertEqual(self.retrieve(leaves[0] + leaves[2], "--request-id", "3").code, 0)
        self.assertEqual(self.pending(), [1, 2])
        self.assertEqual(self.retrieve(leaves[1]).code, 0)
        self.assertEqual(self.pending(), [1])

    def test_of_two_certificates_for_one_key_the_longer_valid_is_taken(self):
        request = self.request()
        short, long = self.authority.sign(request, days=3), self.authority.sign(request, days=9)
        call = self.retrieve(short + long)
        self.assertEqual(call.code, 0, call)
        self.assertIn(b"WARNING: the answer holds several certificates for the key", call.err)
        self.assertIn(call.json()["DaysLeft"], (8, 9))
        self.assertEqual(len(self.certificates()), 1)

    def test_a_certificate_that_cannot_sign_tokens_leaves_the_request_pending(self):
        request = self.request()
        self.expect(self.retrieve(self.authority.sign(request, section="wrong")), 2, "Certificate.Invalid")
        expired = self.authority.sign(request, days=-1)
        self.expect(self.retrieve(expired), 2, "Certificate.Expired")
        self.assertEqual((self.pending(), self.certificates()), ([1], []))

    def test_names_that_the_authority_left_out_are_named(self):
        call = self.retrieve(self.authority.sign(self.request(), section="bare"))
        self.assertEqual(call.code, 0, call)
        self.assertIn(b"lacks names that the request asked for: 'litwareinc.com', 'fabrikam.com'", call.err)

    def test_a_dry_run_says_what_would_be_done_and_does_nothing(self):
        leaf = self.authority.sign(self.request())
        before = self.digest("s.db", "s.db.key")
        call = self.retrieve(leaf, "--identity", "global", "--what-if")
        self.assertEqual((call.code, call.out), (0, b""), call)
        self.assertIn(b"request 1: pending -> answered", call.err)
        self.assertIn(b"Assign certificate to OAuthTokenIssuer", call.err)
        for words in (["--clear"], [*NEW, "--output", "new.csr"]):
            call = self.certificate_command(*words, "--what-if")
            self.assertEqual((call.code, call.out), (0, b""), call)
            self.assertIn(b"What if: ", call.err)
        self.assertEqual(self.digest("s.db", "s.db.key"), before)
        self.assertFalse((self.folder / "new.csr").exists())

    def test_a_request_is_written_again_as_it_was(self):
        request = self.request()
        self.request(file="second.csr")
        self.expect(self.certificate_command("--list", "--output", "again.csr"), 2, "Parameter.Missing")
        call = self.certificate_command("--list", "--request-id", "1", "--output", "again.csr")
        self.assertEqual(call.code, 0, call)
        self.assertEqual((self.folder / "again.csr").read_bytes(), request.read_bytes())
        self.assertEqual(call.json()["Request"].encode(), request.read_bytes())

    def test_a_file_that_cannot_be_written_leaves_no_request(self):
        for path in ("/dev/full", "nowhere/r.csr", "s.db", "s.db.key"):
            with self.subTest(path=path):
                self.assertIn(self.certificate_command(*NEW, "--output", path).code, (1, 2))
                self.assertEqual(self.pending(), [])

    def test_the_key_is_nowhere_in_the_store_in_clear_and_is_gone_after_clear(self):
        self.request()
        self.assertNotIn(b"PRIVATE", (self.folder / "s.db").read_bytes())
        (self.folder / "s.db.key").rename(self.folder / "kept.key")
        leaf = self.authority.sign(self.folder / "request.csr")
        self.expect(self.retrieve(leaf), 7, "StoreKey.Missing")
        self.expect(self.certificate_command(*NEW), 7, "StoreKey.Missing")
        # Listing and clearing need no key.
        self.assertEqual(self.pending(), [1])
        self.ok("request-certificate", "--clear", "--confirm=false")
        self.assertEqual(self.pending(), [])
        self.assertFalse((self.folder / "s.db.key").exists())

    def test_what_is_no_answer_is_named(self):
        request = self.request()
        leaf = self.authority.sign(request)
        bundle = self.authority.pkcs7("DER", leaf)
        empty = self.authority.openssl("crl2pkcs7", "-nocrl", "-outform", "DER").stdout
        wrong = {
            "the request itself": (request.read_bytes(), "certificate request"),
            "a key": ((DATA / "cert-p256.key").read_bytes(), "private key"),
            "a PFX": ((DATA / "cert-modern.pfx").read_bytes(), "PFX"),
            "an empty PKCS#7": (empty, "holds no certificate"),
            "bytes behind PKCS#7": (bundle + b"x", "1 bytes follow"),
            "bytes behind a certificate": (self.authority.der(leaf) + b"xyz", "3 bytes follow"),
            "half a PKCS#7": (bundle[:len(bundle) // 2], "damaged or cut off"),
            "half a PEM file": (leaf[:len(leaf) // 2], "damaged or cut off"),
            "a certificate of a kind that is not read": ((DATA / "cert-secp256k1.pem").read_bytes(), "secp256k1"),
            "an empty file": (b"", "neither DER nor PEM nor base64"),
            "a page of a web server": (b"<html>denied</html>", "neither DER nor PEM nor base64"),
        }
        for name, (content, said) in wrong.items():
            with self.subTest(wrong=name):
                call = self.retrieve(content)
                self.expect(call, 2, "Certificate.Invalid")
                self.assertIn(said, call.error()["message"])
        self.assertEqual(self.pending(), [1])


if __name__ == "__main__":
    if shutil.which("openssl") is None:
        skip("no openssl command")
    main()
