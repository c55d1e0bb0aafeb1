"""Tokens travel between Accord and independent implementations, in both directions: PyJWT and jwcrypto."""

import base64
import json
import time
import unittest

from accord_program import DATA, ProgramTest, main, skip

try:
    import jwt
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from jwcrypto import jwk, jws
except ImportError as missing:
    skip(f"{missing}; install python3-jwt and python3-jwcrypto")

LYNC = "00000004-0000-0ff1-ce00-000000000000"
EXCHANGE = "00000002-0000-0ff1-ce00-000000000000"
# Key pairs of tests/data that make their tokens in the oracle, and the algorithm of each.
PAIRS = {"rsa": "RS256", "p256": "ES256", "p384": "ES384", "ed25519": "EdDSA"}


def encode(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Oracle(ProgramTest):
    def partner(self, certificate):
        """A store of Exchange's that trusts Lync by this certificate."""
        self.ok("new-management-store", "--store", "ex.db", "--service-name", "exchange", "--sip-domain", "contoso.com")
        self.ok("set-oauth-configuration", "--store", "ex.db", "--hosts", "mail.contoso.com")
        self.ok("new-partner-application", "lync", "--store", "ex.db", "--application-identifier", "lync", "--realm",
                "litwareinc.com", "--application-trust-level", "full", "--certificate-file-data", certificate)

    def test_what_accord_signs_others_verify(self):
        makers = {"RS256": ["RSA"], "ES256": ["P-256"], "ES384": ["P-384"], "EdDSA": ["Ed25519"]}
        for algorithm, (kind,) in makers.items():
            with self.subTest(algorithm):
                store = f"{algorithm}.db"
                self.ok("new-management-store", "--store", store, "--service-name", "lync", "--sip-domain", "litwareinc.com")
                self.ok("request-certificate", "--store", store, "--new", "--self-signed", "--type", "OAuthTokenIssuer",
                        "--identity", "global", "--key-alg", kind)
                self.ok("new-partner-application", "exchange", "--store", store, "--application-identifier", "exchange",
                        "--realm", "contoso.com", "--application-trust-level", "full", "--certificate-file-data",
                        DATA / "cert-other.pem")
                pem = self.ok("export-certificate", "--store", store, "--type", "OAuthTokenIssuer").out
                token = self.ok("new-oauth-token", "exchange", "--store", store, "--host", "mail.contoso.com").text.strip()

                certificate = x509.load_pem_x509_certificate(pem)
                header = jwt.get_unverified_header(token)
                self.assertEqual(header, {"typ": "JWT", "alg": algorithm,
                                          "x5t": encode(certificate.fingerprint(hashes.SHA1()))})
                audience = f"{EXCHANGE}/mail.contoso.com@contoso.com"
                claims = jwt.decode(token, certificate.public_key(), algorithms=[algorithm], audience=audience,
                                    issuer=f"{LYNC}@litwareinc.com")
                self.assertEqual(claims["nameid"], f"{LYNC}@litwareinc.com")
                self.assertEqual(int(claims["exp"]) - int(claims["nbf"]), 8 * 3600)

                key = self.ok("export-certificate", "--store", store, "--type", "OAuthTokenIssuer", "--encoding", "jwk").text
                other = jws.JWS()
                other.deserialize(token)
                other.allowed_algs = [algorithm]
                other.verify(jwk.JWK.from_json(key))
                self.assertEqual(json.loads(other.payload)["aud"], audience)

                head, body, signature = token.split(".")
                changed = ("A" if signature[5] != "A" else "B").join([signature[:5], signature[6:]])
                with self.assertRaises(jwt.InvalidSignatureError):
                    jwt.decode(f"{head}.{body}.{changed}", certificate.public_key(), algorithms=[algorithm],
                               audience=audience)

    def token_of_oracle(self, name, changes=None, header=None):
        algorithm = PAIRS[name]
        der = (DATA / f"token-{name}.key").read_bytes()
        key = serialization.load_der_private_key(der, None)
        certificate = x509.load_der_x509_certificate((DATA / f"token-{name}.cer").read_bytes())
        now = int(time.time())
        claims = {"aud": f"{EXCHANGE}/mail.contoso.com@contoso.com", "iss": f"{LYNC}@litwareinc.com", "nbf": str(now),
                  "exp": str(now + 3600), "nameid": f"{LYNC}@litwareinc.com", **(changes or {})}
        x5t = encode(certificate.fingerprint(hashes.SHA1()))
        # PyJWT refuses nbf and exp as strings, which these products write: the claims are signed as they are.
        return jwt.api_jws.encode(json.dumps(claims).encode(), key, algorithm=algorithm,
                                  headers={"typ": "JWT", "x5t": x5t, **(header or {})})

    def judge(self, token):
        call = self.run_program("test-oauth-token", "-", "--store", "ex.db", "--output", "json", stdin=token.encode())
        self.assertIn(call.code, (0, 5), call)
        return call.json()

    def test_what_others_sign_accord_verifies(self):
        for name, algorithm in PAIRS.items():
            with self.subTest(algorithm):
                self.partner(DATA / f"token-{name}.cer")
                token = self.token_of_oracle(name)
                verdict = self.judge(token)
                self.assertEqual((verdict["Result"], verdict["Partner"]), ("Success", "lync"), verdict)
                self.assertEqual(self.judge(self.token_of_oracle(name, {"exp": int(time.time()) + 60, "nbf": 1 * int(time.time())}))["Result"],
                                 "Success")

                head, body, signature = token.split(".")
                changed = ("A" if signature[5] != "A" else "B").join([signature[:5], signature[6:]])
                self.assertEqual(self.judge(f"{head}.{body}.{changed}")["Category"], "invalid_signature")
                late = self.judge(self.token_of_oracle(name, {"nbf": "1000000000", "exp": "1000003600"}))
                self.assertEqual(late["Category"], "token_expired")
                foreign = self.judge(self.token_of_oracle(name, {"iss": f"{LYNC}@fabrikam.com"}))
                self.assertEqual(foreign["Category"], "invalid_token")
                critical = self.judge(self.token_of_oracle(name, header={"crit": ["exp"]}))
                self.assertEqual(critical["Category"], "invalid_token")
                for path in self.scratch.path.glob("ex.db*"):
                    path.unlink()

    def test_a_public_key_is_no_shared_secret(self):
        self.partner(DATA / "token-rsa.cer")
        certificate = x509.load_der_x509_certificate((DATA / "token-rsa.cer").read_bytes())
        secret = jwk.JWK(kty="oct", k=encode((DATA / "token-rsa.cer").read_bytes()))
        now = int(time.time())
        claims = {"aud": f"{EXCHANGE}/mail.contoso.com@contoso.com", "iss": f"{LYNC}@litwareinc.com", "nbf": str(now),
                  "exp": str(now + 3600), "nameid": f"{LYNC}@litwareinc.com"}
        token = jws.JWS(json.dumps(claims))
        token.add_signature(secret, None, json.dumps({"typ": "JWT", "alg": "HS256",
                                                      "x5t": encode(certificate.fingerprint(hashes.SHA1()))}))
        verdict = self.judge(token.serialize(compact=True))
        self.assertEqual((verdict["Result"], verdict["Category"]), ("Failure", "invalid_token"))


if __name__ == "__main__":
    main()
