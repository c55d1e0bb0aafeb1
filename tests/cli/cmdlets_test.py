"""The original cmdlets, as their reference describes them: is each parameter accepted, or refused with a reason?

The reference is spec/cmdlets.json (ACCORD_CMDLETS names another place). Each call is one of the real program in the
original spelling, in a copy of an empty store. The counts are printed.
"""

import collections
import concurrent.futures
import itertools
import json
import os
import pathlib
import re
import shutil
import subprocess
import unittest

from accord_program import BIN, DATA, SANITIZED, SECRETS, SOURCE, Scratch, main, skip

CMDLETS = pathlib.Path(os.environ.get("ACCORD_CMDLETS", SOURCE.parent / "shared" / "spec" / "cmdlets.json"))
SECONDS = 60

# Cmdlets of one noun, by verb: the originals that Accord has as verbs.
FAMILIES = {
    "PartnerApplication": ["New-Cs", "Get-Cs", "Set-Cs", "Remove-Cs"],
    "OAuthServer": ["New-Cs", "Get-Cs", "Set-Cs", "Remove-Cs"],
    "OAuthConfiguration": ["Get-Cs", "Set-Cs"],
    "Certificate": ["Get-Cs", "Set-Cs", "Import-Cs", "Remove-Cs", "Request-Cs"],
    "CertificateConfiguration": ["Test-Cs"],
    "SipDomain": ["New-Cs", "Get-Cs", "Set-Cs", "Remove-Cs"],
    "ConfigurationStoreLocation": ["Get-Cs"],
}
EXCHANGE_FAMILIES = {
    "PartnerApplication": ["New-", "Get-", "Set-", "Remove-"],
    "AuthServer": ["New-", "Get-", "Set-", "Remove-"],
    "AuthConfig": ["Get-", "Set-"],
}

# The other spellings of a cmdlet's verb.
SPELLINGS = collections.defaultdict(list)
for lync, exchange in (("PartnerApplication", "PartnerApplication"), ("OAuthServer", "AuthServer"),
                       ("OAuthConfiguration", "AuthConfig")):
    for verb in ("New", "Get", "Set", "Remove"):
        SPELLINGS[f"{verb}-Cs{lync}"].append(f"{verb}-{exchange}")
        SPELLINGS[f"{verb}-{exchange}"].append(f"{verb}-Cs{lync}")

# Common parameters of every cmdlet; their first letters count when a name is shortened.
COMMON = ["WhatIf", "Confirm", "Force", "Verbose", "Debug", "ErrorAction", "WarningAction", "ErrorVariable", "OutVariable"]

# Where Accord asks for more than the reference: (cmdlet, parameter) -> why.
ASKS_MORE = {
    ("New-CsPartnerApplication", "Identity"): "a partner without a name could not be shown, changed or removed",
    ("New-CsOAuthServer", "Identity"): "a server without a name could not be shown, changed or removed",
    ("Set-CsSipDomain", "Identity"): "without a name there is nothing to change",
    ("Set-CsCertificate", "Type"): "a certificate is assigned to a use that is named, never to a default one",
    ("Remove-CsCertificate", "Type"): "a use that is not named is not taken away",
    ("Request-CsCertificate", "DomainName"): "where there is no SIP domain, nothing else gives a name",
}
# Sets that are not carried over: (cmdlet, set) -> why.
LEFT_OUT = {
    ("Request-CsCertificate", "ByRetrieve"): "no certification authority is reached; --path names the file of its answer",
    ("Set-CsPartnerApplication", "Instance"): "live objects do not cross processes",
    ("New-AuthServer", "AppSecret"): "a server is trusted by the keys of its document, not by a shared secret",
}
# What Accord calls the parameters of Exchange that have another name there.
OUR_NAMES = {"Name": "Identity", "AuthMetadataUrl": "MetadataUrl"}


def skip_without_reference():
    if not CMDLETS.is_file():
        skip(f"no {CMDLETS}; set ACCORD_CMDLETS to the reference of the cmdlets")


def of_families(families):
    return {noun: [verb + noun for verb in verbs] for noun, verbs in families.items()}


def kebab(cmdlet):
    """The verb's name: without Cs, and with a dash before each word."""
    name = re.sub(r"^(\w+-)Cs(?=[A-Z])", r"\1", cmdlet).replace("OAuth", "Oauth")
    name = re.sub(r"([a-z0-9])([A-Z])", r"\1-\2", name)
    return re.sub(r"([A-Z]+)([A-Z][a-z])", r"\1-\2", name).lower()


def dashed(parameter):
    name = parameter.replace("OAuth", "Oauth")
    name = re.sub(r"([a-z0-9])([A-Z])", r"\1-\2", name)
    return "--" + re.sub(r"([A-Z]+)([A-Z][a-z])", r"\1-\2", name).lower()


# --- Values


BY_NAME = {
    "ApplicationTrustLevel": "Full", "CertificateFileData": str(DATA / "cert-other.pem"), "KeyAlg": "RSA", "KeySize": "2048",
    "MetadataUrl": "https://mail.contoso.com/autodiscover/metadata/json/1", "Country": "US", "ServiceName": "exchange",
    "AuthMetadataUrl": "https://mail.contoso.com/autodiscover/metadata/json/1", "Path": str(DATA / "cert-modern.pfx"),
    "ExchangeAutodiscoverUrl": "https://mail.contoso.com/autodiscover/autodiscover.svc", "Thumbprint": "0" * 40,
    "CertificateThumbprint": "0" * 40, "NewCertificateThumbprint": "0" * 40, "Realm": "contoso.com",
    "ClientAuthorizationOAuthServerIdentity": "sts", "AuthorizationUriOverride": "https://login.contoso.com/authorize",
    "DomainName": "mail.contoso.com", "ExchangeAutodiscoverAllowedDomains": "contoso.com",
}
BY_TYPE = {
    "Boolean": "$true", "Guid": "7f37cbd4-f6b4-4ffb-9dcd-8d6a3d2a3a4f", "DateTime": "2035-01-01", "Int32": "1",
    "CertType[]": "OAuthTokenIssuer", "Fqdn": "dc.contoso.com", "AuthServerType": "AzureAD",
}
GLOBAL = {"OAuthConfiguration", "Certificate"}


def value_of(cmdlet, parameter):
    """One that the parameter can take; None for a switch."""
    name, kind = parameter["name"], parameter["type"]
    if kind == "SwitchParameter":
        return None
    noun = re.sub(r"^\w+-(Cs)?", "", cmdlet)
    if name == "Identity":
        return "global" if noun in GLOBAL else "contoso.com"
    if name == "Type" and kind == "String":
        return "AzureAD"
    if name == "CertificateRawData":
        pem = (DATA / "cert-other.pem").read_text()
        return "".join(line for line in pem.splitlines() if not line.startswith("-"))
    return BY_NAME.get(name) or BY_TYPE.get(kind) or "x"


def named(name, value):
    return [f"-{name}"] if value is None else [f"-{name}", value]


# --- Parameter sets, from their syntax


def parts_of(syntax):
    """The parameters of a set in their order: [(name, is mandatory)]. `[-Name] <Type>` is mandatory and may stand first."""
    rest = syntax.split(" ", 1)[1].replace("] <", "]<")
    parts, depth, start = [], 0, 0
    for i, c in enumerate(rest + " "):
        depth += (c == "[") - (c == "]")
        if c == " " and depth <= 0:
            parts.append(rest[start:i])
            start = i + 1
    return [(re.search(r"-(\w+)", part).group(1), re.match(r"-|\[-\w+\]<", part) is not None)
            for part in parts if "-" in part]


class Set:
    """A parameter set: its name, those it must have and all that it may have."""

    def __init__(self, one, parameters):
        self.name = one["name"]
        by_name = {parameter["name"]: parameter for parameter in parameters}
        own = [(name, mandatory) for name, mandatory in parts_of(one["syntax"]) if name in by_name]
        self.all = [name for name, _ in own]
        # A switch stands in brackets even where it is what makes the set.
        self.mandatory = [name for name, mandatory in own
                          if mandatory or (by_name[name]["type"] == "SwitchParameter" and by_name[name]["required"] == "yes")]

    def takes(self, names):
        return set(names) <= set(self.all) and set(self.mandatory) <= set(names)


# --- Calls


class Outcome:
    def __init__(self, code, out, err):
        self.code, self.out, self.err = code, out.decode(), err.decode()
        assert SANITIZED not in err and b"runtime error" not in err, err
        lines = self.err.splitlines()
        # A verdict is no error, and an error may be silenced.
        self.error = json.loads(lines[-1])["error"] if lines and code not in (0, 5, 6) else None

    @property
    def id(self):
        return self.error["id"] if self.error else None

    def same_as(self, other):
        return (self.code, self.out, self.error) == (other.code, other.out, other.error)

    def __repr__(self):
        return f"exit {self.code}\n{self.out}\n{self.err}"


class Accord:
    """Calls `accord CMDLET …`, each in a copy of an empty store."""

    def __init__(self, scratch):
        self.scratch = scratch
        self.numbers = itertools.count()
        scratch.ok("new-management-store", "--store", "empty.db")

    def call(self, words, store=None):
        """Of [CMDLET, …]."""
        own = store or self.scratch.path / f"s{next(self.numbers)}.db"
        if store is None:
            shutil.copy2(self.scratch.path / "empty.db", own)
        form = ["--format", "json"] if kebab(words[0]) == "request-certificate" else ["--output", "json"]
        done = subprocess.run([BIN / "accord", *words, *form], cwd=self.scratch.path, stdin=subprocess.DEVNULL,
                              env={**self.scratch.env, "ACCORD_STORE": str(own)}, capture_output=True, check=False,
                              timeout=SECONDS)
        for secret in SECRETS:
            assert secret not in done.stderr, (words, "a secret on standard error")
        if store is None:
            for end in ("", ".key"):
                pathlib.Path(f"{own}{end}").unlink(missing_ok=True)
        # Where the store lay is no part of what was said.
        said = [text.replace(bytes(own), b"STORE") for text in (done.stdout, done.stderr)]
        return Outcome(done.returncode, *said)

    def calls(self, lines):
        with concurrent.futures.ThreadPoolExecutor(max_workers=2) as pool:
            return list(pool.map(self.call, lines))


UNKNOWN = {"Parameter.Unknown", "Parameter.Ambiguous", "Verb.Unknown"}
REFUSED = {"Parameter.NotSupported", "Verb.NotSupported"}


def reason_of(outcome):
    """What a refusal says beyond that it is one."""
    return re.sub(r"^\S+ is not supported\W*", "", outcome.error["message"])


class Reference:
    def __init__(self, families):
        self.cmdlets = json.loads(CMDLETS.read_text())
        self.families = of_families(families)

    def parameters(self, cmdlet):
        return self.cmdlets[cmdlet]["parameters"]

    def sets(self, cmdlet):
        return [Set(one, self.parameters(cmdlet)) for one in self.cmdlets[cmdlet]["parameter_sets"]
                if (cmdlet, one["name"]) not in LEFT_OUT]

    def each(self):
        """(family, cmdlet, parameter) of all of them."""
        for family, cmdlets in self.families.items():
            for cmdlet in cmdlets:
                for parameter in self.parameters(cmdlet):
                    yield family, cmdlet, parameter


class Walk:
    """The tests that both the original cmdlets and Exchange's spellings have to pass."""

    FAMILIES = {}
    TITLE = ""

    @classmethod
    def setUpClass(cls):
        cls.scratch = Scratch()
        cls.addClassCleanup(cls.scratch.close)
        cls.accord = Accord(cls.scratch)
        cls.surface = cls.scratch.ok("accord", "help", "--output", "json").json()
        cls.reference = Reference(cls.FAMILIES)
        # Of each parameter by its full name: what the other spellings are compared with.
        each = list(cls.reference.each())
        outcomes = cls.accord.calls([[cmdlet, *named(one["name"], value_of(cmdlet, one))] for _, cmdlet, one in each])
        cls.plain = {(cmdlet, one["name"]): outcome for (_, cmdlet, one), outcome in zip(each, outcomes)}
        # A cmdlet of which no parameter is known has no verb yet; the walk says so, and the other tests leave it out.
        cls.absent = {cmdlet for cmdlets in cls.reference.families.values() for cmdlet in cmdlets
                      if all(cls.plain[cmdlet, one["name"]].id in ("Verb.NotSupported", "Verb.Unknown")
                             for one in cls.reference.parameters(cmdlet))}

    def each_known(self):
        """(cmdlet, parameter) of the cmdlets that there are and of the parameters that are not unknown."""
        for _, cmdlet, one in self.reference.each():
            if cmdlet not in self.absent and self.plain[cmdlet, one["name"]].id not in UNKNOWN:
                yield cmdlet, one

    def compare(self, spelt):
        """spelt: [(cmdlet, parameter's name, words)]; each ends as the plain call does."""
        outcomes = self.accord.calls([[cmdlet, *words] for cmdlet, _, words in spelt])
        for (cmdlet, name, words), outcome in zip(spelt, outcomes):
            with self.subTest(cmdlet=cmdlet, words=words):
                self.assertTrue(outcome.same_as(self.plain[cmdlet, name]), f"{outcome}\nplain: {self.plain[cmdlet, name]}")

    def cmdlets(self):
        return [cmdlet for cmdlets in self.reference.families.values() for cmdlet in cmdlets if cmdlet not in self.absent]

    def test_each_parameter_and_alias_is_accepted_or_refused_with_a_reason(self):
        counts = collections.defaultdict(collections.Counter)
        unknown = []
        for family, cmdlet, one in self.reference.each():
            value = value_of(cmdlet, one)
            for name in [one["name"], *one.get("aliases", [])]:
                outcome = (self.plain[cmdlet, name] if name == one["name"]
                           else self.accord.call([cmdlet, *named(name, value)]))
                kind = "unknown" if outcome.id in UNKNOWN else "refused" if outcome.id in REFUSED else "accepted"
                counts[family][kind] += 1
                if kind == "unknown":
                    unknown.append(f"{cmdlet} -{name}: {outcome.error['message']}")
                if kind == "refused":
                    with self.subTest(cmdlet=cmdlet, parameter=name):
                        self.assertGreaterEqual(len(reason_of(outcome)), 20, outcome.error["message"])
        counts["together"] = sum(counts.values(), collections.Counter())
        print(f"\n{self.TITLE:30}accepted refused unknown")
        for family, count in counts.items():
            print(f"  {family:28}{count['accepted']:8}{count['refused']:8}{count['unknown']:8}")
        self.assertEqual(unknown, [], "\n" + "\n".join(unknown))

    def test_each_cmdlet_is_an_alias_of_its_verb_in_the_surface(self):
        aliases = {alias for verb in self.surface["verbs"] for alias in verb["aliases"]}
        for cmdlet in self.cmdlets():
            with self.subTest(cmdlet=cmdlet):
                self.assertIn(cmdlet, aliases)

    def test_the_colon_form_is_the_same(self):
        self.compare([(cmdlet, one["name"], [f"-{one['name']}:{'$true' if value is None else value}"])
                      for cmdlet, one in self.each_known() for value in [value_of(cmdlet, one)]])

    def test_the_case_of_a_name_says_nothing(self):
        self.compare([(cmdlet, one["name"], named(spell(one["name"]), value_of(cmdlet, one)))
                      for cmdlet, one in self.each_known() for spell in (str.lower, str.upper)])

    def test_the_double_dash_form_is_the_same(self):
        self.compare([(cmdlet, one["name"], [dashed(one["name"]), *named(one["name"], value_of(cmdlet, one))[1:]])
                      for cmdlet, one in self.each_known()])

    def names_beside(self, cmdlet):
        """NAME -> the parameter it is a name of. Both spellings of a verb have all its parameters."""
        same = [other for other in {cmdlet, *SPELLINGS.get(cmdlet, [])} if other in self.reference.cmdlets]
        names = {name: one["name"] for other in same for one in self.reference.parameters(other)
                 for name in [one["name"], *one.get("aliases", [])]}
        return {**{name: name for name in COMMON}, "wi": "WhatIf", "cf": "Confirm", "ea": "ErrorAction", "vb": "Verbose",
                **names}

    def begun_by(self, cmdlet, prefix):
        names = self.names_beside(cmdlet)
        exact = {one for name, one in names.items() if name.lower() == prefix.lower()}
        return exact or {one for name, one in names.items() if name.lower().startswith(prefix.lower())}

    def test_the_shortest_prefix_of_a_name_will_do(self):
        spelt = []
        for cmdlet, one in self.each_known():
            name = one["name"]
            prefix = next((name[:n] for n in range(1, len(name)) if self.begun_by(cmdlet, name[:n]) == {name}), None)
            if prefix:
                spelt.append((cmdlet, name, named(prefix, value_of(cmdlet, one))))
        self.assertTrue(spelt)
        self.compare(spelt)

    def test_a_prefix_of_several_names_lists_them(self):
        for cmdlet in self.cmdlets():
            names = [one["name"] for one in self.reference.parameters(cmdlet)]
            for first, second in itertools.combinations(names, 2):
                prefix = os.path.commonprefix([first.lower(), second.lower()])
                if not prefix or len(self.begun_by(cmdlet, prefix)) < 2:
                    continue
                with self.subTest(cmdlet=cmdlet, prefix=prefix):
                    outcome = self.accord.call([cmdlet, f"-{prefix}", "x"])
                    self.assertEqual(outcome.id, "Parameter.Ambiguous", outcome)
                    said = outcome.error["message"].replace(",", "").split()
                    self.assertLessEqual({f"-{OUR_NAMES.get(name, name)}" for name in (first, second)}, set(said))

    def test_a_switch_may_be_false(self):
        for cmdlet, one in self.each_known():
            if one["type"] != "SwitchParameter" or self.plain[cmdlet, one["name"]].id in REFUSED:
                continue
            absent = self.accord.call([cmdlet])
            for word in ("$false", "false", "0"):
                with self.subTest(cmdlet=cmdlet, parameter=one["name"], word=word):
                    outcome = self.accord.call([cmdlet, f"-{one['name']}:{word}"])
                    self.assertNotIn(outcome.id, UNKNOWN | REFUSED | {"Parameter.NoValue"})
                    if one["name"] in ("Force", "WhatIf", "Confirm"):
                        self.assertTrue(outcome.same_as(absent), outcome)

    def test_a_value_that_the_shell_removed_is_an_error(self):
        for cmdlet, one in self.each_known():
            if self.plain[cmdlet, one["name"]].id in REFUSED or one["type"] not in ("SwitchParameter", "Boolean"):
                continue
            forms = [[f"-{one['name']}:"]]
            if one["type"] == "Boolean":
                forms += [[f"-{one['name']}", "-Verbose"], [f"-{one['name']}"]]
            for words in forms:
                with self.subTest(cmdlet=cmdlet, words=words):
                    outcome = self.accord.call([cmdlet, *words])
                    self.assertEqual(outcome.id, "Parameter.NoValue", outcome)
                    self.assertIn("shell", outcome.error["message"])
                    self.assertIn(f"-{one['name']}:false", outcome.error["try"])

    def test_a_word_after_a_switch_is_an_error_that_shows_the_colon_form(self):
        for cmdlet, one in self.each_known():
            if one["type"] != "SwitchParameter" or self.plain[cmdlet, one["name"]].id in REFUSED:
                continue
            with self.subTest(cmdlet=cmdlet, parameter=one["name"]):
                outcome = self.accord.call([cmdlet, f"-{one['name']}", "false"])
                self.assertEqual(outcome.id, "Parameter.Invalid", outcome)
                self.assertIn(f"-{one['name']}:false", outcome.error["try"])

    def test_the_aliases_of_the_common_parameters_work(self):
        for cmdlet in self.cmdlets():
            for words in (["-wi"], ["-cf:$false"], ["-ea", "Stop"], ["-vb"]):
                with self.subTest(cmdlet=cmdlet, words=words):
                    self.assertNotIn(self.accord.call([cmdlet, *words]).id, UNKNOWN | REFUSED)
            with self.subTest(cmdlet=cmdlet, words="-ea SilentlyContinue"):
                loud = self.accord.call([cmdlet])
                silent = self.accord.call([cmdlet, "-ea", "SilentlyContinue"])
                self.assertEqual((silent.code, silent.error), (loud.code, None), silent)

    def complete(self, cmdlet, one_set, without=()):
        """The words of a call with what the set must have, and what Accord asks for besides."""
        by_name = {one["name"]: one for one in self.reference.parameters(cmdlet)}
        more = [name for name in one_set.all if (cmdlet, name) in ASKS_MORE]
        wanted = [name for name in dict.fromkeys([*one_set.mandatory, *more]) if name not in without]
        return {name: named(name, value_of(cmdlet, by_name[name])) for name in wanted}

    def test_a_call_with_all_that_a_set_must_have_misses_nothing(self):
        for cmdlet in self.cmdlets():
            for one_set in self.reference.sets(cmdlet):
                words = self.complete(cmdlet, one_set)
                with self.subTest(cmdlet=cmdlet, set=one_set.name, given=list(words)):
                    outcome = self.accord.call([cmdlet, *itertools.chain(*words.values())])
                    self.assertNotIn(outcome.id, {"Parameter.Missing", "Parameter.Clash"} | UNKNOWN, outcome)

    def test_a_call_that_lacks_what_a_set_must_have_names_it(self):
        for cmdlet in self.cmdlets():
            sets = self.reference.sets(cmdlet)
            for one_set in sets:
                more = [name for name in one_set.all if (cmdlet, name) in ASKS_MORE]
                for lacking in dict.fromkeys([*one_set.mandatory, *more]):
                    words = self.complete(cmdlet, one_set, {lacking})
                    by_another = lacking not in more and any(other.takes(words) for other in sets)
                    if by_another:
                        continue
                    if any(self.plain[cmdlet, name].id in REFUSED for name in [lacking, *words]):
                        continue
                    with self.subTest(cmdlet=cmdlet, set=one_set.name, lacking=lacking):
                        outcome = self.accord.call([cmdlet, *itertools.chain(*words.values())])
                        self.assertEqual(outcome.id, "Parameter.Missing", outcome)
                        self.assertIn(dashed(OUR_NAMES.get(lacking, lacking)), outcome.error["message"])

    def test_what_stands_first_needs_no_name(self):
        for cmdlet in self.cmdlets():
            for one in self.reference.parameters(cmdlet):
                if one.get("position") != "first" or one["type"] == "SwitchParameter":
                    continue
                for one_set in self.reference.sets(cmdlet):
                    if one["name"] not in one_set.all:
                        continue
                    rest = list(itertools.chain(*self.complete(cmdlet, one_set, {one["name"]}).values()))
                    value = value_of(cmdlet, one)
                    with self.subTest(cmdlet=cmdlet, set=one_set.name):
                        by_name = self.accord.call([cmdlet, f"-{one['name']}", value, *rest])
                        by_place = self.accord.call([cmdlet, value, *rest])
                        self.assertNotIn(by_place.id, UNKNOWN | {"Parameter.Missing"}, by_place)
                        self.assertTrue(by_place.same_as(by_name), f"{by_place}\nby name: {by_name}")


class Originals(Walk, unittest.TestCase):
    """The cmdlets of Lync Server that Accord has as verbs."""

    FAMILIES = FAMILIES
    TITLE = "Cmdlets of Lync Server"

    def test_the_tables_of_deviations_are_about_what_there_is(self):
        for cmdlet, name in ASKS_MORE:
            self.assertIn(name, [one["name"] for one in self.reference.parameters(cmdlet)])
        for cmdlet, name in LEFT_OUT:
            self.assertIn(name, [one["name"] for one in self.reference.cmdlets[cmdlet]["parameter_sets"]])


class OtherCmdlets(unittest.TestCase):
    """The cmdlets of the reference that have no verb."""

    @classmethod
    def setUpClass(cls):
        cls.scratch = Scratch()
        cls.addClassCleanup(cls.scratch.close)
        cls.accord = Accord(cls.scratch)
        surface = cls.scratch.ok("accord", "help", "--output", "json").json()
        cls.verbs = {verb["name"] for verb in surface["verbs"]}
        known = {cmdlet for families in (FAMILIES, EXCHANGE_FAMILIES)
                 for cmdlets in of_families(families).values() for cmdlet in cmdlets}
        cls.others = [cmdlet for cmdlet in json.loads(CMDLETS.read_text()) if cmdlet not in known]

    def test_there_are_some(self):
        self.assertGreater(len(self.others), 30)

    def test_each_is_recognised_in_every_spelling_and_refused_with_a_reason(self):
        has_verb = 0
        for cmdlet in self.others:
            without = re.sub(r"^(\w+-)Cs(?=[A-Z])", r"\1", cmdlet)
            outcomes = self.accord.calls([[name] for name in dict.fromkeys(
                [cmdlet, cmdlet.lower(), cmdlet.upper(), without, without.lower(), kebab(cmdlet)])])
            has_verb += kebab(cmdlet) in self.verbs
            for outcome in outcomes:
                with self.subTest(cmdlet=cmdlet):
                    if kebab(cmdlet) in self.verbs:
                        self.assertNotIn(outcome.id, {"Verb.Unknown", "Verb.NotSupported"})
                        continue
                    self.assertEqual((outcome.id, outcome.code), ("Verb.NotSupported", 2), outcome)
                    self.assertGreaterEqual(len(reason_of(outcome)), 20, outcome)
        print(f"\nOther cmdlets: {len(self.others) - has_verb} refused with a reason, {has_verb} have a verb")


class ExchangeSpellings(Walk, unittest.TestCase):
    """Exchange's own spellings, which are aliases of the same verbs."""

    FAMILIES = EXCHANGE_FAMILIES
    TITLE = "Cmdlets of Exchange Server"
    URL = "https://mail.contoso.com/autodiscover/metadata/json/1"
    NOBODY = "https://127.0.0.1:1/metadata/json/1"

    def setUp(self):
        self.store = self.scratch.path / f"{self.id().rsplit('.', 1)[1]}.db"
        self.document = f"{self.store}.json"
        self.scratch.issuer(self.store)
        self.scratch.issuer(f"{self.store}.other", "exchange", "contoso.com", "cert-p384-pair.pem")
        self.scratch.ok("export-auth-metadata", "--store", f"{self.store}.other", "--output-file", self.document)

    def call(self, *words):
        return self.accord.call(list(words), self.store)

    def done(self, *words):
        outcome = self.call(*words)
        self.assertEqual(outcome.code, 0, outcome)
        return json.loads(outcome.out) if outcome.out else None

    def test_each_has_its_verb(self):
        self.assertEqual(self.absent, set())

    def test_a_new_partner_is_trusted_in_full_and_by_an_authorization_server(self):
        made = self.done("New-PartnerApplication", "-Name", "HRApp", "-ApplicationIdentifier", "hr")
        self.assertEqual((made["Identity"], made["ApplicationIdentifier"]), ("HRApp", "hr"))
        self.assertEqual((made["ApplicationTrustLevel"], made["AuthToken"]), ("Full", "UseOAuthServer"))
        made = self.done("New-PartnerApplication", "Payroll", "-ApplicationIdentifier", "payroll", "-Realm", "contoso.com",
                         "-Enabled", "$false")
        self.assertEqual((made["Identity"], made["Realm"], made["Enabled"]), ("Payroll", "contoso.com", False))
        self.assertEqual([one["Identity"] for one in self.done("Get-PartnerApplication")], ["HRApp", "Payroll"])

    def test_a_new_partner_may_be_read_from_its_document(self):
        outcome = self.call("New-PartnerApplication", "-Name", "Exchange", "-AuthMetadataUrl", self.NOBODY)
        self.assertEqual(outcome.id, "Network.NoConnection", outcome)
        made = self.done("New-PartnerApplication", "-Name", "Exchange", "-AuthMetadataUrl", self.URL, "--metadata-file",
                         self.document)
        self.assertEqual((made["MetadataUrl"], made["ApplicationTrustLevel"]), (self.URL, "Full"))
        self.assertEqual(made["AuthToken"], f"Value={self.URL}")

    def test_a_trust_level_that_is_given_counts(self):
        made = self.done("New-PartnerApplication", "-Name", "HRApp", "-ApplicationIdentifier", "hr", "-ApplicationTrustLevel",
                         "User")
        self.assertEqual(made["ApplicationTrustLevel"], "User")

    def test_lync_s_spelling_still_asks_for_the_trust_level(self):
        outcome = self.call("New-CsPartnerApplication", "HRApp", "-ApplicationIdentifier", "hr", "-UseOAuthServer")
        self.assertEqual(outcome.id, "Parameter.Missing", outcome)
        self.assertIn("--application-trust-level", outcome.error["message"])

    def test_a_partner_is_changed_and_removed(self):
        self.done("New-PartnerApplication", "-Name", "HRApp", "-ApplicationIdentifier", "hr")
        self.done("Set-PartnerApplication", "HRApp", "-Enabled", "$false")
        self.assertEqual(self.done("Get-PartnerApplication", "HRApp")["Enabled"], False)
        self.done("Remove-PartnerApplication", "-Identity", "HRApp", "-Confirm:$false")
        self.assertEqual(self.done("Get-PartnerApplication"), [])

    def test_a_partner_is_not_renamed(self):
        self.done("New-PartnerApplication", "-Name", "HRApp", "-ApplicationIdentifier", "hr")
        before = self.done("Get-PartnerApplication")
        # Name is what a partner shall be called here, and never picks the one that is changed.
        for words in (["HRApp", "-Name", "Other"], ["-Name", "HRApp", "-Enabled", "$false"]):
            with self.subTest(words=words):
                outcome = self.call("Set-PartnerApplication", *words)
                self.assertEqual(outcome.code, 2, outcome)
        self.assertEqual(self.done("Get-PartnerApplication"), before)

    def test_what_makes_a_partner_cannot_be_changed(self):
        self.done("New-PartnerApplication", "-Name", "HRApp", "-ApplicationIdentifier", "hr")
        for parameter in ("Realm", "ApplicationIdentifier"):
            outcome = self.call("Set-PartnerApplication", "HRApp", f"-{parameter}", "other")
            self.assertEqual(outcome.id, "Parameter.NotSupported", outcome)
            self.assertIn("create it again", outcome.error["message"])

    def test_an_authorization_server_is_made_shown_changed_and_removed(self):
        outcome = self.call("New-AuthServer", "-Name", "sts", "-AuthMetadataUrl", self.NOBODY)
        self.assertEqual(outcome.id, "Network.NoConnection", outcome)
        made = self.done("New-AuthServer", "sts", "-AuthMetadataUrl", self.URL, "--metadata-file", self.document)
        self.assertEqual((made["Identity"], made["MetadataUrl"]), ("sts", self.URL))
        self.done("Set-AuthServer", "sts", "-Enabled", "$false")
        self.assertEqual(self.done("Get-AuthServer", "sts")["Enabled"], False)
        self.done("Remove-AuthServer", "sts", "-Confirm:$false")
        self.assertEqual(self.done("Get-AuthServer"), [])

    def test_the_configuration_is_that_of_the_deployment(self):
        self.assertEqual(self.done("Get-AuthConfig"), self.done("Get-CsOAuthConfiguration"))
        self.done("Set-AuthConfig", "-Realm", "example.net", "-ServiceName", "exchange")
        made = self.done("Get-AuthConfig")
        self.assertEqual((made["Realm"], made["ServiceName"]), ("example.net", "00000002-0000-0ff1-ce00-000000000000"))

    def test_a_certificate_of_the_configuration_is_the_token_issuer_s(self):
        self.done("Import-CsCertificate", "-Path", str(DATA / "cert-p384-pair.pem"))
        new = next(one["Thumbprint"] for one in self.done("Get-CsCertificate") if one["State"] == "Unassigned")
        outcome = self.call("Set-AuthConfig", "-CertificateThumbprint", new)
        self.assertEqual((outcome.id, outcome.code), ("Answer.NotPossible", 9), outcome)
        self.done("Set-AuthConfig", "-CertificateThumbprint", new, "-Confirm:$false")
        states = {one["Thumbprint"]: one["State"] for one in self.done("Get-CsCertificate", "-Type", "OAuthTokenIssuer")}
        self.assertEqual(states[new], "Current")
        self.assertIn("Previous", states.values())
        outcome = self.call("Set-AuthConfig", "-CertificateThumbprint", "0" * 40, "-Force")
        self.assertEqual(outcome.id, "Certificate.NotFound", outcome)

    def test_certificates_and_settings_are_not_changed_in_one_call(self):
        for certificate in (["-CertificateThumbprint", "0" * 40], ["-ClearPreviousCertificate"],
                            ["-NewCertificateThumbprint", "0" * 40], ["-PublishCertificate"]):
            for setting in (["-Realm", "example.net"], ["-ServiceName", "exchange"]):
                with self.subTest(words=certificate + setting):
                    outcome = self.call("Set-AuthConfig", *certificate, *setting)
                    self.assertEqual((outcome.id, outcome.code), ("Parameter.Clash", 2), outcome)


if __name__ == "__main__":
    skip_without_reference()
    main()
