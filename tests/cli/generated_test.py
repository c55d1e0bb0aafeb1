"""Generated command lines: whatever is typed, piped in or batched, a verb ends as the documentation says.

Verbs, parameters, types and values are those of `accord help --output json`. Each line ends in a documented exit code,
within a second and without a crash, says why where it fails, and leaves the store as it was unless it ended in 0.
ACCORD_SEED chooses other lines, ACCORD_LINES how many. What goes wrong is printed as bash would take it, with the lines
that changed the store before.
"""

import collections
import dataclasses
import json
import os
import random
import re
import shutil
import sqlite3
import subprocess
import unicodedata

from accord_program import BIN, DATA, DOCUMENTED, ProgramTest, main

SEED = os.environ.get("ACCORD_SEED", "2026")
LINES = int(os.environ.get("ACCORD_LINES", "2000"))
SECONDS = float(os.environ.get("ACCORD_SECONDS", "1"))  # of processor time, for one call
ENOUGH = 1000  # lines from which on every verb must have succeeded and every exit code occurred
MANY_FAILURES = 20  # then the rest is not tried

# Exit codes up to 9 that these lines cannot end in, and why.
NEVER = {}
# Verbs that run until a signal ends them.
LASTING = {"start-token-service"}
# Those that call other servers, of which there are none here.
CALLING = {"request-oauth-token", "test-deployment", "test-ex-storage-connectivity", "test-oauth-connectivity",
           "test-oauth-server", "test-partner-application", "test-unified-contact-store", "update-oauth-server",
           "update-partner-application"}
# Of a verdict: what was asked for is printed, and nothing failed.
VERDICTS = {5, 6}

# ----------------------------------------------------------------------------------------------------------------------
# Showing a line so that it can be run again


def shell_word(word):
    """A word of bytes as bash takes it; a long repetition as the command that makes it."""
    if re.fullmatch(rb"[\w@%+=:,./-]+", word):
        return word.decode()

    def escaped(part):
        return "".join(chr(c) if 32 <= c < 127 and c not in b"'\\" else f"\\x{c:02x}" for c in part)

    pieces, at = [], 0
    for run in re.finditer(rb"(.{1,8}?)\1{199,}", word, re.DOTALL):
        if run.start() > at:
            pieces.append(f"$'{escaped(word[at:run.start()])}'")
        times = len(run[0]) // len(run[1])
        pieces.append(f"\"$(printf {shell_word(run[1])}'%.0s' {{1..{times}}})\"")
        at = run.end()
    if at < len(word) or not word:
        pieces.append(f"$'{escaped(word[at:])}'")
    return "".join(pieces)


def printf(content):
    return "printf '" + "".join(chr(c) if 32 <= c < 127 and c not in b"'\\%" else f"\\{c:03o}" for c in content) + "'"


@dataclasses.dataclass
class Line:
    """One call, and what is known of it."""

    kind: str
    verb: dict | None  # None: nobody knows what this will be
    program: str
    words: list
    stdin: bytes = b""
    batch: bytes | None = None  # content of the file `batch`
    is_dry: bool = False  # with --what-if, for certain
    may_change: bool = False  # although it fails: a batch that is not atomic

    def text(self):
        """All that was given to it."""
        return b"\n".join([self.program.encode(), *self.words, self.stdin, self.batch or b""])

    def shell(self):
        line = " ".join([self.program, *map(shell_word, self.words)])
        if self.stdin:
            line = f"{printf(self.stdin)} | {line}"
        return line if self.batch is None else f"{printf(self.batch)} > batch; {line}"


def is_readable(text):
    """Whether a terminal may be shown this: UTF-8 without control and format characters."""
    try:
        return all(c == "\n" or unicodedata.category(c) not in ("Cc", "Cf", "Cs", "Zl", "Zp") for c in text.decode())
    except UnicodeDecodeError:
        return False


# ----------------------------------------------------------------------------------------------------------------------
# The surface


def kebab(name):
    name = name.replace("OAuth", "Oauth")
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "-", name).lower()


def noun_of(verb):
    return verb["name"].partition("-")[2] or verb["name"]


class Surface:
    def __init__(self, document):
        self.verbs = [verb for verb in document["verbs"] if verb["name"] not in LASTING | CALLING]
        self.exit_codes = {one["code"] for one in document["exitCodes"]}
        self.code_of = {one["id"]: one["exitCode"] for one in document["errors"]}
        for verb in self.verbs:
            verb["by_name"] = {one["name"]: one for one in verb["parameters"]}
            verb["first"] = next((one for one in verb["parameters"] if one["position"] == 0), None)
        self.common = set.intersection(*(set(verb["by_name"]) for verb in self.verbs))
        self.writers = [verb for verb in self.verbs if verb["effect"] != "reads"]
        self.batches = [verb for verb in self.verbs if "Atomic" in verb["by_name"]]
        self.key_makers = {name.lower().encode() for verb in self.verbs if "KeyAlg" in verb["by_name"]
                           for name in (verb["name"], *verb["aliases"])}
        self.words = sorted({verb["name"] for verb in self.verbs} | {"--" + kebab(name) for verb in self.verbs
                                                                     for name in verb["by_name"] if name != "Store"})

    def find(self, name):
        return next((verb for verb in self.verbs if verb["name"] == name), None)


# ----------------------------------------------------------------------------------------------------------------------
# The folder in which the lines run


class World:
    """Stores, documents, certificates and tokens that belong together, and what a caller would know of them."""

    STORE = "s.db"
    DEPLOYMENTS = (("lync", "litwareinc.com", "cert-modern.pfx"), ("exchange", "contoso.com", "cert-p384-pair.pem"),
                   ("sharepoint", "fabrikam.com", "cert-p256-pair.pem"), ("sts", "adatum.com", "cert-ed25519-pair.pem"))

    def __init__(self, scratch):
        self.scratch = scratch
        self.work = scratch.path / "work"
        self.work.mkdir(mode=0o700)
        for path in DATA.glob("cert-*"):
            shutil.copy(path, self.work)
        shutil.copy(DATA / "password", self.work)
        pair = [(DATA / name).read_bytes() for name in ("cert-p256.pem", "cert-p256.key")]
        (self.work / "cert-p256-pair.pem").write_bytes(b"".join(pair))
        (self.work / "wrong-password").write_text("pa55word\n")
        self.make_stores()
        self.make_tokens()
        self.surface = Surface(self.ok("accord", "help", "--output", "json").json())
        self.learn()
        self.kept = {path.name: path.read_bytes() for path in self.work.iterdir()}
        self.states = self.look()

    def ok(self, *words, **more):
        return self.scratch.ok(*words, cwd=self.work, **more)

    def make_stores(self):
        for name, domain, certificate in self.DEPLOYMENTS:
            store = ["--store", f"{name}.db"]
            password = ["--password-file", "password"] if certificate.endswith(".pfx") else []
            self.ok("new-management-store", *store, "--service-name", name, "--sip-domain", domain)
            self.ok("import-certificate", *store, "--path", certificate, *password, "--identity", "global", "--type",
                    "OAuthTokenIssuer")
            self.ok("set-oauth-configuration", *store, "--hosts", f"{name}.{domain}", "--public-url", f"https://{name}.{domain}")
            self.ok("export-auth-metadata", *store, "--output-file", f"{name}.json")
            if name != "lync":
                self.ok("new-partner-application", "lync", *store, "--metadata-file", "lync.json",
                        "--application-trust-level", "full")
        for suffix in ("", ".key"):
            (self.work / f"lync.db{suffix}").rename(self.work / f"{self.STORE}{suffix}")
        ours = ["--store", self.STORE]
        self.ok("import-certificate", *ours, "--path", "cert-p256-pair.pem", "--identity", "global", "--type", "Default,Internal")
        self.ok("import-certificate", *ours, "--path", "cert-ed25519-pair.pem")
        self.ok("import-certificate", *ours, "--path", "cert-p384-pair.pem", "--identity", "global", "--type", "Internal",
                "--confirm=false")
        for domain in ("b.example", "c.example"):
            self.ok("new-sip-domain", domain, *ours)
        for file, domain in (("sts", "adatum.com"), ("exchange", "contoso.com"), ("sharepoint", "fabrikam.com")):
            for i, other in enumerate(("wingtip.example", "tailspin.example"), 2):
                text = (self.work / f"{file}.json").read_text()
                (self.work / f"{file}-{i}.json").write_text(text.replace(domain, other))
        for name, file in (("sts", "sts.json"), ("STS 2", "sts-2.json")):
            self.ok("new-oauth-server", name, *ours, "--metadata-file", file)
        partner = ["new-partner-application", *ours, "--application-trust-level", "full"]
        self.ok(*partner, "exchange", "--metadata-file", "exchange.json")
        self.ok(*partner, "hr", "--application-identifier", "hr", "--realm", "contoso.com", "--certificate-file-data",
                "cert-other.pem", "--enabled", "false")
        self.ok(*partner, "Hosted (1)", "--application-identifier", "hosted", "--use-oauth-server")
        # A name on which a regular expression may take its time.
        self.ok(*partner, "a" * 200 + "!", "--application-identifier", "long", "--use-oauth-server")
        (self.work / "empty.db").write_bytes(b"")
        (self.work / "text.db").write_bytes(b"this is no store\n" * 300)

    def make_tokens(self):
        def mint(store, partner, *words):
            return self.ok("new-oauth-token", partner, "--store", store, *words).out

        tokens = {"token-good": mint("exchange.db", "lync"),
                  "token-user": mint("exchange.db", "lync", "--user-sip", "sip:kenmyer@contoso.com"),
                  "token-ours": mint(self.STORE, "exchange"),
                  "token-unknown": mint("sharepoint.db", "lync")}
        tokens["token-many"] = b"".join(tokens.values()) + b"no.token.\n"
        tokens["token-cut"] = tokens["token-user"][:-40]
        for name, text in tokens.items():
            (self.work / name).write_bytes(text)
        # Whoever has the signature can use the token, so that no verb repeats it.
        self.signatures = {tokens[name].strip().rpartition(b".")[2] for name in ("token-good", "token-ours")}
        self.tokens = [text.strip().decode() for name, text in tokens.items() if name != "token-many"]
        jwk = self.ok("export-certificate", "--store", "exchange.db", "--type", "OAuthTokenIssuer", "--encoding", "Jwk").out
        (self.work / "key.jwk").write_bytes(jwk)
        (self.work / "keys.jwks").write_bytes(b'{"keys":[' + jwk.strip() + b"]}")
        (self.work / "broken.json").write_bytes((self.work / "exchange.json").read_bytes()[:-20])
        (self.work / "out-there").write_bytes(b"to be replaced\n")

    def learn(self):
        """Of each noun that has a get- verb: the records, their properties and identities; and all thumbprints."""
        self.records, self.properties, self.identities = {}, {}, {}
        thumbprints = set()
        for verb in self.surface.verbs:
            if not verb["name"].startswith("get-") or any(one["mandatory"] for one in verb["sets"]):
                continue
            lines = self.ok(verb["name"], "--store", self.STORE, "--output", "jsonl").out.splitlines(keepends=True)
            records = [json.loads(line) for line in lines]
            noun = noun_of(verb)
            self.records[noun] = lines
            self.properties[noun] = list(records[0])
            self.identities[noun] = [one["Identity"] for one in records if "Identity" in one]
            thumbprints.update(re.findall(r'"([0-9A-F]{40})"', b"".join(lines).decode()))
        self.thumbprints = {"": sorted(thumbprints)}
        for noun, lines in self.records.items():
            own = [json.loads(line).get("Thumbprint") for line in lines]
            self.thumbprints[noun] = sorted(filter(None, own))

    def learn_from(self, verb, output):
        """The properties of what a verb just printed."""
        if verb["name"] not in self.properties and output.startswith((b"{", b"[\n  {", b"[{")):
            try:
                printed = json.loads(output)
            except ValueError:
                return
            self.properties[verb["name"]] = list(printed[0] if isinstance(printed, list) else printed)

    def properties_of(self, verb):
        if verb["effect"] == "destroys" and "PassThru" not in verb["by_name"]:
            return []  # it prints nothing
        return self.properties.get(verb["name"]) or self.properties.get(noun_of(verb), [])

    def files(self, *patterns):
        return sorted({path.name for pattern in patterns for path in self.work.glob(pattern) if path.name in self.kept})

    # --- what is in it now

    def look(self):
        """Of everything in and around the folder: what tells that it was touched."""
        states = {}
        for folder in (self.work, self.scratch.path):
            for entry in os.scandir(folder):
                state = entry.stat(follow_symlinks=False)
                is_spent = entry.name.endswith("-journal") and state.st_size == 0  # the store keeps an empty one
                if entry.path != str(self.work) and not is_spent:
                    states[os.path.relpath(entry.path, self.work)] = (state.st_ino, state.st_size, state.st_mtime_ns, state.st_mode)
        return states

    def changed(self):
        now = self.look()
        return {name for name in now.keys() | self.states.keys() if now.get(name) != self.states.get(name)}

    def store_bytes(self):
        return (self.work / self.STORE).read_bytes()

    def content(self, path=None):
        """Every row of every table."""
        store = sqlite3.connect(f"file:{path or self.work / self.STORE}?mode=ro", uri=True)
        try:
            tables = [name for (name,) in store.execute("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")]
            return {table: store.execute(f'SELECT * FROM "{table}" ORDER BY 1, 2').fetchall() for table in tables
                    if table != "sqlite_sequence"}
        finally:
            store.close()

    def write_store(self, content):
        (self.work / self.STORE).write_bytes(content)

    def repair(self, names):
        for name in names:
            path = self.work / name
            if path.is_dir():
                shutil.rmtree(path)
            elif name in self.kept:
                path.write_bytes(self.kept[name])
                path.chmod(0o600)
            else:
                path.unlink(missing_ok=True)
        self.states = self.look()


# ----------------------------------------------------------------------------------------------------------------------
# Values

# Of parameters whose type does not say enough, what an admin might write.
TEXTS = {
    "ApplicationIdentifier": ["exchange", "sharepoint", "microsoft.exchange", "hr2", "00000007-0000-0ff1-ce00-000000000000"],
    "AllowHost": ["mail.contoso.com", "login.example:8443"],
    "Audience": ["00000004-0000-0ff1-ce00-000000000000/lync.litwareinc.com@litwareinc.com", "urn:x"],
    "AuthorizationUriOverride": ["https://login.example/authorize"],
    "City": ["Redmond", "Zürich"],
    "Claim": ["smtp=kenmyer@contoso.com", "x=1", "note=ä=b"],
    "ClientAuthorizationOAuthServerIdentity": ["sts"],
    "Country": ["US", "de"],
    "DomainName": ["lync.litwareinc.com", "*.litwareinc.com", "x.example"],
    "ExchangeAutodiscoverAllowedDomains": ["contoso.com", "*.litwareinc.com"],
    "ExchangeAutodiscoverUrl": ["https://mail.contoso.com/autodiscover/autodiscover.svc"],
    "Filter": ["*", "e*", "[a-h]*", "?ts"],
    "Host": ["mail.contoso.com", "exchange.contoso.com", "lync.litwareinc.com:443"],
    "Hosts": ["lync.litwareinc.com", "pool.litwareinc.com:443", "x.example"],
    "Issuer": ["00000002-0000-0ff1-ce00-000000000000@contoso.com"],
    "MetadataUrl": ["https://mail.contoso.com/autodiscover/metadata/json/1"],
    "OAuthServer": ["sts"],
    "Password": ["Pa55word"],
    "PublicUrl": ["https://lync.litwareinc.com", "https://lync.litwareinc.com/metadata/json/1"],
    "ReaderGroup": ["root"],
    "Realm": ["contoso.com", "litwareinc.com", "x.example"],
    "ServiceName": ["lync", "exchange", "sharepoint", "00000004-0000-0ff1-ce00-000000000000"],
    "SipDomain": ["litwareinc.com", "new.example"],
    "Subject": ["exit-codes", "output", "where", "time", "pipeline", "environment"],
    "UserSid": ["S-1-5-21-2127521184-1604012920-1887927527-72713"],
    "UserSip": ["sip:kenmyer@litwareinc.com"],
    "UserSmtp": ["kenmyer@litwareinc.com"],
    "UserUpn": ["kenmyer@litwareinc.com"],
}
# Files by parameter; of other paths any file.
FILES = {
    "AddCertificateFileData": ["cert-rsa.pem", "cert-p256.pem", "cert-ed25519.pem", "cert-p384.pem"],
    "CaFile": ["cert-rsa.pem", "cert-other.pem"],
    "CertificateFileData": ["cert-rsa.pem", "cert-p256.pem", "cert-ed25519.pem", "cert-p384.pem"],
    "Jwks": ["keys.jwks"],
    "Key": ["key.jwk", "cert-p384.pem"],
    "MetadataFile": ["sharepoint*.json", "exchange*.json", "sts*.json"],
    "PasswordFile": ["password"],
    "Path": ["cert-*-pair.pem", "cert-modern.pfx", "cert-rc2.pfx", "cert-chain.pfx", "cert-encrypted.pem"],
    "Source": ["*.json"],
    "TokenFile": ["token-*"],
}
# Numbers and durations that have a range.
NUMBERS = {"Count": ["1", "2", "20"], "First": ["1", "2", "10"], "KeySize": ["2048", "2048", "3072"], "PasswordFd": ["0"]}
DURATIONS = {"ValidFor": ["60d", "2w", "5y", "P1Y"], "Lifetime": ["30m", "8h", "PT1H", "240s"],
             "TokenLifetime": ["8h", "PT30M", "1d"], "MaximumTokenLifetime": ["25h", "7d", "26h"],
             "ClockSkew": ["300s", "5m", "0s"], "ReplicaMaximumAge": ["24h", "2d"]}
DATES = ["now", "-5m", "+2m", "2026-11-24", "@1795519372", "2036-07-21T13:00:00Z", "7/21/2030 1:00:00 PM", "2030-01-01 12:00"]
CERTIFICATE_TYPES = [*["OAuthTokenIssuer", "Default", "Internal"] * 3, "WebServicesInternal", "AudioVideoAuthentication"]
OPERATORS = ["eq", "ne", "lt", "le", "gt", "ge", "like", "notlike", "match", "notmatch", "in", "notin", "contains", "notcontains"]
OPERANDS = ["'exchange'", '"contoso.com"', "$true", "$false", "$null", "60", "-1", "'2030-01-01'", "'+30d'", "'e*'", "'^[a-h].*$'",
            "'a', 'b'", "('exchange', \"hr\")", "1.5", "Full", "''"]
# What the surface does not say of calls that do something: switches that are as good as mandatory, parameters of which one
# is needed, and parameters that need another beside them.
USUAL = ("New", "SelfSigned")
ONE_OF = ("Token", "TokenFile")
NEEDS = {"Host": ["AsPartner"], "Claim": ["AllowInvalid"], "Issuer": ["AllowInvalid"], "Audience": ["AllowInvalid"],
         "SignWith": ["AllowInvalid"], "AllowInvalid": ["Lifetime"], "IncludePrivateKey": ["PasswordFile", "OutputFile"],
         "Jwks": ["Profile"]}

BREAKS = ["-and", "(", ")", "-eq", "'", "$x", "{", "-frob", "1e999"]
CATASTROPHES = ["(a+)+$", "(a|a)*$", "(a|aa)+$", "(.*)*x", "^(([a-z])+.)+[A-Z]([a-z])+$", "(a{1,50}){1,50}{1,50}", "((((a*)*)*)*)*b",
                "(x" * 500 + ")" * 500, "[[:alpha:]", "a**", "\\1\\2", "(?=a)", "(?<!a)a", "a{99999}", "\\", "[z-a]"]
NASTY = [
    b"", b"-", b"--", b"---", b"@", b"@file", b"$false", b"$true", b"'", b'"', b"''", b'"a', b"\\", b"a\\",
    b"\xc3\x28\xff\xfe", b"\xff", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xef\xbb\xbfa", "😀".encode(),
    "👩\u200d👧".encode(), "e\u0301".encode(), "\u202egpj.exe".encode(), "İ".encode(), b"a\x01\x1b[31mb\n\x7f", b"\r\n",
    b"\t", b" ", b"x" * 4096, b"x" * 71680, b"a," * 2048, b"," * 4096, b"(" * 4096, b"-not " * 4000, b"1", b"-1",
    b"0", b"007", b"0x10", b"1e308", b"NaN", b"99999999999999999999999999", b"-9223372036854775808",
    b"18446744073709551616", b"true", b"maybe", b"*", b"?", b"[a-", b"%s%n{0}{}", b"';--", b"/", b".", b"..",
    b"/dev/null", b"no-such-file", b"no/such/file", b"/dev/stdin", b"cert-rsa.pem", b"token-good", b"out-there",
    b"s.db", b"9999-12-31T23:59:59Z", b"10000-01-01", b"2026-02-30", b"+999999y", b"-292277026596y",
    b"@9223372036854775807", b"@-1", b"P1Y2M3DT4H5M6S", b"PT", b"1.5h", b"https://", b"http://[::1]:99999/", b"a@b@c",
    b"sip:", b"a/b", b"a@b", b"a=b", b"=", b":", b"x:y", b"--help", b"-?", b"/?", b"--store", b"#", b"$(id)", b"`id`",
    b"a\nb", b"{", b"[]", b"{}", b'{"a":1}', b"-----BEGIN CERTIFICATE-----", b"AAAA", b"MIIB", b"....", b"eyJ.eyJ.x",
    b"\xc2\xa0", b"\xe2\x80\x8e" + b"A" * 40,
]


class Dice(random.Random):
    def chance(self, share):
        return self.random() < share

    def cased(self, text):
        """Now and then in another case."""
        kind = self.randrange(10)
        if kind == 0:
            return text.upper()
        if kind == 1:
            return text.lower()
        return "".join(self.choice((c.lower(), c.upper())) for c in text) if kind == 2 else text

    def noise(self, longest=40):
        return bytes(self.randrange(1, 256) for _ in range(self.randrange(longest)))

    def damaged(self, content):
        """The same bytes, cut off, turned, doubled or with others among them."""
        if not content:
            return b"\x00"
        at, end = sorted((self.randrange(len(content)), self.randrange(len(content) + 1)))
        return self.choice((
            lambda: content[:at],
            lambda: content[:at] + bytes([content[at] ^ 1 << self.randrange(8)]) + content[at + 1:],
            lambda: content[:at] + content[end:],
            lambda: content + content[at:end],
            lambda: content[:at] + self.choice(NASTY[:60]) + content[at:],
            lambda: content[:at] + b"\x00" + content[at:],
            lambda: content.replace(b'"', b"'"),
            lambda: content.replace(b"\n", b"\r\n"),
            lambda: b"\xef\xbb\xbf" + content,
            lambda: content.replace(b":", b":[", self.randrange(1, 4)),
            lambda: self.other_values(content),
        ))()


    def other_values(self, content):
        """Texts of a JSON document replaced by what is none, or no good one."""
        other = self.choice((b"null", b"1e999", b"-0", b"[]", b"{}", b'"\\ud800"', b'"\\u0000"', b'""'))
        return re.sub(rb'"[^"]*"', lambda _: other, content, count=self.randrange(1, 8))


class Values:
    def __init__(self, world, dice):
        self.world, self.dice = world, dice
        self.counter = 0

    def fresh(self):
        self.counter += 1
        return str(self.counter)

    def of(self, verb, parameter):
        """A value that may well be right, as text."""
        name, kind = parameter["name"], parameter["type"].removesuffix("[]")
        if parameter["values"]:
            return self.dice.cased(self.dice.choice(parameter["values"]))
        if name in ("Identity", "Partner", "AsPartner"):
            return self.identity(verb, name)
        if name == "Token":
            return self.dice.choice((self.world.tokens[0], self.dice.choice(self.world.tokens)))
        if name == "Line":
            return self.dice.choice(("2000003", "invalid_grant", 'Bearer realm="a"', '2000001;reason="x"'))
        if name in ("Property", "Sort"):
            return self.property_name(verb) + (self.dice.choice(("", " desc", " asc")) if name == "Sort" else "")
        if name == "CertificateRawData":
            lines = (DATA / self.dice.choice(("cert-rsa.pem", "cert-p256.pem"))).read_text().splitlines()
            return "".join(lines[1:-1])
        if "Thumbprint" in name or name == "SignWith":
            return self.thumbprint(verb, name)
        if kind == "Path":
            return self.path(name)
        by_type = {"Boolean": ["true", "false", "$true", "$false", "1", "0", "True"], "Int32": NUMBERS.get(name, ["1", "2"]),
                   "TimeSpan": DURATIONS.get(name, ["8h", "90s", "2w", "PT8H"]), "DateTime": DATES, "CertType": CERTIFICATE_TYPES,
                   "Guid": ["8f1ef5c0-91e1-41b1-8a4c-44f9dd4d5f21"], "Fqdn": ["pool.litwareinc.com"],
                   "SwitchParameter": ["true", "$true", "false"]}
        if kind == "Expression":
            return self.expression(verb) if self.dice.chance(0.9) else self.broken_expression(verb)
        if kind == "CertType" and verb["effect"] == "destroys" and self.dice.chance(0.7):
            return "Default"  # it is assigned, and not needed
        return self.dice.choice(TEXTS.get(name) or by_type.get(kind) or ["Litware", "x.example"])

    def identity(self, verb, name):
        noun = noun_of(verb) if name == "Identity" else "partner-application"
        known = self.world.identities.get(noun)
        if not known:
            return "global"
        if name != "Identity" and self.dice.chance(0.75):
            return "exchange"
        if verb["name"].startswith("new-") and name == "Identity" and self.dice.chance(0.9):
            return f"n{self.fresh()}.example"
        if self.dice.chance(0.05):
            return self.dice.choice((known[0][:-1], "*", "nobody"))
        return self.dice.cased(self.dice.choice(known))

    def property_name(self, verb):
        return self.dice.cased(self.dice.choice(self.world.properties_of(verb) or ["Identity"]))

    def thumbprint(self, verb, name):
        """One of ours, or where it concerns others any."""
        ours = self.world.thumbprints["certificate"] if name in ("Thumbprint", "SignWith") else []
        text = self.dice.choice(ours or self.world.thumbprints[""])
        return self.dice.choice((text, text, text.lower(), ":".join(re.findall("..", text)), " ".join(re.findall("....", text)),
                                 "\u200e" + text))

    def path(self, name):
        if name == "Store":
            return self.dice.choice(["s.db"] * 30 + ["./s.db", "missing.db", "empty.db", "text.db", "exchange.db", "sts.db", "."])
        if name == "OutputFile":
            return self.dice.choice((f"out-{self.fresh()}", f"out-{self.fresh()}", "out-there"))
        if self.dice.chance(0.06):
            return self.dice.choice((".", "missing", "broken.json", "token-cut", "cert-nokey.pfx", "wrong-password"))
        if name == "TokenFile" and self.dice.chance(0.5):
            return "token-good"
        return self.dice.choice(self.world.files(*FILES.get(name, ["*"])))

    # --- expressions

    def expression(self, verb, depth=0):
        kind = self.dice.random()
        if depth < 3 and kind < 0.3:
            joint = self.dice.cased(self.dice.choice(("-and", "-or", "-xor")))
            return f"{self.expression(verb, depth + 1)} {joint} {self.expression(verb, depth + 1)}"
        if depth < 3 and kind < 0.4:
            return f"({self.expression(verb, depth + 1)})"
        if depth < 3 and kind < 0.5:
            return f"{self.dice.choice(('-not', '!', '-NOT'))} ({self.expression(verb, depth + 1)})"
        if depth == 0 and kind < 0.53:
            return "{ $_." + self.expression(verb, 3) + " }"
        operator = self.dice.choice(("", "", "", "c", "i")) + self.dice.choice(OPERATORS)
        return f"{self.property_name(verb)} -{self.dice.cased(operator)} {self.dice.choice(OPERANDS)}"

    def broken_expression(self, verb):
        words = self.expression(verb).split(" ")
        at = self.dice.randrange(len(words))
        return self.dice.choice((
            lambda: " ".join(words[:at] + words[at + 1:]),
            lambda: " ".join([*words[:at], self.dice.choice(BREAKS), *words[at:]]),
            lambda: f"{self.property_name(verb)} -match '{self.dice.choice(CATASTROPHES)}'",
            lambda: f"{self.property_name(verb)} -like '{'*a' * 100}'",
            lambda: "(" * 3000 + "Identity -eq 1" + ")" * 3000,
            lambda: " -or ".join(["Identity -eq 'x'"] * 2000),
            lambda: "-not " * 3000 + "(Identity -eq 1)",
            lambda: "NoSuchProperty -eq 1",
        ))()


# ----------------------------------------------------------------------------------------------------------------------
# Lines


@dataclasses.dataclass
class Argument:
    flag: bytes  # empty: a value without its name
    joint: bytes
    value: bytes | None

    def words(self):
        if not self.flag:
            return [self.value or b""]
        if self.value is None:
            return [self.flag]
        return [self.flag, self.value] if self.joint == b" " else [self.flag + self.joint + self.value]

    @property
    def is_store(self):
        return self.flag.lower() in (b"--store", b"-store")


@dataclasses.dataclass
class Draft:
    """A well-formed call before it is spelt out."""

    verb: dict
    arguments: list
    stdin: bytes
    is_dry: bool
    is_atomic: bool


class Generator:
    def __init__(self, world, dice):
        self.world, self.dice, self.surface = world, dice, world.surface
        self.values = Values(world, dice)
        self.decks = collections.defaultdict(list)

    def line(self):
        kinds = {self.well_formed: 52, self.mutated: 21, self.noise: 6, self.pipeline: 11, self.batch: 10}
        return self.dice.choices(list(kinds), list(kinds.values()))[0]()

    def next_of(self, name, verbs):
        """One after the other, each as often, in an order of chance."""
        if not self.decks[name]:
            self.decks[name] = self.dice.sample(verbs, len(verbs))
        return self.decks[name].pop()

    # --- well-formed calls

    def well_formed(self, verbs=None):
        verb = self.next_of("well-formed", self.surface.verbs) if verbs is None else self.dice.choice(verbs)
        draft = self.draft(verb)
        return self.spelt("well-formed", draft) if verb not in self.surface.batches else self.batch()

    def draft(self, verb, where="alone"):
        parameters = verb["by_name"]
        given = {}  # name: values, None for a switch
        stdin = b""
        for name in self.chosen(verb, where):
            given[name] = self.value_of(verb, parameters[name])
        self.complete(verb, given)
        if where == "alone" and self.dice.chance(0.12):
            stdin = self.from_stdin(verb, given)
        is_dry = given.get("WhatIf", 0) is None
        arguments = []
        for name, values in given.items():
            arguments += self.arguments(verb, parameters[name], values)
        self.dice.shuffle(arguments)
        return Draft(verb, arguments, stdin, is_dry, given.get("Atomic", 0) is None)

    def chosen(self, verb, where):
        """Names of the parameters of a call: those of one set, and common ones."""
        weights = [0.3 if "MetadataUrl" in one["mandatory"] else 1 for one in verb["sets"]]
        chosen = self.dice.choices(verb["sets"], weights)[0]
        names = list(chosen["mandatory"])
        optional = [name for name in chosen["optional"] if name not in ("Password", "PasswordFd")]
        if all(name in optional for name in ONE_OF):
            optional = [name for name in optional if name not in ONE_OF]
            names.append(self.dice.choice(ONE_OF))
        names += [name for name in optional if name in USUAL and self.dice.chance(0.97)]
        first = verb["first"]
        if first and first["name"] in optional and self.dice.chance(0.7):
            names.append(first["name"])
        count = self.dice.choices((0, 1, 2, 3), (5, 4, 2, 1))[0]
        names += self.dice.sample(optional, min(count, len(optional)))
        changes = verb["effect"] != "reads"
        shares = {"Confirm": 0.85 if changes else 0.03, "WhatIf": 0.15 if changes else 0.04, "Output": 0.25, "Quiet": 0.15,
                  "Store": 0.4 if where == "alone" else 0.02, "Help": 0.005, "Version": 0.005, "ErrorAction": 0.05}
        names += [name for name in sorted(self.surface.common) if not verb["by_name"][name]["refused"]
                  and self.dice.chance(shares.get(name, 0.05 if changes else 0.07))]
        if not self.world.properties_of(verb) and self.dice.chance(0.9):
            names = [name for name in names if name not in ("Property", "Where", "Sort", "First")]
        return list(dict.fromkeys(names))

    def value_of(self, verb, parameter):
        name = parameter["name"]
        if name == "Confirm":
            return ["false"] if self.dice.chance(0.95) else None
        if parameter["type"] == "SwitchParameter":
            return None if self.dice.chance(0.9) or name in (*USUAL, "WhatIf", "Atomic") else [self.values.of(verb, parameter)]
        if name == "Store" and self.makes_store(verb):
            return [f"out-{self.values.fresh()}.db"]
        if name == "Identity" and verb["effect"] == "reads" and self.dice.chance(0.2):
            return [self.dice.choice(("*", "?*", "g*"))]
        is_list = parameter["type"].endswith("[]") and verb["effect"] != "destroys"
        count = self.dice.choice((1, 1, 2, 3)) if is_list else 1
        return list(dict.fromkeys(self.values.of(verb, parameter) for _ in range(count)))

    def complete(self, verb, given):
        """Adds what the chosen ones need beside them, and takes away what they exclude."""
        parameters = verb["by_name"]
        for name in list(given):
            for other in NEEDS.get(name, []):
                if other in parameters and other not in given:
                    given[other] = self.value_of(verb, parameters[other])
        if "AllowInvalid" in given and "Lifetime" in parameters:
            given["Lifetime"] = ["240s"]
        if any(name in given for name in ("Jwks", "Key")) and "Profile" in parameters:
            given["Profile"] = ["jws"]
        path = (given.get("Path") or [""])[0]
        if "PasswordFile" in parameters and (path.endswith(".pfx") or "encrypted" in path):
            given["PasswordFile"] = ["password"]
        if "KeyAlg" in parameters:
            if "KeySize" in given:
                given["KeyAlg"] = ["RSA"]
            elif self.dice.chance(0.85):
                given["KeyAlg"] = [self.dice.choice([one for one in parameters["KeyAlg"]["values"] if one != "RSA"])]
        if self.makes_store(verb):
            given.setdefault("Store", self.value_of(verb, parameters["Store"]))

    def makes_store(self, verb):
        """What is new, and nothing in a store, can only be a store."""
        return verb["name"].startswith("new-") and verb["effect"] != "reads" and noun_of(verb) not in self.world.identities

    def from_stdin(self, verb, given):
        """Turns a file or a token of the call into a dash, and returns what standard input holds instead."""
        for name, values in given.items():
            if not values or verb["by_name"][name]["type"] not in ("Path", "String") or name in ("Store", "OutputFile"):
                continue
            content = self.world.kept.get(values[0]) if name != "Token" else values[0].encode() + b"\n"
            if content is not None and len(values) == 1 and name != "PasswordFile":
                given[name] = ["-"]
                return content
        return b""

    # --- spelling

    def arguments(self, verb, parameter, values):
        if values is None:
            return [Argument(self.flag(verb, parameter), b"", None)]
        if len(values) > 1 and self.dice.chance(0.5):
            values = [self.dice.choice((",", ", ", " ,")).join(values)]
        return [self.argument(verb, parameter, value) for value in values]

    def argument(self, verb, parameter, value):
        value = value.encode()
        is_plain = not value.startswith(b"-") or value == b"-"
        if parameter["position"] == 0 and is_plain and self.dice.chance(0.6):
            return Argument(b"", b"", value)
        flag = self.flag(verb, parameter)
        joints = [b"="] if flag.startswith(b"--") else [b":"]
        if is_plain and parameter["type"] != "SwitchParameter":
            joints.append(b" ")
        return Argument(flag, self.dice.choice(joints), value)

    def flag(self, verb, parameter):
        name = self.dice.choice((parameter["name"], parameter["name"], *parameter["aliases"]))
        kind = self.dice.random()
        if kind < 0.5:
            return f"--{self.dice.cased(kebab(name))}".encode()
        if kind < 0.97 or name == "Store":
            return f"-{self.dice.cased(name)}".encode()
        others = [other.lower() for one in verb["parameters"] if one is not parameter for other in (one["name"], *one["aliases"])]

        def is_clear(size):
            return not any(other.startswith(name[:size].lower()) for other in others)

        shortest = next(filter(is_clear, range(1, len(name))), len(name))
        return f"-{name[:self.dice.randint(shortest, len(name))]}".encode()

    def called(self, verb):
        """Program and first words: the link, or accord with one of the verb's names."""
        if self.dice.chance(0.5) and (BIN / verb["name"]).exists():
            return verb["name"], []
        return "accord", [self.name_of(verb).encode()]

    def name_of(self, verb):
        name = self.dice.choice((verb["name"], verb["name"], *verb["aliases"]))
        if name in verb["aliases"]:
            name = self.dice.cased(name)
            return name if self.dice.chance(0.8) else re.sub("-Cs", "-", name, flags=re.IGNORECASE)
        return name

    def spelt(self, kind, draft):
        program, words = self.called(draft.verb)
        return Line(kind, draft.verb, program, [*words, *(word for one in draft.arguments for word in one.words())], draft.stdin,
                    is_dry=draft.is_dry, may_change=draft.verb in self.surface.batches and not draft.is_atomic)

    # --- calls with mistakes

    def mutated(self):
        verb = self.next_of("mutated", self.surface.verbs)
        draft = self.draft(verb)
        for _ in range(self.dice.randint(1, 3)):
            self.mutate(verb, draft.arguments)
        line = self.spelt("mutated", draft)
        line.is_dry = False
        line.may_change = verb in self.surface.batches
        if line.program == "accord" and self.dice.chance(0.08):
            line.words[0] = self.dice.damaged(line.words[0]).replace(b"\x00", b"?")
            line.verb = None
        line.batch = self.batch_text(2) if verb in self.surface.batches else None
        return line

    def mutate(self, verb, arguments):
        at = self.dice.randrange(len(arguments) + 1)
        found = [one for one in arguments if not one.is_store]
        one = self.dice.choice(found) if found else None
        parameter = self.dice.choice([one for one in verb["parameters"] if one["name"] not in ("Store", "Help", "Version")])
        nasty = self.dice.choice(NASTY)

        def add(*new):
            arguments[at:at] = new

        def alter(**changes):
            if one:
                for name, value in changes.items():
                    setattr(one, name, value)

        choices = [
            lambda: one and arguments.remove(one),
            lambda: one and add(dataclasses.replace(one)),
            lambda: one and add(dataclasses.replace(one, value=nasty, joint=one.joint or b"=")),
            lambda: add(Argument(self.flag(verb, parameter), self.dice.choice((b"=", b" ", b":")), nasty)),
            lambda: add(Argument(self.flag(verb, parameter), b"", None)),
            lambda: add(*self.arguments(verb, parameter, [self.values.of(verb, parameter)])),
            lambda: add(Argument(b"--no-such-parameter", b"=", nasty)),
            lambda: add(Argument(b"", b"", nasty)),
            lambda: add(Argument(b"--" + self.dice.noise().lstrip(b"="), b"", None)),
            lambda: one and one.flag and alter(flag=self.misspelt(one.flag)),
            lambda: alter(value=None),
            lambda: alter(value=nasty, joint=one.joint if one and one.joint else b"="),
            lambda: alter(value=nasty, joint=one.joint if one and one.joint else b"="),
            lambda: alter(value=b"", joint=self.dice.choice((b"=", b" ", b":"))),
            lambda: one and one.value and alter(value=self.dice.damaged(one.value).replace(b"\x00", b"?")),
            lambda: one and one.value and alter(value=one.value[:1] * 4096),
            lambda: alter(joint=self.dice.choice((b"=", b" ", b":", b"==", b"= "))),
            lambda: add(Argument(b"--where", b"=", self.values.broken_expression(verb).encode())),
            lambda: add(Argument(b"-Where", b" ", self.values.broken_expression(verb).encode())),
        ]
        self.dice.choice(choices)()

    def misspelt(self, flag):
        at = self.dice.randrange(1, len(flag) + 1)
        return self.dice.choice((flag[:at] + flag[at + 1:], flag[:at] + b"x" + flag[at:], flag[:at], flag[1:] or b"-", b"-" + flag,
                                 flag[:at] + b"\xff" + flag[at:]))

    # --- noise

    def noise(self):
        def word():
            return self.dice.choice((lambda: self.dice.noise(), lambda: self.dice.choice(NASTY),
                                     lambda: self.dice.choice(self.surface.words).encode(),
                                     lambda: self.dice.choice(self.surface.words).encode() + b"=" + self.dice.choice(NASTY)))()

        words = [word() for _ in range(self.dice.randrange(9))]
        stdin = self.dice.choice((b"", self.dice.noise(2000), b"\x00" * 100))
        program = "accord"
        if self.dice.chance(0.5):
            program, first = self.called(self.dice.choice(self.surface.verbs))
            words = first + words
        may_change = any(map(self.is_batch, [program.encode(), *words]))
        return Line("noise", None, program, words, stdin, may_change=may_change)

    def is_batch(self, word):
        return any(verb["name"].encode() in word.lower() for verb in self.surface.batches)

    # --- pipelines

    def pipeline(self):
        """Records, tokens or documents on the standard input of a verb that is called with -."""
        takes = [verb for verb in self.surface.verbs if verb["first"] and verb not in self.surface.batches]
        of_records = [verb for verb in takes if verb["name"].startswith(("set-", "remove-"))
                      and self.world.records.get(noun_of(verb))]
        verb = self.next_of("records", of_records) if self.dice.chance(0.75) else self.next_of("dash", takes)
        draft = self.draft(verb, where="pipeline")
        first = verb["first"]["name"]
        if self.dice.chance(0.6):  # a call of one thing only by the records: what is mandatory comes from them
            mandatory = {name for one in verb["sets"] for name in one["mandatory"]}
            draft.arguments = [one for one in draft.arguments if not any(self.is_named(one.flag, name) for name in mandatory)]
        draft.arguments = [one for one in draft.arguments if one.flag and not self.is_named(one.flag, first)]
        draft.arguments.insert(0, Argument(b"", b"", b"-"))
        draft.stdin = self.stream(verb)
        return self.spelt("pipeline", draft)

    @staticmethod
    def is_named(flag, name):
        return kebab(name).replace("-", "").startswith(flag.lower().replace(b"-", b"").decode())

    def stream(self, verb):
        if verb["first"]["name"] in ONE_OF:
            lines = [token.encode() + b"\n" for token in self.world.tokens]
        else:
            noun = noun_of(verb) if self.dice.chance(0.93) else self.dice.choice(sorted(self.world.records))
            lines = self.world.records.get(noun) or self.world.records["partner-application"]
        text = b"".join(self.dice.sample(lines, self.dice.randint(1, min(3, len(lines)))))
        kind = self.dice.random()
        if kind < 0.6:
            return text
        if kind < 0.65:
            return self.dice.choice((b"", b"\n\n", b"[" * 100_000, b'{"Identity":' * 20_000, b"[]\n", b"{}\n", b"null",
                                     b"\xff\xfe\x00", text * 200, text.replace(b"\n", b""),
                                     b'{"Identity":"' + b"x" * 1_000_000 + b'"}\n'))
        return self.dice.damaged(text)

    # --- batches

    def batch(self):
        verb = self.surface.batches[0]
        if self.dice.chance(0.08):
            text = self.dice.choice((lambda: self.dice.noise(3000), lambda: self.dice.choice(NASTY) * self.dice.randint(1, 50),
                                     lambda: self.world.kept[self.dice.choice(self.world.files("token-*", "*.json", "*.pem"))]))()
        else:
            text = self.batch_text(self.dice.choice((1, 2, 3, 5, 10)))
        draft = Draft(verb, [], b"", self.dice.chance(0.2), self.dice.chance(0.35))
        parameters = verb["by_name"]
        is_piped = self.dice.chance(0.5)
        given = {verb["first"]["name"]: ["-" if is_piped else "batch"]}
        given |= {name: None for name, wanted in (("WhatIf", draft.is_dry), ("Atomic", draft.is_atomic)) if wanted}
        if self.dice.chance(0.6):
            given["Confirm"] = ["false"]
        if self.dice.chance(0.3):
            given["ErrorAction"] = ["continue"]
        if self.dice.chance(0.2):
            given["Output"] = [self.dice.choice(parameters["Output"]["values"])]
        for name, values in given.items():
            draft.arguments += self.arguments(verb, parameters[name], values)
        draft.stdin = text if is_piped else b""
        line = self.spelt("batch", draft)
        line.batch = None if is_piped else text
        return line

    def batch_text(self, count):
        faulty = self.dice.choice((0, 0, 0.15, 0.4))
        return b"".join(self.batch_line(faulty) for _ in range(count))

    def batch_line(self, faulty):
        kind = self.dice.random()
        if kind < 0.05:
            return self.dice.choice((b"\n", b"# a remark\n", b"   \r\n", b"\\\n"))
        if kind < 0.05 + faulty / 4:
            return self.dice.noise(200) + b"\n"
        verb = self.next_of("lines", [verb for verb in self.surface.verbs if faulty or verb["name"] in self.repeatable()])
        draft = self.draft(verb, where="batch")
        if self.dice.chance(faulty):
            self.mutate(verb, draft.arguments)
        words = [self.name_of(verb).encode(), *(word for one in draft.arguments for word in one.words())]
        end = self.dice.choice((b"\n", b"\n", b" # why\n", b"\r\n"))
        return b" ".join(self.quoted(word.replace(b"\n", b" ")) for word in words) + end

    def repeatable(self):
        """Verbs of which a batch may well succeed: those on nouns that have records, but none that destroys."""
        return [verb["name"] for verb in self.surface.verbs if noun_of(verb) in self.world.records and verb["effect"] != "destroys"]

    def quoted(self, word):
        if re.fullmatch(rb"[\w@%+=:,./$-]+", word) and self.dice.chance(0.7):
            return word
        if self.dice.chance(0.5):
            return b'"' + word.replace(b"\\", b"\\\\").replace(b'"', b'\\"') + b'"'
        return b"'" + word.replace(b"'", b"'\\''") + b"'"


# ----------------------------------------------------------------------------------------------------------------------
# The tests


class WithWorld(ProgramTest):
    def setUp(self):
        super().setUp()
        self.world = World(self.scratch)
        self.surface = self.world.surface
        self.failures = []
        self.history = []  # what changed the store since it was fresh

    def perform(self, line):
        """Runs it; returns the call, or None where there is none because it hung or what it printed was out of the question."""
        if line.batch is not None:
            (self.world.work / "batch").write_bytes(line.batch)
        self.world.states = self.world.look()
        try:
            call = self.run_program(line.program, *line.words, stdin=line.stdin, cwd=self.world.work, timeout=max(20, 5 * SECONDS),
                                    env={"ACCORD_STORE": World.STORE}, prefix=("setsid",))
            if line.verb and call.code == 0:
                self.world.learn_from(line.verb, call.out)
            return call
        except subprocess.TimeoutExpired:
            self.report(line, "hangs")
        except AssertionError as unwanted:
            self.report(line, f"crash, sanitizer's report or secret: {unwanted}")
        return None

    def report(self, line, what, call=None):
        before = "".join(f"\n  {one.shell()}" for one in self.history)
        self.failures.append(f"\n{what}\n  seed {SEED}, {line.kind}:\n  {line.shell()}" + (f"\n{call}" if call else "") +
                             (f"\nafter a fresh store and{before}" if before else ""))
        print(self.failures[-1], flush=True)

    def limit(self, line):
        """Making RSA keys takes longer, however many lines of a batch do so."""
        text = line.text().lower()
        return SECONDS * (1 + 2 * max((text.count(name) for name in self.surface.key_makers), default=0))

    def renew(self):
        self.world.write_store(self.world.kept[World.STORE])
        self.world.states = self.world.look()
        self.history.clear()

    def conclude(self):
        if self.failures:
            self.fail(f"{len(self.failures)} lines went wrong; they stand above, with the seed {SEED}")


class GeneratedLines(WithWorld):
    def test_each_ends_as_documented_and_changes_nothing_unless_it_ends_in_0(self):
        dice = Dice(SEED)
        generator = Generator(self.world, dice)
        codes, kinds = collections.Counter(), collections.defaultdict(collections.Counter)
        done = collections.Counter({verb["name"]: 0 for verb in self.surface.verbs})
        for _ in range(LINES):
            if dice.chance(0.08):
                self.renew()
            line = generator.line()
            code = self.attempt(line)
            codes[code] += 1
            kinds[line.kind][code] += 1
            if line.verb and code == 0 and line.kind != "mutated":
                done[line.verb["name"]] += 1
            if len(self.failures) >= MANY_FAILURES:
                break
        print(f"\nseed {SEED}, {LINES} lines; exit codes:", dict(sorted(codes.items(), key=str)))
        for kind, counts in sorted(kinds.items()):
            print(f"  {kind}:", dict(sorted(counts.items(), key=str)))
        print("  successes:", ", ".join(f"{name} {count}" for name, count in sorted(done.items())), flush=True)
        self.conclude()
        self.assertGreaterEqual(codes[0] * 3, LINES, "too few of the lines succeed to test much")
        if LINES >= ENOUGH:
            self.expect_variety(codes, done)

    def expect_variety(self, codes, done):
        self.assertEqual([name for name, count in done.items() if count == 0], [], "verbs that never succeeded")
        missing = {code for code in self.surface.exit_codes if code <= 9 and code not in codes}
        self.assertEqual(missing, set(NEVER), "exit codes that never occurred")

    def attempt(self, line):
        """Runs one, judges it, and puts the folder right again. Returns its exit code."""
        before = self.world.store_bytes()
        call = self.perform(line)
        touched = self.world.changed()
        after = self.world.store_bytes()
        has_changed = after != before and self.has_other_content(before)
        if call:
            problems = [*self.problems(line, call), *self.changes(line, call, has_changed, touched)]
            for problem in problems:
                self.report(line, problem, call)
        if has_changed:
            self.history.append(line)
        if call is None or call.code != 0 and has_changed and not line.may_change:
            self.renew()
        self.world.repair(touched - {World.STORE})
        (self.world.work / "batch").unlink(missing_ok=True)
        return call.code if call else None

    def has_other_content(self, before):
        earlier = self.scratch.path / "earlier.db"
        earlier.write_bytes(before)
        try:
            return self.world.content() != self.world.content(earlier)
        finally:
            earlier.unlink()

    # --- what is expected of a call, each returning what is wrong

    def problems(self, line, call):
        if call.code not in DOCUMENTED:
            yield f"exit code {call.code}"
        if call.seconds > self.limit(line):
            yield f"takes {call.seconds:.2f} s of processor time"
        if not is_readable(call.err):
            yield "standard error is not readable"
        if b"internal error" in call.err or b"Internal.Unexpected" in call.err:
            yield "internal error"
        if any(signature in call.err for signature in self.world.signatures):
            yield "a token on standard error"
        if line.verb and "Token" in line.verb["by_name"] and any(one in call.out for one in self.world.signatures):
            yield "a token that was judged is repeated"
        if call.out.startswith((b"{", b"[")) and line.kind in ("well-formed", "pipeline") and not self.is_json(call.out):
            yield "begins like JSON and is none"
        if call.code != 0:
            yield from self.problems_of_failure(line, call)

    @staticmethod
    def is_json(output):
        """One document, or one a line."""
        for texts in ([output], output.splitlines()):
            try:
                return all(json.loads(text) is not None for text in texts)
            except ValueError:
                pass
        return False

    @staticmethod
    def is_plugin(line, call):
        """Whether it was called with --nagios: it prints one line and ends in 0 to 3, whatever came of it."""
        return (b"nagios" in line.text().lower() and call.out.startswith((b"CERTIFICATE ", b"DEPLOYMENT ")) and call.out.count(b"\n") == 1
                and call.code <= 3)

    def problems_of_failure(self, line, call):
        is_batch = line.may_change or line.verb in self.surface.batches
        has_verdict = call.code in VERDICTS or self.is_plugin(line, call) and call.code in (1, 2)
        if not call.err and not has_verdict and b"silent" not in line.text().lower() and b"-ea" not in line.text().lower():
            yield "fails without a word"
        if call.out and not has_verdict and not is_batch and not self.is_plugin(line, call):
            yield "fails with something on standard output"
        for text in call.err.splitlines():
            if not text.startswith(b'{"error"'):
                continue
            error = json.loads(text)
            known = self.surface.code_of.get(error["error"]["id"])
            is_ended_so = call.code == (3 if self.is_plugin(line, call) else known)
            if known != error["exitCode"] or not is_ended_so and not is_batch:
                yield f"the error says {error['exitCode']}, its id means {known}"

    def changes(self, line, call, has_changed, touched):
        if has_changed and call.code != 0 and not line.may_change:
            yield "the store was changed, and the call failed"
        if has_changed and line.is_dry:
            yield "--what-if changed the store"
        text = line.text()
        for name in sorted(touched - {World.STORE}):
            has_verdict = call.code in VERDICTS or self.is_plugin(line, call) and call.code in (1, 2)
            if call.code != 0 and not has_verdict and not line.may_change or line.is_dry:
                yield f"'{name}' was changed"
            elif name == f"{World.STORE}.key":
                if not re.search(rb"update-?(cs)?-?management-?store-?key", text, re.IGNORECASE):
                    yield f"'{name}' was changed, which one verb alone does"
            elif not self.is_named_as_output(name, text):
                yield f"'{name}' was changed, which nobody named"

    def is_named_as_output(self, name, text):
        if os.fsencode(name.removesuffix(".key")) not in text:
            return False
        may_replace = re.search(rb"-o|-report", text, re.IGNORECASE)
        return name not in self.world.kept or name == "out-there" or name.endswith(".db") or may_replace


class DryRuns(WithWorld):
    def test_each_ends_in_the_code_of_the_real_call(self):
        dice = Dice(f"{SEED} dry")
        generator = Generator(self.world, dice)
        agreed = collections.Counter()
        for _ in range(max(LINES // 10, 1)):
            if dice.chance(0.1):
                self.renew()
            line = self.with_answer(self.candidate(generator))
            dry = self.perform(dataclasses.replace(line, words=[*line.words, b"--what-if"]))
            if dry and self.world.changed():
                self.report(line, f"--what-if changed {sorted(self.world.changed())}", dry)
            before = self.world.store_bytes()
            real = self.perform(line)
            if dry and real and dry.code != real.code and not self.may_differ(line, dry, real):
                self.report(line, f"ends in {real.code}, but with --what-if in {dry.code}: {dry}", real)
            if real:
                agreed[real.code] += 1
            if self.world.store_bytes() != before:
                self.history.append(line)
            self.world.repair(self.world.changed() - {World.STORE})
            (self.world.work / "batch").unlink(missing_ok=True)
            if len(self.failures) >= MANY_FAILURES:
                break
        print(f"\nseed {SEED}, dry runs; exit codes:", dict(sorted(agreed.items())), flush=True)
        self.conclude()
        self.assertGreaterEqual(agreed[0] * 3, agreed.total(), "too few of the calls succeed to test much")

    def may_differ(self, line, dry, real):
        """Of batches: a line may ask although the batch is told not to, and a question does not count."""
        return line.verb in self.surface.batches and real.code == 9

    def candidate(self, generator):
        """A well-formed call that writes and is not dry by itself."""
        while True:
            kind = generator.dice.choices((generator.pipeline, generator.batch, None), (2, 2, 6))[0]
            line = kind() if kind else generator.well_formed(self.surface.writers)
            if line.verb["effect"] != "reads" and not line.is_dry:
                return line

    @staticmethod
    def with_answer(line):
        """A question that the real call would ask does not count, so that both are answered."""
        asks = re.compile(rb"--?(c|cf|con|conf|confi|confirm?)([=:].*)?", re.IGNORECASE | re.DOTALL)
        words = [word for word in line.words if not asks.fullmatch(word)]
        return dataclasses.replace(line, words=[*words, b"--confirm=false"])


if __name__ == "__main__":
    print(f"ACCORD_SEED={SEED} ACCORD_LINES={LINES}")
    main()
