"""Polling a real server: nothing is lost, nothing is twice, whatever happens in between."""

import os
import re
import signal
import socket
import subprocess
import sys
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from django.db import DatabaseError
from django.utils import timezone

from consents import suppression, unsubscribe
from core.models import Controller
from inbox import polling, sealed, taking
from inbox import server as imap
from inbox.models import Location, Mail, Poll
from subjects.identifiers import Claim
from tests import make_inbox, make_register
from tests.make_inbox import ARRIVED, NOW, letter

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("controller")]


def test_a_message_is_sealed_and_then_moved(server):
    mail = make_inbox.take_in(server, letter("Please delete my data.", subject="From Ada"))
    assert (mail.arrived_at, mail.taken_at.date(), mail.box) == (ARRIVED, NOW.date(), "inbox")
    assert (mail.suggested, mail.rights) == ("rights", ["erasure"])
    digest = sealed.read(mail)
    assert (digest.name, digest.address, digest.subject) == ("Ada Lovelace", "ada@example.com", "From Ada")
    assert b"Please delete my data." in sealed.raw_of(mail)
    assert b"Lovelace" not in bytes(mail.raw) + bytes(mail.digest)
    assert (server.count("INBOX"), server.count("Processed")) == (0, 1)


def test_what_comes_over_smtp_is_taken_in(server):
    server.send(letter("What data do you hold about me?"))
    assert make_inbox.poll().taken == 1
    assert Mail.objects.get().rights == ["access"]


def test_the_mail_that_a_provider_sends_for_its_reader_ends_the_list(server):
    """RFC 2369: exactly the address that stands in the header, through a server and the mailbox."""
    purpose = make_register.purpose("newsletter", "a", direct_marketing=True)
    (one,) = unsubscribe.links("newsletter", ["ada@example.com"])
    to = urlsplit(re.search(r"<(mailto:[^>]+)>", dict(one.headers)["List-Unsubscribe"])[1])
    (subject,) = parse_qs(to.query)["subject"]
    assert to.path == Controller.current().dpo_contact
    server.send(letter("", subject=subject, sender="Ada <someone-else@example.org>", Auto_Submitted="auto-generated"))
    assert make_inbox.poll().taken == 1
    mail = Mail.objects.get()
    assert (mail.state, mail.kind) == ("done", "withdrawal")
    assert suppression.is_suppressed([Claim("email", "ada@example.com")], purpose, marketing=True)
    assert (server.count("INBOX"), server.count("Processed")) == (0, 1)


def test_killed_between_commit_and_moving_nothing_is_lost_or_twice(server, monkeypatch):
    server.put(letter())
    with monkeypatch.context() as patch:
        patch.setattr(imap.Server, "stored", lambda *given, **named: (_ for _ in ()).throw(SystemExit))
        with pytest.raises(SystemExit):
            polling.poll(now=NOW)
    assert (Mail.objects.count(), server.count("INBOX")) == (1, 1)

    assert polling.poll(now=NOW) is None  # the lease of the one that died
    later = NOW + polling.LEASE + timedelta(seconds=1)
    polled = make_inbox.poll(now=later)
    assert polled.taken == 0
    assert Mail.objects.count() == 1
    assert (server.count("INBOX"), server.count("Processed")) == (0, 1)


def test_killed_before_the_commit_it_is_taken_in_next_time(server, monkeypatch):
    server.put(letter())
    with monkeypatch.context() as patch:
        patch.setattr(taking.sealed, "seal", lambda *given: (_ for _ in ()).throw(DatabaseError))
        polled = polling.poll(now=NOW)
    assert (polled.failed, polled.error, Mail.objects.count(), server.count("INBOX")) == (1, "messages", 0, 1)
    assert make_inbox.poll().taken == 1


def test_two_workers_never_poll_together(server, monkeypatch):
    server.put(letter())
    seen = []
    real = polling.take
    monkeypatch.setattr(polling, "take", lambda *a, **k: seen.append(polling.poll(now=NOW)) or real(*a, **k))
    assert make_inbox.poll().taken == 1
    assert seen == [None]


def test_the_same_message_in_two_folders_or_under_a_new_uid_is_one(server):
    same = letter(message_id="<one@example.com>")
    mail = make_inbox.take_in(server, same)
    server.put(b"Received: by another way\r\n" + same.as_bytes(), folder="Junk")
    server.put(same)
    polled = make_inbox.poll()
    assert (polled.taken, polled.known) == (0, 2)
    assert mail.locations.count() == 3
    # What was seen in the junk folder is not fetched again.
    assert make_inbox.poll().known == 0


def test_the_same_message_id_with_other_words_is_another_message(server):
    first, second = (letter(text, message_id="<one@example.com>") for text in ("Delete my data.", "Keep it."))
    assert len(make_inbox.take_in(server, first, second)) == 2


def test_without_a_message_id_the_same_words_on_another_day_are_another_message(server):
    server.put(letter(message_id=""))
    server.put(letter(message_id=""), at=ARRIVED + timedelta(days=1))
    assert make_inbox.poll().taken == 2


def test_uids_that_begin_anew_are_not_taken_for_the_old_ones(server):
    make_inbox.take_in(server, letter("One."))
    Location.objects.update(uid_validity=1)
    server.put(letter("Two."))
    assert make_inbox.poll().taken == 1


def test_junk_is_read_too_and_stays_where_it_is(server):
    mail = make_inbox.take_in(server, letter("Win a prize!"), folder="Junk")
    assert (mail.box, mail.suggested, mail.reasons) == ("junk", "spam", ["from-junk"])
    assert server.count("Junk") == 1
    mail = make_inbox.take_in(server, letter("I want a copy of my personal data"), folder="Junk")
    assert (mail.suggested, mail.rights) == ("rights", ["access"])


def test_a_message_that_is_too_large_still_makes_an_entry(server, settings):
    settings.MAILBOX_MAX_BYTES = 300_000
    message = letter("Please delete my data.", subject="With my holiday films")
    message.add_attachment(b"x" * 600_000, maintype="video", subtype="mp4", filename="film.mp4")
    mail = make_inbox.take_in(server, message)
    assert mail.is_partial
    assert "partial" in mail.reasons
    assert mail.size > 600_000
    assert len(sealed.raw_of(mail)) <= imap.BEGINNING
    assert sealed.read(mail).text == "Please delete my data."
    assert server.count("Processed") == 1


def test_a_date_in_the_future_starts_nothing_in_the_future(server):
    mail = make_inbox.take_in(server, letter(), at=NOW + timedelta(days=400))
    assert mail.arrived_at.date() == NOW.date()


def test_an_ancient_date_is_kept_as_it_is(server):
    old = ARRIVED.replace(year=1999)
    assert make_inbox.take_in(server, letter(), at=old).arrived_at == old


def test_a_server_that_is_not_there_is_an_error_without_the_password(server, settings, caplog):
    with socket.socket() as taken:
        # Nobody listens there, and nobody else can begin to.
        taken.bind(("127.0.0.1", 0))
        settings.MAILBOX_URL = settings.MAILBOX_URL.replace(str(server.imap_port), str(taken.getsockname()[1]))
        polled = polling.poll(now=NOW)
    assert polled.error == "ConnectionRefusedError"
    assert Poll.objects.get().error == "ConnectionRefusedError"
    assert "s3cret" not in caplog.text


def test_a_wrong_password_is_an_error_without_the_password(server, settings, caplog):
    settings.MAILBOX_URL = settings.MAILBOX_URL.replace("s3cret", "0ther")
    assert polling.poll(now=NOW).error == "MailboxLoginError"
    assert "0ther" not in caplog.text


def test_without_an_address_nothing_is_polled(settings):
    settings.MAILBOX_URL = ""
    assert polling.poll(now=NOW) is None
    assert not Poll.objects.exists()


POLLER = """
import os, signal, sys
import django
django.setup()
from django.utils import timezone
from inbox import polling, server
server.Server.stored = lambda *given, **named: os.kill(os.getpid(), signal.SIGKILL)
polling.poll(now=timezone.now())
"""


@pytest.mark.django_db(transaction=True)
def test_a_worker_that_is_killed_after_the_commit_leaves_one_entry_and_the_message(server, settings):
    server.put(letter("Please delete my data."))
    environment = {**os.environ, "MAILBOX_URL": settings.MAILBOX_URL, "PYTHONPATH": str(settings.BASE_DIR)}
    environment["DJANGO_SETTINGS_MODULE"] = "kraken_privacy.settings"
    killed = subprocess.run([sys.executable, "-c", POLLER], env=environment, cwd=settings.BASE_DIR, timeout=120)
    assert killed.returncode == -signal.SIGKILL
    assert (Mail.objects.count(), server.count("INBOX")) == (1, 1)
    assert sealed.read(Mail.objects.get()).text == "Please delete my data."

    polled = make_inbox.poll(now=timezone.now() + polling.LEASE + timedelta(minutes=1))
    assert (polled.taken, Mail.objects.count()) == (0, 1)
    assert (server.count("INBOX"), server.count("Processed")) == (0, 1)


@pytest.mark.parametrize(("scheme", "said"), [("imaps", None), ("imap+starttls", [])])
def test_over_tls_with_a_certificate_that_is_checked(server, settings, tmp_path, scheme, said):
    certificate, key = make_inbox.certificate(tmp_path)
    server.put(letter())
    with make_inbox.tls_in_front_of(server, certificate, key, said=said) as port:
        url = server.url(scheme).replace(f":{server.imap_port}/", f":{port}/")
        settings.MAILBOX_URL = url
        assert polling.poll(now=NOW).error == "SSLCertVerificationError"
        settings.MAILBOX_URL = f"{url}&ca={certificate}"
        assert make_inbox.poll().taken == 1
    # Neither time was anything said in the clear but what TLS begins with.
    assert not said or said == ["CAPABILITY", "STARTTLS"] * 2


def test_without_tls_to_begin_nobody_signs_in(server, settings):
    settings.MAILBOX_URL = server.url("imap+starttls")
    assert polling.poll(now=NOW).error == "abort"


def test_without_a_folder_for_what_is_stored_nothing_new_has_to_wait(server, settings, monkeypatch):
    settings.MAILBOX_URL = server.url(done="")
    monkeypatch.setattr(polling, "BATCH", 1)
    make_inbox.take_in(server, letter("One."))
    make_inbox.take_in(server, letter("Two."))
    assert (Mail.objects.count(), server.count("INBOX")) == (2, 2)
