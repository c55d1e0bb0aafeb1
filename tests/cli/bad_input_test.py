"""Bad input: each parameter of each verb given wrongly, damaged stores, and what outsiders may send.

Whatever comes in, a verb ends in a documented exit code at once, says why in one readable line, and changes nothing.
"""

import json
import os
import random
import re
import shutil
import sqlite3
import unittest

from accord_program import DATA, DOCUMENTED, ProgramTest, main

# What a call may take, in seconds of processor time: wall time depends on who else is at work. Sanitized programs are
# given more.
SECONDS = float(os.environ.get("ACCORD_SECONDS", "1"))
THUMBPRINT = "6054F68093BB8AE3A43979ED1FD57C649A850586"

NOWHERE = "https://127.0.0.1:1/"  # where nobody answers
# A call of each verb that is right, to which one wrong parameter is added.
RIGHT = {
    "export-auth-metadata": [],
    "export-certificate": ["--type", "OAuthTokenIssuer"],
    "get-auth-metadata": ["lync.json"],
    "get-certificate": [],
    "get-configuration-store-location": [],
    "get-oauth-configuration": [],
    "get-oauth-server": [],
    "get-partner-application": [],
    "get-sip-domain": [],
    "help": [],
    "import-certificate": ["--path", str(DATA / "cert-p384-pair.pem")],
    "invoke-batch": ["/dev/null"],
    "new-management-store": [],
    "new-oauth-server": ["sts", "--metadata-file", "sts.json"],
    "new-oauth-token": ["exchange", "--host", "mail.contoso.com"],
    "new-partner-application": ["p", "--application-identifier", "p", "--realm", "r", "--application-trust-level", "full",
                                "--certificate-file-data", str(DATA / "cert-rsa.pem")],
    "new-sip-domain": ["c.example"],
    "request-oauth-token": ["nobody", "--resource", "p/h@r"],
    "update-oauth-server": ["nobody"],
    "update-partner-application": ["nobody"],
    "remove-certificate": ["--type", "OAuthTokenIssuer"],
    "remove-oauth-server": ["nobody"],
    "remove-partner-application": ["exchange"],
    "remove-sip-domain": ["b.example"],
    "request-certificate": ["--new", "--self-signed", "--type", "OAuthTokenIssuer", "--key-alg", "P-256"],
    "set-certificate": ["--type", "OAuthTokenIssuer", "--thumbprint", THUMBPRINT],
    "set-oauth-configuration": [],
    "set-oauth-server": ["nobody"],
    "set-partner-application": ["exchange"],
    "set-sip-domain": ["b.example"],
    "show-oauth-diagnostic": ["2000003"],
    "show-oauth-token": ["--token-file", "token"],
    "start-token-service": [],  # without TLS it is refused, whatever else is wrong
    "test-certificate-configuration": [],
    "test-deployment": ["--partner", "nobody"],
    "test-ex-storage-connectivity": ["--sip-uri", "a@b.example", "--target-uri", NOWHERE],
    "test-oauth-connectivity": ["--service", "generic", "--target-uri", NOWHERE],
    "test-oauth-server": ["nobody"],
    "test-oauth-token": ["--token-file", "token"],
    "test-partner-application": ["nobody"],
    "test-unified-contact-store": ["--target-uri", NOWHERE],
    "update-management-store-key": [],
}
WRONG = {
    "empty": b"",
    "long": b"x" * 70 * 1024,
    "control": b"a\x01\x1b[31mb\n\x7f",
    "no UTF-8": b"\xc3\x28\xff\xfe",
    "nonsense": b"no-such-thing",
    "negative": b"-1",
    "huge": b"99999999999999999999999999",
    "folder": b"/",
    "format": b"%s%n{0}'\";--",
    "wildcard": b"*",
}


def kebab(name):
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "-", name).lower()


def is_readable(text):
    """Whether a terminal may be shown this: UTF-8 without control characters."""
    try:
        return all(c == "\n" or c.isprintable() for c in text.decode())
    except UnicodeDecodeError:
        return False


def is_plugin_line(out):
    """What --nagios prints, whatever came of the call."""
    return out.startswith((b"CERTIFICATE ", b"DEPLOYMENT ")) and out.count(b"\n") == 1


class WithStore(ProgramTest):
    def setUp(self):
        super().setUp()
        self.scratch.issuer("s.db")
        self.ok("new-sip-domain", "b.example", "--store", "s.db")
        self.ok("new-partner-application", "exchange", "--store", "s.db", "--application-identifier", "exchange", "--realm",
                "contoso.com", "--application-trust-level", "full", "--certificate-file-data", DATA / "cert-other.pem")
        self.ok("export-auth-metadata", "--store", "s.db", "--output-file", "lync.json")
        self.ok("new-oauth-token", "exchange", "--store", "s.db", "--host", "mail.contoso.com")
        (self.scratch.path / "token").write_bytes(
            self.ok("new-oauth-token", "exchange", "--store", "s.db", "--host", "mail.contoso.com").out)
        self.names = sorted(path.name for path in self.scratch.path.iterdir())
        self.before = self.digest("s.db", "s.db.key", "lync.json", "token")
        shutil.copytree(self.scratch.path, self.scratch.path.with_name(self.scratch.path.name + "-kept"))
        self.kept = self.scratch.path.with_name(self.scratch.path.name + "-kept")
        self.addCleanup(shutil.rmtree, self.kept)

    def restore(self):
        shutil.rmtree(self.scratch.path)
        shutil.copytree(self.kept, self.scratch.path)

    def expect_unchanged(self, what):
        self.assertEqual(self.before, self.digest("s.db", "s.db.key", "lync.json", "token"), what)
        self.assertEqual(self.names, sorted(path.name for path in self.scratch.path.iterdir()), what)


class Parameters(WithStore):
    def surface(self):
        return self.ok("accord", "help", "--output", "json").json()["verbs"]

    def attempt(self, verb, words, what):
        call = self.run_program(verb if "-" in verb else "accord", *([] if "-" in verb else [verb]), *words,
                                env={"ACCORD_STORE": "s.db"})
        self.assertIn(call.code, DOCUMENTED, (what, call))
        self.assertLess(call.seconds, SECONDS, what)
        self.assertTrue(is_readable(call.err), (what, call))
        if call.code == 0:
            self.restore()  # it was right after all
            return
        if call.code not in (5, 6) and not is_plugin_line(call.out):
            self.assertTrue(call.err, what)
            self.assertEqual(call.out, b"", what)
        elif verb == "test-certificate-configuration":
            # Its page may have been written, whatever the verdict is.
            self.assertEqual(self.before, self.digest("s.db", "s.db.key", "lync.json", "token"), what)
            self.restore()
        self.expect_unchanged(what)

    def test_each_parameter_given_wrongly(self):
        calls = 0
        for verb in self.surface():
            self.assertIn(verb["name"], RIGHT)
            common = verb["name"] in ("get-sip-domain", "set-sip-domain", "help")
            for parameter in verb["parameters"]:
                name = "--" + kebab(parameter["name"])
                own = parameter["name"] not in ("WhatIf", "Confirm", "Force", "Verbose", "Quiet", "ErrorAction", "Output",
                                                "Format", "Property", "Store", "NoColor", "Help", "Version", "Where", "Sort",
                                                "First", "LocalStore", "WarningAction", "ErrorVariable", "OutVariable", "Debug")
                if not own and not common:
                    continue
                right = RIGHT[verb["name"]]
                # Its right value makes way for the wrong one.
                if name in right:
                    at = right.index(name)
                    right = right[:at] + right[at + 2:]
                elif parameter["position"] == 0 and right and not right[0].startswith("--"):
                    right = right[1:]
                wrongs = ["nonsense", "empty"] if parameter["refused"] else WRONG
                for kind in wrongs:
                    self.attempt(verb["name"], [*right, name.encode() + b"=" + WRONG[kind]], (verb["name"], name, kind))
                    calls += 1
                if (verb["name"], parameter["name"]) == ("start-token-service", "InsecureHttp"):
                    continue  # then nothing is wrong, and it runs
                self.attempt(verb["name"], [*right, name], (verb["name"], name, "without a value"))
                calls += 1
        print(f"{calls} calls", end=" ", flush=True)
        self.assertGreater(calls, 300)

    def test_each_verb_called_with_nothing_and_with_everything(self):
        for verb in self.surface():
            self.attempt(verb["name"], [], (verb["name"], "nothing"))
            everything = ["--" + kebab(one["name"]) + "=1" for one in verb["parameters"] if not one["refused"]
                          and one["name"] not in ("Help", "Version")]
            self.attempt(verb["name"], everything, (verb["name"], "everything"))
            self.attempt(verb["name"], ["--"] + ["x"] * 1000, (verb["name"], "a thousand values"))
            self.attempt(verb["name"], ["--" + "x" * 10000], (verb["name"], "a long name"))
            self.attempt(verb["name"], [b"-\xff"], (verb["name"], "a name that is no UTF-8"))


class Stores(WithStore):
    """A store that is damaged, missing, another's or newer is told from one that is in use, and never changed."""

    VERBS = (["get-partner-application"], ["get-oauth-configuration"], ["new-sip-domain", "z.example"],
             ["new-oauth-token", "exchange", "--host", "mail.contoso.com"], ["remove-partner-application", "exchange"])

    def expect(self, error_id, what, verbs=VERBS):
        before = self.digest("s.db")
        for words in verbs:
            call = self.run_program(*words, "--store", "s.db", "--output", "json")
            self.assertEqual(call.code, 7, (what, words, call))
            self.assertEqual(call.error()["id"], error_id, (what, words))
            self.assertEqual(call.out, b"")
            self.assertEqual(before, self.digest("s.db"), (what, words))

    def store(self):
        return self.scratch.path / "s.db"

    def test_what_is_no_store(self):
        for what, content in (("empty file", b""), ("text", b"this is a text\n" * 300), ("zeros", b"\0" * 8192),
                              ("a PFX", (DATA / "cert-modern.pfx").read_bytes())):
            self.store().write_bytes(content)
            self.expect("Store.Damaged", what)

    def test_another_database(self):
        self.store().unlink()
        other = sqlite3.connect(self.store())
        other.execute("CREATE TABLE bookmark (url TEXT)")
        other.execute("CREATE TABLE partner_application (id INTEGER)")
        other.commit()
        other.close()
        self.store().chmod(0o600)
        self.expect("Store.Damaged", "a database of another program")

    def test_a_newer_version(self):
        store = sqlite3.connect(self.store())
        version = store.execute("PRAGMA user_version").fetchone()[0]
        store.execute(f"PRAGMA user_version = {version + 1}")
        store.commit()
        store.close()
        self.expect("Store.Newer", "a newer version")

    def test_a_missing_one_and_one_that_is_a_folder(self):
        self.store().unlink()
        for words in self.VERBS:
            call = self.run_program(*words, "--store", "s.db", "--output", "json")
            self.assertEqual((call.code, call.error()["id"]), (7, "Store.Missing"), call)
            self.assertFalse(self.store().exists())
        self.store().mkdir()
        for words in self.VERBS:
            self.assertEqual(self.run_program(*words, "--store", "s.db").code, 7, words)

    def test_one_that_others_may_write(self):
        self.store().chmod(0o666)
        self.expect("Store.NotPermitted", "writable by others")
        self.store().chmod(0o600)
        self.scratch.path.chmod(0o777)
        self.expect("Store.NotPermitted", "in a folder that is writable by others")
        self.scratch.path.chmod(0o700)
        (self.scratch.path / "s.db.key").chmod(0o644)
        call = self.run_program("new-oauth-token", "exchange", "--host", "mail.contoso.com", "--store", "s.db", "--output", "json")
        self.assertEqual((call.code, call.error()["id"]), (7, "StoreKey.Invalid"), call)
        self.assertIn("other users", call.error()["message"])

    def test_cut_off_anywhere(self):
        whole = self.store().read_bytes()
        for i in range(20):
            length = len(whole) * i // 20 + (i % 3)
            self.store().write_bytes(whole[:length])
            self.expect("Store.Damaged", f"cut off after {length} of {len(whole)} bytes", self.VERBS[:3] if i % 4 else self.VERBS)

    def test_turned_bytes(self):
        """Any byte may be turned: the verb works, or says that the store is damaged, and leaves it alone either way."""
        whole = self.store().read_bytes()
        dice = random.Random(2026)
        told = 0
        for _ in range(120):
            broken = bytearray(whole)
            at = dice.randrange(len(whole)) if dice.random() < 0.7 else dice.randrange(1024)
            for _ in range(dice.choice((1, 1, 8))):
                broken[min(at + dice.randrange(64), len(whole) - 1)] ^= dice.randrange(1, 256)
            self.store().write_bytes(broken)
            for words in (["get-partner-application"], ["get-oauth-configuration"], ["get-certificate"],
                          ["test-oauth-token", "--token-file", "token", "--as-partner", "exchange", "--host", "mail.contoso.com"],
                          ["new-oauth-token", "exchange", "--host", "mail.contoso.com"]):
                call = self.run_program(*words, "--store", "s.db", "--output", "json")
                self.assertIn(call.code, DOCUMENTED, (at, words, call))
                self.assertTrue(is_readable(call.err), (at, words, call))
                self.assertEqual(self.store().read_bytes(), bytes(broken), (at, words))
                told += call.code == 7
        self.assertGreater(told, 20)

    def test_a_key_file_that_is_damaged(self):
        key = self.scratch.path / "s.db.key"
        whole = key.read_bytes()
        for what, content in (("empty", b""), ("short", whole[:-3]), ("long", whole * 2), ("another", b"x" * len(whole)),
                              ("zeros", b"\0" * 70000)):
            key.write_bytes(content)
            call = self.run_program("new-oauth-token", "exchange", "--host", "mail.contoso.com", "--store", "s.db", "--output", "json")
            self.assertEqual(call.code, 7, (what, call))
            self.assertIn(call.error()["id"], ("StoreKey.Invalid", "StoreKey.Wrong"), what)
            self.assertIn("s.db.key", call.error()["message"], what)
            self.assertEqual(key.read_bytes(), content)


class Documents(WithStore):
    """Certificates, metadata and tokens from outside."""

    def refused(self, words, error_id, what, stdin=b"", code=2):
        call = self.run_program(*words, "--store", "s.db", "--output", "json", stdin=stdin)
        self.assertEqual((call.code, call.error()["id"]), (code, error_id), (what, call))
        self.assertLess(call.seconds, SECONDS, what)
        self.expect_unchanged(what)

    def test_a_pfx_cut_off_anywhere(self):
        whole = (DATA / "cert-modern.pfx").read_bytes()
        for i in range(40):
            part = whole[:len(whole) * i // 40]
            self.refused(["import-certificate", "--path", "-", "--password-file", DATA / "password"], "Certificate.Invalid", i, part)

    def test_a_pfx_with_a_byte_turned_anywhere(self):
        whole = (DATA / "cert-modern.pfx").read_bytes()
        for at in range(0, len(whole), 29):
            broken = whole[:at] + bytes([whole[at] ^ 0x41]) + whole[at + 1:]
            call = self.run_program("import-certificate", "--path", "-", "--password-file", DATA / "password", "--store", "s.db",
                                    "--output", "json", stdin=broken)
            self.assertIn(call.code, (2,), (at, call))
            self.expect_unchanged(at)

    def test_a_wrong_password(self):
        file = self.kept / "password"
        for password in (b"Pa55wore\n", b"pa55word\n", b"Pa55word \n", b"\xff\xfe\n", b"x" * 500 + b"\n"):
            file.write_bytes(password)
            self.refused(["import-certificate", "--path", DATA / "cert-modern.pfx", "--password-file", file],
                         "Certificate.WrongPassword", password)

    def test_metadata_that_contradicts_itself_or_is_none(self):
        document = json.loads((self.scratch.path / "lync.json").read_text())
        document["issuer"] = document["issuer"].replace("litwareinc", "fabrikam")
        document["realm"] = "fabrikam.com"
        words = ["new-partner-application", "p", "--application-trust-level", "full", "--metadata-file", "-"]

        def broken(change):
            copy = json.loads(json.dumps(document))
            change(copy)
            return json.dumps(copy).encode()

        key = document["keys"][0]
        self.refused(words, "Metadata.KeyMismatch", "a wrong thumbprint",
                     broken(lambda d: d["keys"][0]["keyinfo"].update(x5t="ZFT2gJO7iuOkOXntH9V8ZJqFBYY")))
        self.refused(words, "Metadata.Invalid", "no keys", broken(lambda d: d.update(keys=[])))
        self.refused(words, "Metadata.Contradiction", "another realm", broken(lambda d: d.update(realm="x.example")), code=4)
        text = json.dumps(document).encode()
        self.refused(words, "Json.Invalid", "a duplicate member", text.replace(b'"realm"', b'"version": "1.0", "realm"', 1))
        self.refused(words, "Json.Invalid", "cut off", text[:-1])
        self.refused(words, "Json.Invalid", "two documents", text + text)
        self.refused(words, "Json.Invalid", "no UTF-8", text.replace(b"fabrikam", b"fabri\xffkam", 1))
        self.refused(words, "File.TooLarge", "10 MB of nesting", b"[" * 10_000_000)
        self.refused(words, "Json.Invalid", "a million levels", b'{"a":' * 200_000)
        self.assertTrue(key)

    def test_tokens_with_every_segment_damaged(self):
        token = (self.scratch.path / "token").read_bytes().strip()
        other = self.ok("new-oauth-token", "exchange", "--store", "s.db", "--host", "mail.contoso.com", "--user-sip",
                        "sip:kenmyer@contoso.com").out.strip()
        lines = []
        for each in (token, other):
            segments = each.split(b".")
            for i in range(3):
                for change in (lambda s: b"", lambda s: s[:-1], lambda s: s + b"=", lambda s: s[::-1], lambda s: s + b"A",
                               lambda s: b"!" + s[1:], lambda s: s[:len(s) // 2] + b"AAAA" + s[len(s) // 2 + 4:],
                               lambda s: s + b"." + s):
                    changed = change(segments[i])
                    if changed != segments[i]:
                        lines.append(b".".join([*segments[:i], changed, *segments[i + 1:]]))
        as_partner = ["--as-partner", "exchange", "--host", "mail.contoso.com"]
        call = self.run_program("test-oauth-token", "-", *as_partner, "--store", "s.db", "--output", "jsonl", "--quiet",
                                stdin=b"\n".join([token, *lines]))
        self.assertEqual(call.code, 5, call)
        verdicts = [json.loads(line) for line in call.out.splitlines()]
        self.assertEqual(verdicts[0]["Result"], "Success")
        for line, verdict in zip(lines, verdicts[1:], strict=True):
            self.assertEqual(verdict["Result"], "Failure", line)
            self.assertIn(verdict["Category"], ("invalid_token", "invalid_signature", "invalid_certificate"), line)
            self.assertTrue(verdict["Reason"], line)
            self.assertIsNone(verdict["Issuer"], line)
        self.expect_unchanged("tokens")

    def test_tokens_that_are_none(self):
        dice = random.Random(7)
        for content in (b"\0", b"..", b"...", b"a" * 16385, b"\xff" * 100, b'{"token":1}', b"[" * 10_000_000, b" ", b"Bearer x",
                        bytes(dice.randrange(256) for _ in range(5000)).replace(b"\n", b"")):
            call = self.run_program("test-oauth-token", "-", "--store", "s.db", "--output", "json", stdin=content)
            self.assertEqual(call.code, 5, (content[:20], call))
            self.assertEqual(call.json()["Category"], "invalid_token")
            self.assertLess(call.seconds, SECONDS)


if __name__ == "__main__":
    main()
