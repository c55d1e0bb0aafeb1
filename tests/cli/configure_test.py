"""The two set-up scripts: what they create, repair and leave alone, how they stop, and that what they print works."""

import json
import os
import re
import shlex
import shutil
import stat
import subprocess
import unittest

from accord_program import DATA, SOURCE, VECTORS, ProgramTest, main, needs_vectors

EXCHANGE = "00000002-0000-0ff1-ce00-000000000000"
SHAREPOINT = "00000003-0000-0ff1-ce00-000000000000"
LYNC = "00000004-0000-0ff1-ce00-000000000000"
TENANT = "72416f3c-199e-43f6-9bb5-29f4a10665d5"
EXCHANGE_URL = "https://host.contoso.com/autodiscover/metadata/json/1"
SHAREPOINT_URL = "https://host.fabrikam.com/_layouts/15/metadata/json/1"
NOBODY = "https://127.0.0.1:1/autodiscover/metadata/json/1"
ACS_URL = f"https://accounts.accesscontrol.windows.net/{TENANT}/metadata/json/1"
FOUND = "as it should be"


class ScriptTest(ProgramTest):
    """A store 'lync store/it's.db' with a token issuer, whose path needs quoting, and the documents of others."""

    SCRIPT = ""
    STORE = "lync store/it's.db"

    def setUp(self):
        super().setUp()
        self.scratch.issuer(self.STORE)
        self.ok("set-oauth-configuration", "--store", self.STORE, "--service-name", "my.app")
        self.document("exchange", "contoso.com", "cert-p384-pair.pem")
        self.document("sharepoint", "fabrikam.com", "cert-ed25519-pair.pem")

    def document(self, service, realm, pair):
        """The document of a deployment of SERVICE, as 'its SERVICE.json'."""
        self.scratch.issuer(f"{service}/store.db", service, realm, pair)
        self.ok("export-auth-metadata", "--store", f"{service}/store.db", "--output-file", f"its {service}.json")

    def script(self, *words, store=STORE, env=None, stdin=b""):
        return self.scratch.run(SOURCE / "scripts" / self.SCRIPT, *(["--store", store] if store else []), *words,
                                env=env, stdin=stdin)

    def done(self, *words, **more):
        call = self.script(*words, **more)
        self.assertEqual(call.code, 0, call)
        return call

    def steps(self, call):
        """The lines about steps, without what is printed after them."""
        return call.text.split("\n\n")[0].splitlines()

    def content(self, store=STORE):
        """Everything that the verbs show of a store, in a form that compares."""
        records = {}
        for verb in ("get-partner-application", "get-oauth-server", "get-oauth-configuration", "get-certificate",
                     "get-sip-domain"):
            shown = self.ok(verb, "--store", store, "--output", "json").json()
            records[verb] = sorted(json.dumps(record, sort_keys=True) for record in shown) \
                if isinstance(shown, list) else shown
        return records

    def bytes_of(self, store=STORE):
        """Of the files of a store, whatever stands beside it too."""
        folder = (self.scratch.path / store).parent
        return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}

    def partner(self, identity, store=STORE):
        return self.ok("get-partner-application", identity, "--store", store, "--output", "json").json()

    def configuration(self, name):
        return self.ok("get-oauth-configuration", "--store", self.STORE, "--output", "json").json()[name]

    def printed_commands(self, text):
        commands = re.findall(r"^    (\S.*)$", text, re.M)
        self.assertTrue(commands, text)
        return commands

    def shell(self, command, env=None):
        return subprocess.run(["bash", "-o", "pipefail", "-c", command], cwd=self.scratch.path,
                              env={**self.scratch.env, **(env or {})}, stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, timeout=60, check=False)

    def runs(self, command, **more):
        done = self.shell(command, **more)
        # Whom these call is not there: that it is asked for is all that can be told here.
        calls_others = command.startswith(("test-partner-application ", "test-oauth-server ", "request-oauth-token "))
        self.assertIn(done.returncode, (5, 6, 8) if calls_others else (0,), (command, done.stdout, done.stderr))
        return done.stdout

    def stops(self, code, *words, saying, **more):
        """The call ends with this code, says why and where, and changes nothing."""
        before = self.bytes_of()
        call = self.script(*words, **more)
        self.assertEqual(call.code, code, (words, call))
        self.assertIn(saying, call.err.decode(), words)
        self.assertEqual(self.bytes_of(), before, words)
        return call.err.decode()


class Common:
    """What holds for either script; GOOD are words that it accepts."""

    GOOD = ()

    def test_help_names_every_option_and_exit_code_and_needs_no_store(self):
        call = self.done("--help", store=None)
        self.assertEqual(call.err, b"")
        source = (SOURCE / "scripts" / self.SCRIPT).read_text()
        accepted = re.findall(r"--[\w-]+", "".join(re.findall(r"^    --.*\) ;;$", source, re.M)))
        self.assertIn("--store", accepted)
        for option in (*accepted, "--what-if"):
            self.assertRegex(call.text, rf"(?m)^  {option}\b")
        self.assertIn("Exit codes: 0 done", call.text)

    def test_the_script_is_executable(self):
        self.assertTrue(os.stat(SOURCE / "scripts" / self.SCRIPT).st_mode & stat.S_IXUSR)

    def test_wrong_usage_is_exit_2_and_changes_nothing(self):
        for words, saying in ((["--relm", "a"], "there is no option '--relm'"),
                              (["--relm=a"], "there is no option '--relm'"),
                              (["--what-if=true"], "there is no option '--what-if'"),
                              (["exchange"], "'exchange' belongs to no option"),
                              (["--store"], "--store needs a value"),
                              (["--store", "--what-if"], "--store needs a value"),
                              (["--store="], "--store must not be empty")):
            err = self.stops(2, *self.GOOD, *words, saying=saying)
            self.assertIn("--help", err)

    def test_without_a_store_the_verb_says_so(self):
        err = self.stops(7, *self.GOOD, store="none/store.db", saying="there is no store at 'none/store.db'")
        self.assertIn("stopped at step 'token-issuer certificate' with exit code 7", err)
        self.assertFalse((self.scratch.path / "none").exists())

    def test_the_store_may_come_from_the_environment(self):
        env = {"ACCORD_STORE": self.STORE}
        text = self.done(*self.GOOD, store=None, env=env).text
        self.assertNotIn("--store", text)
        for command in self.printed_commands(text):
            self.runs(command, env=env)

    def test_without_a_certificate_it_says_how_to_get_one_and_that_works(self):
        for turn in range(2):
            with self.subTest(command=turn):
                store = f"new {turn}/store.db"
                self.ok("new-management-store", "--store", store, "--sip-domain", "litwareinc.com")
                before = self.bytes_of(store)
                for more in ([], ["--what-if"]):
                    call = self.script(*self.GOOD, *more, store=store)
                    self.assertEqual(call.code, 3, call)
                self.assertEqual(self.bytes_of(store), before)
                shutil.copy(DATA / "cert-modern.pfx", self.scratch.path / "issuer.pfx")
                shutil.copy(DATA / "password", self.scratch.path / "password.txt")
                commands = self.printed_commands(call.err.decode())
                self.assertEqual(len(commands), 2)
                self.runs(commands[turn])
                self.done(*self.GOOD, store=store)

    def test_the_second_run_finds_everything_as_it_should_be(self):
        self.done(*self.GOOD)
        content, files = self.content(), self.bytes_of()
        call = self.done(*self.GOOD)
        self.assertEqual(call.err, b"")
        for line in self.steps(call):
            self.assertTrue(line.endswith(FOUND), line)
        self.assertEqual(self.content(), content)
        self.assertEqual(self.bytes_of(), files)

    def test_the_commands_that_are_printed_work(self):
        for command in self.printed_commands(self.done(*self.GOOD).text):
            self.runs(command)

    def test_what_if_on_a_fresh_store_leaves_every_byte(self):
        before = self.bytes_of()
        call = self.done(*self.GOOD, "--what-if")
        self.assertEqual(self.bytes_of(), before)
        self.assertIn("What if: microsoft.exchange: created", call.text)
        self.assertIn(b'What if: Performing the operation "Create partner application"', call.err)
        self.assertTrue(call.text.endswith("\nNothing was changed.\n"), call)

    def test_it_says_when_the_verbs_are_not_on_the_path(self):
        self.stops(1, *self.GOOD, env={"PATH": "/usr/bin:/bin"}, saying="the verbs of Accord are not on the PATH")


class OnPremises(Common, ScriptTest):
    SCRIPT = "configure-on-premises-partners"
    EXCHANGE_FILE = ("--exchange-metadata-file", "its exchange.json")
    GOOD = (*EXCHANGE_FILE, "--exchange-metadata-url", EXCHANGE_URL, "--sharepoint-metadata-file=its sharepoint.json")

    def register(self, identity, *words, level="full"):
        self.ok("new-partner-application", identity, "--store", self.STORE, "--application-trust-level", level, *words)

    def wrong_partner(self):
        self.register("microsoft.exchange", "--application-identifier", "another", "--realm", "a.example",
                      "--certificate-file-data", DATA / "cert-other.pem")

    def test_the_first_run_creates_everything(self):
        call = self.done(*self.GOOD, "--realm", "tailspin.example")
        self.assertEqual(self.steps(call), [
            f"token-issuer certificate: {FOUND}", f"app: not there, {FOUND}", "microsoft.exchange: created",
            "microsoft.sharepoint: created", f"ServiceName: set to '{LYNC}' (was 'my.app')",
            "Realm: set to 'tailspin.example' (was '')"])
        for identity, identifier, url in (("microsoft.exchange", EXCHANGE, EXCHANGE_URL),
                                          ("microsoft.sharepoint", SHAREPOINT, SHAREPOINT_URL)):
            partner = self.partner(identity)
            self.assertEqual(partner["ApplicationIdentifier"], identifier)
            self.assertEqual((partner["ApplicationTrustLevel"], partner["MetadataUrl"]), ("Full", url))
        self.assertEqual(self.configuration("ServiceName"), LYNC)
        self.assertEqual(self.configuration("Realm"), "tailspin.example")

    def test_the_url_is_recorded_where_it_is_given(self):
        url = "https://mail.contoso.com/autodiscover/metadata/json/1"
        self.done(*self.EXCHANGE_FILE, "--exchange-metadata-url", url)
        self.assertEqual(self.partner("microsoft.exchange")["MetadataUrl"], url)

    def test_each_partner_may_be_left_out(self):
        call = self.done()
        self.assertIn("microsoft.exchange: left out", self.steps(call))
        self.assertIn("microsoft.sharepoint: left out", self.steps(call))
        self.assertEqual(self.content()["get-partner-application"], [])
        call = self.done("--sharepoint-metadata-file", "its sharepoint.json")
        self.assertIn("microsoft.exchange: left out", self.steps(call))
        self.assertIn("microsoft.sharepoint: created", self.steps(call))
        before = self.partner("microsoft.sharepoint")
        self.done(*self.EXCHANGE_FILE)
        self.assertEqual(self.partner("microsoft.sharepoint"), before)

    def test_a_leftover_partner_app_is_removed_though_it_holds_the_issuer(self):
        self.register("app", "--metadata-file", "its exchange.json")
        self.register("application", "--application-identifier", "another", "--realm", "a.example",
                      "--certificate-file-data", DATA / "cert-other.pem")
        before = self.bytes_of()
        call = self.done(*self.GOOD, "--what-if")
        self.assertIn("What if: app: removed", self.steps(call))
        self.assertIn("What if: microsoft.exchange: created", self.steps(call))
        self.assertEqual(self.bytes_of(), before)
        call = self.done(*self.GOOD)
        self.assertIn("app: removed", self.steps(call))
        self.assertIn("microsoft.exchange: created", self.steps(call))
        names = self.ok("get-partner-application", "--store", self.STORE, "--property", "Identity", "--output", "value")
        self.assertEqual(names.text.split(), ["application", "microsoft.exchange", "microsoft.sharepoint"])
        self.assertIn(f"app: not there, {FOUND}", self.steps(self.done(*self.GOOD)))

    def test_a_partner_of_another_application_is_removed_and_made_again(self):
        self.wrong_partner()
        before = self.bytes_of()
        repaired = "microsoft.exchange: repaired (its application identifier was another)"
        call = self.done(*self.GOOD, "--what-if")
        self.assertIn("What if: " + repaired, self.steps(call))
        self.assertIn(b'"Remove partner application" on target "microsoft.exchange"', call.err)
        self.assertEqual(self.bytes_of(), before)
        self.assertIn(repaired, self.steps(self.done(*self.GOOD)))
        partner = self.partner("microsoft.exchange")
        self.assertEqual((partner["ApplicationIdentifier"], partner["Realm"]), (EXCHANGE, "contoso.com"))

    def test_a_partner_whose_successor_cannot_be_registered_stays(self):
        self.wrong_partner()
        self.register("other name", "--metadata-file", "its exchange.json")
        for more in ([], ["--what-if"]):
            err = self.stops(4, *self.EXCHANGE_FILE, *more, saying="other name")
            self.assertIn("stopped at step 'microsoft.exchange' with exit code 4", err)

    def test_a_right_partner_gets_trust_level_full_and_nothing_else(self):
        self.register("microsoft.exchange", "--metadata-file", "its exchange.json", "--enabled", "false",
                      "--accept-security-identifier-information", "true", level="user")
        before = self.partner("microsoft.exchange")
        line = "microsoft.exchange: trust level set to Full (was User)"
        self.assertIn("What if: " + line, self.steps(self.done(*self.GOOD, "--what-if")))
        self.assertEqual(self.partner("microsoft.exchange"), before)
        # The URL is that of another host: a partner that is right is not read again.
        call = self.done("--exchange-metadata-url", "https://other.example/autodiscover/metadata/json/1")
        self.assertIn(line, self.steps(call))
        self.assertEqual(self.partner("microsoft.exchange"), {**before, "ApplicationTrustLevel": "Full"})
        self.assertIn("It is disabled here", call.text)

    def test_the_realm_stays_unless_it_is_given_and_may_be_emptied(self):
        self.done(*self.GOOD, "--realm", "an odd 'realm'")
        self.assertEqual(self.configuration("Realm"), "an odd 'realm'")
        self.assertFalse(any(line.startswith("Realm") for line in self.steps(self.done(*self.GOOD))))
        self.assertEqual(self.configuration("Realm"), "an odd 'realm'")
        call = self.done(*self.GOOD, "--realm", "")
        self.assertIn("Realm: set to '' (was 'an odd 'realm'')", self.steps(call))
        self.assertEqual(self.configuration("EffectiveRealm"), "litwareinc.com")
        self.assertIn(f"Realm: {FOUND}", self.steps(self.done(*self.GOOD, "--realm=")))

    def test_a_new_service_name_is_not_asked_about_while_partners_exist(self):
        self.done(*self.GOOD)
        self.ok("set-oauth-configuration", "--store", self.STORE, "--service-name", "my.app", "--confirm=false")
        call = self.done(*self.GOOD)
        self.assertIn(f"ServiceName: set to '{LYNC}' (was 'my.app')", self.steps(call))
        self.assertIn(b"our issuer name changes", call.err)

    def test_what_can_be_read_only_once_is_enough(self):
        script = shlex.quote(str(SOURCE / "scripts" / self.SCRIPT))
        store = shlex.quote(self.STORE)
        text = self.runs(f"cat 'its sharepoint.json' | {script} --store {store} --sharepoint-metadata-file -"
                         " --exchange-metadata-file <(cat 'its exchange.json')")
        self.assertIn("microsoft.exchange: created\nmicrosoft.sharepoint: created\n", text)

    def test_a_url_without_a_file_is_exit_8_only_where_a_document_is_needed(self):
        self.register("app", "--metadata-file", "its sharepoint.json")
        for more in ([], ["--what-if"]):
            err = self.stops(8, "--exchange-metadata-url", NOBODY, *more, saying=NOBODY)
            self.assertIn("stopped at step 'document of exchange' with exit code 8", err)
        self.wrong_partner()
        self.stops(8, "--exchange-metadata-url", NOBODY, saying=NOBODY)
        self.done(*self.EXCHANGE_FILE)
        self.done("--exchange-metadata-url", NOBODY)

    def test_a_bad_document_stops_before_anything_is_changed(self):
        self.register("app", "--metadata-file", "its sharepoint.json")
        self.wrong_partner()
        (self.scratch.path / "bad.json").write_text("{")
        (self.scratch.path / "folder").mkdir()
        for name, code, saying in (("none.json", 3, "there is no file 'none.json'"), ("bad.json", 2, "JSON"),
                                   ("folder", 1, "folder"), ("its exchange.json", 5, "not of sharepoint")):
            for more in ([], ["--what-if"]):
                err = self.stops(code, *self.EXCHANGE_FILE, "--sharepoint-metadata-file", name, *more, saying=saying)
                self.assertIn(f"stopped at step 'document of sharepoint' with exit code {code}", err)

    def test_wrong_values_are_wrong_usage(self):
        for words, saying in ((["--exchange-metadata-url", ""], "--exchange-metadata-url must not be empty"),
                              (["--sharepoint-metadata-file="], "--sharepoint-metadata-file must not be empty"),
                              (["--exchange-metadata-file", "--what-if"], "--exchange-metadata-file needs a value"),
                              (["--realm"], "--realm needs a value")):
            self.stops(2, *words, saying=saying)

    def test_a_value_that_a_verb_refuses_ends_with_its_code_and_says_how_far_it_came(self):
        call = self.script(*self.GOOD, "--realm", "a@b")
        self.assertEqual(call.code, 2, call)
        self.assertIn(b"stopped at step 'OAuth configuration' with exit code 2; it may be run again", call.err)
        self.assertIn("microsoft.sharepoint: created", call.text)
        self.done(*self.GOOD)

    def test_the_other_side_can_register_what_the_printed_commands_write(self):
        text = self.done(*self.GOOD).text
        self.assertIn("\n  https://host.litwareinc.com/metadata/json/1\n", text)
        metadata, certificate, *tests = self.printed_commands(text)
        self.runs(metadata)
        self.runs(certificate)
        full = ("--application-trust-level", "full")
        self.ok("new-partner-application", "lync", "--store", "exchange/store.db", *full, "--metadata-file",
                "lync-metadata.json")
        self.ok("new-partner-application", "lync", "--store", "sharepoint/store.db", *full, "--application-identifier",
                "lync", "--realm", "litwareinc.com", "--certificate-file-data", "lync-certificate.pem")
        tests = [test for test in tests if " | " in test]
        self.assertEqual(len(tests), 2)
        for test, store in zip(tests, ("exchange/store.db", "sharepoint/store.db")):
            token = self.runs(test.split(" | ")[0])
            call = self.ok("test-oauth-token", "-", "--store", store, "--output", "json", stdin=token.encode())
            self.assertEqual((call.json()["Result"], call.json()["User"]), ("Success", "user@litwareinc.com"))

    def test_the_user_of_the_printed_test_may_be_named(self):
        text = self.done(*self.GOOD, "--test-user", "sip:o'hara@litwareinc.com").text
        for command in [one for one in self.printed_commands(text) if " | " in one]:
            self.assertIn("o'hara@litwareinc.com", self.runs(command))

    def test_a_partner_behind_an_authorization_server_is_left_so_and_has_no_test(self):
        self.register("microsoft.exchange", "--application-identifier", "exchange", "--use-oauth-server")
        before = self.partner("microsoft.exchange")
        call = self.done(*self.EXCHANGE_FILE)
        self.assertEqual(self.partner("microsoft.exchange"), before)
        self.assertIn("takes tokens of an authorization server only", call.text)
        for command in self.printed_commands(call.text):
            self.runs(command)

    def test_without_a_public_url_it_says_that_the_document_does_not_tell_where_it_is(self):
        self.ok("set-oauth-configuration", "--store", self.STORE, "--public-url", "", "--hosts", "")
        text = self.done(*self.GOOD).text
        self.assertIn("set-oauth-configuration --public-url says that", text)
        for command in self.printed_commands(text):
            self.runs(command)

    def test_without_any_realm_it_stops_after_the_steps(self):
        self.ok("new-management-store", "--store", "bare/store.db")
        self.ok("request-certificate", "--new", "--self-signed", "--type", "OAuthTokenIssuer", "--identity", "global",
                "--store", "bare/store.db", "--domain-name", "a.example")
        call = self.script(*self.GOOD, store="bare/store.db")
        self.assertNotEqual(call.code, 0)
        self.assertIn(b"stopped at step 'what the other side must do'", call.err)


class CrossPremises(Common, ScriptTest):
    SCRIPT = "configure-cross-premises"
    GOOD = ("--tenant-id", TENANT, "--acs-metadata-file", "acs of tenant.json")
    ELSEWHERE = ("--tenant-id", TENANT, "--acs-metadata-file", "acs elsewhere.json", "--acs-metadata-url",
                 "https://login.example/metadata/json/1")

    def setUp(self):
        super().setUp()
        self.document("sts", "tenant.example", "cert-p384-pair.pem")
        text = (self.scratch.path / "its sts.json").read_text().replace("tenant.example", TENANT)
        (self.scratch.path / "its sts.json").write_text(text)
        document = json.loads(text)
        document["endpoints"] = [{"location": f"https://accounts.accesscontrol.windows.net/{TENANT}/tokens/OAuth/2",
                                  "protocol": "OAuth2", "usage": "issuance"}]
        (self.scratch.path / "acs of tenant.json").write_text(json.dumps(document))
        document["endpoints"][0]["location"] = "https://login.example/tokens/OAuth/2"
        (self.scratch.path / "acs elsewhere.json").write_text(json.dumps(document))

    def server(self, identity="microsoft.sts"):
        return self.ok("get-oauth-server", identity, "--store", self.STORE, "--output", "json").json()

    def client_server(self):
        return self.configuration("ClientAuthorizationOAuthServerIdentity")

    def test_the_first_run_creates_everything(self):
        call = self.done(*self.GOOD)
        self.assertEqual(self.steps(call), [
            f"token-issuer certificate: {FOUND}", "microsoft.sts: created", "microsoft.exchange: created",
            f"ServiceName: set to '{LYNC}' (was 'my.app')"])
        self.assertEqual((self.server()["MetadataUrl"], self.server()["Realm"]), (ACS_URL, TENANT))
        partner = self.partner("microsoft.exchange")
        self.assertEqual((partner["ApplicationIdentifier"], partner["ApplicationTrustLevel"], partner["AuthToken"]),
                         (EXCHANGE, "Full", "UseOAuthServer"))
        self.assertFalse(self.client_server())

    def test_a_server_with_another_url_is_removed_and_made_again(self):
        self.done(*self.ELSEWHERE)
        self.assertEqual(self.server()["MetadataUrl"], "https://login.example/metadata/json/1")
        before = self.bytes_of()
        repaired = "microsoft.sts: repaired (its MetadataUrl was 'https://login.example/metadata/json/1')"
        self.assertIn("What if: " + repaired, self.steps(self.done(*self.GOOD, "--what-if")))
        self.assertEqual(self.bytes_of(), before)
        self.assertIn(repaired, self.steps(self.done(*self.GOOD)))
        self.assertEqual(self.server()["MetadataUrl"], ACS_URL)

    def test_a_right_server_is_left_alone_and_its_document_not_needed(self):
        self.done(*self.GOOD)
        self.ok("set-oauth-server", "microsoft.sts", "--store", self.STORE, "--enabled", "false")
        before = self.server()
        call = self.done("--tenant-id", TENANT)
        self.assertIn(f"microsoft.sts: {FOUND}", self.steps(call))
        self.assertEqual(self.server(), before)

    def test_clients_are_sent_to_a_server_again_after_it_was_replaced(self):
        self.done(*self.ELSEWHERE, "--client-authorization-server", "microsoft.sts")
        self.assertEqual(self.client_server(), "microsoft.sts")
        before = self.bytes_of()
        self.done(*self.GOOD, "--what-if")
        self.assertEqual(self.bytes_of(), before)
        self.done(*self.GOOD)
        self.assertEqual((self.client_server(), self.server()["MetadataUrl"]), ("microsoft.sts", ACS_URL))

    def test_a_server_that_cannot_be_replaced_is_still_there_and_clients_are_sent_to_it(self):
        old_url = "https://login.example/metadata/json/1"
        self.done(*self.ELSEWHERE, "--client-authorization-server", "microsoft.sts")
        # A partner that has the issuer's name already: only the last of the verbs that replace the server can see that.
        document = json.loads((self.scratch.path / "acs of tenant.json").read_text())
        other = document["issuer"].replace("00000001", "00000009")
        document["issuer"] = other
        document["serviceName"] = other.split("@", maxsplit=1)[0]
        (self.scratch.path / "other.json").write_text(json.dumps(document))
        self.ok("new-partner-application", "holder", "--store", self.STORE, "--application-trust-level", "user",
                "--application-identifier", document["serviceName"], "--realm", TENANT, "--certificate-file-data",
                DATA / "cert-rsa.pem")
        before = self.bytes_of()
        self.stops(4, "--tenant-id", TENANT, "--acs-metadata-file", "other.json", saying="belongs to")
        self.assertEqual(self.bytes_of(), before)
        self.assertEqual((self.client_server(), self.server()["MetadataUrl"]), ("microsoft.sts", old_url))

    def test_clients_may_be_sent_to_any_registered_server_and_to_none(self):
        self.ok("new-oauth-server", "my sts", "--store", self.STORE, "--metadata-file", "its exchange.json")
        call = self.done(*self.GOOD, "--client-authorization-server", "my sts")
        self.assertIn("client authorization server: set to 'my sts' (was '')", self.steps(call))
        self.assertEqual(self.client_server(), "my sts")
        self.assertFalse(any(line.startswith("client") for line in self.steps(self.done(*self.GOOD))))
        self.assertEqual(self.client_server(), "my sts")
        call = self.done(*self.GOOD, "--client-authorization-server=")
        self.assertIn("client authorization server: set to '' (was 'my sts')", self.steps(call))
        self.assertFalse(self.client_server())
        self.stops(3, *self.GOOD, "--client-authorization-server", "none", saying="no OAuth server is named 'none'")

    def test_what_if_may_name_the_server_that_is_yet_to_be_made(self):
        before = self.bytes_of()
        call = self.done(*self.GOOD, "--client-authorization-server", "microsoft.sts", "--what-if")
        self.assertIn("What if: client authorization server: set to 'microsoft.sts' (was '')", self.steps(call))
        self.assertEqual(self.bytes_of(), before)

    def test_a_partner_of_another_application_is_removed_and_made_again(self):
        self.ok("new-partner-application", "microsoft.exchange", "--store", self.STORE, "--application-trust-level",
                "full", "--metadata-file", "its sharepoint.json")
        repaired = f"microsoft.exchange: repaired (its application identifier was {SHAREPOINT})"
        before = self.bytes_of()
        self.assertIn("What if: " + repaired, self.steps(self.done(*self.GOOD, "--what-if")))
        self.assertEqual(self.bytes_of(), before)
        self.assertIn(repaired, self.steps(self.done(*self.GOOD)))
        self.assertEqual(self.partner("microsoft.exchange")["ApplicationIdentifier"], EXCHANGE)

    def test_a_partner_with_a_document_is_switched_and_its_realm_and_state_are_pointed_out(self):
        self.ok("new-partner-application", "microsoft.exchange", "--store", self.STORE, "--application-trust-level",
                "user", "--metadata-file", "its exchange.json", "--enabled", "false")
        call = self.done(*self.GOOD)
        self.assertIn("microsoft.exchange: trust level set to Full (was User)", self.steps(call))
        self.assertIn(f"microsoft.exchange: takes tokens of the OAuth server (was Value={EXCHANGE_URL})",
                      self.steps(call))
        self.assertIn("it takes tokens of the realm 'contoso.com' only", call.text)
        self.assertIn("it is disabled", call.text)
        partner = self.partner("microsoft.exchange")
        self.assertEqual((partner["AuthToken"], partner["ApplicationTrustLevel"]), ("UseOAuthServer", "Full"))

    def test_the_document_of_another_tenant_is_refused(self):
        other = TENANT.replace("7", "8", 1)
        for more in ([], ["--what-if"]):
            self.stops(5, "--tenant-id", other, "--acs-metadata-file", "acs of tenant.json", *more,
                       saying="not of the tenant")
        self.done("--tenant-id", TENANT.upper(), "--acs-metadata-file", "acs of tenant.json")

    def test_a_tenant_may_be_named_by_its_domain(self):
        self.done("--tenant-id", "contoso.onmicrosoft.com", "--acs-metadata-file", "acs of tenant.json")
        self.assertEqual(self.server()["MetadataUrl"],
                         "https://accounts.accesscontrol.windows.net/contoso.onmicrosoft.com/metadata/json/1")

    def test_bad_input_stops_before_anything_is_changed(self):
        (self.scratch.path / "bad.json").write_text("{")
        for words, code, saying in (([], 2, "--tenant-id is needed"),
                                    (["--tenant-id", "a/b"], 2, "'a/b' is neither"),
                                    (["--tenant-id", ""], 2, "--tenant-id must not be empty"),
                                    (["--tenant-id", TENANT, "--acs-metadata-url", NOBODY], 8, NOBODY),
                                    (["--tenant-id", TENANT, "--acs-metadata-file", "none"], 3, "no file 'none'"),
                                    (["--tenant-id", TENANT, "--acs-metadata-file", "bad.json"], 2, "JSON")):
            self.stops(code, *words, saying=saying)

    def test_evo_sts_is_registered_and_clients_are_sent_to_it(self):
        needs_vectors()
        federation = VECTORS / "wsfed-federationmetadata"
        file = next(one for one in sorted(federation.glob("*.xml")) if b"sts.windows.net" in one.read_bytes())
        words = (*self.GOOD, "--evo-sts", "--evo-sts-metadata-file", file)
        before = self.bytes_of()
        self.assertIn("What if: evoSTS: created", self.steps(self.done(*words, "--what-if")))
        self.assertEqual(self.bytes_of(), before)
        self.assertIn("evoSTS: created", self.steps(self.done(*words)))
        made = self.server("evoSTS")
        self.assertEqual((made["Type"], made["IssuerIdentifier"], made["Realm"]),
                         ("AzureAD", f"https://sts.windows.net/{TENANT}/", TENANT))
        self.assertEqual(self.client_server(), "evoSTS")
        self.assertIn(f"evoSTS: {FOUND}", self.steps(self.done(*words)))
        self.stops(8, *self.GOOD[:2], "--acs-metadata-url", NOBODY, saying=NOBODY)

    def test_what_can_be_read_only_once_is_enough(self):
        document = (self.scratch.path / "acs of tenant.json").read_bytes()
        call = self.done("--tenant-id", TENANT, "--acs-metadata-file", "-", stdin=document)
        self.assertIn("microsoft.sts: created", self.steps(call))

    def test_it_says_what_the_hosted_directory_needs(self):
        text = self.done(*self.GOOD).text
        self.assertIn(f"service principal name {LYNC}/host.litwareinc.com ", text)
        line = self.runs(self.printed_commands(text)[0])
        self.assertRegex(line, r"\AMII[A-Za-z0-9+/]+={0,2}\n\Z")
        text = self.done(*self.GOOD, "--external-web-host", "sip.litwareinc.com").text
        self.assertIn(f"{LYNC}/sip.litwareinc.com ", text)

    def test_a_server_without_a_token_endpoint_is_pointed_out(self):
        document = json.loads((self.scratch.path / "acs of tenant.json").read_text())
        document["endpoints"] = []
        (self.scratch.path / "none of it.json").write_text(json.dumps(document))
        text = self.done("--tenant-id", TENANT, "--acs-metadata-file", "none of it.json").text
        self.assertIn("names no token endpoint", text)
        self.assertEqual(len(self.printed_commands(text)), 1)


if __name__ == "__main__":
    unittest.TestCase.maxDiff = None
    main()
