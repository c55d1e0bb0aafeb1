"""The doctor against servers on loopback: each fault is made, and the row that names it comes out, from the real programs."""

import datetime
import email.utils
import json
import unittest

from accord_program import DATA, ProgramTest, Scratch, main
from tls_server import Authority, ClosedPort, Server, response
from token_service import Authority as ServiceAuthority, TokenService

DAY = datetime.timedelta(days=1)
EXCHANGE = "00000002-0000-0ff1-ce00-000000000000"
LYNC = "00000004-0000-0ff1-ce00-000000000000"
AUTODISCOVER = "/autodiscover/metadata/json/1"
STS = "00000001-0000-0000-c000-000000000000"


def now_text(seconds=0):
    return email.utils.format_datetime(datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=seconds),
                                       usegmt=True)


def rows(test):
    return [finding["Id"] for finding in test["Findings"]]


def failed(test):
    return [step["Name"] for step in test["Steps"] if step["Result"] == "Fail"]


class Doctor(ProgramTest):
    """A Lync store that trusts an Exchange by the URL of a server of the test."""

    @classmethod
    def setUpClass(cls):
        scratch = Scratch()
        cls.addClassCleanup(scratch.close)
        cls.folder = scratch.path
        authority = Authority(cls.folder, "ca")
        cls.ca = authority.path
        cls.good = authority.issue("good")
        cls.expired = authority.issue("expired", start=-60 * DAY, end=-30 * DAY)
        scratch.issuer("exchange.db", "exchange", "contoso.com", "cert-p384-pair.pem")
        scratch.ok("export-auth-metadata", "--store", "exchange.db", "--output-file", "exchange.json")
        cls.document = (cls.folder / "exchange.json").read_bytes()
        scratch.issuer("other.db", "exchange", "contoso.com", "cert-ed25519-pair.pem")
        scratch.ok("export-auth-metadata", "--store", "other.db", "--output-file", "other.json")
        cls.other_keys = (cls.folder / "other.json").read_bytes()

    def setUp(self):
        super().setUp()
        self.scratch.env["ACCORD_STORE"] = str(self.scratch.path / "lync.db")
        self.scratch.issuer("lync.db", "lync", "litwareinc.com", "cert-ed25519-pair.pem")

    def serve(self, answer, certificate=None):
        server = Server(answer, certificate or self.good)
        self.addCleanup(server.close)
        return server

    def page(self, body, status="200 OK", seconds=0, **headers):
        return response(body, status, Date=now_text(seconds), **{"Content_Type": "application/json", **headers})

    def register(self, url, *more, name="exchange", level="full"):
        self.ok("new-partner-application", name, "--metadata-url", url, "--metadata-file", self.folder / "exchange.json",
                "--application-trust-level", level, "--ca-file", self.ca, "--learns-our-keys-by", "metadata", *more)
        # As long as the day in which partners read our key lasts, they are warned of.
        self.ok("set-partner-application", name, "--told-thumbprint", self.our_thumbprint())
        self.ok("set-oauth-configuration", "--exchange-autodiscover-url", "https://localhost/autodiscover/autodiscover.svc")

    def our_thumbprint(self):
        return self.ok("get-certificate", "--property", "Thumbprint", "--output", "value").text.split()[0]

    def judged(self, *words, code):
        call = self.run_program(*words, "--output", "json")
        self.assertEqual(call.code, code, call)
        return call.json()


class Partners(Doctor):
    def registered(self, answer, certificate=None, path=AUTODISCOVER):
        server = self.serve(answer, certificate)
        self.register(server.url(path))
        return server

    def expect(self, code, *expected, step=None):
        test = self.judged("test-partner-application", "exchange", code=code)
        self.assertEqual(rows(test), list(expected), test)
        self.assertEqual(failed(test), [step] if step else [], test)
        self.assertEqual([one["Number"] for one in test["Steps"]], list(range(1, 12)))
        self.assertEqual((test["Target"], test["Result"]), ("exchange", "Failure" if code == 5 else "Success"))
        return test

    def test_where_all_is_well(self):
        server = self.registered(self.page(self.document))
        self.expect(0)
        self.assertEqual(len(server.requests), 1)
        call = self.ok("test-partner-application", "exchange")
        self.assertIn("exchange: Success\n", call.text)
        self.assertRegex(call.text, r" 4  Pass  TLS +TLSv1\.3, CN=a server")

    def test_a_key_that_was_changed(self):
        self.registered(self.page(self.other_keys))
        test = self.expect(5, "META-STALE", step="Keys")
        self.assertIn("update-partner-application exchange --accept-new-keys", test["Findings"][0]["Action"])

    def test_a_server_that_is_down(self):
        closed = ClosedPort()
        self.addCleanup(closed.close)
        self.register(f"https://localhost:{closed.port}{AUTODISCOVER}")
        self.expect(5, "META-UNREACHABLE", step="Connect")

    def test_a_server_that_closes_without_an_answer(self):
        self.registered(lambda request, connection: None)
        test = self.judged("test-partner-application", "exchange", code=5)
        self.assertEqual(rows(test), ["META-UNREACHABLE"])

    def test_a_certificate_that_has_ended(self):
        self.registered(self.page(self.document), self.expired)
        self.expect(5, "META-TLS", step="TLS")

    def test_an_authority_that_is_not_known_and_is_named(self):
        self.registered(self.page(self.document))
        self.ok("set-partner-application", "exchange", "--ca-file", "")
        test = self.expect(5, "META-TLS", step="TLS")
        self.assertIn("set-partner-application exchange --ca-file FILE", test["Findings"][0]["Action"])
        call = self.run_program("test-partner-application", "exchange", "--ca-file", self.ca)
        self.assertEqual((call.code, call.err), (0, b""))
        call = self.run_program("test-partner-application", "exchange", "--trust-any-certificate")
        self.assertEqual(call.code, 0)
        self.assertIn(b"WARNING: --trust-any-certificate", call.err)

    def test_an_error_of_the_server(self):
        self.registered(self.page(b"", "500 Internal Server Error"))
        self.expect(5, "META-STATUS", step="HTTP status")

    def test_a_page_that_is_no_document(self):
        self.registered(self.page(b"<html>\x1b[31mlog in</html>", Content_Type="text/html"))
        self.expect(5, "META-SHAPE", step="Document")

    def test_a_path_of_another_product(self):
        server = self.registered(self.page(b"", "404 Not Found"), path="/metadata/json/1")
        test = self.expect(5, "META-PATH", step="HTTP status")
        self.assertIn(server.url(AUTODISCOVER), test["Findings"][0]["Action"])

    def test_a_clock_that_is_wrong(self):
        self.registered(lambda request, connection: self.page(self.document, seconds=120))
        self.expect(6, "CLOCK-SKEW")
        self.assertEqual(self.run_program("test-partner-application", "exchange", "--ignore-warning").code, 0)
        far = self.serve(lambda request, connection: self.page(self.document, seconds=-400))
        self.ok("set-partner-application", "exchange", "--metadata-url", far.url(AUTODISCOVER), "--metadata-file",
                self.folder / "exchange.json")
        self.expect(5, "CLOCK-SKEW", step="Clock")

    def test_our_own_faults(self):
        self.registered(self.page(self.document))
        self.ok("set-oauth-configuration", "--hosts", "")
        self.expect(0, "AUDIENCE-OPEN")
        self.ok("set-oauth-configuration", "--hosts", "lync.litwareinc.com", "--exchange-autodiscover-url",
                "https://mail.contoso.com/autodiscover/autodiscover.xml")
        self.expect(6, "AUTODISCOVER")
        self.ok("set-partner-application", "exchange", "--enabled", "false")
        test = self.judged("test-partner-application", "exchange", code=5)
        self.assertEqual(rows(test), ["PARTNER-DISABLED", "AUTODISCOVER"])

    def test_no_writer_waits_for_the_network(self):
        def answer(request, connection):
            self.ok("new-sip-domain", "while.example")
            return self.page(self.document)

        self.registered(answer)
        for pipe in (False, True):
            with self.subTest(pipe=pipe):
                records = self.ok("get-partner-application", "--output", "jsonl").out
                word = "-" if pipe else "exchange"
                call = self.run_program("test-partner-application", word, stdin=records)
                self.assertEqual(call.code, 0, call)
                self.ok("remove-sip-domain", "while.example")

    def test_all_some_and_none(self):
        self.registered(self.page(self.document))
        self.ok("new-partner-application", "farm", "--certificate-file-data", DATA / "cert-rsa.pem", "--realm", "farm",
                "--application-identifier", "sharepoint", "--application-trust-level", "application", "--learns-our-keys-by",
                "metadata", "--told-thumbprint", self.our_thumbprint())
        tests = self.judged("test-partner-application", "--all", code=6)
        self.assertEqual([(one["Target"], rows(one)) for one in tests], [("exchange", []), ("farm", ["PARTNER-TRUST"])])
        self.assertEqual([one["Target"] for one in self.judged("test-partner-application", "ex*", code=0)], ["exchange"])
        records = self.ok("get-partner-application", "--output", "jsonl").out
        call = self.run_program("test-partner-application", "-", "--output", "jsonl", stdin=records)
        self.assertEqual(call.code, 6, call)
        self.assertEqual([json.loads(line)["Target"] for line in call.out.splitlines()], ["exchange", "farm"])
        for words in (["x*"], [], ["-"]):
            with self.subTest(words=words):
                call = self.run_program("test-partner-application", *words, "--output", "json")
                self.assertEqual((call.code, call.error()["id"]), (2, "Test.NothingTested"), call)
        call = self.run_program("test-partner-application", "exchnge", "--output", "json")
        self.assertEqual((call.code, call.error()["id"]), (3, "PartnerApplication.NotFound"))
        call = self.run_program("test-partner-application", "exchange", "--all", "--output", "json")
        self.assertEqual((call.code, call.error()["id"]), (2, "Parameter.Clash"))

    def test_a_store_that_may_not_be_read(self):
        self.registered(self.page(self.document))
        (self.scratch.path / "lync.db").chmod(0o666)
        call = self.run_program("test-partner-application", "exchange", "--output", "json")
        self.assertEqual((call.code, call.error()["id"]), (7, "Store.NotPermitted"), call)


class Servers(Doctor):
    def document_of(self, realm, url):
        document = json.loads(self.document)
        document.update(realm=realm, issuer=f"{STS}@{realm}", serviceName=STS, name="sts", allowedAudiences=[f"{STS}@{realm}"])
        document["endpoints"].append({"location": url, "protocol": "OAuth2", "usage": "issuance"})
        return json.dumps(document).encode()

    def test_an_authorization_server_and_whom_it_serves(self):
        answers = []
        server = self.serve(lambda request, connection: answers[-1])
        url = server.url("/contoso.com/metadata/json/1")
        answers.append(self.page(self.document_of("contoso.com", server.url("/tokens"))))
        (self.scratch.path / "sts.json").write_bytes(self.document_of("contoso.com", server.url("/tokens")))
        self.ok("new-oauth-server", "sts", "--metadata-url", url, "--metadata-file", "sts.json", "--ca-file", self.ca,
                "--told-thumbprint", self.our_thumbprint())
        test = self.judged("test-oauth-server", "sts", code=0)
        self.assertEqual((rows(test), test["Target"]), ([], "sts"))
        self.assertEqual(self.judged("test-oauth-server", "--all", code=0)[0]["Target"], "sts")
        answers.append(self.page(self.document_of("fabrikam.com", server.url("/tokens"))))
        self.assertEqual(rows(self.judged("test-oauth-server", "sts", code=5)), ["REALM-CHANGED"])
        call = self.run_program("test-oauth-server", "nobody", "--output", "json")
        self.assertEqual((call.code, call.error()["id"]), (3, "OAuthServer.NotFound"))

        self.ok("set-oauth-configuration", "--exchange-autodiscover-url", "https://localhost/autodiscover/autodiscover.svc")
        self.ok("new-partner-application", "cloud", "--use-oauth-server", "--application-identifier", EXCHANGE, "--realm",
                "contoso.com", "--application-trust-level", "full")
        self.assertEqual(rows(self.judged("test-partner-application", "cloud", code=0)), [])
        self.ok("set-oauth-server", "sts", "--enabled", "false")
        self.assertEqual(rows(self.judged("test-partner-application", "cloud", code=5)), ["OAUTHSERVER-MISSING"])


class Live(Doctor):
    """The path of a call: a server that guards its resource as Exchange does."""

    TRUSTS_US = f'{LYNC}@litwareinc.com'

    def setUp(self):
        super().setUp()
        self.seen = []
        self.challenge = f'Bearer client_id="{EXCHANGE}", trusted_issuers="{self.TRUSTS_US}", token_types="x"'
        self.refusal = None
        self.guarded = self.serve(self.guard)
        self.target = self.guarded.url("/ews/exchange.asmx")
        self.register(self.guarded.url(AUTODISCOVER))

    def guard(self, request, _):
        head = request.decode()
        self.seen.append(head)
        token = next((line.partition(":")[2].strip()[len("Bearer"):].strip() for line in head.split("\r\n")
                      if line.lower().startswith("authorization:")), "")
        if not token:
            return self.page(b"", "401 Unauthorized", WWW_Authenticate=self.challenge)
        self.token = token
        if self.refusal is None:
            return self.page(b"<soap/>")
        status, diagnostics = self.refusal
        more = {"X_MS_Diagnostics": diagnostics} if diagnostics else {}
        return self.page(b"", status, WWW_Authenticate=self.challenge + ', error="invalid_token"', **more)

    def call(self, *words, code):
        test = self.judged("test-oauth-connectivity", "--service", "ews", "--target-uri", self.target, *words, code=code)
        self.assertEqual([one["Name"] for one in test["Steps"]],
                         ["URL", "Name", "Connect", "TLS", "Anonymous call", "Challenge", "Clock", "Partner", "Issuer", "Token",
                          "Authenticated call", "Verdict"], test)
        return test

    def expect(self, code, *expected, step=None, words=()):
        test = self.call(*words, code=code)
        self.assertEqual(rows(test), list(expected), test)
        self.assertEqual(failed(test)[:1], [step] if step else [], test)
        return test

    def test_a_call_that_is_accepted(self):
        self.expect(0)
        self.assertEqual(len(self.seen), 2)
        self.assertRegex(self.seen[0], "(?mi)^Authorization: Bearer *\r$")
        judged = self.ok("show-oauth-token", "-", "--output", "json", stdin=self.token.encode()).json()
        claims = {one["Name"]: one["Value"] for one in judged["Claims"]}
        self.assertEqual(claims["aud"], f"{EXCHANGE}/localhost:{self.guarded.port}@contoso.com")
        self.assertEqual(claims["iss"], self.TRUSTS_US)
        self.assertNotIn("actortoken", claims)
        self.expect(0, words=["--mailbox", "kenmyer@contoso.com"])
        judged = self.ok("show-oauth-token", "-", "--output", "json", stdin=self.token.encode()).json()
        self.assertEqual(judged["Kind"], "UserContext")
        self.assertIn({"Name": "smtp", "Value": "kenmyer@contoso.com"}, judged["Claims"])
        self.expect(0, words=["--mailbox", "kenmyer@contoso.com", "--app-only"])
        self.assertEqual(self.ok("show-oauth-token", "-", "--output", "json", stdin=self.token.encode()).json()["Kind"],
                         "AppOnly")

    def test_the_token_is_never_shown(self):
        self.refusal = ("401 Unauthorized", None)

        def echo(request, connection):
            answer = self.guard(request, connection)
            return answer.replace(b"Date:", b"x-ms-diagnostics: 2000001;reason=\"" + getattr(self, "token", "").encode() +
                                  b"\";error_category=\"invalid_token\"\r\nDate:")

        server = self.serve(echo)
        for form in ([], ["--output", "json"], ["--output", "yaml"], ["--verbose"]):
            call = self.run_program("test-oauth-connectivity", "--service", "generic", "--target-uri", server.url("/x"),
                                    "--ca-file", self.ca, *form)
            self.assertEqual(call.code, 5, call)
            self.assertTrue(self.token.startswith("eyJ"))
            self.assertNotIn(self.token[:20].encode(), call.out + call.err)

    def test_what_the_server_says_is_explained_by_its_row(self):
        for code, category, reason, row, words in (
                (2000003, "invalid_resource", "The hostname component of the audience claim value is invalid.", "AUDIENCE-HOST", []),
                (2000004, "invalid_tenant", "The tenant for tenant guid 'x' does not exist.", "REALM-MISMATCH", []),
                (2000002, "token_expired", "The token has expired.", "CLOCK-SKEW", []),
                (2000000, "invalid_signature", "The token has an invalid signature.", "CERT-NOTIFY", []),
                (2000005, "invalid_user", "The user is ambiguous.", "USER-MAPPING", ["--mailbox", "a@contoso.com"]),
                (2000001, "invalid_token", "This token profile 'S2SAppActAs' is not applicable.", "PARTNER-TRUST",
                 ["--mailbox", "a@contoso.com"]),
                (4000000, "oauth_not_available", "Flighting is not enabled.", "OAUTH-OFF", [])):
            with self.subTest(row=row):
                self.refusal = ("401 Unauthorized", f'{code};reason="{reason}";error_category="{category}"')
                test = self.expect(5, row, step="Authenticated call", words=words)
                self.assertIn(reason, test["Steps"][-1]["Detail"])
        self.refusal = ("401 Unauthorized", None)
        self.expect(5, step="Authenticated call")
        self.refusal = ("403 Forbidden", "7;reason=\"\x1b[31m\"")
        self.expect(5, step="Authenticated call")

    def test_what_is_not_a_refusal_passes_or_says_nothing(self):
        for status, code in (("200 OK", 0), ("400 Bad Request", 0), ("404 Not Found", 0), ("405 Method Not Allowed", 0),
                             ("500 Internal Server Error", 5), ("302 Found", 5)):
            with self.subTest(status=status):
                self.refusal = (status, None)
                self.expect(code, step="Authenticated call" if code else None)

    def test_a_redirect_takes_no_token_with_it(self):
        other = self.serve(self.guard)
        taken = self.serve(lambda request, connection: self.guard(request, connection) if b"Bearer eyJ" not in request else
                           response(b"", "307 Temporary Redirect", Location=other.url("/ews/exchange.asmx")))
        self.target = taken.url("/ews/exchange.asmx")
        self.expect(5, step="Authenticated call")
        self.assertEqual(other.connections, 0)

    def test_no_challenge_of_oauth(self):
        for challenge in ("Negotiate, NTLM", 'Basic realm="x"', 'Bearer realm="a", realm="b"'):
            with self.subTest(challenge=challenge):
                self.challenge = challenge
                self.expect(5, "OAUTH-OFF", step="Challenge")
        open_page = self.serve(self.page(b"welcome"))
        self.target = open_page.url("/ews/exchange.asmx")
        self.expect(5, "OAUTH-OFF", step="Anonymous call")

    def test_a_challenge_is_believed_only_where_it_is_registered(self):
        for challenge, row in ((f'Bearer client_id="{EXCHANGE}", realm="evil.example", trusted_issuers="*@*"', "REALM-CHANGED"),
                               ('Bearer client_id="00000003-0000-0ff1-ce00-000000000000", realm="contoso.com"', "PARTNER-ID")):
            with self.subTest(row=row):
                self.challenge = challenge
                self.expect(5, row, step="Partner")
                self.assertEqual(len(self.seen), 1)
                self.seen.clear()
        self.ok("set-partner-application", "exchange", "--enabled", "false")
        self.challenge = f'Bearer client_id="{EXCHANGE}"'
        self.expect(5, "PARTNER-DISABLED", step="Partner")

    def test_who_it_trusts(self):
        for trusted, code in ((f"{LYNC}@*", 0), (f"{LYNC.upper()}@LITWAREINC.com", 0), ("", 5), (f"{LYNC}@old.example", 5),
                              (f"{EXCHANGE}@litwareinc.com", 5)):
            with self.subTest(trusted=trusted):
                self.challenge = f'Bearer client_id="{EXCHANGE}", trusted_issuers="{trusted}"'
                self.expect(code, *(["REALM-MISMATCH"] if code else []), step="Issuer" if code else None)
        self.challenge = f'Bearer client_id="{EXCHANGE}"'
        self.expect(0)

    def test_a_clock_far_off(self):
        answer = self.guard
        late = self.serve(lambda request, connection: answer(request, connection).replace(now_text().encode(),
                                                                                            now_text(-4000).encode()))
        self.target = late.url("/ews/exchange.asmx")
        test = self.judged("test-oauth-connectivity", "--service", "ews", "--target-uri", self.target, "--ca-file", self.ca, code=5)
        self.assertIn("CLOCK-SKEW", rows(test))

    def test_a_server_that_is_not_verified_gets_no_token(self):
        test = self.judged("test-oauth-connectivity", "--service", "ews", "--target-uri", self.target, "--trust-any-certificate",
                           code=5)
        self.assertEqual(failed(test), ["Token"])
        self.assertEqual(len(self.seen), 1)
        closed = ClosedPort()
        self.addCleanup(closed.close)
        self.target = f"https://localhost:{closed.port}/ews/exchange.asmx"
        self.expect(5, "META-UNREACHABLE", step="Connect")
        self.target = self.serve(self.guard, self.expired).url("/ews/exchange.asmx")
        self.expect(5, "META-TLS", step="TLS")

    def test_the_exchange_of_the_configuration(self):
        self.ok("set-oauth-configuration", "--exchange-autodiscover-url", self.guarded.url("/autodiscover/autodiscover.svc"))
        test = self.judged("test-ex-storage-connectivity", "sip:kenmyer@contoso.com", "--folder", "Dropbox", code=0)
        self.assertEqual(test["Steps"][-1]["Result"], "Skip")
        self.assertIn("folder 'Dropbox' is not opened", test["Steps"][-1]["Detail"])
        judged = self.ok("show-oauth-token", "-", "--output", "json", stdin=self.token.encode()).json()
        self.assertIn({"Name": "sip", "Value": "kenmyer@contoso.com"}, judged["Claims"])
        test = self.judged("test-unified-contact-store", "pool.contoso.com", "--user-sip-address", "kenmyer@contoso.com", code=0)
        self.assertEqual((test["Steps"][-1]["Name"], test["Steps"][-1]["Result"]), ("Contacts", "Skip"))
        self.ok("set-oauth-configuration", "--exchange-autodiscover-url", "")
        test = self.judged("test-unified-contact-store", code=5)
        self.assertEqual((rows(test), failed(test), len(test["Steps"])), (["AUTODISCOVER"], ["URL"], 13))


class Deployment(Doctor):
    def test_everything_at_once(self):
        server = self.serve(self.page(self.document))
        self.register(server.url(AUTODISCOVER))
        self.ok("new-partner-application", "farm", "--certificate-file-data", DATA / "cert-rsa.pem", "--realm", "farm",
                "--application-identifier", "sharepoint", "--application-trust-level", "full", "--learns-our-keys-by",
                "metadata", "--told-thumbprint", self.our_thumbprint())
        test = self.judged("test-deployment", code=0)
        self.assertEqual((test["Verdict"], test["Cause"], test["Findings"]), ("Ok", "nothing is wrong", []))
        self.assertEqual([one["Target"] for one in test["Tests"]], ["exchange", "farm"])
        self.assertTrue(any("was told of our keys" in one["Change"] for one in test["Changes"]))
        self.assertEqual(self.judged("test-deployment", "--since", "0s", code=0)["Changes"], [])
        self.ok("set-partner-application", "farm", "--enabled", "false")
        self.ok("set-oauth-configuration", "--hosts", "")
        test = self.judged("test-deployment", code=5)
        self.assertEqual(rows(test), ["PARTNER-DISABLED", "AUDIENCE-OPEN"])
        self.assertTrue(test["Cause"].startswith("PARTNER-DISABLED (farm): "))
        self.assertEqual(rows(self.judged("test-deployment", "--partner", "exchange", code=0)), ["AUDIENCE-OPEN"])
        call = self.run_program("test-deployment", "--nagios")
        self.assertEqual(call.code, 2, call)
        self.assertRegex(call.text, r"^DEPLOYMENT CRITICAL - PARTNER-DISABLED \(farm\): .*\|tested=2 failed=1\n$")
        server.close()
        text = self.run_program("test-deployment").text
        self.assertIn("META-UNREACHABLE Error (exchange)", text)
        self.assertIn("\nChanged in the last 3d\n", text)

    def test_what_cannot_be_tested_is_unknown_to_a_monitor(self):
        (self.scratch.path / "lync.db").unlink()
        call = self.run_program("test-deployment", "--nagios")
        self.assertEqual(call.code, 3, call)
        self.assertTrue(call.text.startswith("DEPLOYMENT UNKNOWN - "), call)
        call = self.run_program("test-deployment", "--output", "json")
        self.assertEqual((call.code, call.error()["id"]), (7, "Store.Missing"))


class Real(ProgramTest):
    """Between our own token services: an Exchange and a Lync that trust each other, and an authorization server."""

    TENANT = "tenant.example"

    def setUp(self):
        super().setUp()
        self.authority = ServiceAuthority(self.scratch.path)
        self.services = {}
        self.deploy("mail", "exchange", "contoso.com", "cert-p384-pair.pem")
        self.deploy("lync", "lync", "litwareinc.com", "cert-ed25519-pair.pem", running=False)

    def deploy(self, name, service, domain, certificate, *words, running=True):
        """NAME.db and, as a rule, its service, whose address its document NAME.json has."""
        store = ("--store", f"{name}.db")
        self.ok("new-management-store", *store, "--service-name", service, "--sip-domain", domain)
        self.ok("import-certificate", *store, "--path", DATA / certificate, "--identity", "global", "--type", "OAuthTokenIssuer")
        self.ok("set-oauth-configuration", *store, "--hosts", "127.0.0.1", "--public-url", "https://127.0.0.1:1")
        if running:
            service = TokenService(self.scratch, f"{name}.db", self.authority, "--refresh", "0", *words)
            self.addCleanup(service.__exit__, None, None, None)
            self.services[name] = service
            self.ok("set-oauth-configuration", *store, "--public-url", service.url)
        self.ok("export-auth-metadata", *store, "--output-file", f"{name}.json")

    def trust(self, name, other, *words, level="full"):
        """`name` takes tokens of `other`, and counts as told of its key by it."""
        self.ok("new-partner-application", other, "--store", f"{name}.db", "--metadata-file", f"{other}.json",
                "--application-trust-level", level, "--ca-file", "ca.pem", "--told-thumbprint", self.key_of(name), *words)

    def key_of(self, name):
        return self.ok("get-certificate", "--store", f"{name}.db", "--where", 'State -eq "Current"', "--property", "Thumbprint",
                       "--output", "value").text.strip()

    def judged(self, *words, code):
        call = self.run_program(*words, "--store", "lync.db", "--output", "json")
        self.assertEqual(call.code, code, call)
        return call.json()

    def call(self, *words, code, rows_are=(), step=None):
        target = self.services["mail"].url + "/ews/exchange.asmx"
        test = self.judged("test-oauth-connectivity", "--service", "ews", "--target-uri", target, "--ca-file", "ca.pem", *words,
                           code=code)
        self.assertEqual((rows(test), failed(test)[:1]), (list(rows_are), [step] if step else []), test)
        return test

    def test_two_that_trust_each_other(self):
        self.trust("mail", "lync")
        self.trust("lync", "mail")
        self.ok("set-oauth-configuration", "--store", "lync.db", "--exchange-autodiscover-url",
                self.services["mail"].url + "/autodiscover/autodiscover.svc")
        self.assertEqual(rows(self.judged("test-partner-application", "mail", code=0)), [])
        self.assertEqual(self.judged("test-deployment", code=0)["Cause"], "nothing is wrong")
        self.call(code=0)
        self.call("--mailbox", "kenmyer@contoso.com", code=0)
        self.judged("test-ex-storage-connectivity", "kenmyer@contoso.com", code=0)

        # We roll, and nobody tells them.
        self.ok("request-certificate", "--store", "lync.db", "--new", "--self-signed", "--key-alg", "P-256", "--identity", "global",
                "--type", "OAuthTokenIssuer", "--confirm=false")
        self.call(code=5, rows_are=["CERT-NOTIFY"], step="Authenticated call")
        self.ok("export-auth-metadata", "--store", "lync.db", "--output-file", "lync.json")
        self.ok("set-partner-application", "lync", "--store", "mail.db", "--metadata-file", "lync.json")
        self.call(code=0)
        # They disable us.
        self.ok("set-partner-application", "lync", "--store", "mail.db", "--enabled", "false")
        self.call(code=5, rows_are=["REALM-MISMATCH"], step="Issuer")
        self.ok("set-partner-application", "lync", "--store", "mail.db", "--enabled", "true")
        # They trust us for ourselves alone.
        self.ok("set-partner-application", "lync", "--store", "mail.db", "--application-trust-level", "application")
        self.call(code=0)
        test = self.call("--mailbox", "kenmyer@contoso.com", code=5, rows_are=["PARTNER-TRUST"], step="Authenticated call")
        self.assertIn("2000001", test["Steps"][-1]["Detail"])
        # We are renamed.
        self.ok("set-partner-application", "lync", "--store", "mail.db", "--application-trust-level", "full")
        self.ok("set-oauth-configuration", "--store", "lync.db", "--realm", "renamed.example", "--confirm=false")
        self.call(code=5, rows_are=["REALM-MISMATCH"], step="Issuer")
        self.assertIn("OUR-NAME-CHANGED", rows(self.judged("test-partner-application", "mail", code=5)))
        # They roll.
        self.ok("request-certificate", "--store", "mail.db", "--new", "--self-signed", "--key-alg", "P-256", "--identity", "global",
                "--type", "OAuthTokenIssuer", "--confirm=false")
        self.assertIn("META-STALE", rows(self.judged("test-partner-application", "mail", code=5)))

    def test_two_with_an_authorization_server(self):
        self.deploy("sts", "sts", self.TENANT, "cert-ed25519-pair.pem", "--role", "metadata,resource,issuer")
        self.trust("sts", "mail")
        self.trust("sts", "lync")
        for name, other, principal in (("mail", "lync", LYNC), ("lync", "mail", EXCHANGE)):
            self.ok("new-oauth-server", "sts", "--store", f"{name}.db", "--metadata-url",
                    f"{self.services['sts'].url}/{self.TENANT}/metadata/json/1", "--metadata-file", "sts.json", "--ca-file", "ca.pem",
                    "--told-thumbprint", self.key_of(name))
            self.ok("new-partner-application", other, "--store", f"{name}.db", "--application-identifier", principal,
                    "--use-oauth-server", "--realm", self.TENANT, "--application-trust-level", "full")
        test = self.call(code=0)
        self.assertIn("OAuth server 'sts'", test["Steps"][8]["Detail"])
        self.call("--mailbox", "kenmyer@contoso.com", code=0)
        # The authorization server does not know us any more.
        self.ok("set-partner-application", "lync", "--store", "sts.db", "--enabled", "false")
        test = self.call(code=5, rows_are=["CERT-NOTIFY"], step="Token")
        self.assertIn("'sts' refused it: invalid_client", test["Steps"][9]["Detail"])
        self.ok("set-oauth-server", "sts", "--store", "lync.db", "--enabled", "false")
        self.call(code=5, rows_are=["OAUTHSERVER-MISSING"], step="Issuer")


if __name__ == "__main__":
    main()
