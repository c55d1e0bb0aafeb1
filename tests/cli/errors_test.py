"""Every error id that `accord help --output json` lists is provoked, in both forms, and is what the surface says of it.

The table ROWS says how. An id of the surface without a row fails the test, as does a row whose id the surface has not got.
"""

import concurrent.futures
import contextlib
import functools
import json
import os
import pty
import re
import select
import shutil
import sqlite3
import subprocess
import unittest

from accord_program import BIN, DATA, SANITIZED, SECRETS, Scratch, main
from tls_server import Authority, ClosedPort, Server, response

SECONDS = 60
NO_THUMBPRINT = "0" * 40
REGISTER = "new-partner-application other --application-identifier other --realm example.net --application-trust-level full"
REQUEST = "request-oauth-token sts --resource 00000002-0000-0ff1-ce00-000000000000/mail.contoso.com@contoso.com"
TRUST = "set-oauth-server sts --ca-file ca.pem --allow-host localhost --metadata-url"
BY_DOCUMENT = "new-partner-application other --application-trust-level full --metadata-file"
ISSUER = "--identity global --type OAuthTokenIssuer"
# Memory checkers need more room than any limit that could make the programs run out of memory.
IS_SANITIZED = b"__asan_init" in (BIN / "accord").read_bytes() or b"__tsan_init" in (BIN / "accord").read_bytes()


# --- Preparations: each gets the folder that the call will run in


def shell(line):
    def prepare(folder, environment):
        done = subprocess.run(["sh", "-e", "-c", line], cwd=folder, env=environment, capture_output=True, check=False,
                              timeout=SECONDS)
        assert done.returncode == 0, (line, done)

    return prepare


def sql(statement, store="store.db"):
    def prepare(folder, _):
        with contextlib.closing(sqlite3.connect(folder / store)) as database:
            database.executescript(statement)

    return prepare


def write(name, content):
    def prepare(folder, _):
        (folder / name).write_bytes(content)

    return prepare


def edited(source, target, **members):
    """A metadata document with other members."""
    def prepare(folder, _):
        (folder / target).write_text(json.dumps({**json.loads((folder / source).read_text()), **members}))

    return prepare


def damaged(folder, _):
    """Every page but the first is noise."""
    content = (folder / "store.db").read_bytes()
    (folder / "store.db").write_bytes(content[:4096] + b"\xa5" * (len(content) - 4096))


def eight_certificates(folder, environment):
    for name in ("cert-rsa.pem", "cert-p256.pem", "cert-p384.pem", "cert-ed25519.pem", "token-rsa.cer", "token-p256.cer",
                 "token-p384.cer"):
        shell(f"set-partner-application sharepoint --add-certificate-file-data data/{name}")(folder, environment)


@contextlib.contextmanager
def locked(folder):
    with contextlib.closing(sqlite3.connect(folder / "store.db", isolation_level=None)) as database:
        database.execute("BEGIN EXCLUSIVE")
        yield


class Row:
    """How an id is provoked: a command line, and what has to be so before.

    line: @NAME@ stands for the URL of one of the servers below.
    verb: what stands before the message; alternatives with "|".
    locked: another process holds the store, and both forms are called at once.
    answer: there is a terminal, and this is typed at the question.
    memory: limits of memory, of which one will do.
    members: those of the JSON object beyond the five that each error has.
    first: a command line that is run before, with URLs too.
    records: what came of it is printed and recorded all the same.
    """

    def __init__(self, line, prepare=None, verb=None, form="--output json", locked=False, answer=None, memory=None,
                 members=(), target=True, first=None, records=False):
        self.first, self.records = first, records
        self.line, self.prepare, self.form = line, prepare, form
        self.verb = verb or line.split()[0]
        self.locked, self.answer, self.memory = locked, answer, memory
        self.members, self.has_target = set(members), target


ROWS = {
    "Answer.No": Row("remove-partner-application exchange --confirm", answer="n"),
    "Answer.NotPossible": Row("remove-partner-application exchange --confirm"),
    "Certificate.AlreadyStaged": Row(f"import-certificate --path data/cert-p384-pair.pem {ISSUER} --roll --effective-date +31d",
                                     shell(f"import-certificate --path data/cert-ed25519-pair.pem {ISSUER} --roll "
                                           "--effective-date +30d")),
    "Certificate.Changed": Row(f"remove-certificate --type OAuthTokenIssuer --thumbprint {NO_THUMBPRINT} --force"),
    "Certificate.Expired": Row("export-auth-metadata", sql("UPDATE certificate SET not_after = not_before + 1")),
    "Certificate.InUse": Row("remove-certificate --type OAuthTokenIssuer --confirm=false"),
    "Certificate.Invalid": Row(f"{REGISTER} --certificate-file-data data/README.md"),
    "Certificate.NoKey": Row("import-certificate --path data/cert-other.pem"),
    "Certificate.NotAssigned": Row("remove-certificate --type OAuthTokenIssuer --previous"),
    "Certificate.NotFound": Row(f"set-certificate --type Default --thumbprint {NO_THUMBPRINT}"),
    "Certificate.RequestMismatch": Row("request-certificate --retrieve --path data/cert-other.pem",
                                       shell("request-certificate --new --type Default --key-alg P-256"),
                                       form="--format json"),
    "Certificate.RollTooLate": Row(f"import-certificate --path data/cert-p384-pair.pem {ISSUER} --roll "
                                   "--effective-date 2056-11-15"),
    "Certificate.Sha1Collision": Row(f"{REGISTER} --certificate-file-data data/cert-other.pem",
                                     sql(f"UPDATE trusted_key SET sha256 = '{'A' * 64}'")),
    "Certificate.TooMany": Row("set-partner-application sharepoint --add-certificate-file-data data/token-rsa-other.cer",
                               eight_certificates),
    "Certificate.Weak": Row(f"{REGISTER} --certificate-file-data data/cert-rsa1024.pem"),
    "Certificate.WrongPassword": Row("import-certificate --path data/cert-modern.pfx --password-file wrong",
                                     write("wrong", b"not it\n")),
    "CertificateRequest.NotFound": Row("request-certificate --list --request-id 7", form="--format json"),
    "Challenge.Invalid": Row("show-oauth-diagnostic 'Bearer realm=a, realm=b'", target=False),
    "File.CannotRead": Row("get-auth-metadata data/"),
    "File.CannotWrite": Row("export-auth-metadata --output-file nowhere/lync.json"),
    "File.Exists": Row("export-certificate --type OAuthTokenIssuer --include-private-key --password-file data/password "
                       "--output-file lync.json"),
    "File.NotFound": Row("get-auth-metadata nothing.json"),
    "File.TooLarge": Row("get-auth-metadata large.json", write("large.json", b" " * 2_000_000)),
    "Internal.Unexpected": Row("export-certificate --type OAuthTokenIssuer --include-private-key --password-file data/password "
                               "--output-file out-of-memory.pfx", memory=range(500_000, 2_000_000, 20_000), target=False),
    "Json.Invalid": Row("get-auth-metadata broken.json", write("broken.json", b'{"realm":')),
    "Key.Invalid": Row("test-oauth-token --profile jws --key broken.jwk --token-file token.txt",
                       write("broken.jwk", b'{"kty":"RSA"}'), target=False),
    "KeyToken.Unreachable": Row("import-certificate --path data/cert-other.pem "
                                "--key-uri 'pkcs11:object=issuer?module-path=/nowhere.so'"),
    "Memory.Exhausted": Row("get-auth-metadata many.json",
                            write("many.json", json.dumps({"allowedAudiences": ["x" * 36] * 19_000}).encode()),
                            memory=range(5_000_000, 1_000_000, -500_000), target=None),
    "Metadata.BadSignature": Row("get-auth-metadata signed.xml",
                                 write("signed.xml", b'<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" '
                                                     b'entityID="https://x/"><Signature/></EntityDescriptor>')),
    "Metadata.Contradiction": Row(f"{BY_DOCUMENT} lync.json"),
    "Metadata.HostNotAllowed": Row("get-auth-metadata @elsewhere@ --ca-file ca.pem"),
    "Metadata.Invalid": Row("get-auth-metadata empty.json", write("empty.json", b"{}")),
    "Metadata.KeyMismatch": Row(f"set-oauth-server sts --metadata-file sts.json --expect-thumbprint {NO_THUMBPRINT}"),
    "Metadata.NeedsRealm": Row(f"{BY_DOCUMENT} open.json",
                               edited("exchange.json", "open.json", realm="*",
                                      issuer="00000002-0000-0ff1-ce00-000000000000@*")),
    "Metadata.Refused": Row("update-partner-application exchange --metadata-file lync.json", records=True),
    "Module.Unusable": Row("bin/accord get-auth-metadata @good@",
                           shell("mkdir bin && cp -L $(command -v accord) bin/"), verb="get-auth-metadata"),
    "Network.AddressNotAllowed": Row("get-auth-metadata @inside@ --ca-file ca.pem"),
    "Network.NameNotFound": Row("get-auth-metadata https://no-such-host.invalid/"),
    "Network.NoAnswer": Row("get-auth-metadata @mute@ --ca-file ca.pem"),
    "Network.NoConnection": Row("get-auth-metadata @closed@"),
    "Network.Redirected": Row("get-auth-metadata @moved@ --ca-file ca.pem"),
    "Network.Status": Row("get-auth-metadata @broken@ --ca-file ca.pem"),
    "Network.TimedOut": Row("get-auth-metadata @silent@"),
    "Network.TlsRefused": Row("get-auth-metadata @good@"),
    "Network.TooLarge": Row("get-auth-metadata @large@ --ca-file ca.pem"),
    "OAuthConfiguration.Incomplete": Row("export-auth-metadata", sql("UPDATE oauth_configuration SET service_name = NULL")),
    "OAuthConfiguration.NotFound": Row("set-oauth-configuration site:redmond --realm example.net"),
    "OAuthServer.Exists": Row("new-oauth-server STS --metadata-file other.json",
                              edited("sts.json", "other.json", realm="example.net",
                                     issuer="00000001-0000-0000-c000-000000000000@example.net")),
    "OAuthServer.InUse": Row("remove-oauth-server sts",
                             shell("set-oauth-configuration --client-authorization-oauth-server-identity sts")),
    "OAuthServer.IssuerInUse": Row("new-oauth-server other --metadata-file sts.json"),
    "OAuthServer.NoTokenEndpoint": Row(REQUEST, sql("UPDATE oauth_server SET token_endpoint = NULL")),
    "OAuthServer.NotFound": Row("remove-oauth-server nobody"),
    "OAuthServer.Refused": Row(REQUEST, first=f"{TRUST} @refusing@"),
    "OAuthServer.WrongAnswer": Row(REQUEST, first=f"{TRUST} @confused@"),
    "Output.CannotWrite": Row("get-sip-domain >/dev/full", target=False),
    "Parameter.Ambiguous": Row("new-partner-application other -Cert x"),
    "Parameter.Clash": Row(f"{REGISTER} --certificate-file-data a --certificate-raw-data b"),
    "Parameter.Empty": Row('remove-partner-application ""'),
    "Parameter.Invalid": Row("set-partner-application exchange --application-trust-level most"),
    "Parameter.Missing": Row("new-partner-application other"),
    "Parameter.NoValue": Row("set-partner-application exchange -Enabled -WhatIf"),
    "Parameter.NotSupported": Row("set-partner-application exchange --instance x"),
    "Parameter.Repeated": Row("set-partner-application exchange --enabled true --enabled false"),
    "Parameter.Unknown": Row("set-partner-application exchange --enabeld true"),
    "PartnerApplication.Exists": Row("new-partner-application EXCHANGE --application-identifier other --realm example.net "
                                     "--application-trust-level full --certificate-file-data data/cert-rsa.pem"),
    "PartnerApplication.IssuerInUse": Row(f"{BY_DOCUMENT} exchange.json"),
    "PartnerApplication.NotFound": Row("remove-partner-application exchnge"),
    "Property.Unknown": Row("get-sip-domain --property Nmae"),
    "Service.CannotListen": Row("start-token-service --listen 192.0.2.1:8443 --certificate data/cert-p256.pem --key server.key",
                                shell("cp data/cert-p256.key server.key; chmod 600 server.key")),
    "SipDomain.Exists": Row("new-sip-domain LITWAREINC.com"),
    "SipDomain.IsDefault": Row("remove-sip-domain litwareinc.com"),
    "SipDomain.NotFound": Row("remove-sip-domain example.net"),
    "Store.Busy": Row("new-sip-domain example.net", locked=True),
    "Store.Damaged": Row("get-partner-application", damaged),
    "Store.Exists": Row("new-management-store --sip-domain example.net"),
    "Store.Failed": Row(f"get-sip-domain --store {'a' * 300}.db"),
    "Store.Missing": Row("get-sip-domain --store nothing.db"),
    "Store.Newer": Row("get-sip-domain", sql("PRAGMA user_version = 9999")),
    "Store.NotPermitted": Row("get-sip-domain", shell("chmod 666 store.db")),
    "StoreKey.Invalid": Row("new-oauth-token --partner exchange", shell("chmod 644 store.db.key")),
    "StoreKey.Missing": Row("new-oauth-token --partner exchange", shell("rm store.db.key")),
    "StoreKey.Wrong": Row("new-oauth-token --partner exchange", shell("cp -p exchange.db.key store.db.key")),
    "Test.NothingTested": Row("test-oauth-token - </dev/null"),
    "Token.CannotMint": Row("new-oauth-token --partner hosted --host mail.contoso.com"),
    "Token.Malformed": Row("echo x | show-oauth-token -", verb="show-oauth-token", target=False),
    "Topic.Unknown": Row("accord help nothing", verb="help"),
    "Verb.NotSupported": Row("accord New-CsTrustedApplication"),
    "Verb.Unknown": Row("accord get-nothing"),
}

# Rows of verbs and parameters that come later. Such a row counts from the moment on when the surface has what it needs:
# a verb, or a parameter that is not refused.
PENDING = {
    "Batch.Invalid": ("invoke-batch", None,
                      Row("invoke-batch lines.txt", write("lines.txt", b"new-sip-domain a.example\nget-sip-domain 'a\n"),
                          verb="invoke-batch|get-sip-domain", members={"file", "line"}, target=None)),
    "Batch.NotAllowed": ("invoke-batch", None,
                         Row("invoke-batch lines.txt",
                             write("lines.txt", b"# a remark\nnew-sip-domain a.example --store x.db\n"),
                             verb="invoke-batch|new-sip-domain", members={"file", "line"}, target=None)),
    "Expression.Invalid": ("get-partner-application", "Where",
                           Row("get-partner-application --where 'Enabled -eq'", members={"column"})),
    # The pipelines come with the filter that feeds them.
    "Pipeline.Invalid": ("get-partner-application", "Where",
                         Row("printf '{\"Identity\":\"exchange\"}\\nnonsense\\n' | set-partner-application - --enabled false",
                             verb="set-partner-application", members={"line"}, target=None)),
}

# Ids that cannot be provoked from outside, and why.
IMPOSSIBLE = {"Service.Failed": "a server that listens fails only where the system refuses it threads or descriptors"}
if IS_SANITIZED:
    for id_ in ("Internal.Unexpected", "Memory.Exhausted"):
        IMPOSSIBLE[id_] = "sanitized programs do not start with as little memory as it takes"


# --- The world


def make_world(scratch):
    """Two deployments and an authorization server. store.db, which ACCORD_STORE names, is the one that fails."""
    scratch.issuer("store.db")
    scratch.issuer("exchange.db", "exchange", "contoso.com", "cert-p384-pair.pem")
    scratch.issuer("sts.db", "sts", "fabrikam.com", "cert-ed25519-pair.pem")
    for store, document in (("store.db", "lync.json"), ("exchange.db", "exchange.json"), ("sts.db", "sts.json")):
        scratch.ok("export-auth-metadata", "--store", store, "--output-file", document)
    register = ["new-partner-application", "--store", "store.db", "--application-trust-level", "full"]
    scratch.ok(*register, "exchange", "--metadata-file", "exchange.json")
    scratch.ok(*register, "sharepoint", "--application-identifier", "sharepoint", "--realm", "contoso.com",
               "--certificate-file-data", DATA / "cert-other.pem")
    scratch.ok(*register, "hosted", "--application-identifier", "hosted", "--use-oauth-server")
    scratch.ok("new-oauth-server", "sts", "--store", "store.db", "--metadata-file", "sts.json")
    token = scratch.ok("new-oauth-token", "--store", "store.db", "--partner", "exchange", "--host", "mail.contoso.com")
    (scratch.path / "token.txt").write_bytes(token.out)
    (scratch.path / "data").symlink_to(DATA)


class Servers:
    """What answers at the URLs of the rows; their authority is ca.pem."""

    def __init__(self, folder):
        authority = Authority(folder, "ca")
        certificate = authority.issue("server")
        document = (folder / "sts.json").read_bytes()
        large = b"HTTP/1.1 200 OK\r\nContent-Length: 2000000\r\n\r\n"
        answers = {"good": response(document), "mute": b"", "broken": response(b"", "503 Service Unavailable"),
                   "moved": response(b"", "302 Found", Location="https://elsewhere.invalid/"), "large": large}
        self.all = {name: Server(answer, certificate) for name, answer in answers.items()}
        self.all["silent"] = Server(lambda _, connection: connection.recv(1))
        self.all["closed"] = ClosedPort()
        for name, status, body in (("refusing", "400 Bad Request", b'{"error":"invalid_client"}'),
                                   ("confused", "200 OK", b"hello")):
            self.all[f"endpoint{name}"] = Server(response(body, status), certificate)
            changed = json.loads(document)
            for endpoint in changed["endpoints"]:
                if endpoint["usage"] == "issuance":
                    endpoint["location"] = self.all[f"endpoint{name}"].url("/tokens")
            self.all[name] = Server(response(json.dumps(changed).encode()), certificate)
        for name, keys in (("elsewhere", "https://elsewhere.invalid/keys"), ("inside", self.all["good"].url("/keys"))):
            self.all[name] = Server(response(json.dumps({"issuer": "https://sts.example.net/", "jwks_uri": keys}).encode()),
                                    certificate)

    def named_in(self, line):
        return re.sub(r"@([a-z]+)@", lambda found: f"https://localhost:{self.all[found[1]].port}/", line)

    def close(self):
        for server in self.all.values():
            server.close()


def content_of(store):
    """All that the store says, or its bytes where it is no database that can be read."""
    try:
        with contextlib.closing(sqlite3.connect(f"file:{store}?mode=ro", uri=True)) as database:
            return "\n".join(database.iterdump())
    except (sqlite3.DatabaseError, sqlite3.OperationalError):
        return store.read_bytes()


def contents_of(folder):
    return {path.name: content_of(path) for path in sorted(folder.glob("*.db"))}


class Said:
    """What a failed call said."""

    def __init__(self, code, out, err):
        self.code, self.out, self.err = code, out, err.decode()
        assert SANITIZED not in err and b"runtime error" not in err, err
        for secret in SECRETS:
            assert secret not in err, "a secret on standard error"

    def json(self):
        """The last line, which is the only one that is not a warning or a question."""
        return json.loads(self.err.splitlines()[-1])

    def is_error(self, name):
        return f'"id":"{name}"' in self.err

    def text(self, verb):
        """The lines of the error; before them stand warnings and questions only."""
        lines = self.err.splitlines()
        first = next(i for i, line in enumerate(lines) if re.match(rf"(\S+:\d+: )?({verb}): ", line))
        return lines[first:]

    def __repr__(self):
        return f"exit {self.code}\n{self.out!r}\n{self.err}"


def call(line, folder, environment, answer=None):
    words = ["sh", "-c", line]
    if answer is None:
        done = subprocess.run(words, cwd=folder, env=environment, stdin=subprocess.DEVNULL, capture_output=True,
                              check=False, timeout=SECONDS)
        return Said(done.returncode, done.stdout, done.stderr)
    terminal, other_end = pty.openpty()
    process = subprocess.Popen(words, cwd=folder, env=environment, stdin=other_end, stderr=other_end,
                               stdout=subprocess.PIPE, start_new_session=True)
    os.close(other_end)
    seen = b""
    asked = False
    with contextlib.suppress(OSError):
        while select.select([terminal], [], [], SECONDS)[0]:
            chunk = os.read(terminal, 4096)
            seen += chunk
            if not asked and seen.rstrip().endswith(b'"Y"):'):
                asked = True
                os.write(terminal, answer.encode() + b"\n")
    out = process.communicate(timeout=SECONDS)[0]
    os.close(terminal)
    return Said(process.returncode, out, seen.replace(b"\r\n", b"\n"))


class Result:
    """Both forms of a row's error, and the stores before and after."""

    def __init__(self, world, name, row):
        folder = world.path / f"row-{name}"
        shutil.copytree(world.path, folder, symlinks=True, ignore=shutil.ignore_patterns("row-*"))
        self.store = str(folder / "store.db")
        environment = {**world.env, "ACCORD_STORE": self.store}
        if row.prepare:
            row.prepare(folder, environment)
        if row.first:
            shell(row.first)(folder, environment)
        self.before = contents_of(folder)
        forms = (row.line, f"{row.line} {row.form}")
        if row.locked:
            with locked(folder), concurrent.futures.ThreadPoolExecutor() as pool:
                self.text, self.json = pool.map(lambda line: call(line, folder, environment), forms)
        elif row.memory is not None:
            for limit in row.memory:
                self.text, self.json = (call(f"prlimit --data={limit} {line}", folder, environment) for line in forms)
                if self.json.is_error(name) and self.json.json()["error"]["message"] in self.text.err:
                    break
        else:
            self.text, self.json = (call(line, folder, environment, row.answer) for line in forms)
        self.after = contents_of(folder)


def is_there(surface, verb, parameter):
    found = [one for one in surface["verbs"] if one["name"] == verb]
    if not found or parameter is None:
        return bool(found)
    return any(one["name"] == parameter and one["refused"] is None for one in found[0]["parameters"])


def of_each_row(check):
    """A test of every row: `check` gets the id, the row and what came of it."""
    @functools.wraps(check)
    def test(self):
        for name, result in self.results.items():
            with self.subTest(id=name):
                check(self, name, self.rows[name], result)

    return test


class Errors(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        world = Scratch()
        cls.addClassCleanup(world.close)
        cls.surface = world.ok("accord", "help", "--output", "json").json()
        cls.listed = {error["id"]: error for error in cls.surface["errors"]}
        cls.rows = dict(ROWS)
        cls.pending = set()
        for name, (verb, parameter, row) in PENDING.items():
            if is_there(cls.surface, verb, parameter):
                cls.rows[name] = row
            else:
                cls.pending.add(name)
                print(f"PENDING: {name} until there is {verb} {parameter or ''}")
        for name, why in IMPOSSIBLE.items():
            cls.rows.pop(name, None)
            print(f"NOT PROVOKED: {name}: {why}")
        make_world(world)
        servers = Servers(world.path)
        cls.addClassCleanup(servers.close)
        for row in cls.rows.values():
            row.line = servers.named_in(row.line)
            row.first = row.first and servers.named_in(row.first)
        with concurrent.futures.ThreadPoolExecutor(max_workers=3) as pool:
            # Those that wait, for a lock or a server, begin first.
            names = sorted(cls.rows, key=lambda name: not cls.rows[name].locked and name != "Network.TimedOut")
            cls.results = dict(zip(names, pool.map(lambda name: Result(world, name, cls.rows[name]), names)))

    def test_each_id_of_the_surface_has_a_row_and_each_row_an_id(self):
        self.assertEqual(set(self.listed) - set(self.rows) - set(IMPOSSIBLE) - self.pending, set(), "ids without a row")
        self.assertEqual((set(self.rows) | set(IMPOSSIBLE)) - set(self.listed), set(), "rows without an id")

    @of_each_row
    def test_the_exit_code_and_the_category_are_those_of_the_table(self, name, row, result):
        expected = self.listed[name]
        self.assertEqual(result.text.code, expected["exitCode"], result.text)
        self.assertEqual(result.json.code, expected["exitCode"], result.json)
        said = result.json.json()
        self.assertEqual(said["exitCode"], expected["exitCode"])
        self.assertEqual((said["error"]["id"], said["error"]["category"]), (name, expected["category"]))

    @of_each_row
    def test_the_object_has_the_members_it_must_have_and_no_other(self, name, row, result):
        said = result.json.json()
        error = said["error"]
        self.assertEqual(set(said), {"error", "exitCode"})
        members = {"id", "category", "target", "message", "try"} | row.members
        if said["exitCode"] in (3, 7) and not name.startswith("File."):
            # The store is named once: as the target where the error is about it.
            store = row.line.split("--store ")[1] if "--store " in row.line else result.store
            if error["target"] != store:
                self.assertEqual(error.get("store"), store, error)
                members.add("store")
        self.assertEqual(set(error), members)
        if row.has_target is not None:
            self.assertEqual(error["target"] is not None, row.has_target, error)
        for member in ("target", "try"):
            self.assertTrue(error[member] is None or error[member].strip(), error)
        for member in {"column", "line"} & row.members:
            self.assertIsInstance(error[member], int)
            self.assertGreater(error[member], 0)

    @of_each_row
    def test_the_message_is_one_sentence_in_lower_case_without_a_full_stop(self, name, row, result):
        message = result.json.json()["error"]["message"]
        # Names of products and of record types, which have another capital, may stand first.
        self.assertRegex(message, r"^([a-z'-]|[A-Z][a-z]+[A-Z]).{14,}[^.]$")
        self.assertNotIn("\n", message)

    @of_each_row
    def test_the_text_form_says_the_same(self, name, row, result):
        error = result.json.json()["error"]
        lines = result.text.text(row.verb)
        # What is about a line of a batch begins as compilers do it; of a pipeline it is the line of the input.
        before = f"{error['file']}:{error['line']}: " if "file" in error else ""
        after = f"line {error['line']}: " if "line" in error and "file" not in error else ""
        heads = [f"{before}{verb}: {after}{error['message']}." for verb in row.verb.split("|")]
        self.assertIn(lines[0], heads)
        block = {line[2:8].strip(): line[11:] for line in lines[1:] if line[:2] == "  " and line[8:11] == " : "}
        self.assertEqual(block.get("Target"), error["target"])
        self.assertEqual(block.get("Try"), error["try"])
        self.assertEqual(block.get("Store"), error.get("store"))
        for head, member in (("  Target : ", "target"), ("  Try    : ", "try"), ("  Store  : ", "store")):
            self.assertEqual(any(line.startswith(head) for line in lines), error.get(member) is not None, lines)

    @of_each_row
    def test_before_it_stand_warnings_and_questions_only(self, name, row, result):
        lines = result.text.err.splitlines()
        for line in lines[:len(lines) - len(result.text.text(row.verb))] + result.json.err.splitlines()[:-1]:
            self.assertTrue(line.startswith("WARNING: ") or row.answer is not None, line)

    @of_each_row
    def test_nothing_stands_on_standard_output(self, name, row, result):
        if not row.records:
            self.assertEqual((result.text.out, result.json.out), (b"", b""))

    @of_each_row
    def test_the_stores_are_as_they_were(self, name, row, result):
        self.assertIn("store.db", result.before)
        if not row.records:
            self.assertEqual(result.before, result.after)


if __name__ == "__main__":
    main()
