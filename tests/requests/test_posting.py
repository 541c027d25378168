"""Giving a letter: a notice with a link, a fresh code, paper; and what came back was not given."""

import json
import re
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from core.errors import Invalid
from core.models import Outbox
from core.outbox import deliver_due
from ledger.models import Entry
from requests import answer, letters, posting, sending
from requests.letter_samples import SAMPLES
from requests.models import Letter
from tests import make_office as make
from tests import make_requests

pytestmark = pytest.mark.django_db


def write(kind="extension", *, now=None, **given):
    now = now or timezone.now()
    make.controller()
    make_requests.system()
    rights_request = make_requests.case("access", now=now, **given).requests.get()
    return letters.write(kind, rights_request, SAMPLES[kind], now=now)


def send(letter, mailbox, now=None):
    now = now or timezone.now()
    assert posting.send(letter, actor=make.OFFICER, now=now)
    deliver_due(now=now)
    links = [re.search(r"/collect/([^/\s]+)/", mail.body) for mail in mailbox]
    return [link for link in links if link][-1].group(1)


def noted(kind):
    return [json.loads(body) for body in Entry.objects.filter(kind=kind).values_list("body", flat=True)]


def open_with_code(client, token, mailbox):
    client.post(reverse("requests:collect-code", args=[token]))
    deliver_due(now=timezone.now() + timedelta(seconds=1))
    code = re.search(r"^\d{8}$", mailbox[-1].body, re.M).group(0)
    return client.post(reverse("requests:collect-check", args=[token]), {"code": code}, follow=True)


def test_the_notice_tells_of_the_letter_and_nothing_of_it(mailoutbox):
    letter = write()
    assert not letter.is_given
    send(letter, mailoutbox)
    mail = mailoutbox[-1]
    assert letter.reference in mail.body
    assert "four systems" not in mail.body + str(mail.alternatives)
    letter.refresh_from_db()
    assert letter.is_given
    assert (letter.given_by, letter.given_on) == ("email", letter.sent_at.date())
    assert posting.of_message(Outbox.objects.get(uuid=letter.outbox).uuid) == letter
    assert noted("letter.sent")[0]["data"]["kind"] == "extension"


def test_the_link_opens_with_a_fresh_code_only(client, mailoutbox):
    letter = write()
    token = send(letter, mailoutbox)
    page = client.get(reverse("requests:collect", args=[token])).content.decode()
    assert "There is a letter for you" in page
    refused = client.post(reverse("requests:collect-letter", args=[token]), {"letter": letter.uuid})
    assert refused.status_code == 302
    assert client.post(reverse("requests:collect-pdf", args=[token])).status_code == 302
    opened = open_with_code(client, token, mailoutbox).content.decode()
    assert "We need more time" in opened
    read = client.post(reverse("requests:collect-letter", args=[token]), {"letter": letter.uuid})
    assert "four systems" in read.content.decode()
    paper = client.post(reverse("requests:collect-pdf", args=[token]), {"letter": letter.uuid})
    assert paper.content.startswith(b"%PDF")
    assert len(noted("letter.collected")) == 2


def test_earlier_letters_of_the_case_are_read_there_and_no_others(client, mailoutbox):
    first = write()
    posting.send(first, actor=make.OFFICER, now=timezone.now())
    unsent = letters.write("general", first.request, SAMPLES["general"], now=timezone.now())
    other = write(email="other@example.com")
    posting.send(other, actor=make.OFFICER, now=timezone.now())
    second = letters.write("refusal", first.request, SAMPLES["refusal"], now=timezone.now())
    token = send(second, mailoutbox)
    page = open_with_code(client, token, mailoutbox).content.decode()
    assert str(first.uuid) in page
    for hidden in (unsent, other):
        assert str(hidden.uuid) not in page
        asked = client.post(reverse("requests:collect-letter", args=[token]), {"letter": hidden.uuid})
        assert asked.status_code == 404
    asked = client.post(reverse("requests:collect-letter", args=[token]), {"letter": "nonsense"})
    assert asked.status_code == 404
    assert (
        "four systems"
        in client.post(reverse("requests:collect-letter", args=[token]), {"letter": first.uuid}).content.decode()
    )


def test_a_link_too_old_is_renewed_once(client, mailoutbox):
    long_ago = timezone.now() - timedelta(days=40)
    letter = write(now=long_ago)
    token = send(letter, mailoutbox, now=long_ago)
    assert client.get(reverse("requests:collect", args=[token])).status_code == 404
    for _time in range(2):
        client.post(reverse("requests:collect-renew", args=[token]))
    deliver_due(now=timezone.now() + timedelta(seconds=1))
    fresh = re.search(r"/collect/([^/\s]+)/", mailoutbox[-1].body).group(1)
    assert fresh != token
    assert client.get(reverse("requests:collect", args=[fresh])).status_code == 200
    assert len(noted("letter.link-renewed")) == 1


def test_without_an_address_of_theirs_it_is_to_be_posted():
    letter = write(email="")
    assert not posting.send(letter, actor=make.OFFICER, now=make.NOW)
    assert not letter.is_given
    assert list(Letter.objects.owed()) == [letter]
    assert not noted("letter.sent")


def test_a_mailbox_in_doubt_gets_nothing():
    letter = write()
    letter.case.by_post = True
    letter.case.save()
    assert not posting.send(letter, actor=make.OFFICER, now=make.NOW)


def test_a_letter_that_holds_nothing_to_disclose_travels_whole(mailoutbox):
    letter = write("acknowledgement")
    assert posting.send(letter, actor=make.OFFICER, now=make.NOW)
    deliver_due(now=timezone.now())
    assert "This is how we understood what you ask" in "".join(mail.body for mail in mailoutbox)
    assert letter.is_given


@pytest.mark.parametrize("days", [-1, 1])
def test_it_is_posted_between_the_day_it_was_written_and_today(days):
    letter = write(email="", now=make.NOW)
    with pytest.raises(Invalid):
        posting.mark_posted(letter, day=make.NOW.date() + timedelta(days=days), actor=make.OFFICER, now=make.NOW)
    posting.mark_posted(letter, day=make.NOW.date(), actor=make.OFFICER, now=make.NOW)
    assert letter.is_given
    assert noted("letter.posted")[0]["data"]["day"] == "2026-11-22"


def test_what_came_back_was_not_given_until_it_is_posted(mailoutbox):
    letter = write(now=make.NOW)
    send(letter, mailoutbox, now=make.NOW)
    for _time in range(2):
        posting.bounced(letter, actor="system:inbox", now=make.NOW)
    assert not letter.is_given
    assert list(Letter.objects.owed()) == [letter]
    assert len(noted("letter.bounced")) == 1
    deliver_due(now=make.NOW)
    told = mailoutbox[-1]
    assert told.to == ["privacy@kraken.im"]
    assert f"/admin/rights/{letter.request.uuid}/" in told.body
    posting.mark_posted(letter, day=make.NOW.date(), actor=make.OFFICER, now=make.NOW)
    assert letter.is_given
    assert not Letter.objects.owed().exists()
    posting.bounced(letter, actor="system:inbox", now=make.NOW)
    assert letter.is_given


def test_a_notice_that_no_server_took_was_not_given(mailoutbox):
    letter = write(now=make.NOW)
    posting.send(letter, actor=make.OFFICER, now=make.NOW)
    Outbox.objects.filter(uuid=letter.outbox).update(dead_at=make.NOW)
    assert posting.note_dead(now=make.NOW) == 1
    assert posting.note_dead(now=make.NOW) == 0
    letter.refresh_from_db()
    assert not letter.is_given


def test_what_was_written_is_never_rewritten():
    letter = write()
    with pytest.raises(Exception, match="Cannot update"):
        Letter.objects.filter(pk=letter.pk).update(kind="refusal")


def test_letters_are_read_again_from_the_page_of_the_request(client, mailoutbox):
    now = timezone.now()
    make.register()
    given = make.confirmed("access", mailbox=mailoutbox, now=now).requests.get()
    letter = letters.write("extension", given, SAMPLES["extension"], now=now)
    hidden = letters.write("general", given, SAMPLES["general"], now=now)
    posting.send(letter, actor=make.OFFICER, now=now)
    token = make_requests.token_in([mail for mail in mailoutbox if "/rights/confirm/" in mail.body], now=now)
    assert "Read our letters" in client.get(reverse("requests:confirm", args=[token])).content.decode()
    where = reverse("requests:messages-letter", args=[token, letter.uuid])
    assert client.post(where).status_code == 302
    client.post(reverse("requests:messages-code", args=[token]))
    deliver_due(now=timezone.now() + timedelta(seconds=1))
    code = re.search(r"^\d{8}$", mailoutbox[-1].body, re.M).group(0)
    page = client.post(reverse("requests:messages-check", args=[token]), {"code": code}, follow=True).content.decode()
    assert "We need more time" in page
    assert str(hidden.uuid) not in page
    assert "four systems" in client.post(where).content.decode()
    assert client.post(where, {"pdf": "1"}).content.startswith(b"%PDF")
    assert client.post(reverse("requests:messages-letter", args=[token, hidden.uuid])).status_code == 404
    assert client.get(where).status_code == 405
    assert len(noted("letter.collected")) == 2


def test_what_was_given_is_given_once(mailoutbox):
    letter = write(now=make.NOW)
    send(letter, mailoutbox, now=make.NOW)
    with pytest.raises(posting.AlreadyGiven):
        posting.mark_posted(letter, day=make.NOW.date(), actor=make.OFFICER, now=make.NOW)
    with pytest.raises(posting.AlreadyGiven):
        posting.send(letter, actor=make.OFFICER, now=make.NOW)


def test_an_answer_that_came_back_is_sent_again_with_its_copy(client, mailoutbox):
    now = timezone.now()
    make.register()
    make.person("newsletter", now=now)
    access = make.confirmed("access", mailbox=mailoutbox, now=now).requests.get()
    answer.release_access(access, actor=make.OFFICER, now=now)
    letter = access.letters.get()
    posting.bounced(letter, actor="system:inbox", now=now)
    assert sending.send_again(letter, actor=make.OFFICER, now=now)
    deliver_due(now=timezone.now() + timedelta(seconds=1))
    token = next(found for mail in reversed(mailoutbox) if (found := re.search(r"/collect/([^/\s]+)/", mail.body)))[1]
    assert "Download my data" in open_with_code(client, token, mailoutbox).content.decode()
    letter.refresh_from_db()
    assert letter.is_given
