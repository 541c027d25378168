"""Letters that staff write: kept sealed, looked at exactly as they would go, and sent by the act they belong to."""

import json
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from core.errors import DomainError
from core.models import Outbox
from ledger.models import Entry
from requests import decisions, expiry, letter_drafts, letter_words, letters, report, ways
from requests.letter_kinds import BY_STAFF
from requests.models import LetterDraft
from requests.two_people import TwoPeopleNeeded
from tests import make_office as make
from tests import make_requests

pytestmark = pytest.mark.django_db
OTHER = "user:00000000-0000-4000-8000-000000000002"
EXTENSION = {"reason": "complexity", "explanation": "Your files are in four systems.", "opening": "Dear friend.\n\nHi."}


@pytest.fixture
def asked():
    make.controller()
    make_requests.system()
    return make_requests.case("access", now=timezone.now()).requests.get()


@pytest.fixture
def officer(client):
    client.force_login(make.staff())
    return client


def save(asked, kind="extension", words=EXTENSION, actor=make.OFFICER):
    return letter_words.save(asked, kind, words, actor=actor, now=timezone.now())


def send(asked, kind="extension", actor=make.OFFICER, **given):
    return letter_drafts.send(asked, kind, actor=actor, now=timezone.now(), **given)


def look(asked, kind="extension"):
    return letter_drafts.look(asked, kind, actor=make.OFFICER, now=timezone.now())


def call(client, name, asked, kind="extension", **words):
    return client.post(reverse(f"admin:letter-{name}", args=[asked.uuid]), {"kind": kind, **words}, follow=True)


def test_every_kind_that_staff_send_has_an_act():
    assert set(letter_drafts.ACTS) == BY_STAFF


def test_a_doubt_is_looked_at_before_it_is_raised_and_late_only_by_two(asked):
    doubt = {"reason": "details-differ", "doubt": "Another signature.", "ways": "call-back photo-id", "opening": "Hi."}
    save(asked, "id_request", doubt)
    page = look(asked, "id_request").html
    assert "Another signature." in page
    assert "Hi." in page
    assert not asked.askings.exists()
    send(asked, "id_request")
    asked.refresh_from_db()
    assert (asked.askings.get().reason, asked.due_on) == ("details-differ", None)
    late = make_requests.case("access", now=timezone.now() - timedelta(days=20)).requests.get()
    save(late, "id_request", doubt)
    assert "Another signature." in look(late, "id_request").html
    assert not late.askings.exists()
    with pytest.raises(letter_drafts.TooLate):
        send(late, "id_request")


def test_a_draft_is_sealed_and_one_of_its_kind(asked):
    save(asked)
    draft = save(asked, words={**EXTENSION, "explanation": "Other words."})
    assert LetterDraft.objects.get() == draft
    assert b"Other words" not in bytes(draft.sealed)
    assert letter_words.read(asked, "extension")["explanation"] == "Other words."
    assert Entry.objects.filter(kind="letter.drafted").count() == 1
    letter_words.discard(asked, "extension", actor=make.OFFICER, now=timezone.now())
    assert not LetterDraft.objects.exists()


def test_looking_changes_nothing_and_shows_what_goes(asked):
    save(asked)
    asked.refresh_from_db()
    before = (asked.due_on, make_requests.written().count(), Outbox.objects.count(), Entry.objects.count())
    seen = look(asked)
    asked.refresh_from_db()
    assert before == (asked.due_on, make_requests.written().count(), Outbox.objects.count(), Entry.objects.count())
    assert not seen.missing
    assert "<p>Dear friend.</p>" in seen.html
    assert letters.read(send(asked))["html"] == seen.html


def test_sending_does_what_the_letter_says(asked):
    before = asked.due_on
    save(asked)
    letter = send(asked)
    asked.refresh_from_db()
    assert asked.due_on > before
    assert letter.is_given
    assert not LetterDraft.objects.exists()


def test_what_the_law_wants_is_named_and_nothing_is_sent(asked):
    save(asked, "general", {"message": " "})
    seen = look(asked, "general")
    assert list(seen.missing) == ["message"]
    with pytest.raises(letters.LetterIncomplete):
        send(asked, "general")
    assert not make_requests.written().exists()
    assert LetterDraft.objects.exists()


def test_an_acknowledgement_fills_itself_from_the_case(asked):
    save(asked, "acknowledgement", {"needed": "Your old address.\n\nYour employer."})
    html = look(asked, "acknowledgement").html
    assert asked.reference in html
    assert "<li>Your employer.</li>" in html


def test_what_was_written_cannot_write_html(asked):
    save(asked, "general", {"message": "<script>alert(1)</script> {{ controller }}"})
    assert "<script" not in look(asked, "general").html


def test_too_much_and_what_is_no_text_is_refused(asked):
    for text in ("x" * 10_001, "a\x00b"):
        with pytest.raises(DomainError):
            save(asked, "general", {"message": text})


def test_whoever_wrote_it_does_not_send_it_where_two_are_needed(asked, settings):
    settings.TWO_PERSON_RELEASE = True
    save(asked)
    save(asked, actor=OTHER)
    for one in (make.OFFICER, OTHER):
        with pytest.raises(TwoPeopleNeeded):
            send(asked, actor=one)
    assert send(asked, actor="user:third").is_given
    released = json.loads(Entry.objects.get(kind="letter.released").body)
    assert released["data"] == {"rule": "two-person", "exception": ""}


def test_words_around_an_answer_go_with_it_and_make_a_preparer(mailoutbox, settings):
    make.register()
    make.person("newsletter")
    erasure = make.confirmed("erasure", mailbox=mailoutbox).requests.get()
    decisions.confirm_all(erasure, actor=OTHER, now=make.NOW)
    save(erasure, "erasure_answer", {"closing": "We are sorry to see you go."})
    html = letters.render("erasure_answer", erasure, report.of_erasure(erasure, now=make.NOW), now=make.NOW)
    assert "We are sorry to see you go." in html
    settings.TWO_PERSON_RELEASE = True
    with pytest.raises(TwoPeopleNeeded):
        ways.release(erasure, actor=make.OFFICER, now=make.NOW)
    ways.release(erasure, actor="user:third", now=make.NOW)
    assert "sorry to see you go" in letters.read(make_requests.written().get())["text"]
    assert not LetterDraft.objects.exists()


def test_a_letter_of_another_place_is_not_sent_from_a_draft(asked):
    save(asked, "access_response", {"opening": "x"})
    with pytest.raises(letter_drafts.NotFromHere):
        send(asked, "access_response")
    with pytest.raises(letter_drafts.NoDraft):
        send(asked, "general")


def test_from_the_case_page_to_the_post(officer, asked):
    page = officer.get(reverse("admin:rights-request", args=[asked.uuid])).content.decode()
    assert "We need more time" in page
    assert "Words of your own at the beginning" in call(officer, "draft", asked).content.decode()
    missing = call(officer, "save", asked, look="1", opening="Only this.").content.decode()
    assert "Choose a reason from the list" in missing
    assert "Only this." in missing
    seen = call(officer, "save", asked, look="1", **EXTENSION).content.decode()
    assert "This is what will go" in seen
    assert "Your files are in four systems." in seen
    assert call(officer, "paper", asked).content.startswith(b"%PDF")
    assert "Go on writing" in officer.get(reverse("admin:rights-request", args=[asked.uuid])).content.decode()
    assert "The letter is sent." in call(officer, "send", asked).content.decode()


def test_what_is_missing_stands_over_the_letter(officer, asked):
    seen = call(officer, "save", asked, "general", look="1", message="").content.decode()
    assert "Missing: what you have to say" in seen
    assert "Send the letter" not in seen


def test_a_draft_is_thrown_away_on_purpose(officer, asked):
    save(asked)
    assert "The draft is thrown away." in call(officer, "discard", asked).content.decode()
    assert not LetterDraft.objects.exists()


@pytest.mark.parametrize("kind", ["nonsense", "", "complaint_outcome"])
def test_an_unknown_kind_is_not_there(officer, asked, kind):
    assert call(officer, "draft", asked, kind).status_code == 404


def test_a_draft_goes_with_the_key_of_its_case(asked):
    save(asked)
    asked.move("withdrawn", actor=make.OFFICER, now=timezone.now())
    expiry.expire_case(asked.case, now=timezone.now())
    assert not LetterDraft.objects.exists()
    with pytest.raises(letter_words.Forgotten):
        save(asked)
