"""What the tests that run the real programs share: where they are, one call of one, a scratch folder with stores.

Each test is started with ACCORD_BIN, the folder of the programs. It ends with 77 where it cannot run, saying why.
"""

import hashlib
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time
import unittest

SOURCE = pathlib.Path(__file__).resolve().parents[2]
DATA = SOURCE / "tests" / "data"
VECTORS = pathlib.Path(os.environ.get("ACCORD_VECTORS", SOURCE.parent / "shared" / "vectors"))
BIN = pathlib.Path(os.environ.get("ACCORD_BIN", SOURCE / "build" / "release" / "bin")).resolve()
DOCUMENTED = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9}
SECRETS = (b"Pa55word", b"PRIVATE KEY")
SANITIZED = b"Sanitizer"


def skip(why):
    print("SKIPPED:", why)
    sys.exit(77)


def needs_vectors():
    if not (VECTORS / "INDEX.md").is_file():
        skip("no vectors; set ACCORD_VECTORS to their folder")


class Call:
    """One finished call of a program: exit code, output, and the processor time that it took."""

    def __init__(self, code, out, err, seconds):
        self.code, self.out, self.err, self.seconds = code, out, err, seconds

    @property
    def text(self):
        return self.out.decode()

    def json(self):
        return json.loads(self.out)

    def error(self):
        """The error object of a call with --output json."""
        return json.loads(self.err.splitlines()[-1])["error"]

    def __repr__(self):
        return f"exit {self.code}\n--- out\n{self.out[:2000]!r}\n--- err\n{self.err[:2000]!r}"


class Scratch:
    """A folder of one test, with the environment that its calls get and nothing else."""

    def __init__(self):
        self.path = pathlib.Path(tempfile.mkdtemp(prefix="accord-test-"))
        self.env = {"PATH": f"{BIN}:/usr/bin:/bin", "HOME": str(self.path / "home"), "LC_ALL": "C.UTF-8"}
        for name, value in os.environ.items():
            if name.endswith("SAN_OPTIONS"):
                self.env[name] = value

    def close(self):
        shutil.rmtree(self.path, ignore_errors=True)

    def run(self, *words, stdin=b"", env=None, timeout=60, cwd=None, prefix=()):
        """Runs BIN/words[0]. Fails on a sanitizer's report, an undocumented exit code and a secret on standard error."""
        command = [*prefix, BIN / words[0], *words[1:]]
        before = os.times()
        done = subprocess.run(command, input=stdin, env={**self.env, **(env or {})}, cwd=cwd or self.path,
                              capture_output=True, timeout=timeout, check=False)
        after = os.times()
        seconds = after.children_user + after.children_system - before.children_user - before.children_system
        call = Call(done.returncode, done.stdout, done.stderr, seconds)
        assert SANITIZED not in call.err and b"runtime error" not in call.err, (words, call)
        for secret in SECRETS:
            assert secret not in call.err, (words, "a secret on standard error")
        return call

    def ok(self, *words, **more):
        call = self.run(*words, **more)
        assert call.code == 0, (words, call)
        return call

    def issuer(self, store, service="lync", domain="litwareinc.com", pfx="cert-modern.pfx"):
        """A store with a token issuer."""
        self.ok("new-management-store", "--store", store, "--service-name", service, "--sip-domain", domain)
        password = ["--password-file", DATA / "password"] if pfx.endswith(".pfx") else []
        self.ok("import-certificate", "--store", store, "--path", DATA / pfx, *password, "--identity", "global",
                "--type", "OAuthTokenIssuer")
        self.ok("set-oauth-configuration", "--store", store, "--hosts", f"host.{domain}", "--public-url",
                f"https://host.{domain}")


class ProgramTest(unittest.TestCase):
    def setUp(self):
        self.scratch = Scratch()
        self.addCleanup(self.scratch.close)
        self.run_program = self.scratch.run
        self.ok = self.scratch.ok

    def digest(self, *names):
        """Of the files, to see that nothing was changed."""
        return [hashlib.sha256((self.scratch.path / name).read_bytes()).hexdigest() for name in names]


def wall_clock():
    return time.monotonic()


def main():
    if not (BIN / "accord").exists():
        print(f"no accord in {BIN}; set ACCORD_BIN")
        sys.exit(1)
    unittest.main(verbosity=1)
