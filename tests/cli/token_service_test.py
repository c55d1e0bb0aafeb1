"""The token service as a partner sees it: documents, challenges, tokens, the token endpoint, and clients that misbehave.

Two deployments trust each other; tokens are made by one with new-oauth-token and given to the service of the other.
"""

import base64
import concurrent.futures
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import time
import unittest

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.serialization import pkcs12

from accord_program import BIN, DATA, ProgramTest, main
from token_service import Authority, TokenService

EXCHANGE = "00000002-0000-0ff1-ce00-000000000000"
SHAREPOINT = "00000003-0000-0ff1-ce00-000000000000"
LYNC = "00000004-0000-0ff1-ce00-000000000000"
STS = "00000001-0000-0000-c000-000000000000"
ACS_GRANT = "http://oauth.net/grant_type/jwt/1.0/bearer"
JWT_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
CLIENT_ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
FULL = ("--application-trust-level", "full")
RESOURCES = ("/test", "/ews/exchange.asmx", "/_vti_bin/client.svc", "/autodiscover/autodiscover.svc")


def received_of(channel):
    try:
        return channel.recv(1000)
    except ConnectionError:
        return b""


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


# Their memory is the sanitizers'; the build says so by the time that calls may take.
IS_SANITIZED = "ACCORD_SECONDS" in os.environ


class Signer:
    """Makes assertions without any of our programs, with the key of cert-modern.pfx."""

    def __init__(self):
        password = (DATA / "password").read_bytes().splitlines()[0]
        self.key, certificate, _ = pkcs12.load_key_and_certificates((DATA / "cert-modern.pfx").read_bytes(), password)
        self.x5t = base64url(certificate.fingerprint(hashes.SHA1()))

    def sign(self, claims, **header):
        head = {"typ": "JWT", "alg": "RS256", "x5t": self.x5t, **header}
        text = ".".join(base64url(json.dumps(part).encode()) for part in (head, claims))
        return f"{text}.{base64url(self.key.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256()))}"


class ServiceTest(ProgramTest):
    def setUp(self):
        super().setUp()
        self.authority = Authority(self.scratch.path)

    def deployment(self, name, service, domain, certificate):
        """A store NAME.db at HOST = NAME.DOMAIN, and its document NAME.json."""
        store = f"{name}.db"
        self.ok("new-management-store", "--store", store, "--service-name", service, "--sip-domain", domain)
        password = ["--password-file", DATA / "password"] if certificate.endswith(".pfx") else []
        self.ok("import-certificate", "--store", store, "--path", DATA / certificate, *password, "--identity", "global",
                "--type", "OAuthTokenIssuer")
        host = f"{name}.{domain}"
        self.ok("set-oauth-configuration", "--store", store, "--hosts", host, "--public-url", f"https://{host}")
        self.export(name)

    def export(self, name):
        self.ok("export-auth-metadata", "--store", f"{name}.db", "--output-file", f"{name}.json")

    def trust(self, name, other, *words):
        """`name` takes tokens of `other`."""
        self.ok("new-partner-application", other, "--store", f"{name}.db", "--metadata-file", f"{other}.json", *FULL, *words)

    def two(self, service="exchange"):
        self.deployment("mail", service, "contoso.com", "cert-p384-pair.pem")
        self.deployment("lync", "lync", "litwareinc.com", "cert-modern.pfx")
        self.trust("mail", "lync")
        self.trust("lync", "mail")

    def mint(self, *words, store="lync", partner="mail"):
        return self.ok("new-oauth-token", "--partner", partner, "--store", f"{store}.db", *words).text.strip()

    def start(self, name, *words, **more):
        return TokenService(self.scratch, f"{name}.db", self.authority, "--refresh", "0", *words, **more)


class Documents(ServiceTest):
    def test_the_documents_are_those_that_are_exported(self):
        self.two()
        with self.start("mail") as service:
            expected = (self.scratch.path / "mail.json").read_bytes()
            for path in ("/metadata/json/1", "/autodiscover/metadata/json/1", "/_layouts/15/metadata/json/1",
                         "/Autodiscover/Metadata/json/1?realm=contoso.com"):
                answer = service.get(path)
                self.assertEqual((answer.status, answer.body), (200, expected), path)
                self.assertEqual(answer.header("Content-Type"), "application/json; charset=utf-8")
                self.assertIsNone(answer.header("Server"))
                self.assertRegex(answer.header("Date"), r"^\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT$")
                head = service.request("HEAD", path)
                self.assertEqual((head.status, head.body, head.header("Content-Length")), (200, b"", str(len(expected))))
            keys = json.loads(service.get("/.well-known/jwks.json").body)["keys"]
            self.assertEqual(len(keys), 1)
            configuration = json.loads(service.get("/.well-known/openid-configuration").body)
            self.assertTrue(configuration["jwks_uri"].endswith("/.well-known/jwks.json"))

    def test_other_paths_and_methods(self):
        self.two()
        with self.start("mail", "--role", "metadata") as service:
            for path in ("/", "/metadata/json/2", "/metadata/json/1/", "/../etc/passwd", "/contoso.com/tokens/OAuth/2", "/test"):
                self.assertEqual(service.get(path).status, 404, path)
            for method in ("POST", "PUT", "DELETE", "OPTIONS", "TRACE", "PATCH", "get"):
                answer = service.request(method, "/metadata/json/1", body=b"")
                self.assertEqual((answer.status, answer.header("Allow")), (405, "GET, HEAD"), method)


class Challenges(ServiceTest):
    def expect_challenge(self, service, expected, headers=()):
        for path in RESOURCES:
            for method in ("GET", "POST", "HEAD"):
                answer = service.request(method, path, headers, b"" if method == "POST" else None)
                self.assertEqual((answer.status, answer.body), (401, b""), path)
                self.assertEqual(answer.header("WWW-Authenticate"), expected)
                self.assertIsNone(answer.header("x-ms-diagnostics"))

    def test_exchange(self):
        self.two()
        expected = (f'Bearer client_id="{EXCHANGE}", trusted_issuers="{LYNC}@litwareinc.com", '
                    'token_types="app_asserted_user_v1 service_asserted_app_v1"')
        with self.start("mail") as service:
            self.expect_challenge(service, expected)
            self.expect_challenge(service, expected, [("Authorization", "Bearer")])
            self.expect_challenge(service, expected, [("Authorization", "Bearer ")])
            self.expect_challenge(service, expected, [("Authorization", "Basic YTpi")])
            self.deployment("sts", "sts", "tenant.example", "cert-modern.pfx")
            self.ok("new-oauth-server", "sts", "--store", "mail.db", "--metadata-file", "sts.json",
                    "--authorization-uri-override", "https://sts.tenant.example/authorize")
            expected = expected.replace("litwareinc.com", f"litwareinc.com,{STS}@tenant.example")
            self.expect_challenge(service, expected)
            self.ok("set-oauth-configuration", "--store", "mail.db", "--client-authorization-oauth-server-identity", "sts")
            self.expect_challenge(service, expected + ', authorization_uri="https://sts.tenant.example/authorize"')

    def test_sharepoint(self):
        self.two(service="sharepoint")
        expected = f'Bearer realm="contoso.com",client_id="{SHAREPOINT}",trusted_issuers="{LYNC}@litwareinc.com"'
        with self.start("mail") as service:
            self.expect_challenge(service, expected)
            self.ok("set-partner-application", "lync", "--store", "mail.db", "--enabled", "false")
            self.expect_challenge(service, f'Bearer realm="contoso.com",client_id="{SHAREPOINT}"')
            refused = service.get("/test", "a.b.c")
            self.assertEqual(refused.header("WWW-Authenticate"),
                             f'Bearer realm="contoso.com",client_id="{SHAREPOINT}",error="invalid_token"')
            self.assertRegex(refused.header("x-ms-diagnostics"), r'^2000001;reason="[^"]+";category="invalid_token"$')

    def test_lync(self):
        self.two()
        with self.start("lync") as service:
            self.expect_challenge(service, f'Bearer trusted_issuers="{EXCHANGE}@contoso.com", client_id="{LYNC}"')
            self.ok("remove-partner-application", "mail", "--store", "lync.db", "--confirm=false")
            self.expect_challenge(service, f'Bearer trusted_issuers="", client_id="{LYNC}"')


class Resource(ServiceTest):
    def setUp(self):
        super().setUp()
        self.two()

    def expect_success(self, service, token, **expected):
        answer = service.get("/ews/exchange.asmx", token)
        self.assertEqual(answer.status, 200, answer)
        said = json.loads(answer.body)
        self.assertEqual(said["result"], "Success")
        for name, value in expected.items():
            self.assertEqual(said[name], value)
        self.assertNotIn(token.split(".")[1].encode(), answer.body)

    def expect_refused(self, service, token, code, category):
        answer = service.get("/test", token)
        self.assertEqual(answer.status, 401, answer)
        self.assertTrue(answer.header("WWW-Authenticate").endswith(', error="invalid_token"'), answer)
        self.assertRegex(answer.header("x-ms-diagnostics"), rf'^{code};reason="[^\r\n]+";error_category="{category}"$')

    def test_good_tokens_are_recognised(self):
        with self.start("mail") as service:
            self.expect_success(service, self.mint(), profile="AppOnly", partner="lync", issuer=f"{LYNC}@litwareinc.com",
                                user=None)
            self.expect_success(service, self.mint("--user-sip", "sip:ken@contoso.com"), profile="UserContext",
                                user="ken@contoso.com", userKind="Sip")
            token = self.mint()
            for path in RESOURCES:
                self.assertEqual(service.get(path, token).status, 200)
                self.assertEqual(service.request("POST", path, [("Authorization", f"bearer {token}")], b"<soap/>").status, 200)
                self.assertEqual(service.request("HEAD", path, [("Authorization", f"Bearer {token}")]).body, b"")
            log = service.log
        self.assertNotIn(token, log)
        self.assertNotIn(token.split(".")[2], log)
        self.assertRegex(log, r"(?m)^\S+Z 127\.0\.0\.1:\d+ GET /ews/exchange\.asmx 200 \d+ [\d.]+ms token='[0-9a-f]{8}' "
                              r"partner='lync' issuer='\S+' profile='AppOnly'$")
        self.assertRegex(log, r"profile='UserContext' user='ken@contoso.com' actor='[0-9a-f]{8}'")

    def test_each_fault_has_its_code(self):
        bad = lambda *words: self.mint("--allow-invalid", *words)
        good = self.mint()
        head, claims, signature = good.split(".")
        broken = f"{head}.{claims}.{'A' if signature[0] != 'A' else 'B'}{signature[1:]}"
        with self.start("mail") as service:
            self.expect_refused(service, broken, 2000000, "invalid_signature")
            self.expect_refused(service, "nonsense", 2000001, "invalid_token")
            self.expect_refused(service, "a" * 17000, 2000001, "invalid_token")
            self.expect_refused(service, bad("--not-before", "-1h", "--lifetime", "5m"), 2000002, "token_expired")
            self.expect_refused(service, bad("--audience", f"{EXCHANGE}/evil.example@contoso.com"), 2000003, "invalid_resource")
            self.expect_refused(service, bad("--audience", f"{EXCHANGE}/mail.contoso.com@else.example"), 2000004,
                                "invalid_tenant")
            self.expect_refused(service, bad("--user-upn", "ken@contoso.com", "--claim", "upn=", "--claim", "nameid=x"),
                                2000005, "invalid_user")
            self.expect_refused(service, bad("--claim", "nameid=other@litwareinc.com"), 2000006, "invalid_client")
            self.ok("import-certificate", "--store", "lync.db", "--path", DATA / "cert-p384-pair.pem")
            other = self.ok("get-certificate", "--store", "lync.db", "--output", "json").json()
            spare = next(one["Thumbprint"] for one in other if one["Use"] in (None, "", "Unassigned"))
            self.expect_refused(service, bad("--sign-with", spare), 2000009, "invalid_certificate")
            self.ok("set-oauth-configuration", "--store", "mail.db", "--token-error-detail", "minimal")
            self.expect_refused(service, bad("--audience", f"{EXCHANGE}/evil.example@contoso.com"), 2000001, "invalid_token")

    def test_a_rollover_and_a_disabled_partner_take_effect_at_once(self):
        with self.start("mail") as service:
            token = self.mint()
            self.expect_success(service, token)
            self.ok("set-partner-application", "lync", "--store", "mail.db", "--enabled", "false")
            self.expect_refused(service, token, 2000001, "invalid_token")
            self.ok("set-partner-application", "lync", "--store", "mail.db", "--enabled", "true")
            self.expect_success(service, token)
            self.ok("import-certificate", "--store", "lync.db", "--path", DATA / "cert-p384-pair.pem", "--identity", "global",
                    "--type", "OAuthTokenIssuer", "--confirm=false")
            rolled = self.mint()
            self.expect_refused(service, rolled, 2000009, "invalid_certificate")
            self.export("lync")
            self.ok("set-partner-application", "lync", "--store", "mail.db", "--metadata-file", "lync.json")
            self.expect_success(service, rolled)
            self.expect_success(service, token)  # of the key before

    def test_a_store_that_is_gone_is_an_answer_and_one_put_back_is_read(self):
        with self.start("mail") as service:
            token = self.mint()
            self.expect_success(service, token)
            shutil.move(self.scratch.path / "mail.db", self.scratch.path / "away.db")
            self.assertEqual(service.get("/test", token).status, 503)
            shutil.copy(self.scratch.path / "away.db", self.scratch.path / "mail.db")
            (self.scratch.path / "mail.db").chmod(0o600)
            self.expect_success(service, token)

    def test_two_authorization_headers_are_one_too_many(self):
        token = self.mint()
        with self.start("mail") as service:
            answer = service.request("GET", "/test", [("Authorization", f"Bearer {token}")] * 2)
            self.assertEqual(answer.status, 400)
            answer = service.request("GET", "/test", [("Authorization", f"Bearer {token}"), ("authorization", "Bearer")])
            self.assertEqual(answer.status, 400)


class TokenEndpoint(ServiceTest):
    """The tenant's authorization server knows Exchange and Lync; Exchange takes the tenant's tokens for Lync."""

    def setUp(self):
        super().setUp()
        self.two()
        self.deployment("sts", "sts", "tenant.example", "cert-modern.pfx")
        self.ok("remove-partner-application", "lync", "--store", "mail.db", "--confirm=false")
        for other in ("lync", "mail"):
            self.trust("sts", other)
        self.path = "/tenant.example/tokens/OAuth/2"
        self.resource = f"{EXCHANGE}/mail.contoso.com@tenant.example"
        self.number = 0
        self.signer = Signer()

    def assertion(self, issuer=f"{LYNC}@tenant.example", audience=f"{STS}/sts.tenant.example@tenant.example", starts=0,
                  lifetime=300, **claims):
        """One of its own each time, unless a jti is given."""
        self.number += 1
        begin = int(time.time()) + starts
        return self.signer.sign({"iss": issuer, "aud": audience, "iat": str(begin), "nbf": str(begin),
                                 "exp": str(begin + lifetime), "jti": str(self.number), **claims})

    def ask(self, service, assertion, grant=ACS_GRANT, **more):
        return service.post_form(self.path, {"grant_type": grant, "assertion": assertion, "resource": self.resource, **more})

    def expect_error(self, answer, error, status=400):
        self.assertEqual(answer.status, status, answer)
        self.assertEqual(json.loads(answer.body)["error"], error, answer)
        self.assertEqual((answer.header("Cache-Control"), answer.header("Pragma")), ("no-store", "no-cache"))
        return json.loads(answer.body)["error_description"]

    def issuer(self):
        return self.start("sts", "--role", "metadata,resource,issuer")

    def test_a_token_is_issued_for_an_assertion_and_the_resource_takes_it(self):
        with self.issuer() as service:
            for grant in (ACS_GRANT, JWT_GRANT):
                answer = self.ask(service, self.assertion(), grant)
                self.assertEqual(answer.status, 200, answer)
                self.assertEqual((answer.header("Cache-Control"), answer.header("Pragma")), ("no-store", "no-cache"))
                said = json.loads(answer.body)
                self.assertEqual(list(said), ["token_type", "expires_in", "not_before", "expires_on", "resource", "access_token"])
                self.assertTrue(all(isinstance(value, str) for value in said.values()))
                self.assertEqual((said["token_type"], said["expires_in"], said["resource"]), ("Bearer", "28800", self.resource))
                self.assertEqual(int(said["expires_on"]) - int(said["not_before"]), 28800)
                self.assertLess(abs(int(said["not_before"]) - time.time()), 60)
            token = said["access_token"]
            claims = json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))
            self.assertEqual(claims, {
                "aud": self.resource, "iss": f"{STS}@tenant.example", "nbf": int(said["not_before"]),
                "exp": int(said["expires_on"]), "nameid": f"{LYNC}@tenant.example", "trustedfordelegation": "true",
                "identityprovider": f"{STS}@tenant.example"})
            log = service.log
        self.assertNotIn(token, log)
        self.assertRegex(log, r"POST /tenant\.example/tokens/OAuth/2 200 \d+ [\d.]+ms assertion='[0-9a-f]{8}' partner='lync' "
                              r"issuer='\S+' for='mail' token='[0-9a-f]{8}'")

        self.ok("new-oauth-server", "sts", "--store", "mail.db", "--metadata-file", "sts.json")
        self.ok("new-partner-application", "lync", "--store", "mail.db", "--application-identifier", LYNC, "--use-oauth-server",
                *FULL)
        with self.start("mail") as service:
            answer = service.get("/test", token)
            self.assertEqual((answer.status, json.loads(answer.body)["partner"]), (200, "lync"), answer)

    def test_an_assertion_of_new_oauth_token_is_taken(self):
        self.ok("new-oauth-server", "sts", "--store", "lync.db", "--metadata-file", "sts.json")
        with self.issuer() as service:
            made = self.ok("new-oauth-token", "--store", "lync.db", "--profile", "assertion", "--oauth-server", "sts",
                           "--allow-invalid", "--audience", f"{STS}/sts.tenant.example@tenant.example").text.strip()
            self.assertEqual(self.ask(service, made).status, 200)

    def test_tokens_and_tricks_are_no_assertions(self):
        with self.issuer() as service:
            good = json.loads(base64.urlsafe_b64decode(self.assertion().split(".")[1] + "=="))
            for header in ({"alg": "none"}, {"alg": "HS256"}, {"jwk": {}}, {"jku": "https://a/"}, {"crit": []}, {"typ": "at+jwt"}):
                self.expect_error(self.ask(service, self.signer.sign(good, **header)), "invalid_client")
            for claims in ({"actortoken": "a.b.c"}, {"actor": "a@b"}, {"sub": "somebody"}):
                self.expect_error(self.ask(service, self.signer.sign({**good, **claims})), "invalid_client")

    def test_client_credentials_with_an_assertion(self):
        with self.issuer() as service:
            form = {"grant_type": "client_credentials", "client_assertion_type": CLIENT_ASSERTION, "resource": self.resource}
            answer = service.post_form(self.path, {**form, "client_assertion": self.assertion(),
                                                   "client_id": f"{LYNC}@tenant.example"})
            self.assertEqual(answer.status, 200, answer)
            self.expect_error(service.post_form(self.path, {**form, "client_assertion": self.assertion(), "client_id": EXCHANGE}),
                              "invalid_client")
            self.expect_error(service.post_form(self.path, {"grant_type": "client_credentials", "client_secret": "x",
                                                            "resource": self.resource}), "invalid_client")
            self.expect_error(service.post_form(self.path, form), "invalid_request")

    def test_an_assertion_serves_once(self):
        with self.issuer() as service:
            one = self.assertion()
            self.assertEqual(self.ask(service, one).status, 200)
            self.expect_error(self.ask(service, one), "invalid_grant")
            named = self.assertion(jti="same")
            self.assertEqual(self.ask(service, named).status, 200)
            time.sleep(1.1)  # another time in it, and so other bytes
            self.expect_error(self.ask(service, self.assertion(jti="same")), "invalid_grant")
            many = self.assertion()
            with concurrent.futures.ThreadPoolExecutor(8) as pool:
                statuses = list(pool.map(lambda _: self.ask(service, many).status, range(16)))
            self.assertEqual(sorted(statuses), [200] + [400] * 15)

    def test_an_assertion_is_for_exactly_this_service_and_short(self):
        with self.issuer() as service:
            for audience in (f"{STS}/else.example@tenant.example", f"{STS}/sts.tenant.example@else.example",
                             f"{EXCHANGE}/sts.tenant.example@tenant.example", f"{STS}@*"):
                self.expect_error(self.ask(service, self.assertion(audience=audience)), "invalid_grant")
            self.assertEqual(self.ask(service, self.assertion(audience=f"{STS}@tenant.example")).status, 200)
            self.assertEqual(self.ask(service, self.assertion(lifetime=600)).status, 200)
            for times in ({"lifetime": 601}, {"starts": -700, "lifetime": 300}, {"starts": 400}, {"exp": "never"}, {"nbf": None}):
                self.expect_error(self.ask(service, self.assertion(**times)), "invalid_grant")
            wide = self.assertion(lifetime=660)
            self.assertIn("longer than the maximum", self.expect_error(self.ask(service, wide), "invalid_grant"))

    def test_an_unknown_client_and_a_bad_signature_are_told_alike(self):
        with self.issuer() as service:
            unknown = self.expect_error(self.ask(service, self.assertion(issuer="nobody@tenant.example")), "invalid_client")
            good = self.assertion()
            head, claims, signature = good.split(".")
            forged = f"{head}.{claims}.{'A' if signature[0] != 'A' else 'B'}{signature[1:]}"
            self.assertEqual(self.expect_error(self.ask(service, forged), "invalid_client"), unknown)
            self.assertEqual(self.expect_error(self.ask(service, "nonsense"), "invalid_client"), unknown)
            self.ok("set-partner-application", "lync", "--store", "sts.db", "--enabled", "false")
            self.assertEqual(self.expect_error(self.ask(service, good), "invalid_client"), unknown)
            self.ok("set-partner-application", "lync", "--store", "sts.db", "--enabled", "true")
            self.assertEqual(self.ask(service, good).status, 200)

    def test_delegation_is_for_applications_that_are_trusted_fully(self):
        self.ok("set-partner-application", "lync", "--store", "sts.db", "--application-trust-level", "application")
        with self.issuer() as service:
            token = json.loads(self.ask(service, self.assertion()).body)["access_token"]
        claims = json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))
        self.assertEqual(claims["trustedfordelegation"], "false")

    def test_a_resource_is_registered_enabled_and_at_one_of_its_hosts(self):
        with self.issuer() as service:
            for resource in (f"{EXCHANGE}/evil.example@tenant.example", f"{EXCHANGE}/mail.contoso.com@else.example",
                             f"{SHAREPOINT}/mail.contoso.com@tenant.example", f"{EXCHANGE}@tenant.example", "https://mail.contoso.com/"):
                self.expect_error(self.ask(service, self.assertion(), resource=resource), "invalid_request")
            self.assertEqual(self.ask(service, self.assertion(), resource=f"{EXCHANGE}/MAIL.contoso.com@contoso.com").status, 200)
            self.ok("set-partner-application", "mail", "--store", "sts.db", "--enabled", "false")
            self.expect_error(self.ask(service, self.assertion()), "invalid_request")

    def test_requests_that_are_not_as_they_must_be(self):
        with self.issuer() as service:
            answer = service.get(self.path)
            self.assertEqual((answer.status, answer.header("Allow")), (405, "POST"))
            good = self.assertion()
            fields = {"grant_type": ACS_GRANT, "assertion": good, "resource": self.resource}
            form = "application/x-www-form-urlencoded"
            self.expect_error(service.request("POST", self.path, [("Content-Type", "application/json")], b"{}"), "invalid_request")
            self.expect_error(service.request("POST", self.path, [], b"a=b"), "invalid_request")
            self.expect_error(service.request("POST", self.path, [("Content-Type", form)], b""), "invalid_request")
            for body in (b"grant_type=a&grant_type=b", b"grant_type", b"grant_type=%zz", b"\x00"):
                self.expect_error(service.request("POST", self.path, [("Content-Type", form)], body), "invalid_request")
            self.expect_error(service.post_form(self.path, {**fields, "grant_type": "password"}), "unsupported_grant_type")
            for missing in ("grant_type", "assertion", "resource"):
                rest = {name: value for name, value in fields.items() if name != missing}
                self.expect_error(service.post_form(self.path, rest), "invalid_request")
            self.expect_error(service.post_form("/else.example/tokens/OAuth/2", fields), "invalid_request")
            self.expect_error(service.post_form(self.path, fields, [("Authorization", "Basic YTpi")]), "invalid_client", 401)
            twice = [("Authorization", "Basic YTpi")] * 2
            self.assertEqual(service.post_form(self.path, fields, twice).status, 400)
            self.assertEqual(service.post_form(self.path, {**fields, "more": "x" * 70000}).status, 413)
            self.assertEqual(service.post_form(self.path, fields).status, 200)  # nothing of all that has used it up

    def test_only_an_authorization_server_issues(self):
        call = self.run_program("start-token-service", "--store", "mail.db", "--insecure-http", "--listen", "127.0.0.1:0", "--role",
                                "issuer", "--output", "json")
        self.assertEqual((call.code, call.error()["id"]), (2, "Parameter.Clash"), call)
        with self.start("sts") as service:
            self.assertEqual(service.post_form(self.path, {}).status, 404)


    def test_a_key_that_is_not_known_has_the_servers_document_read_again(self):
        with self.issuer() as issuer:
            self.ok("new-oauth-server", "sts", "--store", "mail.db", "--metadata-url", f"{issuer.url}/metadata/json/1", "--ca-file",
                    "ca.pem", "--allow-host", "sts.tenant.example")
            self.ok("new-partner-application", "lync", "--store", "mail.db", "--application-identifier", LYNC,
                    "--use-oauth-server", *FULL)
            issued = lambda: json.loads(self.ask(issuer, self.assertion()).body)["access_token"]
            roll = lambda certificate: self.ok("import-certificate", "--store", "sts.db", "--path", DATA / certificate, "--identity",
                                               "global", "--type", "OAuthTokenIssuer", "--confirm=false")
            with TokenService(self.scratch, "mail.db", self.authority, "--refresh", "1h") as service:
                before = issued()
                self.assertEqual(service.get("/test", before).status, 200)
                roll("cert-p384-pair.pem")
                after = issued()
                refused = service.get("/test", after)
                self.assertIn("2000009;", refused.header("x-ms-diagnostics"))
                end = time.monotonic() + 15
                while service.get("/test", after).status != 200:
                    self.assertLess(time.monotonic(), end, service.log)
                    time.sleep(0.05)
                self.assertEqual(service.get("/test", before).status, 200)
                roll("cert-ed25519-pair.pem")
                for _ in range(3):  # soon after, anybody's unknown key has nothing read
                    self.assertEqual(service.get("/test", issued()).status, 401)
                time.sleep(0.5)
                self.assertEqual(service.log.count("update-oauth-server ended with"), 1, service.log)


class Life(ServiceTest):
    """Starting and ending."""

    def setUp(self):
        super().setUp()
        self.deployment("mail", "exchange", "contoso.com", "cert-p384-pair.pem")

    def test_signals_end_it_with_exit_code_0(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            with self.subTest(number), self.start("mail") as service:
                waiting = service.connection()
                self.assertEqual(service.request("GET", "/test", connection=waiting).status, 401)
                began = time.monotonic()
                service.process.send_signal(number)
                self.assertEqual(service.process.wait(10), 0)
                self.assertLess(time.monotonic() - began, 3)
                with self.assertRaises(OSError):
                    socket.create_connection(("127.0.0.1", service.port), timeout=1)

    def test_a_request_under_way_is_answered_before_the_end(self):
        with self.start("mail") as service, service.socket() as channel:
            channel.sendall(b"POST /test HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\n")
            time.sleep(0.3)
            service.process.send_signal(signal.SIGTERM)
            time.sleep(0.3)
            channel.sendall(b"abc")
            answer = channel.recv(4096)
            self.assertTrue(answer.startswith(b"HTTP/1.1 401 "), answer)
            self.assertIn(b"Connection: close\r\n", answer)
            self.assertEqual(service.process.wait(10), 0)

    def test_a_second_signal_does_not_wait(self):
        with self.start("mail") as service, service.socket() as channel:
            channel.sendall(b"GET /test HTTP/1.1\r\n")
            time.sleep(0.2)
            began = time.monotonic()
            service.process.send_signal(signal.SIGTERM)
            time.sleep(0.2)
            self.assertIsNone(service.process.poll())
            service.process.send_signal(signal.SIGTERM)
            self.assertEqual(service.process.wait(10), 0)
            self.assertLess(time.monotonic() - began, 3)

    def test_it_says_that_it_is_a_test_server_and_quiet_says_nothing(self):
        with self.start("mail") as service:
            service.get("/test")
            self.assertIn("test server", service.log)
            self.assertIn(service.url, service.log)
        with self.start("mail", "--quiet") as service:
            service.get("/test")
            self.assertEqual(service.log, "")

    def test_a_ready_file_that_is_a_link_is_written_through_and_stays(self):
        link, target = self.scratch.path / "link", self.scratch.path / "target"
        target.write_text("")
        link.symlink_to(target)
        with self.start("mail", "--quiet") as service:
            more = subprocess.Popen([BIN / "start-token-service", "--store", "mail.db", "--insecure-http", "--listen", "127.0.0.1:0",
                                     "--once-ready-file", link, "--quiet"], env=self.scratch.env, cwd=self.scratch.path)
            self.addCleanup(more.wait)
            end = time.monotonic() + 20
            while not target.read_text() and time.monotonic() < end:
                time.sleep(0.01)
            self.assertTrue(target.read_text().startswith("http://127.0.0.1:"))
            more.terminate()
            self.assertEqual(more.wait(20), 0)
            self.assertTrue(link.is_symlink() and target.exists())
            self.assertEqual(service.get("/test").status, 401)

    def test_plain_http_on_loopback(self):
        with self.start("mail", tls=None) as service:
            self.assertTrue(service.url.startswith("http://127.0.0.1:"))
            self.assertEqual(service.get("/test").status, 401)

    def test_an_address_in_use(self):
        with self.start("mail") as service:
            call = self.run_program("start-token-service", "--store", "mail.db", "--insecure-http", "--listen",
                                    f"127.0.0.1:{service.port}", "--output", "json")
            self.assertEqual((call.code, call.error()["id"]), (1, "Service.CannotListen"), call)

    def refused(self, *words):
        call = self.run_program("start-token-service", "--store", "mail.db", "--listen", "127.0.0.1:0", "--output", "json", *words)
        self.assertNotEqual(call.code, 0)
        return call.error()["id"], call.error()["message"]

    def test_certificates_and_keys_that_do_not_do(self):
        certificate, key = self.authority.server("good")
        other, other_key = self.authority.server("other")
        tls = lambda one, two: self.refused("--certificate", one, "--key", two)
        self.assertEqual(tls(certificate, other_key)[0], "Key.Invalid")
        self.assertEqual(tls(key, key)[0], "Certificate.Invalid")
        self.assertEqual(tls(certificate, certificate)[0], "File.CannotRead")
        key.chmod(0o640)
        self.assertIn("other users", tls(certificate, key)[1])
        self.assertEqual(tls(certificate, "missing")[0], "File.NotFound")
        subprocess.run(["openssl", "pkcs8", "-topk8", "-in", other_key, "-out", self.scratch.path / "locked.key", "-passout",
                        "pass:x"], check=True, capture_output=True)
        (self.scratch.path / "locked.key").chmod(0o600)
        self.assertEqual(tls(other, "locked.key")[0], "Key.Invalid")

    def test_old_tls_and_weak_ciphers_are_refused(self):
        with self.start("mail") as service:
            for words, good in ((["-tls1_2"], True), (["-tls1_3"], True), (["-tls1_1"], False),
                                (["-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-SHA:@SECLEVEL=0"], False)):
                done = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{service.port}", *words], input=b"",
                                      capture_output=True, timeout=20, check=False)
                self.assertEqual(b"Cipher is (NONE)" not in done.stdout and done.returncode == 0, good, (words, done))


class Hostile(ServiceTest):
    """Clients that misbehave. Plain HTTP, where nothing stands between the bytes and the rules."""

    def setUp(self):
        super().setUp()
        self.deployment("mail", "exchange", "contoso.com", "cert-p384-pair.pem")

    def test_requests_that_could_be_read_in_two_ways(self):
        ok = b"GET /test HTTP/1.1\r\nHost: a\r\n\r\n"
        post = b"POST /test HTTP/1.1\r\nHost: a\r\n"
        cases = {
            b"GET /test HTTP/1.1\nHost: a\n\n": 400,
            b"GET /test HTTP/1.1\r\nHost: a\rX: b\r\n\r\n": 400,
            b"GET /test HTTP/1.1\r\nHost: a\r\n X: b\r\n\r\n": 400,
            b"GET /test HTTP/1.1\r\nHost: a\x00b\r\n\r\n": 400,
            b"GET /test HTTP/1.1\r\n\r\n": 400,
            b"GET /test HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n": 400,
            b"GET http://a/test HTTP/1.1\r\nHost: a\r\n\r\n": 400,
            b"GET * HTTP/1.1\r\nHost: a\r\n\r\n": 400,
            b"GET /te st HTTP/1.1\r\nHost: a\r\n\r\n": 505,
            b"GET /test HTTP/2.0\r\nHost: a\r\n\r\n": 505,
            b"GET /test HTTP/0.9\r\nHost: a\r\n\r\n": 505,
            b"GET /test\r\n\r\n": 400,
            b"\r\n" + ok: 400,
            b"GET /test HTTP/1.1\r\nHost : a\r\n\r\n": 400,
            b"GET /test HTTP/1.1\r\nHost: a\r\nX\r\n\r\n": 400,
            b"G(T /test HTTP/1.1\r\nHost: a\r\n\r\n": 400,
            post + b"Content-Length: 1\r\nContent-Length: 1\r\n\r\na": 400,
            post + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nab": 400,
            post + b"Content-Length: 1, 1\r\n\r\na": 400,
            post + b"Content-Length: +1\r\n\r\na": 400,
            post + b"Content-Length: -1\r\n\r\n": 400,
            post + b"Content-Length: 0x1\r\n\r\na": 400,
            post + b"Content-Length: 99999999999999999999999\r\n\r\n": 400,
            post + b"Content-Length: 70000\r\n\r\n": 413,
            post + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n": 400,
            post + b"Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n": 400,
            post + b"Transfer-Encoding: gzip\r\n\r\n": 501,
            post + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n": 501,
            post + b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n": 501,
            post + b"Transfer-Encoding: xchunked\r\n\r\n": 501,
            post + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n": 400,
            b"POST /test HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n": 400,
            post + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n": 400,
            post + b"Transfer-Encoding: chunked\r\n\r\n-1\r\n": 400,
            post + b"Transfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFF\r\n": 400,
            post + b"Transfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n0\r\n\r\n": 400,
            post + b"Transfer-Encoding: chunked\r\n\r\n11170\r\n": 413,
            post + b"Expect: nothing\r\nContent-Length: 1\r\n\r\na": 417,
            b"GET /test HTTP/1.1\r\nHost: a\r\nX: " + b"a" * 20000 + b"\r\n\r\n": 431,
            b"GET /test HTTP/1.1\r\nHost: a\r\n" + b"X: a\r\n" * 4000 + b"\r\n": 431,
            b"GET /" + b"a" * 20000: 431,
            b"\x16\x03\x01\x02\x00\x01\x00": 400,
        }
        with self.start("mail", tls=None) as service:
            for data, status in cases.items():
                with self.subTest(data[:80]):
                    # What follows must never be taken for a request of its own.
                    received = service.raw(data + b"GET /metadata/json/1 HTTP/1.1\r\nHost: a\r\n\r\n", timeout=8)
                    self.assertTrue(received.startswith(b"HTTP/1.1 %d " % status), received[:200])
                    self.assertEqual(received.count(b"HTTP/1.1 "), 1, received[:500])
            self.assertEqual(service.get("/test").status, 401)

    def test_what_is_unusual_and_good(self):
        host = b"Host: a\r\n"
        close = b"Connection: close\r\n"
        with self.start("mail", tls=None) as service:
            one = b"GET /test HTTP/1.1\r\n" + host + b"\r\n"
            last = b"GET /test HTTP/1.1\r\n" + host + close + b"\r\n"
            self.assertEqual(service.raw(one * 5 + last).count(b"HTTP/1.1 401 "), 6)  # pipelined
            chunked = b"POST /test HTTP/1.1\r\n" + host + b"Transfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n0\r\nAuthorization: Bearer x\r\n\r\n"
            received = service.raw(chunked + one)
            self.assertEqual(received.count(b"HTTP/1.1 401 "), 1)  # and the connection ends
            self.assertNotIn(b"invalid_token", received)  # a trailer is no header
            self.assertTrue(service.raw(b"GET /test HTTP/1.0\r\n\r\n").startswith(b"HTTP/1.1 401 "))
            with service.socket() as channel:
                channel.sendall(b"POST /test HTTP/1.1\r\n" + host + close + b"Expect: 100-continue\r\nContent-Length: 2\r\n\r\n")
                self.assertTrue(channel.recv(100).startswith(b"HTTP/1.1 100 Continue\r\n\r\n"))
                channel.sendall(b"ab")
                self.assertTrue(channel.recv(1000).startswith(b"HTTP/1.1 401 "))
            with service.socket() as channel:
                for byte in last:
                    channel.sendall(bytes([byte]))
                self.assertTrue(channel.recv(1000).startswith(b"HTTP/1.1 401 "))

    def test_a_slow_client_is_not_waited_for(self):
        with self.start("mail", tls=None) as service, service.socket() as silent, service.socket() as slow, \
                service.socket() as lazy:
            slow.sendall(b"GET /test HTTP/1.1\r\n")
            lazy.sendall(b"POST /test HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\na")
            end = time.monotonic() + 4
            while time.monotonic() < end:  # a byte now and then prolongs nothing
                slow.sendall(b"X")
                time.sleep(0.5)
            began = time.monotonic()
            for channel in (slow, lazy, silent):
                self.assertEqual(received_of(channel), b"")
            self.assertLess(time.monotonic() - began, 4)
            # The line is written after the connection was closed.
            end = time.monotonic() + 5
            while service.log.count("refused='not sent in time'") < 2 and time.monotonic() < end:
                time.sleep(0.05)
            self.assertEqual(service.log.count("refused='not sent in time'"), 2)

    def test_500_connections_do_not_keep_others_out(self):
        with self.start("mail") as service:
            before = service.memory()
            for number in range(500):
                channel = socket.create_connection(("127.0.0.1", service.port), timeout=10)
                self.addCleanup(channel.close)
                if number % 2:
                    channel.sendall(b"\x16\x03\x01\x02")
            began = time.monotonic()
            for _ in range(20):
                self.assertEqual(service.get("/test").status, 401)
            self.assertLess(time.monotonic() - began, 5)
            self.assertLess(len(os.listdir(f"/proc/{service.process.pid}/fd")), 330)
            if not IS_SANITIZED:
                self.assertLess(service.memory() - before, 48 * 1024)

    def test_a_thousand_malformed_requests_while_good_ones_go_on(self):
        junk = [b"GET / HTTP/1.1\n\n", b"\x00" * 50, b"POST /test HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n",
                b"A" * 20000, b"GET /test HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n", b""]

        def misbehave(number):
            try:
                with service.socket(timeout=1) as channel:
                    channel.sendall(junk[number % len(junk)])
            except OSError:
                pass

        with self.start("mail", tls=None) as service, concurrent.futures.ThreadPoolExecutor(8) as pool:
            service.get("/test")
            before = service.memory()
            bad = [pool.submit(misbehave, number) for number in range(1000)]
            good = 0
            while not all(one.done() for one in bad) or good < 100:
                self.assertEqual(service.get("/test").status, 401)
                good += 1
            after = service.memory()
            self.assertIsNone(service.process.poll())
        if not IS_SANITIZED:
            self.assertLess(after - before, 16 * 1024)

    def test_the_log_cannot_be_forged(self):
        with self.start("mail", tls=None) as service:
            service.raw(b"GET /a%0Ab\x1b?token=secretquery HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            service.raw(b"GET /a%0Ab?token=secretquery HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            log = service.log
        self.assertNotIn("\x1b", log)
        self.assertNotIn("secretquery", log)
        self.assertIn(" GET /a%0Ab 404 ", log)
        for line in log.splitlines()[1:]:
            self.assertRegex(line, r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ ")


if __name__ == "__main__":
    main()
