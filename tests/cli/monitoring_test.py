"""test-certificate-configuration as a monitoring system runs it: under an account that may read the store and not its key."""

import contextlib
import os
import shutil
import sqlite3
import unittest

from accord_program import ProgramTest, main

VERB = "test-certificate-configuration"
NOBODY = 65534
AS_NOBODY = ("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups")


@unittest.skipUnless(os.geteuid() == 0 and shutil.which("setpriv"), "only root can become another user")
class Readers(ProgramTest):
    """The store belongs to root and others may read it; its key is root's alone."""

    def setUp(self):
        super().setUp()
        self.scratch.issuer("s.db")
        self.scratch.path.chmod(0o755)
        self.path("s.db").chmod(0o644)
        if self.scratch.run("accord", "--version", prefix=AS_NOBODY, cwd="/").code != 0:
            self.skipTest("another user cannot start the programs where they lie")

    def path(self, name):
        return self.scratch.path / name

    def as_owner(self, *words):
        return self.run_program(VERB, "--store", "s.db", *words)

    def as_reader(self, *words):
        return self.run_program(VERB, "--store", "s.db", *words, prefix=AS_NOBODY)

    def sql(self, statement, *values):
        with contextlib.closing(sqlite3.connect(self.path("s.db"))) as store:
            store.execute(statement, values)
            store.commit()

    def test_a_reader_learns_what_the_owner_learns(self):
        for words in (["--output", "json"], ["--nagios"], []):
            owner, reader = self.as_owner(*words), self.as_reader(*words)
            self.assertEqual((reader.code, reader.out, reader.err), (owner.code, owner.out, owner.err))
            self.assertEqual(reader.code, 0, reader)

    def test_a_reader_sees_what_is_wrong_but_for_a_key_that_it_may_not_open(self):
        self.sql("UPDATE certificate SET not_after = 1")
        self.assertEqual(self.as_reader("--nagios").code, 2)
        self.sql("UPDATE certificate SET not_after = 9999999999")
        sealed = bytearray(sqlite3.connect(self.path("s.db")).execute("SELECT ciphertext FROM private_key").fetchone()[0])
        sealed[-1] ^= 1
        self.sql("UPDATE private_key SET ciphertext = ?", bytes(sealed))
        self.assertEqual(self.as_owner("--nagios").code, 3)
        self.assertEqual(self.as_reader("--nagios").code, 0)
        self.sql("DELETE FROM private_key")
        reader = self.as_reader("--output", "json")
        self.assertEqual((reader.code, reader.json()["Decision"]), (5, "RestoreKey"))
        self.assertEqual([one["Id"] for one in reader.json()["Findings"]], ["CERT-KEY"])

    def test_a_key_file_that_is_not_there_is_told_to_a_reader_too(self):
        self.path("s.db.key").unlink()
        for call in (self.as_owner("--output", "json"), self.as_reader("--output", "json")):
            self.assertEqual((call.code, call.error()["id"]), (7, "StoreKey.Missing"), call)
        self.assertEqual(self.as_reader("--nagios").code, 3)

    def test_who_may_not_read_the_store_is_told_so(self):
        self.path("s.db").chmod(0o600)
        reader = self.as_reader("--output", "json")
        self.assertEqual((reader.code, reader.error()["id"]), (7, "Store.NotPermitted"), reader)
        reader = self.as_reader("--nagios")
        self.assertEqual(reader.code, 3, reader)
        self.assertTrue(reader.text.startswith("CERTIFICATE UNKNOWN - "), reader)

    def test_a_reader_leaves_nothing_behind(self):
        before = self.digest("s.db", "s.db.key"), sorted(os.listdir(self.scratch.path))
        self.as_reader("--nagios")
        self.assertEqual(before, (self.digest("s.db", "s.db.key"), sorted(os.listdir(self.scratch.path))))


class Plugins(ProgramTest):
    """One line of standard output, and no exit code but 0, 1, 2 and 3."""

    def test_a_line_and_a_code_whatever_happens(self):
        self.scratch.issuer("s.db")
        kept = self.path_of("s.db").read_bytes()
        dice = 0
        seen = set()
        for at in range(0, len(kept), len(kept) // 60):
            broken = bytearray(kept)
            for offset in range(0, 256, 16):
                broken[min(at + offset, len(kept) - 1)] ^= 0x5A
            self.path_of("s.db").write_bytes(broken)
            call = self.run_program(VERB, "--nagios", "--store", "s.db")
            dice += 1
            seen.add(call.code)
            self.assertIn(call.code, (0, 1, 2, 3), call)
            self.assertEqual(call.text.count("\n"), 1, call)
            self.assertRegex(call.text, r"^CERTIFICATE (OK|WARNING|CRITICAL|UNKNOWN) - \S", call)
            self.assertEqual(call.text.startswith("CERTIFICATE UNKNOWN"), call.code == 3, call)
        self.assertIn(3, seen)
        self.assertGreater(dice, 50)

    def path_of(self, name):
        return self.scratch.path / name

    def test_a_name_cannot_forge_a_line_or_performance_data(self):
        self.scratch.issuer("s.db")
        self.ok("new-partner-application", "a|days_left=1;b", "--store", "s.db", "--application-identifier", "a", "--realm", "b",
                "--application-trust-level", "full", "--certificate-file-data",
                os.path.join(os.path.dirname(__file__), "..", "data", "cert-other.pem"))
        with contextlib.closing(sqlite3.connect(self.path_of("s.db"))) as store:
            store.execute("UPDATE partner_application SET identity = identity || char(10) || 'CERTIFICATE OK' || char(27)")
            store.commit()
        call = self.run_program(VERB, "--nagios", "--store", "s.db")
        self.assertEqual((call.code, call.text.count("\n"), call.text.count("|")), (1, 1, 1), call)
        self.assertNotIn("\x1b", call.text)
        text = self.run_program(VERB, "--store", "s.db")
        self.assertNotIn("\x1b", text.text)
        self.assertNotIn("\nCERTIFICATE OK", text.text)


if __name__ == "__main__":
    main()
