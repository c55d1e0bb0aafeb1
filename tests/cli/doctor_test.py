"""The doctor against servers on loopback: each fault is made, and the row that names it comes out, from the real programs."""

import datetime
import email.utils
import json
import unittest

from accord_program import DATA, ProgramTest, Scratch, main
from tls_server import Authority, ClosedPort, Server, response

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


if __name__ == "__main__":
    main()
