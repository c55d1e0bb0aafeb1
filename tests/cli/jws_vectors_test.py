"""The JWS layer gives the verdicts that are published with public vectors."""

import json
import unittest

from accord_program import VECTORS, ProgramTest, main, needs_vectors

JOSE = VECTORS / "rfc-jose"
COOKBOOK = VECTORS / "rfc7520-cookbook"


class JwsVectors(ProgramTest):
    def verdict(self, token, key, option="--key"):
        call = self.run_program("test-oauth-token", "--profile", "jws", option, key, "-", "--output", "json", "--quiet",
                                stdin=token)
        self.assertIn(call.code, (0, 5), call)
        result = call.json()["Result"]
        self.assertEqual(result, "Success" if call.code == 0 else "Failure")
        return result

    def key_file(self, jwk):
        path = self.scratch.path / "key.jwk"
        path.write_text(json.dumps(jwk))
        return path

    def damaged(self, token):
        """The token with one bit of each segment turned, one after another."""
        segments = token.strip().split(b".")
        for i, segment in enumerate(segments):
            if not segment:
                continue
            middle = len(segment) // 2
            other = b"A" if segment[middle:middle + 1] != b"A" else b"B"
            yield b".".join([*segments[:i], segment[:middle] + other + segment[middle + 1:], *segments[i + 1:]])

    def test_rfc_7515_examples(self):
        for name in ("A.1", "A.2", "A.3"):
            with self.subTest(name):
                token = (JOSE / f"rfc7515_{name}.jwsc").read_bytes()
                key = JOSE / f"rfc7515_{name}.jwk"
                self.assertEqual(self.verdict(token, key), "Success")
                for other in self.damaged(token):
                    self.assertEqual(self.verdict(other, key), "Failure")
        for key in ("A.1", "A.2", "A.3"):
            self.assertEqual(self.verdict((JOSE / "rfc7515_A.5.jwsc").read_bytes(), JOSE / f"rfc7515_{key}.jwk"), "Failure")

    def test_a_key_of_another_example_verifies_nothing(self):
        for token in ("A.1", "A.2", "A.3"):
            for key in ("A.1", "A.2", "A.3"):
                expected = "Success" if token == key else "Failure"
                found = self.verdict((JOSE / f"rfc7515_{token}.jwsc").read_bytes(), JOSE / f"rfc7515_{key}.jwk")
                self.assertEqual(found, expected, (token, key))

    def test_rfc_7520_examples(self):
        for name, expected in (("4_1.rsa_v15_signature", "Success"), ("4_2.rsa-pss_signature", "Success"),
                               ("4_3.ecdsa_signature", "Success"), ("4_4.hmac-sha2_integrity_protection", "Success"),
                               ("4_5.signature_with_detached_content", "Failure")):
            with self.subTest(name):
                example = json.loads((COOKBOOK / "jws" / f"{name}.json").read_text())
                token = example["output"]["compact"].encode()
                key = self.key_file(example["input"]["key"])
                self.assertEqual(self.verdict(token, key), expected)
                for other in self.damaged(token):
                    self.assertEqual(self.verdict(other, key), "Failure")

    def test_rfc_8037_example(self):
        example = json.loads((COOKBOOK / "curve25519" / "jws.json").read_text())
        key = self.key_file(example["input"]["key"])
        self.assertEqual(self.verdict(example["output"]["compact"].encode(), key), "Success")

    def test_a_key_set_is_searched(self):
        keys = [json.loads((JOSE / f"rfc7515_{name}.jwk").read_text()) for name in ("A.2", "A.3")]
        path = self.scratch.path / "keys.jwks"
        path.write_text(json.dumps({"keys": keys}))
        for name in ("A.2", "A.3"):
            self.assertEqual(self.verdict((JOSE / f"rfc7515_{name}.jwsc").read_bytes(), path, "--jwks"), "Success")
        self.assertEqual(self.verdict((JOSE / "rfc7515_A.1.jwsc").read_bytes(), path, "--jwks"), "Failure")

    def test_json_forms_and_secrets_in_pem_are_no_keys_and_no_tokens(self):
        example = json.loads((COOKBOOK / "jws" / "4_6.protecting_specific_header_fields.json").read_text())
        key = self.key_file(example["input"]["key"])
        self.assertEqual(self.verdict(json.dumps(example["output"]["json"]).encode(), key), "Failure")

    def test_the_server_to_server_profile_refuses_them_all(self):
        self.scratch.issuer("s.db")
        tokens = [(JOSE / f"rfc7515_{name}.jwsc").read_bytes().strip() for name in ("A.1", "A.2", "A.3", "A.5")]
        for path in sorted((COOKBOOK / "jws").glob("4_*.json")):
            output = json.loads(path.read_text())["output"]
            tokens.append(output["compact"].encode() if "compact" in output else json.dumps(output["json"]).encode())
        call = self.run_program("test-oauth-token", "-", "--store", "s.db", "--output", "jsonl", stdin=b"\n".join(tokens))
        self.assertEqual(call.code, 5)
        verdicts = [json.loads(line) for line in call.out.splitlines()]
        self.assertEqual(len(verdicts), len(tokens))
        self.assertEqual({(one["Result"], one["Category"]) for one in verdicts}, {("Failure", "invalid_token")})


if __name__ == "__main__":
    needs_vectors()
    main()
