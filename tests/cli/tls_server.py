"""Loopback servers for tests: an authority of their own, certificates good and bad, and answers as a test wants them."""

import contextlib
import datetime
import ipaddress
import socket
import ssl
import threading

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

DAY = datetime.timedelta(days=1)


def name_of(text):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def alternative(name):
    with contextlib.suppress(ValueError):
        return x509.IPAddress(ipaddress.ip_address(name))
    return x509.DNSName(name)


class Authority:
    """Writes NAME.pem, the authority's certificate, and what it issues into a folder."""

    def __init__(self, folder, name):
        self.folder, self.name = folder, name
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.certificate = self.sign(name_of(name), self.key, authority=True)
        self.path = folder / f"{name}.pem"
        self.path.write_bytes(self.certificate.public_bytes(serialization.Encoding.PEM))

    def sign(self, subject, key, names=(), start=-DAY, end=30 * DAY, authority=False, issuer=None):
        now = datetime.datetime.utcnow()
        made = x509.CertificateBuilder().subject_name(subject).public_key(key.public_key())
        made = made.issuer_name(issuer or name_of(self.name)).serial_number(x509.random_serial_number())
        made = made.not_valid_before(now + start).not_valid_after(now + end)
        made = made.add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        if names:
            made = made.add_extension(x509.SubjectAlternativeName([alternative(name) for name in names]), critical=False)
        return made.sign(key if issuer else self.key, hashes.SHA256())

    def issue(self, file, names=("localhost", "127.0.0.1", "::1"), subject="a server", self_signed=False, **validity):
        """The path of a PEM file with a certificate for these names and its key."""
        key = ec.generate_private_key(ec.SECP256R1())
        issuer = name_of(subject) if self_signed else None
        certificate = self.sign(name_of(subject), key, names, issuer=issuer, **validity)
        path = self.folder / f"{file}.pem"
        path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM) + key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
        return path


def response(body=b"", status="200 OK", **headers):
    """Names of headers with _ for -."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


class Server:
    """Serves each connection in a thread. answer: bytes, or a function that gets the request's bytes and the connection and
    gives bytes or None. certificate: a PEM file with the key; None: no TLS. newest: the one version of TLS that it speaks.
    clients: the authority that it wants certificates of its clients from."""

    def __init__(self, answer, certificate=None, host="127.0.0.1", newest=None, clients=None):
        self.answer, self.requests, self.connections = answer, [], 0
        self.context = None
        if certificate:
            self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.context.load_cert_chain(certificate)
            if clients:
                self.context.verify_mode = ssl.CERT_REQUIRED
                self.context.load_verify_locations(clients)
            if newest:
                self.context.set_ciphers("DEFAULT:@SECLEVEL=0")
                self.context.minimum_version = newest
                self.context.maximum_version = newest
        self.socket = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
        self.socket.bind((host, 0))
        self.socket.listen(16)
        self.port = self.socket.getsockname()[1]
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def url(self, path="/metadata/json/1", host="localhost"):
        return f"https://{host}:{self.port}{path}"

    def run(self):
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        with contextlib.suppress(OSError, ssl.SSLError), connection:
            connection.settimeout(30)
            # Else the answer waits until the client has acknowledged the session tickets of TLS 1.3: 40 ms.
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self.context:
                connection = self.context.wrap_socket(connection, server_side=True)
            with connection:
                self.converse(connection)

    def converse(self, connection):
        request = b""
        while b"\r\n\r\n" not in request:
            chunk = connection.recv(4096)
            if not chunk:
                break
            request += chunk
            if self.context is None:
                break
        self.requests.append(request)
        answer = self.answer(request, connection) if callable(self.answer) else self.answer
        if answer:
            connection.sendall(answer)
        if self.context:
            connection.unwrap()

    def close(self):
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()
        self.thread.join(5)


class ClosedPort:
    """Of a socket that is not listened on, and nobody else's while this lives."""

    def __init__(self):
        self.socket = socket.socket()
        self.socket.bind(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]

    def close(self):
        self.socket.close()
