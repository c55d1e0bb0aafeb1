"""The examples of the help pages do what they say: each runs, without a terminal and without a question.

An example is taken from `accord help --output json`, so a verb that is added needs no line here; only a file or a name that
it mentions has to be in one of the worlds below. It runs in a copy of each world, and has to end in 0 in one of them: none
of them suits both the verb that creates something and the one that removes it.
"""

import concurrent.futures
import os
import re
import shutil
import signal
import subprocess
import sys
import unittest

from accord_program import DATA, Scratch, main
from tls_server import Authority, Server, response

SECONDS = int(os.environ.get("ACCORD_SECONDS", "15"))
# A verb that runs until a signal ends it; it gets one after so many seconds.
LASTING = ("start-token-service", 1.5)
# What an example may end in where the world is not its own: not found, there already, a verdict, no store, no server,
# a question.
OF_THE_WORLD = {3, 4, 5, 6, 7, 8, 9}
# And one for a monitoring system: a warning, critical, unknown.
OF_A_PLUGIN = {1, 2, 3}
# What needs an authorization server that issues tokens, and is tried with one in live_test.py.
ELSEWHERE = {"request-oauth-token"}


def deployment(scratch, store, service, host):
    """A store of its own with a token issuer, and its document in SERVICE.json."""
    _, domain = host.split(".", 1)
    scratch.ok("new-management-store", "--store", store, "--service-name", service, "--sip-domain", domain)
    for _ in ("previous", "current"):
        scratch.ok("request-certificate", "--store", store, "--new", "--self-signed", "--key-alg", "P-256", "--identity",
                   "global", "--type", "OAuthTokenIssuer", "--confirm=false")
    scratch.ok("set-oauth-configuration", "--store", store, "--hosts", host, "--public-url", f"https://{host}")
    scratch.ok("export-auth-metadata", "--store", store, "--output-file", f"{service}.json")


class Worlds:
    """Folders: the files that examples name; those and a new store; those and a deployment at work, one whose partner knows
    the token issuer, one that has staged the next, and one whose partners can be reached."""

    NAMES = ("files", "beginning", "working", "sound", "rolling", "live")

    def __init__(self, scratch):
        self.scratch = scratch
        deployment(scratch, "lync.db", "lync", "lync.litwareinc.com")
        deployment(scratch, "exchange.db", "exchange", "mail.contoso.com")
        deployment(scratch, "sts.db", "sts", "login.fabrikam.com")
        self.import_default(scratch, "lync.db")
        scratch.ok("new-sip-domain", "na.litwareinc.com", "--store", "lync.db")
        scratch.ok("new-partner-application", "exchange", "--store", "lync.db", "--metadata-file", "exchange.json",
                   "--application-trust-level", "full")
        scratch.ok("new-partner-application", "lync", "--store", "exchange.db", "--metadata-file", "lync.json",
                   "--application-trust-level", "full")
        scratch.ok("new-oauth-server", "sts", "--store", "lync.db", "--metadata-file", "sts.json")
        scratch.ok("new-management-store", "--store", "new.db", "--service-name", "lync", "--sip-domain", "example.net")
        self.import_default(scratch, "new.db")
        self.request(scratch, "lync.db")
        token = scratch.ok("new-oauth-token", "--store", "exchange.db", "--partner", "lync", "--host", "lync.litwareinc.com")
        self.tell_partner(scratch, "exchange.db")
        shutil.copy2(scratch.path / "exchange.db", scratch.path / "rolling.db")
        shutil.copy2(scratch.path / "exchange.db.key", scratch.path / "rolling.db.key")
        scratch.ok("import-certificate", "--store", "rolling.db", "--path", DATA / "cert-ed25519-pair.pem", "--identity",
                   "global", "--type", "OAuthTokenIssuer", "--roll", "--effective-date", "+20d")
        self.serve_document(scratch)
        self.live(scratch)
        stores = {"files": None, "beginning": "new.db", "working": "lync.db", "sound": "exchange.db",
                  "rolling": "rolling.db", "live": "live.db"}
        for name in self.NAMES:
            world = scratch.path / name
            world.mkdir(mode=0o700)
            self.files(world, token.out)
            if stores[name]:
                for end in ("", ".key"):
                    shutil.copy2(scratch.path / (stores[name] + end), world / ("store.db" + end))

    def serve_document(self, scratch):
        """Where examples with --ca-file read from: a document at every path of a server whose authority is ca.pem, but for
        two that are guarded as Exchange guards its own."""
        certificate = Authority(scratch.path, "ca").issue("server")
        documents = {name: response((scratch.path / f"{name}.json").read_bytes()) for name in ("exchange", "sts")}
        challenge = ('Bearer client_id="00000002-0000-0ff1-ce00-000000000000", '
                     'trusted_issuers="00000004-0000-0ff1-ce00-000000000000@litwareinc.com"')

        def answer(request, _):
            path = request.split(b" ")[1].lower()
            if not path.endswith((b".asmx", b".svc")):
                return documents["sts" if b"/sts/" in path else "exchange"]
            if b"Bearer eyJ" in request:
                return response(b"")
            return response(b"", "401 Unauthorized", WWW_Authenticate=challenge)

        self.server = Server(answer, certificate)

    def live(self, scratch):
        """A deployment whose partners are that server, and know its key."""
        deployment(scratch, "live.db", "lync", "lync.litwareinc.com")
        key = scratch.ok("get-certificate", "--store", "live.db", "--type", "OAuthTokenIssuer", "--where",
                         'State -eq "Current"', "--property", "Thumbprint", "--output", "value").text.strip()
        known = ("--store", "live.db", "--ca-file", "ca.pem", "--told-thumbprint", key)
        host = f"https://localhost:{self.server.port}"
        scratch.ok("new-partner-application", "exchange", "--metadata-url", f"{host}/autodiscover/metadata/json/1",
                   "--application-trust-level", "full", *known)
        scratch.ok("new-oauth-server", "sts", "--metadata-url", f"{host}/sts/metadata/json/1", "--allow-host", "login.fabrikam.com",
                   *known)
        scratch.ok("set-oauth-configuration", "--store", "live.db", "--exchange-autodiscover-url",
                   f"{host}/autodiscover/autodiscover.svc")

    def at_hand(self, command):
        """The command line with that server's URLs instead of those of servers that are not there."""
        if "--ca-file" not in command and not command.startswith("test-"):
            return command
        return re.sub(r"https://[^/ ]+", f"https://localhost:{self.server.port}", command)

    def import_default(self, scratch, store):
        """The certificate that a server uses for TLS, in the store beside the token issuer's."""
        scratch.ok("import-certificate", "--store", store, "--path", DATA / "cert-p384-pair.pem", "--identity", "global",
                   "--type", "Default")

    def tell_partner(self, scratch, store):
        """The partner is told of the current token issuer; a certificate for the next roll lies ready."""
        current = scratch.ok("get-certificate", "--store", store, "--type", "OAuthTokenIssuer", "--where",
                             'State -eq "Current"', "--property", "Thumbprint", "--output", "value").text.strip()
        scratch.ok("set-partner-application", "lync", "--store", store, "--told-thumbprint", current)
        scratch.ok("import-certificate", "--store", store, "--path", DATA / "cert-p384-pair.pem")

    def request(self, scratch, store):
        """A request that is pending, and the answer of a certification authority in answer.p7b."""
        scratch.ok("request-certificate", "--store", store, "--new", "--type", "Default", "--key-alg", "P-256", "--output",
                   "request.csr")
        # Whoever signs it, the key is the request's.
        for words in (["x509", "-req", "-in", "request.csr", "-CA", DATA / "cert-rsa.pem", "-CAkey", DATA / "cert-rsa.key",
                       "-set_serial", "1", "-days", "30", "-out", "answer.pem"],
                      ["crl2pkcs7", "-nocrl", "-certfile", "answer.pem", "-out", "answer.p7b"]):
            subprocess.run(["openssl", *words], cwd=scratch.path, capture_output=True, check=True)

    def files(self, world, token):
        for document in ("lync.json", "exchange.json", "sts.json", "answer.p7b", "ca.pem"):
            shutil.copy(self.scratch.path / document, world)
        for source, name in (("cert-other.pem", "sharepoint.cer"), ("cert-modern.pfx", "issuer.pfx"),
                             ("cert-modern.pfx", "next.pfx"),
                             ("password", "password.txt")):
            shutil.copy(DATA / source, world / name)
        pair = (DATA / "cert-rsa.pem").read_bytes() + (DATA / "cert-rsa.key").read_bytes()
        (world / "issuer.pem").write_bytes(pair)
        (world / "token.txt").write_bytes(token)
        (world / "answer.txt").write_text('HTTP/1.1 401 Unauthorized\nx-ms-diagnostics: 2000003;reason="The hostname '
                                          'component is invalid.";error_category="invalid_resource"\n')
        (world / "partners.batch").write_text("# who is trusted how\n"
                                              "set-partner-application exchange --application-trust-level full\n"
                                              "set-partner-application exchange --enabled true\n")
        shutil.copy(DATA / "cert-p256.pem", world / "server.pem")
        shutil.copy(DATA / "cert-p256.key", world / "server.key")
        for secret in ("password.txt", "issuer.pem", "token.txt", "server.key"):
            (world / secret).chmod(0o600)

    def run(self, command, name, number):
        """(exit code or "hangs", output, standard error) of the command line in a copy of the world."""
        folder = self.scratch.path / f"{name}-{number}"
        shutil.copytree(self.scratch.path / name, folder)
        environment = {**self.scratch.env, "ACCORD_STORE": str(folder / "store.db"), "HOME": str(folder / "home")}
        # A session of its own has no terminal, so that a question can only be an error.
        process = subprocess.Popen(["bash", "-e", "-o", "pipefail", "-c", self.at_hand(command)],
                                   cwd=folder, env=environment,
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                   start_new_session=True)
        try:
            if command.startswith(LASTING[0]):
                self.end_later(process)
            out, err = process.communicate(timeout=SECONDS)
            return process.returncode, out, err.decode(errors="replace")
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
            return "hangs", b"", ""
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    @staticmethod
    def end_later(process):
        try:
            process.wait(LASTING[1])
        except subprocess.TimeoutExpired:
            process.terminate()


def calls_the_verb(command, verb):
    """Whether the verb stands where a shell looks for a command, at the beginning or in a pipeline."""
    return re.search(rf"(^|[|;&(])\s*(accord\s+)?{re.escape(verb)}(\s|$)", command) is not None


class Notation(unittest.TestCase):
    def test_a_verb_is_found_where_a_command_stands_and_nowhere_else(self):
        self.assertTrue(calls_the_verb("get-x", "get-x"))
        self.assertTrue(calls_the_verb("accord get-x --y", "get-x"))
        self.assertTrue(calls_the_verb("new-z --a | get-x -", "get-x"))
        self.assertTrue(calls_the_verb('new-z "$(get-x --y)"', "get-x"))
        self.assertFalse(calls_the_verb("new-z --a get-x", "get-x"))
        self.assertFalse(calls_the_verb("get-xyz", "get-x"))


class Examples(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        scratch = Scratch()
        cls.addClassCleanup(scratch.close)
        cls.worlds = Worlds(scratch)
        cls.addClassCleanup(cls.worlds.server.close)
        surface = scratch.ok("accord", "help", "--output", "json").json()
        cls.verbs = {verb["name"]: [example["command"] for example in verb["examples"]] for verb in surface["verbs"]}

    def test_each_verb_has_two_examples_that_call_it(self):
        for verb, commands in self.verbs.items():
            with self.subTest(verb=verb):
                self.assertGreaterEqual(len(set(commands)), 2)
                for command in commands:
                    self.assertTrue(calls_the_verb(command, verb), command)

    def test_each_example_has_a_meaning_that_is_a_sentence(self):
        surface = self.worlds.scratch.ok("accord", "help", "--output", "json").json()
        for verb in surface["verbs"]:
            for example in verb["examples"]:
                with self.subTest(command=example["command"]):
                    self.assertRegex(example["meaning"], r"^[A-Z].*[.]$")

    def test_each_example_runs_without_a_terminal(self):
        commands = [(verb, command) for verb, all_of_it in self.verbs.items() for command in all_of_it]
        runs = [(command, world) for _, command in commands for world in Worlds.NAMES]
        with concurrent.futures.ThreadPoolExecutor(max_workers=2) as pool:
            results = list(pool.map(lambda run: self.worlds.run(run[1][0], run[1][1], run[0]), enumerate(runs)))
        by_world = dict(zip(runs, results))
        for verb, command in commands:
            with self.subTest(verb=verb, command=command):
                outcome = {world: by_world[(command, world)] for world in Worlds.NAMES}
                said = "\n".join(f"in '{world}': {code}\n{err}" for world, (code, _, err) in outcome.items())
                if verb not in ELSEWHERE:
                    self.assertIn(0, [code for code, _, _ in outcome.values()], f"runs in no world\n{said}")
                self.assertNotIn("hangs", [code for code, _, _ in outcome.values()], said)
                if not re.search(r"[|;&$]", command):  # where one program feeds another, its failure may be any
                    allowed = OF_A_PLUGIN if "--nagios" in command else OF_THE_WORLD
                    if "--all" in command:
                        allowed = allowed | {2}  # nothing was tested
                    self.assertLessEqual({code for code, _, _ in outcome.values()}, allowed | {0}, said)

    def test_an_example_that_is_wrong_would_be_seen(self):
        code, _, _ = self.worlds.run("get-partner-application --no-such-parameter", "working", "wrong")
        self.assertEqual(code, 2)
        code, _, _ = self.worlds.run("remove-partner-application exchange --confirm", "working", "question")
        self.assertEqual(code, 9)
        code, _, _ = self.worlds.run("get-partner-application nobody | cat", "working", "pipeline")
        self.assertEqual(code, 3)


if __name__ == "__main__":
    if shutil.which("bash") is None:
        print("SKIPPED: no bash")
        sys.exit(77)
    main()
