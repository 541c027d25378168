"""A mail server of our own for tests (mail-devel: real IMAP and SMTP in a process), and messages to put on it."""

import imaplib
import smtplib
import socket
import socketserver
import ssl
import subprocess
import sys
import threading
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from ipaddress import IPv4Address
from pathlib import Path
from urllib.parse import quote

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from inbox import polling, taking
from inbox.models import Mail, Poll
from inbox.server import Fetched
from tests.waiting import PATIENCE, wait_until

USER, PASSWORD = "privacy@kraken.im", "s3cret-in-the-mailbox/@?"
NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
ARRIVED = datetime(2026, 11, 18, 22, 30, tzinfo=UTC)
ADA = "Ada Lovelace <ada@example.com>"


class MailServer:
    """A running server. `url` is what MAILBOX_URL says of it."""

    def __init__(self, folder: Path, *more):
        self.imap_port, self.smtp_port, self.smtps_port = free_port(), free_port(), free_port()
        ports = ["--imap-port", self.imap_port, "--smtp-port", self.smtp_port, "--smtps-port", self.smtps_port]
        command = [Path(sys.executable).parent / "mail_devel", "--host", "127.0.0.1", "--no-http"]
        command += ["--user", USER, "--password", PASSWORD, "--smtp-no-message-id", "--no-message-id", *ports, *more]
        self.log = (folder / "mail-devel.log").open("wb")
        # Not in our folder: the library would take our modules for those of Python.
        self.process = subprocess.Popen(list(map(str, command)), cwd=folder, stdout=self.log, stderr=self.log)
        self._wait()

    def _wait(self):
        assert wait_until(lambda: self.process.poll() is not None or self._answers()), "the mail server does not answer"
        assert self.process.poll() is None, "the mail server did not start"

    def _answers(self):
        with socket.socket() as client:
            return client.connect_ex(("127.0.0.1", self.imap_port)) == 0

    def stop(self):
        self.process.terminate()
        self.process.wait(PATIENCE)
        self.log.close()

    def url(self, scheme="imap", **query):
        given = {"inbox": "INBOX", "junk": "Junk", "done": "Processed", **query}
        asked = "&".join(f"{name}={quote(str(value))}" for name, value in given.items())
        return f"{scheme}://{quote(USER, safe='')}:{quote(PASSWORD, safe='')}@127.0.0.1:{self.imap_port}/?{asked}"

    def client(self):
        client = imaplib.IMAP4("127.0.0.1", self.imap_port, timeout=PATIENCE)
        client.login(USER, PASSWORD)
        return client

    def put(self, message, *, folder="INBOX", at=ARRIVED):
        """Lay a message into a folder with the time at which the server received it."""
        raw = message if isinstance(message, bytes) else message.as_bytes()
        client = self.client()
        client.create(folder)
        when = imaplib.Time2Internaldate(at)
        status, answer = client.append(folder, None, when, raw.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"))
        assert status == "OK", answer
        client.logout()

    def send(self, message):
        """As the world sends it: over SMTP."""
        with smtplib.SMTP("127.0.0.1", self.smtp_port, timeout=PATIENCE) as client:
            client.send_message(message, from_addr="ada@example.com", to_addrs=[USER])

    def count(self, folder):
        client = self.client()
        client.create(folder)
        _status, found = client.select(folder, readonly=True)
        client.logout()
        return int(found[0])

    def empty(self):
        client = self.client()
        for folder in ("INBOX", "Junk", "Processed"):
            client.create(folder)
            client.select(folder)
            client.store("1:*", "+FLAGS", r"(\Deleted)")
            client.expunge()
        client.logout()


def certificate(folder):
    """(certificate, key) of 127.0.0.1, signed by itself, as files."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    at = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(at - timedelta(days=1))
        .not_valid_after(at + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    (folder / "cert.pem").write_bytes(made.public_bytes(pem))
    (folder / "key.pem").write_bytes(key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain))
    return folder / "cert.pem", folder / "key.pem"


@contextmanager
def tls_in_front_of(server, certificate, key, *, said=None):
    """A door with TLS before the IMAP server, which has none of its own; yields its port.

    With a list in `said`, TLS begins with STARTTLS (RFC 9051 §6.2.1), and what was said before it stands in the list.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)

    class Door(socketserver.BaseRequestHandler):
        def handle(self):
            inside = socket.create_connection(("127.0.0.1", server.imap_port))
            try:
                if said is not None:
                    _offer_tls(self.request, inside, said)
                outside = context.wrap_socket(self.request, server_side=True)
            except OSError:
                inside.close()
                return
            with outside, inside:
                back = threading.Thread(target=_copy, args=(inside, outside))
                back.start()
                _copy(outside, inside)
                back.join(PATIENCE)

    class Doors(socketserver.ThreadingTCPServer):
        allow_reuse_address = True

    with Doors(("127.0.0.1", 0), Door) as doors:
        threading.Thread(target=doors.serve_forever, args=(0.05,), daemon=True).start()
        yield doors.server_address[1]
        doors.shutdown()


def _offer_tls(outside, inside, said):
    """Greet, and answer nothing but CAPABILITY until the client asks for TLS."""
    outside.sendall(inside.recv(1024))
    while True:
        tag, command = outside.recv(1024).split()[:2]
        said.append(command.decode())
        if command == b"STARTTLS":
            outside.sendall(tag + b" OK Begin now.\r\n")
            return
        outside.sendall(b"* CAPABILITY IMAP4rev1 STARTTLS LOGINDISABLED\r\n" + tag + b" OK Done.\r\n")


def _copy(source, target):
    with suppress(OSError):
        while block := source.recv(65536):
            target.sendall(block)
    with suppress(OSError):
        target.shutdown(socket.SHUT_RDWR)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def letter(text="Please send me a copy of my data.", *, subject="Hello", sender=ADA, message_id="auto", **headers):
    """A message in plain words."""
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = sender, USER, subject
    message["Date"] = "Wed, 18 Nov 2026 22:29:00 +0000"
    if message_id:
        made = f"<{abs(hash((text, subject, sender)))}@example.com>" if message_id == "auto" else message_id
        message["Message-ID"] = made
    for name, value in headers.items():
        message[name.replace("_", "-")] = value
    message.set_content(text)
    return message


def poll(*, now=NOW):
    polled = polling.poll(now=now)
    assert polled is not None
    assert polled.error == "", polled
    return polled


def take_in(server, *messages, now=NOW, **given):
    """Put messages into the mailbox and poll; returns what they became, in order."""
    before = set(Mail.objects.values_list("pk", flat=True))
    for message in messages:
        server.put(message, **given)
    poll(now=now)
    Poll.objects.update(lease=None, leased_until=None)
    made = list(Mail.objects.exclude(pk__in=before).order_by("pk"))
    return made[0] if len(made) == 1 else made


def stored(message=None, *, uid=1, box="inbox", now=NOW, at=ARRIVED):
    """A message as if a server had had it."""
    raw = message if isinstance(message, bytes) else (message or with_file()).as_bytes()
    fetched = Fetched(uid, raw, at, len(raw), is_partial=False)
    return taking.take(fetched, box=box, place="a place", uid_validity=1, now=now)


def with_file(name="passport.pdf", content=b"%PDF-1.7 a passport", **given):
    message = letter("Send me a copy of my data.", **given)
    message.add_attachment(content, maintype="application", subtype="pdf", filename=name)
    return message
