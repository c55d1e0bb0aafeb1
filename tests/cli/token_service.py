"""A running token service for tests: its TLS certificate, start, requests, and an end that must be clean."""

import datetime
import http.client
import ipaddress
import os
import pathlib
import signal
import socket
import ssl
import subprocess
import time

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from accord_program import BIN, SANITIZED

PATIENCE = float(os.environ.get("ACCORD_SECONDS", "20"))
HOUR = datetime.timedelta(hours=1)


class Authority:
    """A certification authority in `folder`: ca.pem, and NAME.pem with NAME.key for servers."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Test Root")])
        self.certificate = self._certificate(self.name, self.key.public_key(), [
            (x509.BasicConstraints(ca=True, path_length=None), True)])
        self.file = self.folder / "ca.pem"
        self.file.write_bytes(self.certificate.public_bytes(serialization.Encoding.PEM))

    def _certificate(self, subject, public_key, extensions, ends=24 * HOUR):
        now = datetime.datetime.utcnow()
        builder = x509.CertificateBuilder().subject_name(subject).issuer_name(self.name).public_key(public_key)
        builder = builder.serial_number(x509.random_serial_number()).not_valid_before(now - 24 * HOUR)
        builder = builder.not_valid_after(now + ends)
        for extension, critical in extensions:
            builder = builder.add_extension(extension, critical)
        return builder.sign(self.key, hashes.SHA256())

    def server(self, name, hosts=("127.0.0.1", "localhost"), ends=24 * HOUR):
        """Paths of a certificate for these hosts and its key."""
        key = ec.generate_private_key(ec.SECP256R1())
        names = []
        for host in hosts:
            try:
                names.append(x509.IPAddress(ipaddress.ip_address(host)))
            except ValueError:
                names.append(x509.DNSName(host))
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        made = self._certificate(subject, key.public_key(), [(x509.SubjectAlternativeName(names), False)], ends)
        certificate_file = self.folder / f"{name}.pem"
        key_file = self.folder / f"{name}.key"
        certificate_file.write_bytes(made.public_bytes(serialization.Encoding.PEM))
        key_file.write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                               serialization.NoEncryption()))
        key_file.chmod(0o600)
        return certificate_file, key_file


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def header(self, name):
        values = [value for one, value in self.headers if one.lower() == name.lower()]
        return values[0] if len(values) == 1 else values or None

    def __repr__(self):
        return f"{self.status} {self.headers!r} {self.body[:500]!r}"


class TokenService:
    """start-token-service on a free port of loopback; `with` stops it and checks how it ended."""

    def __init__(self, scratch, store, authority, *words, tls="server", listen="127.0.0.1:0"):
        self.scratch, self.authority = scratch, authority
        number = len(list(scratch.path.glob("service-*.log")))
        self.log_file = scratch.path / f"service-{number}.log"
        self.ready = scratch.path / f"service-{number}.url"
        command = [BIN / "start-token-service", "--store", store, "--listen", listen, "--once-ready-file", self.ready,
                   *words]
        if tls:
            certificate, key = authority.server(tls)
            command += ["--certificate", certificate, "--key", key]
        else:
            command.append("--insecure-http")
        with open(self.log_file, "wb") as log:
            self.process = subprocess.Popen(command, env=scratch.env, cwd=scratch.path, stdin=subprocess.DEVNULL,
                                            stdout=log, stderr=log)
        self.url = self._wait_until_ready()
        self.port = int(self.url.rsplit(":", 1)[1])
        self.tls = bool(tls)

    def _wait_until_ready(self):
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end and self.process.poll() is None:
            if self.ready.exists():
                return self.ready.read_text().strip()
            time.sleep(0.01)
        raise AssertionError(f"the service did not start: {self.process.poll()} {self.log}")

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise
        if kind is None:
            assert code == 0, (code, self.log)
            assert SANITIZED.decode() not in self.log and "runtime error" not in self.log, self.log
            assert not self.ready.exists(), "the ready file is left"

    @property
    def log(self):
        return self.log_file.read_text(errors="replace")

    def memory(self):
        """Resident KiB."""
        for line in pathlib.Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1])
        raise AssertionError("no VmRSS")

    # --- Requests

    def context(self):
        return ssl.create_default_context(cafile=str(self.authority.file))

    def connection(self, timeout=PATIENCE):
        if self.tls:
            return http.client.HTTPSConnection("127.0.0.1", self.port, timeout=timeout, context=self.context())
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)

    def request(self, method, path, headers=None, body=None, connection=None):
        """`headers`: pairs, or a dictionary."""
        used = connection or self.connection()
        used.putrequest(method, path, skip_accept_encoding=True)
        for name, value in headers.items() if isinstance(headers, dict) else headers or []:
            used.putheader(name, value)
        if body is not None:
            used.putheader("Content-Length", str(len(body)))
        used.endheaders(body)
        response = used.getresponse()
        answer = Answer(response.status, response.getheaders(), response.read())
        if connection is None:
            used.close()
        return answer

    def get(self, path, token=None):
        return self.request("GET", path, [("Authorization", f"Bearer {token}")] if token is not None else [])

    def post_form(self, path, fields, headers=()):
        from urllib.parse import urlencode
        return self.request("POST", path, [("Content-Type", "application/x-www-form-urlencoded"), *headers],
                            urlencode(fields).encode())

    def socket(self, timeout=PATIENCE):
        raw = socket.create_connection(("127.0.0.1", self.port), timeout=timeout)
        return self.context().wrap_socket(raw, server_hostname="127.0.0.1") if self.tls else raw

    def raw(self, data, timeout=PATIENCE):
        """What comes back until the connection is closed."""
        received = b""
        with self.socket(timeout) as channel:
            try:
                channel.sendall(data)
                while piece := channel.recv(65536):
                    received += piece
            except (ConnectionError, ssl.SSLError, BrokenPipeError):
                pass
        return received
