"""Where data go when they go straight to another controller: no address inside, and the certificate is of the name."""

import socket
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from core import network
from core.network import AddressRefused
from requests import transfers
from tests import make_transfers
from tests.make_transfers import NOW, OFFICER, deliver, instruct

pytestmark = pytest.mark.django_db


@pytest.fixture
def receiver(tmp_path, settings):
    with make_transfers.receiving(tmp_path, settings) as made:
        yield made


@pytest.fixture
def found(mailoutbox):
    return make_transfers.prepared(mailoutbox)


PRIVATE = [
    "127.0.0.1", "10.1.2.3", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0",  # noqa: S104 - to be refused
    "224.0.0.1", "::1", "fe80::1",
    "fc00::1", "::ffff:10.0.0.1", "64:ff9b::a00:1", "2002:a00:1::", "::10.0.0.1",
]  # fmt: skip


def resolving(monkeypatch, *addresses):
    """Names lead here for the check alone; what connects is not touched."""
    rows = [(0, 0, 0, "", (one, 443)) for one in addresses]
    fake = SimpleNamespace(getaddrinfo=lambda *_args, **_named: rows, SOCK_STREAM=socket.SOCK_STREAM)
    monkeypatch.setattr(network, "socket", fake)


@pytest.mark.parametrize("address", PRIVATE)
def test_an_address_inside_is_refused_even_beside_one_outside(monkeypatch, settings, address):
    settings.OUTGOING_NETWORKS = []
    for found in ([address], ["93.184.215.14", address]):
        resolving(monkeypatch, *found)
        with pytest.raises(AddressRefused):
            network.target_of("https://receiver.example/take")


def test_the_number_that_was_checked_is_the_one_connected_to(monkeypatch, settings):
    settings.OUTGOING_NETWORKS = []
    resolving(monkeypatch, "93.184.215.14")
    target = network.target_of("https://receiver.example/take?x=1")
    assert target.url == "https://93.184.215.14:443/take?x=1"
    assert (target.host, target.name) == ("receiver.example", "receiver.example")
    resolving(monkeypatch, "2606:2800:21f::1")
    assert network.target_of("https://receiver.example:8443/").url == "https://[2606:2800:21f::1]:8443/"
    with pytest.raises(AddressRefused):
        network.target_of("http://receiver.example/")


def test_an_instruction_whose_name_leads_inside_later_goes_nowhere(found, monkeypatch, settings):
    settings.OUTGOING_NETWORKS = []
    transfer = instruct(found, address="https://receiver.example/take")
    transfers.start(transfer, actor=OFFICER, now=NOW)
    resolving(monkeypatch, "169.254.169.254")
    deliver()
    transfer.refresh_from_db()
    assert (transfer.state, transfer.error) == ("failed", "address-refused")


def certificate(folder, name):
    """A certificate of its own authority for this name; returns the file of both and the authority's."""
    key = ec.generate_private_key(ec.SECP256R1())
    issuer = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    made = (
        x509.CertificateBuilder()
        .subject_name(issuer)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2040, 1, 1, tzinfo=UTC))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    ).public_bytes(serialization.Encoding.PEM)
    plain = (serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "both.pem").write_bytes(key.private_bytes(serialization.Encoding.PEM, *plain) + made)
    (folder / "authority.pem").write_bytes(made)
    return folder / "both.pem", folder / "authority.pem"


@pytest.mark.parametrize(("name", "state"), [("receiver.example", "delivered"), ("somebody.example", "sending")])
def test_over_https_the_certificate_must_be_of_the_name(found, receiver, monkeypatch, name, state):
    both, authority = certificate(receiver.folder, name)
    monkeypatch.setenv("SSL_CERT_FILE", str(authority))
    receiver.start(certificate=str(both))
    resolving(monkeypatch, "127.0.0.1")
    transfer = instruct(found, address=f"https://receiver.example:{receiver.port}/take")
    transfers.start(transfer, actor=OFFICER, now=NOW)
    deliver()
    transfer.refresh_from_db()
    assert transfer.state == state
