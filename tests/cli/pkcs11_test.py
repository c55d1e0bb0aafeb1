"""Private keys that stay in a PKCS#11 token: SoftHSM 2 in a scratch folder, with the keys of tests/data in it."""

import os
import pathlib
import shutil
import sqlite3
import subprocess
import sys
import sysconfig
import unittest

from accord_program import BIN, DATA, ProgramTest, main, skip

if shutil.which("softhsm2-util") is None:
    skip("SoftHSM 2 is not installed (softhsm2)")

PIN = "K5-pin-7319"
# By label: the certificate, the file that its key comes from, and the id it gets.
KEYS = {"rsa": ("cert-rsa.pem", "cert-rsa.key", "00A3"), "p256": ("cert-p256.pem", "cert-p256.key", "02"),
        "p384": ("cert-p384.pem", "cert-p384-pair.pem", "03")}
RSA_THUMBPRINT = "6054F68093BB8AE3A43979ED1FD57C649A850586"
LIBRARY = "/usr/lib/softhsm/libsofthsm2.so"
SPY = f"/usr/lib/{sysconfig.get_config_var('MULTIARCH')}/pkcs11-spy.so"
HOST = ["--host", "mail.contoso.com"]

# Takes CKA_SIGN from every private key: softhsm2-util and pkcs11-tool cannot.
FORBID_SIGNING = """
import ctypes, sys
library = ctypes.CDLL(sys.argv[1])
pin = sys.argv[2].encode()
class Attribute(ctypes.Structure):
    _fields_ = [("type", ctypes.c_ulong), ("value", ctypes.c_void_p), ("size", ctypes.c_ulong)]
def call(name, *values):
    answer = getattr(library, name)(*values)
    assert answer == 0, (name, hex(answer))
alive = []
def attribute(kind, value):
    alive.append(value)
    return ctypes.byref(Attribute(kind, ctypes.cast(ctypes.byref(value), ctypes.c_void_p), ctypes.sizeof(value)))
number = lambda value=0: ctypes.c_ulong(value)
call("C_Initialize", None)
slots, count, session, key = (ctypes.c_ulong * 8)(), number(8), number(), number()
call("C_GetSlotList", ctypes.c_ubyte(1), slots, ctypes.byref(count))
call("C_OpenSession", number(slots[0]), number(6), None, None, ctypes.byref(session))
call("C_Login", session, number(1), pin, number(len(pin)))
call("C_FindObjectsInit", session, attribute(0, number(3)), number(1))
found = number()
call("C_FindObjects", session, ctypes.byref(key), number(1), ctypes.byref(found))
while found.value:
    call("C_SetAttributeValue", session, key, attribute(0x108, ctypes.c_ubyte(0)), number(1))
    call("C_FindObjects", session, ctypes.byref(key), number(1), ctypes.byref(found))
"""


def tool(env, *words, check=True):
    done = subprocess.run(words, env=env, capture_output=True, check=False, timeout=60)
    assert not check or done.returncode == 0, (words, done)
    return done.stdout


class InToken(ProgramTest):
    def setUp(self):
        super().setUp()
        folder = self.scratch.path
        (folder / "tokens").mkdir()
        (folder / "softhsm2.conf").write_text(f"directories.tokendir = {folder}/tokens\nlog.level = ERROR\n")
        self.env = self.scratch.env
        self.env["SOFTHSM2_CONF"] = str(folder / "softhsm2.conf")
        self.env["PKCS11SPY"] = LIBRARY
        self.env["PKCS11SPY_OUTPUT"] = str(folder / "spy.log")
        self.env["ACCORD_STORE"] = str(folder / "s.db")
        self.make_token("accord", KEYS)
        self.secret_file("pin", PIN)
        self.ok("new-management-store", "--service-name", "lync", "--sip-domain", "litwareinc.com")
        self.ok("new-partner-application", "exchange", "--application-identifier", "exchange", "--realm", "contoso.com",
                "--application-trust-level", "full", "--certificate-file-data", DATA / "cert-other.pem")

    def secret_file(self, name, content, mode=0o600):
        path = self.scratch.path / name
        path.write_text(content + "\n")
        path.chmod(mode)
        return path

    def make_token(self, label, keys, pin=PIN):
        tool(self.env, "softhsm2-util", "--init-token", "--free", "--label", label, "--so-pin", "so-" + pin, "--pin", pin)
        for name in keys:
            self.add_key(label, name, name, KEYS[name][2], pin)

    def add_key(self, token, name, label, identifier, pin=PIN):
        pem = self.scratch.path / "key.pem"
        tool(self.env, "openssl", "pkcs8", "-topk8", "-nocrypt", "-in", DATA / KEYS[name][1], "-out", pem)
        tool(self.env, "softhsm2-util", "--import", pem, "--token", token, "--label", label, "--id", identifier, "--pin", pin)
        pem.unlink()

    def remove_key(self, label):
        tool(self.env, "pkcs11-tool", "--module", LIBRARY, "--token-label", "accord", "--login", "--pin", PIN,
             "--delete-object", "--type", "privkey", "--label", label)

    def uri(self, label, more="", pin_file="pin", token="accord"):
        source = f";pin-source=file:{self.scratch.path}/{pin_file}" if pin_file else ""
        return f"pkcs11:token={token};object={label}{source}{more}"

    def spied(self, label):
        """A URI that goes through a library of OpenSC which writes down every call, and loses 16 bytes of its own."""
        options = self.scratch.env.get("ASAN_OPTIONS", "")
        self.scratch.env["ASAN_OPTIONS"] = ":".join(filter(None, [options, "detect_leaks=0"]))
        return self.uri(label, f";module-path={SPY}")

    def take(self, name="rsa", uri=None, more=(), program="import-certificate", **options):
        return self.run_program(program, "--path", DATA / KEYS[name][0], "--key-uri", uri or self.uri(name), *more,
                                "--output", "json", **options)

    def assign(self, name="rsa", uri=None):
        call = self.take(name, uri, ["--identity", "global", "--type", "OAuthTokenIssuer", "--confirm=false"])
        self.assertEqual(call.code, 0, call)
        return call.json()

    def expect_unreachable(self, call, *said, advice=""):
        self.assertEqual((call.code, call.out), (1, b""), call)
        self.assertEqual(len(call.err.splitlines()), 1, call)  # libraries say nothing of their own
        error = call.error()
        self.assertEqual(error["id"], "KeyToken.Unreachable")
        for part in said:
            self.assertIn(part, error["message"])
        self.assertIn(advice, error["try"])
        self.assertNotIn(PIN.encode(), call.err)

    def mint(self, *more, **options):
        return self.run_program("new-oauth-token", "exchange", *HOST, *more, **options)

    def expect_good(self, tokens):
        judged = self.run_program("test-oauth-token", "-", "--as-partner", "exchange", *HOST, "--output", "jsonl", stdin=tokens)
        self.assertEqual(judged.code, 0, judged)
        results = [line.count(b'"Result":"Success"') for line in judged.out.splitlines()]
        self.assertTrue(all(results) and len(results) == len(tokens.splitlines()), judged)

    # --- Taking in and signing

    def test_each_kind_of_key_signs_what_a_partner_accepts(self):
        for name, algorithm in (("rsa", "RSA"), ("p256", "P-256"), ("p384", "P-384")):
            with self.subTest(name):
                record = self.assign(name)
                self.assertEqual((record["KeyAlgorithm"], record["State"]), (algorithm, "Current"))
                minted = self.mint()
                self.assertEqual(minted.code, 0, minted)
                self.expect_good(minted.out)

    def test_a_key_is_found_by_its_id_too_and_in_a_library_that_is_named(self):
        self.assign("rsa", f"pkcs11:token=accord;id=%00%A3?pin-source={self.scratch.path}/pin&module-path={LIBRARY}")
        self.expect_good(self.mint().out)

    def test_fifty_tokens_are_signed_each_for_itself_and_the_key_is_opened_once(self):
        self.assign("p256", self.spied("p256"))
        minted = self.mint("--count", "50")
        self.expect_good(minted.out)
        self.assertEqual(len(set(minted.out.splitlines())), 50)
        self.assertEqual(self.log_ins(lambda: self.mint("--count", "50")), 1)

    def log_ins(self, call):
        """How often tokens were logged in to during a call, by keys whose URI goes through the library that counts."""
        log = pathlib.Path(self.env["PKCS11SPY_OUTPUT"])
        log.unlink(missing_ok=True)
        call()
        return log.read_text().count(": C_Login\n")

    def test_two_keys_can_be_used_in_one_process(self):
        self.assign("rsa")
        other = self.take("p256").json()["Thumbprint"]
        self.make_token("second", ["p384"], "another-pin")
        self.secret_file("pin2", "another-pin")
        third = self.take("p384", self.uri("p384", pin_file="pin2", token="second")).json()["Thumbprint"]
        lines = ["new-oauth-token exchange --host mail.contoso.com --output value --property X5t"]
        lines += [f"{lines[0]} --sign-with {one} --allow-invalid" for one in (other, third)]
        (self.scratch.path / "lines").write_text("\n".join(lines + lines) + "\n")
        out = self.ok("invoke-batch", "lines").text.split()
        self.assertEqual((len(out), len(set(out)), out[:3]), (6, 3, out[3:]))

    def test_what_is_imported_again_is_no_error_and_a_new_uri_is_followed(self):
        self.assign("rsa")
        self.assign("rsa")
        self.assertEqual(self.stored_uri(), self.uri("rsa"))
        (self.scratch.path / "pin").rename(self.scratch.path / "pin2")
        self.expect_unreachable(self.mint("--output", "json"), "pin'", "no such file")
        self.assertEqual(self.take("rsa", self.uri("rsa", pin_file="pin2")).code, 0)
        self.expect_good(self.mint().out)

    def test_a_certificate_whose_key_is_in_the_store_keeps_signing_with_that(self):
        pair = (DATA / "cert-rsa.pem").read_bytes() + (DATA / "cert-rsa.key").read_bytes()
        self.ok("import-certificate", "--path", "-", stdin=pair)
        call = self.take("rsa")
        self.assertEqual(call.code, 0, call)
        self.assertIn(b"the key in the token is not used", call.err)
        self.assertIsNone(self.stored_uri())

    def stored_uri(self):
        with sqlite3.connect(self.scratch.path / "s.db") as store:
            (row,) = store.execute("SELECT uri FROM private_key").fetchall()
        store.close()
        return row[0]

    def test_a_certificate_that_was_stored_without_its_key_gets_it(self):
        self.assign("rsa")
        with sqlite3.connect(self.scratch.path / "s.db") as store:
            store.execute("DELETE FROM private_key")
        store.close()
        self.assertEqual(self.mint("--output", "json").error()["id"], "Certificate.NoKey")
        self.assertEqual(self.take("rsa").code, 0)
        self.expect_good(self.mint().out)

    def test_what_if_reaches_the_token_and_stores_nothing(self):
        self.assertEqual(self.take("rsa", more=["--what-if"]).code, 0)
        self.expect_unreachable(self.take("rsa", self.uri("nobody"), ["--what-if"]), "no private key")
        self.assertEqual(self.ok("get-certificate", "--output", "json").json(), [])

    # --- What stays secret

    def test_the_store_has_neither_the_key_nor_the_pin_and_signing_needs_no_store_key(self):
        self.assign("rsa")
        der = tool(self.env, "openssl", "rsa", "-in", DATA / "cert-rsa.key", "-traditional", "-outform", "DER")
        content = (self.scratch.path / "s.db").read_bytes()
        # Behind the modulus stand the private numbers only.
        for start in range(300, len(der) - 16, 16):
            self.assertNotIn(der[start:start + 16], content)
        self.assertNotIn(PIN.encode(), content)
        self.assertEqual(self.stored_uri(), self.uri("rsa"))
        (self.scratch.path / "s.db.key").unlink()
        self.expect_good(self.mint().out)

    def test_a_pin_in_the_uri_is_refused_and_repeated_nowhere(self):
        for uri in (f"pkcs11:token=accord;object=rsa;pin-value={PIN}", f"pkcs11:object=rsa?pin-value={PIN}",
                    f"pkcs11:{PIN}", PIN, f"pkcs11:object=rsa;{PIN}={PIN}"):
            for form in ([], ["--output", "json"], ["--verbose"]):
                with self.subTest(uri=uri, form=form):
                    call = self.run_program("import-certificate", "--path", DATA / "cert-rsa.pem", "--key-uri", uri, *form)
                    self.assertEqual((call.code, call.out), (2, b""), call)
                    self.assertNotIn(PIN.encode(), call.err)
        self.assertIn(b"pin-source=file:/path", self.take(uri=f"pkcs11:object=rsa;pin-value={PIN}").err)

    def test_the_private_key_is_not_exported(self):
        self.assign("rsa")
        call = self.run_program("export-certificate", "--type", "OAuthTokenIssuer", "--include-private-key",
                                "--output-file", "out.pfx", "--password-file", "pin", "--output", "json")
        self.assertEqual((call.code, call.error()["id"]), (2, "Certificate.NoKey"), call)
        self.assertIn("stays in its token", call.error()["message"])
        self.assertFalse((self.scratch.path / "out.pfx").exists())
        self.assertIn("BEGIN CERTIFICATE", self.ok("export-certificate", "--type", "OAuthTokenIssuer").text)

    # --- What goes wrong

    def test_each_thing_that_is_missing_is_named(self):
        for uri, said in ((self.uri("rsa", token="nobody"), "no token fits"),
                          (self.uri("nobody"), "no private key that fits"),
                          (self.uri("rsa", pin_file=None), "wants a PIN"),
                          (self.uri("rsa", pin_file="nothing"), "no such file"),
                          (self.uri("rsa", ";module-path=/nothing.so"), "no PKCS#11 library '/nothing.so'"),
                          (self.uri("rsa", f";module-path={DATA}/README.md"), "library of the token cannot be used")):
            with self.subTest(uri):
                self.expect_unreachable(self.take(uri=uri), said)
        self.assertEqual(self.ok("get-certificate", "--output", "json").json(), [])

    def test_a_second_library_in_one_process_is_refused_and_not_mixed_up(self):
        self.assign("rsa")
        other = self.take("p256", self.uri("p256", f";module-path={LIBRARY}")).json()["Thumbprint"]
        line = "new-oauth-token exchange --host mail.contoso.com"
        (self.scratch.path / "lines").write_text(f"{line}\n{line} --sign-with {other} --allow-invalid\n{line}\n")
        call = self.run_program("invoke-batch", "lines", "--error-action", "continue")
        self.assertEqual((call.code, len(call.out.splitlines())), (1, 2), call)
        self.assertIn(b"another PKCS#11 library", call.err)

    def test_the_pin_of_one_key_is_not_tried_for_another_that_has_none(self):
        self.assign("rsa")
        self.make_token("second", ["p384"], "another-pin")
        self.secret_file("pin2", "another-pin")
        other = self.take("p384", self.uri("p384", pin_file="pin2", token="second")).json()["Thumbprint"]
        with sqlite3.connect(self.scratch.path / "s.db") as store:
            store.execute("UPDATE private_key SET uri = ? WHERE thumbprint = ?",
                          (self.uri("p384", pin_file=None, token="second"), other))
        store.close()
        line = "new-oauth-token exchange --host mail.contoso.com"
        (self.scratch.path / "lines").write_text(f"{line}\n{line} --sign-with {other} --allow-invalid\n")
        call = self.run_program("invoke-batch", "lines")
        self.assertEqual((call.code, len(call.out.splitlines())), (1, 1), call)
        self.assertIn(b"wants a PIN", call.err)

    def test_two_tokens_that_both_fit_are_not_tried(self):
        self.make_token("accord", [])
        self.expect_unreachable(self.take("p256"), "more than one does")

    def test_a_wrong_pin_is_told_and_tried_once_a_process(self):
        self.secret_file("wrong", "not-" + PIN)
        self.expect_unreachable(self.take(uri=self.uri("rsa", pin_file="wrong")), "refuses the PIN: PIN incorrect",
                                advice="lock")
        self.assign("rsa", self.spied("rsa"))
        other = self.take("p256", self.spied("p256")).json()["Thumbprint"]
        line = "new-oauth-token exchange --host mail.contoso.com"
        (self.scratch.path / "lines").write_text(f"{line}\n{line}\n{line} --sign-with {other} --allow-invalid\n")
        self.secret_file("pin", "not-" + PIN)

        def fail_thrice():
            call = self.run_program("invoke-batch", "lines", "--error-action", "continue")
            self.assertEqual((call.code, call.err.count(b"refuses the PIN")), (1, 3), call)

        self.assertEqual(self.log_ins(fail_thrice), 1)

    def test_a_long_pin_and_a_short_line_end_do_not_matter(self):
        long = "long-" * 12
        self.make_token("long", ["p256"], long)
        (self.secret_file("long-pin", "")).write_bytes(long.encode() + b"\r\nmore\n")
        self.assertEqual(self.take("p256", self.uri("p256", pin_file="long-pin", token="long")).code, 0)
        self.expect_unreachable(self.take("p256", self.uri("nobody", pin_file="long-pin", token="long")), "no such key")

    def test_a_pin_file_that_others_may_read_or_that_holds_none_is_refused(self):
        for mode in (0o644, 0o640, 0o602):
            self.secret_file("open", PIN, mode)
            self.expect_unreachable(self.take(uri=self.uri("rsa", pin_file="open")), "can be read or written by other users",
                                    advice="chmod 600")
        self.secret_file("empty", "")
        self.expect_unreachable(self.take(uri=self.uri("rsa", pin_file="empty")), "does not hold a PIN")
        os.mkfifo(self.scratch.path / "pipe", 0o600)
        self.expect_unreachable(self.take(uri=self.uri("rsa", pin_file="pipe")), "no regular file")
        self.expect_unreachable(self.take(uri=self.uri("rsa", pin_file="tokens")), "no regular file")

    def test_the_key_of_another_certificate_is_refused(self):
        self.add_key("accord", "rsa", "stranger", "77")
        call = self.take("p256", self.uri("stranger"))
        self.assertEqual((call.code, call.error()["id"]), (2, "Key.Invalid"), call)
        other = self.run_program("import-certificate", "--path", DATA / "cert-other.pem", "--key-uri", self.uri("rsa"),
                                 "--output", "json")
        self.assertEqual((other.code, other.error()["id"]), (2, "Key.Invalid"), other)
        self.assertIn("is not that of certificate", other.error()["message"])

    def test_a_key_that_is_deleted_or_replaced_afterwards_signs_nothing(self):
        self.assign("rsa")
        self.remove_key("rsa")
        self.expect_unreachable(self.mint("--output", "json"), "no private key")
        tool(self.env, "pkcs11-tool", "--module", LIBRARY, "--token-label", "accord", "--login", "--pin", PIN,
             "--keypairgen", "--key-type", "rsa:2048", "--label", "rsa", "--id", "99")
        call = self.mint("--output", "json")
        self.assertEqual((call.code, call.out, call.error()["id"]), (2, b"", "Key.Invalid"), call)
        # What needs no signature goes on.
        self.ok("export-auth-metadata", "--output-file", "lync.json")
        self.ok("get-certificate")

    def test_a_key_that_may_not_sign_is_refused_before_it_is_stored(self):
        tool(self.env, sys.executable, "-c", FORBID_SIGNING, LIBRARY, PIN)
        self.expect_unreachable(self.take("p256"), "cannot sign")
        self.assertEqual(self.ok("get-certificate", "--output", "json").json(), [])

    def test_a_key_that_wants_its_pin_each_time_gets_it(self):
        key = self.scratch.path / "key.der"
        for kind, words in (("privkey", ["pkcs8", "-topk8", "-nocrypt"]), ("pubkey", ["pkey", "-pubout"])):
            tool(self.env, "openssl", *words, "-in", DATA / "cert-p256.key", "-outform", "DER", "-out", key)
            tool(self.env, "pkcs11-tool", "--module", LIBRARY, "--token-label", "accord", "--login", "--pin", PIN,
                 "--write-object", key, "--type", kind, "--label", "strict", "--id", "55",
                 *(["--always-auth"] if kind == "privkey" else []))
        self.assign("p256", self.uri("strict"))
        self.expect_good(self.mint("--count", "5").out)

    def test_an_ed25519_key_is_refused_with_the_reason(self):
        call = self.run_program("import-certificate", "--path", DATA / "cert-ed25519.pem", "--key-uri", self.uri("rsa"),
                                "--output", "json")
        self.assertEqual((call.code, call.error()["id"]), (2, "Key.Invalid"), call)
        self.assertIn("does not sign with Ed25519", call.error()["message"])

    def test_a_password_or_a_private_key_in_the_file_is_a_clash(self):
        call = self.take(more=["--password-file", "pin"])
        self.assertEqual((call.code, call.error()["id"]), (2, "Parameter.Clash"), call)
        call = self.run_program("import-certificate", "--path", DATA / "cert-p384-pair.pem", "--key-uri", self.uri("p384"),
                                "--output", "json")
        self.assertEqual((call.code, call.error()["id"]), (2, "Certificate.Invalid"), call)

    # --- Code that is loaded

    def copy_of_program(self):
        """A copy of the program with its module, by itself."""
        copy = self.scratch.path / "copy"
        (copy / "bin").mkdir(parents=True)
        (copy / "lib" / "accord").mkdir(parents=True)
        for path in (copy, copy / "bin", copy / "lib", copy / "lib" / "accord"):
            path.chmod(0o755)
        shutil.copy(BIN / "accord", copy / "bin" / "import-certificate")
        module = copy / "lib" / "accord" / "accord_pkcs11.so"
        shutil.copy(BIN.parent / "lib" / "accord" / "accord_pkcs11.so", module)
        module.chmod(0o755)
        return copy / "bin" / "import-certificate", module

    def test_a_module_that_is_missing_or_that_others_may_write_is_not_loaded(self):
        program, module = self.copy_of_program()
        self.assertEqual(self.take(program=program).code, 0)
        module.chmod(0o775)
        self.expect_unreachable(self.take(program=program), "other users can write it", advice="chmod go-w")
        module.chmod(0o755)
        module.parent.chmod(0o777)
        self.expect_unreachable(self.take(program=program), "lib/accord' is not loaded, because other users can write it")
        module.parent.chmod(0o755)
        if os.geteuid() == 0:
            os.chown(module, 65534, 65534)
            self.expect_unreachable(self.take(program=program), "belongs to another user (uid 65534)")
        module.write_bytes(b"no library")
        if os.geteuid() == 0:
            os.chown(module, 0, 0)
        self.expect_unreachable(self.take(program=program), "cannot be loaded")
        module.unlink()
        self.expect_unreachable(self.take(program=program), "is missing", advice="../lib/accord")

    def test_a_library_that_others_may_write_is_not_loaded(self):
        library = self.scratch.path / "mine" / "libtoken.so"
        library.parent.mkdir(mode=0o700)
        shutil.copy(LIBRARY, library)
        library.chmod(0o755)
        uri = self.uri("rsa", f";module-path={library}")
        self.assertEqual(self.take(uri=uri).code, 0)
        library.chmod(0o757)
        self.expect_unreachable(self.take(uri=uri), "other users can write it")
        library.chmod(0o755)
        library.parent.chmod(0o770)
        self.expect_unreachable(self.take(uri=uri), "other users can write it")

    def opened(self, *words, **options):
        """The files that a call opened, and the call."""
        log = self.scratch.path / "strace.log"
        # A search for leaks and strace cannot both trace a process.
        options["env"] = {**options.get("env", {}), "ASAN_OPTIONS": "detect_leaks=0"}
        call = self.run_program(*words, prefix=["strace", "-f", "-qq", "-o", log, "-e", "trace=open,openat,openat2,execve"],
                                **options)
        self.assertEqual(call.code, 0, call)
        return log.read_text(), call

    @unittest.skipIf(shutil.which("strace") is None, "strace is not installed")
    def test_the_environment_has_no_say_in_what_is_loaded(self):
        evil = self.scratch.path / "evil"
        evil.mkdir()
        (evil / "openssl.cnf").write_text(f"openssl_conf = a\n[a]\nengines = b\n[b]\nc = d\n[d]\ndynamic_path = {evil}/c.so\n")
        self.assign("rsa")
        files, call = self.opened("new-oauth-token", "exchange", *HOST,
                                  env={"OPENSSL_CONF": str(evil / "openssl.cnf"), "OPENSSL_ENGINES": str(evil),
                                       "OPENSSL_MODULES": str(evil), "PKCS11_MODULE_PATH": str(evil / "token.so")})
        self.expect_good(call.out)
        self.assertIn("accord_pkcs11.so", files)
        self.assertIn("/pkcs11.so", files)
        self.assertNotIn("/evil", files)
        self.assertNotIn("s.db.key", files)

    @unittest.skipIf(shutil.which("strace") is None, "strace is not installed")
    def test_nothing_of_it_is_loaded_where_no_such_key_signs(self):
        self.assign("rsa")
        token = self.mint().out
        ordinary = self.ok("import-certificate", "--path", DATA / "cert-p384-pair.pem", "--output", "json").json()["Thumbprint"]
        calls = [["new-oauth-token", "exchange", *HOST, "--sign-with", ordinary, "--allow-invalid"], ["get-certificate"],
                 ["test-oauth-token", "-", "--as-partner", "exchange", *HOST], ["export-auth-metadata"],
                 ["export-certificate", "--type", "OAuthTokenIssuer"], ["get-partner-application"], ["accord", "help"],
                 ["set-certificate", "--type", "Default", "--thumbprint", RSA_THUMBPRINT],
                 ["import-certificate", "--path", DATA / "cert-p384-pair.pem"]]
        for words in calls:
            with self.subTest(words[0]):
                files, _ = self.opened(*words, stdin=token if words[0].startswith("test-") else b"")
                self.assertNotIn("pkcs11", files)
                self.assertNotIn("libcrypto", files)


if __name__ == "__main__":
    main()
