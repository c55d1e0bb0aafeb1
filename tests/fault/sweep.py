"""Faults at every file operation: a verb that is killed, or whose disk fails or is full, leaves the store as it was before
or after it, never between.

strace numbers the calls of each kind that touch the test's folder in an undisturbed run; then the verb runs again and
again, each time with one fault at one of them. Usage: sweep.py [CALL …]; ACCORD_FAULT_STEP=n takes every n-th place.
"""

import base64
import collections
import hashlib
import json
import os
import pathlib
import re
import shutil
import sqlite3
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "cli"))

from accord_program import BIN, DATA, SECRETS, Scratch, skip  # noqa: E402

CALLS = ("write", "pwrite64", "fsync", "fdatasync", "rename", "renameat2", "link", "linkat", "unlink", "unlinkat",
         "ftruncate", "openat", "read", "pread64", "fchmod", "mkdir", "close")
FAULTS = ("signal=KILL", "error=EIO", "error=ENOSPC")
# Reading has no disk that is full, and closing has nothing to say.
POINTLESS = {("read", "error=ENOSPC"), ("pread64", "error=ENOSPC"), ("close", "error=ENOSPC"), ("close", "error=EIO")}
STEP = int(os.environ.get("ACCORD_FAULT_STEP", "1"))
# What may lie in the folder besides what was there: SQLite's journal (which it truncates and keeps), a store key, and
# one that a change of the store key has not put in its place; it goes when the verb runs again.
KNOWN = {"s.db", "s.db-journal", "s.db.key", "s.db.key.new"}
# A store key that every sweep of its change begins with, so that it can be told from the next.
FIRST_KEY = bytes(range(32))
FIRST_KEY_ID = hashlib.sha256(b"accord store key" + FIRST_KEY).hexdigest()[:16]


class Verb:
    """A call, and what there is before it.

    name: the verb's, where the call goes by another. writes: a file that it makes. adds: again, it makes one more.
    """

    def __init__(self, words, prepare, name=None, writes=None, adds=False):
        self.words, self.prepare, self.name, self.writes, self.adds = words, prepare, name, writes, adds


def nothing(scratch):
    pass


def a_store(scratch):
    scratch.issuer("s.db")
    scratch.ok("new-partner-application", "exchange", "--store", "s.db", "--application-identifier", "exchange", "--realm",
               "contoso.com", "--application-trust-level", "full", "--certificate-file-data", DATA / "cert-other.pem")


def a_request(scratch):
    """In a store with a token issuer: a request, and an answer to it in answer.pem."""
    a_store(scratch)
    scratch.ok("request-certificate", "--new", "--type", "OAuthTokenIssuer", "--key-alg", "P-256", "--store", "s.db",
               "--output", "request.csr")
    # Whoever signs it, the key is the request's.
    subprocess.run(["openssl", "x509", "-req", "-in", "request.csr", "-CA", DATA / "cert-rsa.pem", "-CAkey",
                    DATA / "cert-rsa.key", "-set_serial", "1", "-days", "30", "-out", "answer.pem"], cwd=scratch.path,
                   capture_output=True, check=True)
    (scratch.path / "request.csr").unlink()


def a_store_with_the_first_key(scratch):
    key = scratch.path / "s.db.key"
    key.write_text(f"accord-store-key-1 {base64.b64encode(FIRST_KEY).decode()}\n")
    key.chmod(0o600)
    a_store(scratch)


def a_roll(scratch):
    """A store with a token issuer and another certificate, staged to take over in a month."""
    a_store(scratch)
    scratch.ok("import-certificate", "--store", "s.db", "--path", DATA / "cert-p384-pair.pem", "--identity", "global", "--type",
               "OAuthTokenIssuer", "--roll", "--effective-date", "+30d")


REQUEST = "request-certificate"
VERBS = {
    "new-management-store": Verb(["--service-name", "lync", "--sip-domain", "litwareinc.com"], nothing),
    "new-partner-application": Verb(["sharepoint", "--application-identifier", "sharepoint", "--realm", "contoso.com",
                                     "--application-trust-level", "user", "--certificate-file-data",
                                     DATA / "cert-p256.pem"], a_store),
    "set-oauth-configuration": Verb(["--hosts", "a.litwareinc.com,b.litwareinc.com", "--token-lifetime", "1h"], a_store),
    "import-certificate": Verb(["--path", DATA / "cert-encrypted-scrypt.pem", "--password-file", DATA / "password",
                                "--identity", "global", "--type", "OAuthTokenIssuer,Default", "--confirm=false"], a_store),
    "remove-partner-application": Verb(["exchange"], a_store),
    "import-certificate-roll": Verb(["--path", DATA / "cert-p384-pair.pem", "--identity", "global", "--type",
                                     "OAuthTokenIssuer", "--roll", "--effective-date", "+30d"], a_store,
                                    "import-certificate"),
    "set-certificate-now": Verb(["--type", "OAuthTokenIssuer", "--path", DATA / "cert-p384-pair.pem", "--identity", "global",
                                 "--roll", "--effective-date", "now", "--confirm=false"], a_roll, "set-certificate"),
    "remove-certificate-staged": Verb(["--type", "OAuthTokenIssuer", "--staged", "--confirm=false"], a_roll,
                                      "remove-certificate"),
    "request-certificate-new": Verb(["--new", "--type", "OAuthTokenIssuer", "--key-alg", "P-256", "--output", "request.csr"],
                                    a_store, REQUEST, writes="request.csr", adds=True),
    "request-certificate-retrieve": Verb(["--retrieve", "--path", "answer.pem", "--identity", "global", "--type",
                                          "OAuthTokenIssuer", "--confirm=false"], a_request, REQUEST),
    "request-certificate-clear": Verb(["--clear"], a_request, REQUEST),
    "update-management-store-key": Verb([], a_store_with_the_first_key),
}


def state(scratch):
    """What the store says through our own verbs, without times; None: there is no store."""
    if not (scratch.path / "s.db").exists():
        return None
    said = []
    for words in (["get-oauth-configuration"], ["get-sip-domain"],
                  ["get-partner-application", "--property", "Identity,AuthToken,ApplicationTrustLevel,Enabled"],
                  ["get-certificate", "--property", "Thumbprint,Use,State,PreviousThumbprint"],
                  [REQUEST, "--list", "--property", "RequestId,Subject,Types"]):
        said.append(scratch.ok(*words, "--store", "s.db", "--format", "json").json())
    # A token issuer that the store names can sign: its key came in with it.
    if any(one["State"] == "Current" for one in said[3]) and any(said[2]):
        partner = said[2][0]["Identity"]
        scratch.ok("new-oauth-token", partner, "--store", "s.db", "--host", "mail.contoso.com")
    said.append(has_first_key(scratch))
    return json.dumps(said)


def has_first_key(scratch):
    """Whether the first key is the one in force; that and no other is then in the key file."""
    store = sqlite3.connect(scratch.path / "s.db")
    (recorded,), = store.execute("SELECT key_id FROM management_store").fetchall()
    store.close()
    if recorded is None:
        return False
    content = (scratch.path / "s.db.key").read_text()
    key = base64.b64decode(content.split()[1])
    assert hashlib.sha256(b"accord store key" + key).hexdigest()[:16] == recorded, "the key file is not that of the store"
    return recorded == FIRST_KEY_ID


def check_integrity(scratch):
    """Of the file itself, by SQLite alone, after a verb has read it."""
    if not (scratch.path / "s.db").exists():
        return
    store = sqlite3.connect(scratch.path / "s.db")
    assert store.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert store.execute("PRAGMA foreign_key_check").fetchall() == []
    store.close()


class Sweep:
    def __init__(self, name):
        self.name, self.verb = name, VERBS[name]
        self.command = [BIN / (self.verb.name or name), *self.verb.words, "--store", "s.db"]
        self.scratch = Scratch()
        # A leak cannot be looked for while another program traces.
        options = self.scratch.env.get("ASAN_OPTIONS", "")
        self.scratch.env["ASAN_OPTIONS"] = ":".join(filter(None, [options, "detect_leaks=0"]))
        self.verb.prepare(self.scratch)
        self.kept = Scratch()
        shutil.copytree(self.scratch.path, self.kept.path, dirs_exist_ok=True)
        self.known = KNOWN | {path.name for path in self.kept.path.iterdir()} | {self.verb.writes}
        self.before = state(self.scratch)

    def close(self):
        self.scratch.close()
        self.kept.close()

    def restore(self):
        for path in self.scratch.path.iterdir():
            path.unlink()
        shutil.copytree(self.kept.path, self.scratch.path, dirs_exist_ok=True)

    def trace(self, options):
        log = self.kept.path.parent / (self.kept.path.name + ".log")
        done = subprocess.run(["strace", "-f", "-y", "-qq", "-o", log, *options, *self.command], env=self.scratch.env,
                              cwd=self.scratch.path, capture_output=True, timeout=120, check=False)
        lines = log.read_text(errors="replace").splitlines()
        log.unlink()
        return done, lines

    def places(self):
        """(call, number) of every file operation on the test's folder in an undisturbed run."""
        done, lines = self.trace(["-e", "trace=" + ",".join(CALLS)])
        assert done.returncode == 0, done.stderr
        self.after = state(self.scratch)
        assert self.after != self.before
        counted = collections.Counter()
        places = []
        for line in lines:
            found = re.match(r"\d+ +(\w+)\((.*)", line)
            if not found:
                continue
            call, arguments = found.groups()
            counted[call] += 1
            relative = '"s.db' in arguments or '"./' in arguments or f'"{self.scratch.path.name}' in arguments
            if str(self.scratch.path) in arguments or relative:
                places.append((call, counted[call]))
        return places

    def disturb(self, call, number, fault):
        self.restore()
        done, lines = self.trace(["-e", f"trace={call}", "-e", f"inject={call}:{fault}:when={number}"])
        what = (self.name, call, number, fault, done.returncode, done.stderr[-600:])
        if not any("INJECTED" in line or "killed by SIGKILL" in line for line in lines):
            raise AssertionError(("the fault did not come", *what))
        for secret in SECRETS:
            assert secret not in done.stderr, ("a secret on standard error", *what)
        killed = fault == "signal=KILL"
        if not killed:
            assert done.returncode in range(0, 10), what
            left = {path.name for path in self.scratch.path.iterdir()} - self.known
            # What the disk refuses to remove stays.
            assert not left or call.startswith("unlink"), ("left behind", left, *what)
            if done.returncode:
                assert done.stderr, what
        now = state(self.scratch)
        assert now in (self.before, self.after), ("between before and after", now, *what)
        if done.returncode == 0:
            assert now == self.after, ("said to be done and is not", *what)
        check_integrity(self.scratch)
        self.again(now, what)

    def again(self, now, what):
        """Whatever happened, the verb can be run again; what a killed one left behind is in nobody's way."""
        done = subprocess.run(self.command, env=self.scratch.env, cwd=self.scratch.path, capture_output=True, check=False,
                              timeout=60)
        if now == self.before:
            assert done.returncode == 0, ("cannot be run again", done, *what)
        else:
            assert done.returncode in (0, 3, 4), ("fails when run again", done, *what)
            if self.verb.adds:
                return
        assert state(self.scratch) == self.after, ("another end when run again", *what)
        assert not (self.scratch.path / "s.db.key.new").exists(), ("a key is still waiting", *what)

    def run(self):
        places = self.places()
        faults = 0
        for call, number in places[::STEP]:
            for fault in FAULTS:
                if (call, fault) not in POINTLESS:
                    self.disturb(call, number, fault)
                    faults += 1
        print(f"{self.name}: {len(places)} file operations, {faults} faults", flush=True)
        assert faults > 5


def can_trace():
    if shutil.which("strace") is None:
        return "strace is not installed"
    probe = subprocess.run(["strace", "-f", "-qq", "-o", "/dev/null", "-e", "inject=getppid:error=EIO", "true"],
                           capture_output=True, check=False)
    return None if probe.returncode == 0 else "strace cannot trace here: " + probe.stderr.decode(errors="replace").strip()


def main():
    why = can_trace()
    if why:
        skip(why)
    for name in sys.argv[1:] or VERBS:
        sweep = Sweep(name)
        try:
            sweep.run()
        finally:
            sweep.close()


if __name__ == "__main__":
    main()
