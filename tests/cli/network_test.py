"""Documents over the network: what each step of a fetch says when it fails, against servers on loopback."""

import datetime
import gzip
import os
import pathlib
import re
import shutil
import socket
import ssl
import subprocess
import unittest
import warnings

from accord_program import BIN, ProgramTest, Scratch, main, wall_clock
from tls_server import Authority, ClosedPort, Server, response

DAY = datetime.timedelta(days=1)
# A network of its own, in which the one name server takes questions and answers none.
SILENT_RESOLVER = """
ip link set lo up && ip address add 10.9.9.9/24 dev lo && echo nameserver 127.0.0.77 > resolv.conf &&
mount --bind resolv.conf /etc/resolv.conf || exit 77
python3 -c 'import socket; s = socket.socket(type=socket.SOCK_DGRAM); s.bind(("127.0.0.77", 53)); print(flush=True); s.recv(1)
import time; time.sleep(60)' > ready & server=$!
while [ ! -s ready ]; do sleep 0.05; done
"$@"; code=$?; kill "$server"; exit "$code"
"""
PROXIES = ("http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY")


class Network(ProgramTest):
    @classmethod
    def setUpClass(cls):
        scratch = Scratch()
        cls.addClassCleanup(scratch.close)
        folder = scratch.path
        scratch.issuer("exchange.db", "exchange", "contoso.com", "cert-p384-pair.pem")
        scratch.ok("export-auth-metadata", "--store", "exchange.db", "--output-file", "exchange.json")
        cls.document = (folder / "exchange.json").read_bytes()
        authority = Authority(folder, "ca")
        cls.ca = authority.path
        cls.other_ca = Authority(folder, "other-ca").path
        cls.good = authority.issue("good", ["localhost", "127.0.0.1", "::1", "ip6-localhost", "ip6-loopback"])
        cls.certificates = {
            "wrong name": authority.issue("wrong", ["mail.contoso.com", "*.contoso.com", "192.0.2.1"]),
            "expired": authority.issue("expired", start=-60 * DAY, end=-30 * DAY),
            "not yet valid": authority.issue("early", start=30 * DAY, end=60 * DAY),
            "self-signed": authority.issue("self", self_signed=True),
            "many names": authority.issue("many", [f"host{i}.contoso.com" for i in range(100)]),
            "ugly": authority.issue("ugly", ["mail.contoso.com"], subject="evil\x1b[31m\u202ename"),
        }

    def serve(self, answer=None, certificate=None, **more):
        server = Server(response(self.document) if answer is None else answer, certificate or self.good, **more)
        self.addCleanup(server.close)
        return server

    def plain(self, answer=None, **more):
        server = Server(answer, None, **more)
        self.addCleanup(server.close)
        return server

    def fetch(self, url, *more, ca=True, **options):
        trust = ["--ca-file", self.ca] if ca is True else ["--ca-file", ca] if ca else []
        return self.run_program("get-auth-metadata", url, *trust, *more, **options)

    def expect_read(self, call):
        self.assertEqual((call.code, call.err), (0, b""), call)
        self.assertEqual(call.json()["Realm"], "contoso.com")

    def expect(self, url, name, *said, advice="", code=8, **options):
        """The error in both forms; gives its object."""
        call = self.fetch(url, "--output", "json", **options)
        self.assertEqual((call.code, call.out), (code, b""), call)
        error = call.error()
        self.assertEqual(error["id"], name, error)
        for part in said:
            self.assertIn(part, error["message"])
        self.assertIn(advice, error["try"] or "")
        self.assertTrue(error["try"], error)
        return error

    def expect_of(self, answer, name, *said, **options):
        return self.expect(self.serve(answer).url(), name, *said, **options)


class Reading(Network):
    def test_a_document_is_read_from_a_server_whose_authority_is_named(self):
        server = self.serve()
        for host in ("localhost", "127.0.0.1"):
            with self.subTest(host=host):
                self.expect_read(self.fetch(server.url(host=host), "--output", "json"))
        self.assertRegex(server.requests[0], rb"^GET /metadata/json/1 HTTP/1\.1\r\nHost: localhost:\d+\r\n")
        self.assertNotIn(b"Accept-Encoding", server.requests[0])

    def test_raw_prints_it_as_it_came(self):
        call = self.fetch(self.serve().url(), "--raw")
        self.assertEqual((call.code, call.out), (0, self.document), call)

    def test_any_case_of_https_is_https(self):
        self.expect_read(self.fetch(self.serve().url().replace("https", "HttpS"), "--output", "json"))

    def test_over_ipv6(self):
        try:
            server = self.serve(host="::1")
        except OSError:
            self.skipTest("this host has no IPv6 on loopback")
        lines = [line.split() for line in pathlib.Path("/etc/hosts").read_text(encoding="utf-8").splitlines()]
        name = next((line[-1] for line in lines if line[:1] == ["::1"]), None)
        if name is None:
            self.skipTest("no name is ::1 here")
        self.expect_read(self.fetch(server.url(host=name), "--output", "json"))

    def test_any_certificate_is_taken_only_with_a_warning(self):
        for name, certificate in self.certificates.items():
            with self.subTest(name):
                call = self.fetch(self.serve(certificate=certificate).url(), "--trust-any-certificate", ca=None)
                self.assertEqual(call.code, 0, call)
                self.assertEqual(call.err, b"WARNING: the server's certificate was not checked\n")

    def test_verbose_says_how_it_came(self):
        server = self.serve()
        call = self.fetch(server.url(), "--verbose")
        self.assertRegex(call.err.decode(), rf"VERBOSE: tried .*127\.0\.0\.1:{server.port}.*; TLSv1\.3; certificate: CN=a server, "
                                            r"for localhost, 127\.0\.0\.1, ::1, .*, by CN=ca, until 20..-..-..T..:..:..Z; \d+ ms\n")

    def test_the_certificate_of_the_server_itself_will_do_as_its_authority(self):
        certificate = self.certificates["self-signed"]
        self.expect_read(self.fetch(self.serve(certificate=certificate).url(), "--output", "json", ca=certificate))

    def test_options_of_the_network_are_not_for_files(self):
        (self.scratch.path / "exchange.json").write_bytes(self.document)
        for more in (["--ca-file", self.ca], ["--trust-any-certificate"], ["--allow-host", "ex.com"]):
            call = self.run_program("get-auth-metadata", "exchange.json", *more, "--output", "json")
            self.assertEqual((call.code, call.error()["id"]), (2, "Parameter.Clash"))

    def test_http_is_refused_with_the_way_out(self):
        server = self.plain(response(self.document))
        error = self.expect(server.url().replace("https", "http"), "Parameter.Invalid", "without TLS", code=2,
                            advice=f"use https://localhost:{server.port}/metadata/json/1")
        self.assertIn("is not read", error["message"])
        self.assertEqual(server.connections, 0)

    def test_files_of_authorities_are_checked(self):
        url = self.serve().url()
        self.expect(url, "File.NotFound", ca="nothing.pem", code=3)
        for content in (b"", b"nonsense"):
            (self.scratch.path / "bad.pem").write_bytes(content)
            self.expect(url, "Certificate.Invalid", ca="bad.pem", code=2)


class Connecting(Network):
    def test_a_name_that_does_not_exist(self):
        call = self.fetch("https://no-such-host.invalid/", "--output", "json")
        self.assertEqual(call.code, 8, call)
        # A resolver that answers nothing at all is another failure of the same step.
        self.assertIn(call.error()["id"], ("Network.NameNotFound", "Network.TimedOut"))
        self.assertIn("no-such-host.invalid", call.error()["message"])

    def test_a_name_server_that_says_nothing_is_left(self):
        prefix = ["unshare", "--mount", "--net", "sh", "-c", SILENT_RESOLVER, "sh"]
        start = wall_clock()
        done = subprocess.run([*prefix, BIN / "get-auth-metadata", "https://no-such-host.invalid/", "--output", "json"],
                              env=self.scratch.env, cwd=self.scratch.path, capture_output=True, check=False, timeout=60)
        if done.returncode in (1, 77, 126, 127):
            self.skipTest(f"no network of its own: {done.stderr}")
        self.assertLess(wall_clock() - start, 12)
        self.assertIn(b'"id":"Network.TimedOut"', done.stderr)
        self.assertIn(b"no name server told within 5 s where 'no-such-host.invalid' is", done.stderr)

    def test_a_closed_port(self):
        closed = ClosedPort()
        self.addCleanup(closed.close)
        self.expect(f"https://127.0.0.1:{closed.port}/", "Network.NoConnection",
                    f"connection refused (tried 127.0.0.1:{closed.port})", advice=f"listens on port {closed.port}")

    def test_a_server_that_says_nothing_is_left(self):
        server = self.plain(lambda request, connection: connection.recv(1))
        start = wall_clock()
        self.expect(server.url(), "Network.TimedOut", "TLS handshake within 5 s")
        self.assertLess(wall_clock() - start, 12)


class Tls(Network):
    def refused(self, certificate, *said, **options):
        return self.expect(self.serve(certificate=self.certificates[certificate]).url(), "Network.TlsRefused", *said, **options)

    def test_an_authority_that_is_not_trusted(self):
        for ca in (None, self.other_ca):
            with self.subTest(ca=ca):
                self.expect(self.serve().url(), "Network.TlsRefused", "not trusted here: 'CN=ca'", ca=ca,
                            advice="--ca-file FILE names its authority")

    def test_a_self_signed_certificate(self):
        self.refused("self-signed", "self-signed", "'CN=a server'", advice="--ca-file FILE")

    def test_another_name(self):
        self.refused("wrong name", "is for another name: mail.contoso.com, *.contoso.com, 192.0.2.1",
                     advice="with 'localhost'")
        error = self.refused("many names", "host0.contoso.com, ", " and 92 more")
        self.assertLess(len(error["message"]), 300)

    def test_an_expired_one_and_one_that_is_not_valid_yet(self):
        expired = self.refused("expired", "expired at 20", advice="renew")
        self.assertRegex(expired["message"], r"expired at \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")
        self.refused("not yet valid", "is not valid before 20", advice="clock")

    def test_text_of_a_certificate_does_not_steer_the_terminal(self):
        call = self.fetch(self.serve(certificate=self.certificates["ugly"]).url(), "--verbose")
        self.assertEqual(call.code, 8)
        self.assertNotIn(b"\x1b", call.err)
        self.assertNotIn("\u202e".encode(), call.err)

    def test_a_server_without_tls_1_2(self):
        warnings.simplefilter("ignore", DeprecationWarning)
        try:
            server = self.serve(newest=ssl.TLSVersion.TLSv1_1)
            context = ssl.create_default_context()
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            context.set_ciphers("DEFAULT:@SECLEVEL=0")
            context.minimum_version = ssl.TLSVersion.TLSv1_1
            with socket.create_connection(("127.0.0.1", server.port)) as one, context.wrap_socket(one) as tls:
                self.assertEqual(tls.version(), "TLSv1.1")
        except (ssl.SSLError, ValueError) as why:
            self.skipTest(f"this OpenSSL does not speak TLS 1.1: {why}")
        for trust in ((), ("--trust-any-certificate",)):
            error = self.fetch(server.url(), *trust, "--output", "json").error()
            self.assertEqual(error["id"], "Network.TlsRefused")
            self.assertIn("offers no protocol from TLS 1.2 on", error["message"])

    def test_tls_1_2_will_do(self):
        self.expect_read(self.fetch(self.serve(newest=ssl.TLSVersion.TLSv1_2).url(), "--output", "json"))

    def test_a_server_that_wants_a_certificate_of_its_clients(self):
        self.expect(self.serve(newest=ssl.TLSVersion.TLSv1_2, clients=self.ca).url(), "Network.TlsRefused", "handshake")
        # In TLS 1.3 it says so after the client's handshake, and may be gone before that is read.
        call = self.fetch(self.serve(newest=ssl.TLSVersion.TLSv1_3, clients=self.ca).url(), "--output", "json")
        self.assertEqual(call.code, 8, call)
        self.assertIn(call.error()["id"], ("Network.TlsRefused", "Network.NoAnswer"))

    def test_plain_http_on_the_port(self):
        self.expect(self.plain(response(b"hello", "400 Bad Request")).url(), "Network.TlsRefused", "does not speak TLS",
                    advice="check the port")

    def test_a_server_that_closes_in_the_handshake(self):
        self.expect(self.plain().url(), "Network.TlsRefused", "handshake", advice="serves https")


class Answers(Network):
    def test_statuses_are_said(self):
        for status in ("401 Unauthorized", "404 Not Found", "410 Gone"):
            self.expect_of(response(b"x", status), "Network.Status", status[:3], advice="check the URL")
        for status in ("500 Internal Server Error", "503 Service Unavailable"):
            self.expect_of(response(b"x", status), "Network.Status", status[:3],
                           advice="own token certificate may be missing")
        self.expect_of(response(b"", "204 No Content"), "Network.Status", "204")

    def test_documents_that_are_none(self):
        self.expect_of(response(b""), "Metadata.Invalid", "empty", code=2)
        self.expect_of(response(b"<!DOCTYPE html><html>log in</html>", Content_Type="text/html"), "Metadata.Invalid",
                       "is a web page", advice="/autodiscover/metadata/json/1", code=2)
        self.expect_of(response(self.document[:300]), "Json.Invalid", code=2, advice="")

    def expect(self, url, name, *said, advice="", code=8, **options):
        if name != "Json.Invalid":
            return super().expect(url, name, *said, advice=advice, code=code, **options)
        call = self.fetch(url, "--output", "json", **options)
        self.assertEqual((call.code, call.error()["id"], call.error()["target"]), (code, name, url))
        return call.error()

    def test_what_is_compressed_is_not_unpacked(self):
        packed = gzip.compress(b"x" * 10_000_000)
        self.expect_of(response(packed, Content_Encoding="gzip"), "Network.NoAnswer", "is compressed ('gzip')")

    def test_bodies_are_bounded(self):
        limit = 1024 * 1024
        just = self.document + b" " * (limit - len(self.document))
        self.expect_read(self.fetch(self.serve(response(just)).url(), "--output", "json"))
        self.expect_of(response(just + b" "), "Network.TooLarge", "over 1024 KiB")

        def endless(_, connection):
            connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            while True:
                connection.sendall(b" " * 65536)

        def headers(_, connection):
            connection.sendall(b"HTTP/1.1 200 OK\r\n")
            while True:
                connection.sendall(b"X: " + b"x" * 1000 + b"\r\n")

        self.expect_of(endless, "Network.TooLarge", "over 1024 KiB")
        self.expect_of(headers, "Network.TooLarge", "header", "over 64 KiB")

    def test_an_answer_that_breaks_off_or_is_none(self):
        for answer in (response(self.document)[:-10], b"HTTP/1.1 200 OK\r\n", b"SSH-2.0-x\r\n", b""):
            self.expect_of(answer, "Network.NoAnswer", advice="try again")


class Redirects(Network):
    def to(self, location, times=1, status="302 Found"):
        """A server that redirects this often before it gives the document."""
        left = [times]

        def answer(_, __):
            left[0] -= 1
            return response(self.document) if left[0] < 0 else response(b"", status, Location=location)

        return self.serve(answer)

    def test_the_same_place_is_followed_three_times(self):
        for times in (1, 3):
            self.expect_read(self.fetch(self.to("/other", times).url(), "--output", "json"))
        self.expect(self.to("/other", 4).url(), "Network.Redirected", "more than 3 times")

    def test_other_places_are_not(self):
        other = self.serve()
        for location, named in ((other.url(), f"localhost:{other.port}"), ("https://elsewhere.invalid/x", "elsewhere.invalid"),
                                ("http://localhost/x", "http://localhost/x"), ("file:///etc/passwd", "file:///etc/passwd"),
                                ("https://elsewhere.invalid/\x1b[31m", "elsewhere.invalid")):
            with self.subTest(location):
                server = self.to(location)
                error = self.expect(server.url(), "Network.Redirected", f"localhost:{server.port}", named)
                self.assertNotIn("\x1b", error["message"] + error["try"])
        self.assertEqual(other.connections, 0)
        server = self.to(other.url())
        self.expect(server.url(), "Network.Redirected", advice=other.url())


class Surroundings(Network):
    def test_the_environment_has_no_say(self):
        traitor = self.plain(response(b"", "502 Bad Gateway"))
        there = f"http://127.0.0.1:{traitor.port}"
        (self.scratch.path / ".netrc").write_text("machine localhost login user password Pa55word\n")
        (self.scratch.path / "openssl.cnf").write_text("nonsense = [\n")
        (self.scratch.path / "aliases").write_text("localhost elsewhere.invalid\n")
        environment = {name: there for name in PROXIES} | {
            "HOME": str(self.scratch.path), "NETRC": str(self.scratch.path / ".netrc"),
            "SSL_CERT_FILE": str(self.ca), "CURL_CA_BUNDLE": str(self.ca), "SSL_CERT_DIR": "/nowhere",
            "SSLKEYLOGFILE": str(self.scratch.path / "keys.log"), "OPENSSL_CONF": str(self.scratch.path / "openssl.cnf"),
            "HOSTALIASES": str(self.scratch.path / "aliases"), "CURL_HOME": str(self.scratch.path), "ALPN": "h2"}
        server = self.serve()
        self.expect_read(self.fetch(server.url(), "--output", "json", env=environment))
        self.assertNotIn(b"Authorization", server.requests[0])
        self.assertEqual(traitor.connections, 0)
        self.assertFalse((self.scratch.path / "keys.log").exists())
        # An authority in a variable is none.
        self.expect(server.url(), "Network.TlsRefused", "not trusted here", ca=None, env=environment)

    @unittest.skipUnless(shutil.which("strace"), "strace is not installed")
    def test_the_client_is_loaded_by_what_fetches_and_nothing_else(self):
        def loaded(*words):
            log = self.scratch.path / "strace"
            # Leaks cannot be looked for under strace.
            self.run_program(*words, prefix=["strace", "-f", "-qq", "-e", "trace=openat", "-o", log],
                             env={"ASAN_OPTIONS": "detect_leaks=0"})
            return re.findall(r"accord_client\.so|libcurl|libssl", log.read_text())

        try:
            subprocess.run(["strace", "-o", "/dev/null", "true"], check=True, capture_output=True)
        except subprocess.CalledProcessError:
            self.skipTest("strace may not be used here")
        self.scratch.issuer("s.db")
        (self.scratch.path / "exchange.json").write_bytes(self.document)
        for words in (["get-partner-application", "--store", "s.db"], ["get-auth-metadata", "exchange.json"],
                      ["new-partner-application", "exchange", "--store", "s.db", "--metadata-file", "exchange.json",
                       "--application-trust-level", "full"], ["accord", "--version"]):
            self.assertEqual(loaded(*words), [], words)
        self.assertIn("libcurl", loaded("get-auth-metadata", self.serve().url(), "--ca-file", self.ca))

    def test_without_the_client_the_program_says_so(self):
        (self.scratch.path / "bin").mkdir()
        shutil.copy2(os.path.realpath(BIN / "accord"), self.scratch.path / "bin" / "accord")
        done = subprocess.run([self.scratch.path / "bin" / "accord", "get-auth-metadata", self.serve().url()],
                              env=self.scratch.env, capture_output=True, check=False, timeout=60)
        self.assertEqual(done.returncode, 1, done)
        self.assertIn(b"the module for the network is missing", done.stderr)


if __name__ == "__main__":
    main()
