"""Trust over the network: registered by URL, read again, tokens from an authorization server, and the three scenarios."""

import contextlib
import json
import os
import re
import threading
import time
import unittest

from accord_program import BIN, SOURCE, ProgramTest, main
from tls_server import Server, response
from token_service import PATIENCE, Authority, TokenService

EXCHANGE = "00000002-0000-0ff1-ce00-000000000000"
SHAREPOINT = "00000003-0000-0ff1-ce00-000000000000"
METADATA = "/metadata/json/1"


class LiveTest(ProgramTest):
    def setUp(self):
        super().setUp()
        self.authority = Authority(self.scratch.path)
        self.ca = ("--ca-file", self.authority.file)

    def deployment(self, name, service, domain, pfx="cert-modern.pfx"):
        store = f"{name}.db"
        self.scratch.issuer(store, service, domain, pfx)
        self.ok("set-oauth-configuration", "--store", store, "--hosts", "localhost")
        return store

    @contextlib.contextmanager
    def serving(self, store, *words):
        """Gives its base URL; its document says the same."""
        with TokenService(self.scratch, store, self.authority, *words) as service:
            url = f"https://localhost:{service.port}"
            self.ok("set-oauth-configuration", "--store", store, "--public-url", url)
            yield url

    def records(self, *words):
        return self.ok(*words, "--output", "json").json()

    def refused(self, code, *words):
        call = self.run_program(*words, "--output", "json")
        self.assertEqual(call.code, code, call)
        return call.error()


class Registration(LiveTest):
    def setUp(self):
        super().setUp()
        self.lync = self.deployment("lync", "lync", "litwareinc.com")
        self.exchange = self.deployment("exchange", "exchange", "contoso.com", "cert-p384-pair.pem")

    def register(self, url, *words):
        return self.records("new-partner-application", "exchange", "--store", self.lync, "--metadata-url", url,
                            "--application-trust-level", "full", *self.ca, *words)

    def update(self, *words):
        return self.run_program("update-partner-application", *words, "--store", self.lync, "--output", "json")

    def stored(self):
        return self.records("get-partner-application", "exchange", "--store", self.lync)

    def test_everything_comes_from_the_document(self):
        with self.serving(self.exchange) as url:
            made = self.register(url + "/autodiscover/metadata/json/1")
            self.assertEqual((made["ApplicationIdentifier"], made["Realm"]), (EXCHANGE, "contoso.com"))
            self.assertEqual(made["MetadataUrl"], url + "/autodiscover/metadata/json/1")
            self.assertEqual(made["LastRefreshResult"], "Success")
            # The authority is kept, so that reading it again needs none.
            call = self.update("exchange")
            self.assertEqual((call.code, call.json()["Result"]), (0, "Unchanged"), call)

    def test_nothing_is_stored_where_the_document_cannot_be_had(self):
        with self.serving(self.exchange) as url:
            error = self.refused(8, "new-partner-application", "exchange", "--store", self.lync, "--metadata-url",
                                 url + METADATA, "--application-trust-level", "full")
            self.assertEqual(error["id"], "Network.TlsRefused")
            self.assertIn("--ca-file", error["try"])
        self.assertEqual(self.records("get-partner-application", "--store", self.lync), [])

    def test_keys_come_and_go(self):
        with self.serving(self.exchange) as url:
            first = self.register(url + METADATA)["Thumbprints"]
            self.ok("request-certificate", "--store", self.exchange, "--new", "--self-signed", "--identity", "global", "--type",
                    "OAuthTokenIssuer", "--roll", "--effective-date", "+30d")
            done = self.update("--all").json()
            self.assertEqual([(one["Identity"], one["Result"], one["Kept"]) for one in done],
                             [("exchange", "Updated", first)])
            self.assertEqual(self.stored()["Thumbprints"], first + done[0]["Added"])
            self.ok("remove-certificate", "--store", self.exchange, "--type", "OAuthTokenIssuer", "--staged")
            self.assertEqual(self.update("exchange").json()["Removed"], done[0]["Added"])
            self.assertEqual(self.stored()["Thumbprints"], first)

    def test_a_stranger_at_the_url_is_refused(self):
        with self.serving(self.exchange) as url:
            first = self.register(url + METADATA)["Thumbprints"]
            self.ok("import-certificate", "--store", self.exchange, "--path", SOURCE / "tests/data/cert-ed25519-pair.pem",
                    "--identity", "global", "--type", "OAuthTokenIssuer", "--confirm=false")
            self.ok("remove-certificate", "--store", self.exchange, "--type", "OAuthTokenIssuer", "--previous",
                    "--confirm=false")
            call = self.update("exchange")
            self.assertEqual((call.code, call.error()["id"]), (5, "Metadata.Refused"), call)
            self.assertEqual(self.stored()["Thumbprints"], first)
            self.assertTrue(self.stored()["LastRefreshResult"].startswith("Refused: "))
            self.assertEqual(self.update("exchange", "--accept-new-keys").code, 0)
            self.assertNotEqual(self.stored()["Thumbprints"], first)

    def test_who_does_not_answer_is_recorded_and_keeps_its_keys(self):
        with self.serving(self.exchange) as url:
            made = self.register(url + METADATA)
        call = self.update("--all")
        self.assertEqual((call.code, call.error()["id"]), (8, "Network.NoConnection"), call)
        self.assertEqual([one["Result"] for one in call.json()], ["Failed"])
        stored = self.stored()
        self.assertEqual(stored["Thumbprints"], made["Thumbprints"])
        self.assertIn("connection refused", stored["LastRefreshResult"])
        # A dry run ends as the real one, and records nothing.
        before = self.stored()
        self.assertEqual(self.update("exchange", "--what-if").code, 8)
        self.assertEqual(self.stored(), before)

    def test_the_store_is_not_held_while_a_server_is_waited_for(self):
        asked, go_on = threading.Event(), threading.Event()
        with self.serving(self.exchange) as url:
            self.register(url + METADATA)
        document = self.ok("export-auth-metadata", "--store", self.exchange).out

        def slow(request, connection):
            asked.set()
            go_on.wait(10)
            return response(document)

        certificate, key = self.authority.server("slow")
        both = self.scratch.path / "both.pem"
        both.write_bytes(certificate.read_bytes() + key.read_bytes())
        server = Server(slow, both)
        self.addCleanup(server.close)
        self.ok("set-partner-application", "exchange", "--store", self.lync, "--metadata-url", server.url(METADATA),
                "--metadata-file", self.document_file(document))
        calls = []
        thread = threading.Thread(target=lambda: calls.append(self.update("exchange")))
        thread.start()
        self.assertTrue(asked.wait(PATIENCE))
        started = time.monotonic()
        self.ok("set-oauth-configuration", "--store", self.lync, "--token-lifetime", "2h")
        waited = time.monotonic() - started
        go_on.set()
        thread.join()
        self.assertEqual(calls[0].code, 0, calls[0])
        self.assertLess(waited, 5)

    def document_file(self, document):
        path = self.scratch.path / "document.json"
        path.write_bytes(document)
        return path

    def test_a_batch_that_is_one_transaction_waits_for_nobody(self):
        lines = b"new-partner-application x --metadata-url https://127.0.0.1:1/ --application-trust-level full\n"
        call = self.run_program("invoke-batch", "-", "--atomic", "--store", self.lync, stdin=lines)
        self.assertEqual(call.code, 2, call)
        self.assertIn(b"--metadata-file", call.err)


class AuthorizationServer(LiveTest):
    def setUp(self):
        super().setUp()
        self.sts = self.deployment("sts", "sts", "tenant.example")
        self.lync = self.deployment("lync", "lync", "litwareinc.com", "cert-p384-pair.pem")
        self.exchange = self.deployment("exchange", "exchange", "contoso.com", "cert-ed25519-pair.pem")
        for store, name in ((self.lync, "lync"), (self.exchange, "exchange")):
            file = self.scratch.path / f"{name}.json"
            self.ok("set-oauth-configuration", "--store", store, "--public-url", f"https://{name}.example")
            self.ok("export-auth-metadata", "--store", store, "--output-file", file)
            self.ok("new-partner-application", name, "--store", self.sts, "--metadata-file", file,
                    "--application-trust-level", "full")
        self.resource = f"{EXCHANGE}/exchange.example@contoso.com"

    def request(self, *words, resource=None):
        return self.run_program("request-oauth-token", "sts", "--store", self.lync, "--resource", resource or self.resource,
                                *words)

    def trust(self, url, path=METADATA, *words):
        for store in (self.lync, self.exchange):
            made = self.records("new-oauth-server", "sts", "--store", store, "--metadata-url", url + path, *self.ca, *words)
        self.ok("new-partner-application", "lync", "--store", self.exchange, "--application-identifier", "lync",
                "--application-trust-level", "full", "--use-oauth-server")
        self.ok("set-oauth-configuration", "--store", self.exchange, "--hosts", "exchange.example")
        return made

    def test_a_token_is_asked_for_and_accepted(self):
        with self.serving(self.sts, "--role", "metadata,resource,issuer") as url:
            made = self.trust(url)
            self.assertEqual((made["Type"], made["TokenEndpoint"]), ("Acs", url + "/tenant.example/tokens/OAuth/2"))
            for grant in ("acs", "JwtBearer", "ClientCredentials"):
                with self.subTest(grant=grant):
                    call = self.request("--grant", grant)
                    self.assertEqual(call.code, 0, call)
                    self.assertRegex(call.text, r"^[\w-]+\.[\w-]+\.[\w-]+\n$")
                    verdict = self.ok("test-oauth-token", "-", "--store", self.exchange, "--output", "json",
                                      stdin=call.out).json()
                    self.assertEqual((verdict["Result"], verdict["Partner"]), ("Success", "lync"))
            shown = self.ok("request-oauth-token", "sts", "--store", self.lync, "--resource", self.resource, "--output",
                            "json").json()
            self.assertEqual((shown["Audience"], shown["Issuer"]),
                             (self.resource, "00000001-0000-0000-c000-000000000000@tenant.example"))

    def test_the_server_says_why_not(self):
        with self.serving(self.sts, "--role", "metadata,issuer") as url:
            self.trust(url)
            call = self.request("--output", "json", resource=f"{SHAREPOINT}/sharepoint.example@contoso.com")
            self.assertEqual((call.code, call.error()["id"]), (8, "OAuthServer.Refused"), call)
            self.assertIn("invalid_request", call.error()["message"])
            self.assertIn("show-oauth-diagnostic", call.error()["try"])
            self.ok("set-partner-application", "lync", "--store", self.sts, "--enabled", "false")
            call = self.request("--output", "json")
            self.assertEqual((call.code, call.error()["id"]), (8, "OAuthServer.Refused"), call)
            self.assertIn("invalid_client", call.error()["message"])

    def test_its_openid_configuration_will_do_as_well(self):
        with self.serving(self.sts, "--role", "metadata,resource,issuer") as url:
            made = self.trust(url, "/.well-known/openid-configuration")
            self.assertEqual((made["Type"], made["Realm"]), ("Oidc", "tenant.example"))
            call = self.request("--grant", "JwtBearer")
            self.assertEqual(call.code, 0, call)
            done = self.records("update-oauth-server", "sts", "--store", self.lync)
            self.assertEqual(done["Result"], "Unchanged")

    def answers(self, body, status="200 OK"):
        """lync's registered server, whose token endpoint gives this answer."""
        certificate, key = self.authority.server("fake")
        both = self.scratch.path / "fake-both.pem"
        both.write_bytes(certificate.read_bytes() + key.read_bytes())
        server = Server(response(body, status, Content_Type="application/json"), both)
        self.addCleanup(server.close)
        self.ok("set-oauth-configuration", "--store", self.sts, "--public-url", f"https://localhost:{server.port}")
        file = self.scratch.path / "sts.json"
        self.ok("export-auth-metadata", "--store", self.sts, "--output-file", file)
        self.ok("new-oauth-server", "sts", "--store", self.lync, "--metadata-file", file, *self.ca)
        return server

    def test_what_is_no_good_answer_is_told_apart(self):
        token = self.ok("new-oauth-token", "exchange", "--store", self.sts, "--host", "exchange.example").text.strip()
        server = self.answers(b"")
        cases = {
            "no JSON": (b"hello", "200 OK", "OAuthServer.WrongAnswer"),
            "no token": (b'{"token_type":"Bearer","expires_in":"1"}', "200 OK", "OAuthServer.WrongAnswer"),
            "not Bearer": (b'{"token_type":"mac","access_token":"a.b.c","expires_in":1}', "200 OK",
                           "OAuthServer.WrongAnswer"),
            "not a token": (b'{"token_type":"Bearer","access_token":"secret","expires_in":1}', "200 OK",
                            "OAuthServer.WrongAnswer"),
            # The server's own token, but not one that it issued for us.
            "for itself": (json.dumps({"token_type": "Bearer", "access_token": token, "expires_in": 1}).encode(), "200 OK",
                           "OAuthServer.WrongAnswer"),
            "refusal": (b'{"error":"invalid_client","error_description":"ACS50012: Authentication failed.\\r\\nTrace ID: x"}',
                        "400 Bad Request", "OAuthServer.Refused"),
            "a page": (b"<html>", "502 Bad Gateway", "Network.Status"),
            "a redirect": (b"", "302 Found", "Network.Redirected"),
        }
        for name, (body, status, wanted) in cases.items():
            with self.subTest(name):
                more = {"Location": "https://elsewhere.example/"} if status.startswith("302") else {}
                server.answer = response(body, status, **more)
                call = self.request("--output", "json")
                self.assertEqual((call.code, call.error()["id"]), (8, wanted), call)
                self.assertNotIn(b"secret", call.err)
                self.assertNotIn(token.encode(), call.err)
                if name == "refusal":
                    self.assertIn("ACS50012", call.error()["message"])

    def test_the_assertion_goes_to_the_registered_endpoint_alone(self):
        server = self.answers(b'{"error":"invalid_grant"}', "400 Bad Request")
        self.request()
        head, _, body = server.requests[0].partition(b"\r\n\r\n")
        self.assertTrue(head.startswith(b"POST /tenant.example/tokens/OAuth/2 HTTP/1.1"), head)
        self.assertIn(b"application/x-www-form-urlencoded", head)
        self.assertNotIn(b"Authorization", head)


class Scenarios(LiveTest):
    """The script that people run."""

    def test_all_three(self):
        environment = {**self.scratch.env, "TMPDIR": str(self.scratch.path)}
        call = self.scratch.run(SOURCE / "scripts" / "scenario", "all", env=environment, timeout=20 * PATIENCE)
        self.assertEqual(call.code, 0, call.text[-4000:] + call.err.decode()[-4000:])
        self.assertIn("Everything went as it should.", call.text)
        self.assertEqual(len(re.findall(r"^=== ", call.text, re.M)), 3)
        self.assertEqual(list(self.scratch.path.glob("tmp.*")), [], "it leaves its folder behind")

    def test_what_it_does_not_know(self):
        for words in ([], ["nowhere"]):
            call = self.scratch.run(SOURCE / "scripts" / "scenario", *words)
            self.assertEqual(call.code, 1, call)
            self.assertIn(b"on-premises, hosted, cross-premises", call.err)


class Timer(LiveTest):
    def test_its_unit_reads_all_documents_and_fails_with_them(self):
        unit = (SOURCE / "scripts" / "systemd" / "accord-refresh.service").read_text()
        command = re.search(r"^ExecStart=/usr/bin/env sh -c '(.*)'$", unit, re.M).group(1)
        store = self.deployment("lync", "lync", "litwareinc.com")
        environment = {"ACCORD_STORE": str(self.scratch.path / store)}
        call = self.scratch.run("/bin/sh", "-c", command, env=environment)
        self.assertEqual(call.code, 0, call)
        file = self.scratch.path / "other.json"
        other = self.deployment("exchange", "exchange", "contoso.com", "cert-p384-pair.pem")
        self.ok("set-oauth-configuration", "--store", other, "--public-url", "https://localhost:1")
        self.ok("export-auth-metadata", "--store", other, "--output-file", file)
        self.ok("new-partner-application", "exchange", "--store", store, "--metadata-file", file, "--application-trust-level",
                "full")
        call = self.scratch.run("/bin/sh", "-c", command, env=environment)
        self.assertEqual(call.code, 8, call)
        self.assertEqual(json.loads(call.out.splitlines()[0])["Result"], "Failed")


if __name__ == "__main__":
    os.environ["PATH"] = f"{BIN}:{os.environ['PATH']}"
    main()
