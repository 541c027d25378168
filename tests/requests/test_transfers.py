"""Data straight to another controller: to a real server that dies, refuses and talks too much; or by a link, once."""

import io
import json
import socket
import subprocess
import sys
import time
import zipfile
from contextlib import contextmanager
from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path
from threading import Thread
from types import SimpleNamespace

import pytest
from django.urls import reverse

from core import network, outbox
from core.errors import Invalid
from core.models import Outbox
from core.network import AddressRefused
from ledger import signing
from ledger.models import Entry
from requests import letters, next_step, package, porting, transfer_post, transfers, ways
from requests.casework import gather
from requests.models import Package, RightsRequest, Transfer
from requests.sending import Unconfirmed
from requests.two_people import TwoPeopleNeeded
from tests import make_office as make
from tests import make_requests, make_staff, make_subjects

pytestmark = pytest.mark.django_db
NOW, OFFICER = make.NOW, make.OFFICER
LOOPBACK = [ip_network("127.0.0.0/8")]
SERVER = Path(__file__).with_name("receiving_server.py")


class Receiver:
    """The other side: a process that can be killed and come back on the same port."""

    def __init__(self, folder):
        self.folder, self.port, self.process = folder, 0, None

    def start(self, mode="take", certificate=""):
        (self.folder / "mode").write_text(mode)
        command = [
            sys.executable,
            str(SERVER),
            str(self.port),
            str(self.folder),
            *([certificate] if certificate else []),
        ]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self.port = int(self.process.stdout.readline())
        return self

    def stop(self):
        if self.process:
            self.process.kill()
            self.process.wait()
            self.process.stdout.close()
            self.process = None

    @property
    def log(self):
        path = self.folder / "log"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    @property
    def kept(self):
        return sorted(self.folder.glob("*.zip"))

    @contextmanager
    def killed_once_it_has_begun(self):
        def wait():
            until = time.monotonic() + 30
            while not self.log and time.monotonic() < until:
                time.sleep(0.02)
            self.process.kill()

        killer = Thread(target=wait)
        killer.start()
        yield
        killer.join()
        self.stop()


@pytest.fixture
def receiver(tmp_path, settings):
    settings.OUTGOING_NETWORKS = LOOPBACK
    made = Receiver(tmp_path)
    yield made
    made.stop()


@pytest.fixture
def found(mailoutbox):
    make.register()
    make.person("newsletter")
    made = make.confirmed("portability", mailbox=mailoutbox).requests.get()
    porting.prepare(made, actor=OFFICER, now=NOW)
    return made


@pytest.fixture
def large(found):
    """More than a socket takes in one go."""
    content = "".join(f"{line * 7919 % 1_000_003:x}" for line in range(250_000))
    make_subjects.item(found.case.subject, "newsletter", content=content, category="name", now=NOW)
    porting.prepare(found, actor=OFFICER, now=NOW)
    return found


def instruct(found, port=443, **given):
    values = {
        "name": "Octopus Ltd",
        "address": f"http://127.0.0.1:{port}/take?from=kraken",
        "words": "Send it to Octopus.",
        "told": "request",
        **given,
    }
    return transfers.instruct(found, **values, actor=OFFICER, now=NOW)


def deliver(at=NOW):
    row = Outbox.objects.get(kind="transfer", sent_at=None, dead_at=None)
    return outbox.deliver_one(row.pk, now=at)


def sent(found, receiver, mode="take"):
    receiver.start(mode)
    transfer = instruct(found, receiver.port)
    transfers.start(transfer, actor=OFFICER, now=NOW)
    deliver()
    transfer.refresh_from_db()
    return transfer


def test_they_get_it_signed_and_their_receipt_is_kept(found, receiver):
    transfer = sent(found, receiver)
    assert transfer.state == "delivered"
    made = Package.objects.get(request=found)
    assert receiver.kept[0].name == f"{transfer.uuid}.zip"
    assert zipfile.ZipFile(receiver.kept[0]).testzip() is None
    statement = json.loads(signing.verify(receiver.log[0]["manifest"]))
    assert (statement["sha256"], statement["bytes"]) == (made.sha256, made.size)
    assert (statement["id"], statement["reference"]) == (str(transfer.uuid), found.reference)
    shown = transfers.shown(found)[0]
    assert (shown.name, shown.receipt["status"]) == ("Octopus Ltd", 201)
    assert json.loads(shown.receipt["answer"])["received"] == str(transfer.uuid)
    assert b"Octopus" not in bytes(transfer.sealed) + bytes(transfer.receipt)
    entry = Entry.objects.get(kind="transfer.delivered")
    assert entry.uuid == transfer.entry
    assert "Octopus" not in entry.body
    assert Outbox.objects.filter(kind="transfer", payload=None).count() == 1


@pytest.mark.parametrize(("mode", "kept_before"), [("stop-in-the-middle", 0), ("stop-before-the-answer", 1)])
def test_killed_on_the_way_it_is_sent_again_and_known_by_its_id(large, receiver, mode, kept_before):
    receiver.start(mode)
    transfer = instruct(large, receiver.port)
    transfers.start(transfer, actor=OFFICER, now=NOW)
    with receiver.killed_once_it_has_begun():
        assert not deliver()
    transfer.refresh_from_db()
    assert (transfer.state, len(receiver.kept)) == ("sending", kept_before)
    receiver.start()
    assert deliver(NOW + timedelta(minutes=1))
    transfer.refresh_from_db()
    assert transfer.state == "delivered"
    assert [line["key"] for line in receiver.log] == [str(transfer.uuid)] * 2
    assert [line["known"] for line in receiver.log] == [False, bool(kept_before)]
    assert len(receiver.kept) == 1
    with pytest.raises(transfers.NotNow):
        transfers.start(transfer, actor=OFFICER, now=NOW)


def test_a_busy_server_is_asked_again_and_a_silent_one_is_given_up_on(found, receiver):
    transfer = sent(found, receiver, "busy")
    assert transfer.state == "sending"
    receiver.stop()
    at = NOW
    for _try in range(outbox.ATTEMPTS):
        at += timedelta(hours=7)
        if Outbox.objects.filter(kind="transfer", dead_at=None).exists():
            assert not deliver(at)
    assert transfers.note_dead(now=at) == 1
    transfer.refresh_from_db()
    assert (transfer.state, transfer.error) == ("failed", "no-answer")
    receiver.start()
    transfers.start(transfer, actor=OFFICER, now=at)
    assert deliver(at)
    assert Transfer.objects.get().state == "delivered"


@pytest.mark.parametrize("mode", ["redirect", "refuse"])
def test_a_refusal_is_for_people_and_nobody_is_followed_elsewhere(found, receiver, mode):
    transfer = sent(found, receiver, mode)
    assert (transfer.state, transfer.error) == ("failed", "answer-refused")
    assert len(receiver.log) == 1


def test_of_a_long_answer_only_the_beginning_is_kept(found, receiver):
    sent(found, receiver, "talk")
    assert len(transfers.shown(found)[0].receipt["answer"]) <= transfer_post.ANSWER


def test_a_slow_receiver_does_not_hold_the_worker(found, receiver, monkeypatch):
    monkeypatch.setattr(transfer_post, "SECONDS", -1)
    assert sent(found, receiver).state == "sending"
    assert Outbox.objects.get(kind="transfer").error == "TooSlow"


def test_taken_back_before_it_left_it_does_not_go(found, receiver):
    receiver.start()
    transfer = instruct(found, receiver.port)
    transfers.start(transfer, actor=OFFICER, now=NOW)
    transfers.cancel(transfer, actor=OFFICER, now=NOW)
    assert deliver()
    assert receiver.log == []


def test_made_anew_the_old_set_is_not_sent(found, receiver):
    receiver.start()
    transfer = instruct(found, receiver.port)
    transfers.start(transfer, actor=OFFICER, now=NOW)
    porting.prepare(found, actor=OFFICER, now=NOW + timedelta(minutes=1))
    deliver()
    transfer.refresh_from_db()
    assert (transfer.error, receiver.log) == ("set-changed", [])
    # It is another set: under the old id they could take it for one that they have.
    again = transfers.start(transfer, actor=OFFICER, now=NOW + timedelta(minutes=2))
    transfer.refresh_from_db()
    assert (transfer.state, again.state) == ("cancelled", "sending")
    assert again.uuid != transfer.uuid
    assert transfers.details_of(again) == transfers.details_of(transfer)
    assert [one["name"] for one in transfers.for_letter(found)] == [transfers.details_of(again)["name"]]


def test_nothing_goes_without_an_instruction_of_somebody_we_know(found, mailoutbox, settings):
    settings.OUTGOING_NETWORKS = LOOPBACK
    for field in ("name", "words", "told"):
        with pytest.raises(Invalid) as refused:
            instruct(found, **{field: ""})
        assert set(refused.value.fields) == {field}
    for address in (
        "ftp://example.com/",
        "https://u:p@example.com/",
        "https://",
        "javascript:alert(1)",
        "https://x y/",
    ):
        with pytest.raises(Invalid):
            instruct(found, address=address)
    unproven = make_requests.case("portability", email="ada@example.com", now=NOW).requests.get()
    with pytest.raises(Unconfirmed):
        instruct(unproven)


def test_a_refused_instruction_keeps_what_was_typed(found):
    officer = make_staff.client_of(make_staff.account("typist", "dpo"))
    typed = {
        "name": "Octopus Ltd",
        "address": "http://octopus.example/",
        "told": "phone",
        "words": "Send it to Octopus.",
    }
    page = officer.post(reverse("admin:rights-transfer", args=[found.uuid]), typed).text
    assert "Send it to Octopus.</textarea>" in page
    assert 'value="http://octopus.example/"' in page
    assert '<option value="phone" selected>' in page
    assert not Transfer.objects.exists()


def test_two_people(found, receiver, settings):
    settings.TWO_PERSON_RELEASE = True
    transfer = instruct(found)
    with pytest.raises(TwoPeopleNeeded):
        transfers.start(transfer, actor=OFFICER, now=NOW)
    transfers.start(transfer, actor="user:somebody-else", now=NOW)


def next_steps(found):
    return next_step.of(found, gather(found, now=NOW), today=NOW.date())


def test_the_letter_says_whether_they_have_it(found, receiver):
    receiver.start("busy")
    transfer = instruct(found, receiver.port)
    ways.release(found, actor=OFFICER, now=NOW)
    found.refresh_from_db()
    assert found.state == "partly_answered"
    assert "We have not sent it to them yet." in letters.read(letters.latest(found))["text"]
    assert "or record that it is not to be sent." in str(next_steps(found)[0].sentence)
    transfers.start(transfer, actor=OFFICER, now=NOW)
    assert "It is on its way to" in str(next_steps(found)[0].sentence)
    ways.release(found, actor=OFFICER, now=NOW)
    assert found.letters.count() == 1
    (receiver.folder / "mode").write_text("take")
    deliver()
    ways.release(RightsRequest.objects.get(pk=found.pk), actor=OFFICER, now=NOW)
    found.refresh_from_db()
    assert found.state == "fulfilled"
    assert "They confirmed that they have it." in letters.read(letters.latest(found))["text"]


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
    from datetime import UTC, datetime

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

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


def test_a_link_works_once_for_three_days_and_for_this_set_alone(found):
    ways.release(found, actor=OFFICER, now=NOW)
    made = Package.objects.get(request=found)
    token = transfers.offer(made, name="Octopus Ltd", now=NOW).rsplit("/", 2)[1]
    assert transfers.behind(token, now=NOW).told == "page"
    transfer, _made, content = transfers.hand_over(token, now=NOW)
    assert zipfile.ZipFile(io.BytesIO(b"".join(content))).testzip() is None
    transfer.refresh_from_db()
    assert (transfer.state, transfer.sha256) == ("delivered", made.sha256)
    old = transfers.offer(made, name="Late Ltd", now=NOW).rsplit("/", 2)[1]
    for gone, at in ((token, NOW), (old, NOW + transfers.LINK_LIVES), ("x" * 43, NOW)):
        with pytest.raises(transfers.NotHere):
            transfers.hand_over(gone, now=at)
    for _number in range(transfers.LINKS - 1):
        transfers.offer(made, name="Many Ltd", now=NOW)
    with pytest.raises(transfers.TooManyLinks):
        transfers.offer(made, name="Many Ltd", now=NOW)
    package.drop_old(now=NOW + package.KEPT * 2)
    with pytest.raises(transfers.NotHere):
        transfers.behind(old, now=NOW)
