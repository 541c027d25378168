"""The same person asks for the same thing twice: one request closes, the other answers both, and nothing is lost."""

from datetime import date, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from core.models import User
from core.outbox import deliver_due
from ledger.models import Entry
from requests import (
    answer,
    asking,
    clarification,
    duplicates,
    intake,
    letters,
    messages,
    moves,
    office,
    refusing,
    repetition,
    representing,
)
from requests.models import RightsRequest
from requests.workflow import TransitionNotAllowed
from subjects.models import ErasureBlock
from tests import make_office as make
from tests import make_requests
from tests.make_api import client as api_client

pytestmark = pytest.mark.django_db
NOW = make.NOW
LATER = NOW + timedelta(days=3)
BY = {"actor": make.OFFICER, "now": LATER}


@pytest.fixture
def first(mailoutbox):
    """An access request of somebody known, who showed their mailbox."""
    make.register(manual=True)
    make.person("newsletter")
    return make.confirmed("access", mailbox=mailoutbox).requests.get()


def asked(*rights, now=LATER, **given):
    return make_requests.case(*(rights or ("access",)), now=now, **given).requests.order_by("pk").first()


def confirmed(mailoutbox, *rights, **given):
    return make.confirmed(*(rights or ("access",)), mailbox=mailoutbox, now=LATER, **given).requests.get()


def test_it_closes_points_at_the_other_and_the_person_is_told_once(first, mailoutbox):
    again = asked(details="And the mails of last May.")
    duplicates.mark(again, first, **BY)
    assert (again.state, again.duplicate_of, again.case.closed_at) == ("duplicate", first, LATER)
    assert [text for _row, text in messages.comments(first.case)] == [
        f"{again.reference} asked for the same on Wednesday 25 November 2026. It is answered with this request.\n\n"
        "And the mails of last May."
    ]
    assert Entry.objects.filter(kind="request.duplicate-marked", object=again.uuid).count() == 1
    assert duplicates.tell_due(now=LATER) == 0
    told = LATER + duplicates.UNDO
    assert duplicates.tell_due(now=told) == 1
    assert duplicates.tell_due(now=told) == 0
    deliver_due(now=told)
    mail = mailoutbox[-1]
    assert (mail.to, "One answer to two" in mail.subject) == ([make.EMAIL], True)
    for words in (again.reference, first.reference, "Tuesday 22 December 2026", "take this request up again"):
        assert words in mail.body
    with pytest.raises(duplicates.Told):
        duplicates.undo(again, actor=make.OFFICER, now=told)
    first.refresh_from_db()
    assert first.is_open


def test_a_day_that_has_passed_is_not_promised(first, mailoutbox, client):
    late = NOW + timedelta(days=40)
    again = asked(now=late)
    duplicates.mark(again, first, actor=make.OFFICER, now=late)
    assert duplicates.tell_due(now=late + duplicates.UNDO) == 1
    due = letters.parts_of(letters.read(letters.latest(again))["html"])["due"]
    for words in ("was due by Tuesday 22 December 2026", "That day has passed", "we are late", "complain without"):
        assert words in due
    assert "You will have" not in due
    back = make_requests.case("erasure", email="old@example.com", now=late, received_on=NOW.date()).requests.get()
    deliver_due(now=late)
    [mail] = [one for one in mailoutbox if back.reference in one.body]
    for told in (mail.body, mail.alternatives[0].content):
        assert "That day has passed" in told
        assert "You will have our answer" not in told


def test_it_is_undone_as_if_it_had_not_been(first, mailoutbox):
    again = confirmed(mailoutbox)
    blocks = ErasureBlock.objects.filter(placed_for=again.uuid, released_at=None)
    assert blocks.exists()
    due = again.due_on
    duplicates.mark(again, first, **BY)
    assert not blocks.exists()
    with pytest.raises(TransitionNotAllowed):
        office.casework.moves.step(again, "in_progress", **BY)
    duplicates.undo(again, **BY)
    assert (again.state, again.duplicate_of, again.due_on, blocks.exists()) == ("in_progress", None, due, True)
    assert duplicates.tell_due(now=LATER + duplicates.UNDO) == 0


def test_the_earlier_day_counts(first, mailoutbox):
    """It was entered first, but the letter had come before."""
    letter = asked(received_on=date(2026, 11, 20))
    duplicates.mark(letter, first, **BY)
    first.refresh_from_db()
    assert (first.received_on, first.due_on) == (date(2026, 11, 20), date(2026, 12, 21))
    duplicates.undo(letter, **BY)
    first.refresh_from_db()
    assert (first.received_on, first.due_on) == (date(2026, 11, 22), date(2026, 12, 22))


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_undoing_one_of_two_keeps_the_day_of_the_other(first, order):
    days = [date(2026, 11, 20), date(2026, 11, 19)]
    both = [asked(received_on=day) for day in days]
    for one in both:
        duplicates.mark(one, RightsRequest.objects.get(pk=first.pk), **BY)
    one, other = order
    duplicates.undo(both[one], **BY)
    first.refresh_from_db()
    assert first.received_on == days[other]
    duplicates.undo(both[other], **BY)
    first.refresh_from_db()
    assert (first.received_on, first.due_on) == (date(2026, 11, 22), date(2026, 12, 22))


@pytest.mark.parametrize("how", ["withdrawn", "refused", "before-the-hooks"])
def test_what_was_to_be_answered_by_one_that_ends_without_an_answer_is_open_again(first, mailoutbox, how):
    again = confirmed(mailoutbox)
    due = again.due_on
    duplicates.mark(again, first, **BY)
    if how == "withdrawn":
        moves.step(first, "withdrawn", **BY)
    elif how == "refused":
        refusing.prepare(first, reason="excessive", explanation="Every week for a year.", **BY)
        refusing.refuse(first, **BY, exception="Nobody else is here.")
    else:
        first.move("withdrawn", **BY)
    assert duplicates.tell_due(now=LATER + duplicates.UNDO) == 0
    again.refresh_from_db()
    assert (again.state, again.duplicate_of, again.due_on, again.case.closed_at) == ("in_progress", None, due, None)
    assert ErasureBlock.objects.filter(placed_for=again.uuid, released_at=None).exists()
    assert messages.comments(again.case)[-1][1].startswith(f"{first.reference} was to answer this request, too,")


def test_the_letter_promises_no_answer_that_was_given(first, mailoutbox):
    again = asked()
    duplicates.mark(again, first, **BY)
    first.move("in_progress", **BY)
    for state in ("ready", "refused"):
        first.move(state, actor=make.OFFICER, reason="answered", now=LATER)
    assert duplicates.tell_due(now=LATER + duplicates.UNDO) == 1
    again.refresh_from_db()
    text = letters.read(letters.latest(again))["text"]
    assert again.state == "duplicate"
    assert "We answered both together on Wednesday 25 November 2026" in text
    assert "You will have the answer" not in text


def test_one_that_answers_others_does_not_close_for_a_third(first, mailoutbox):
    again = asked()
    duplicates.mark(again, first, **BY)
    with pytest.raises(repetition.WorkDone):
        duplicates.mark(first, confirmed(mailoutbox), **BY)


def test_the_real_one_is_offered_beside_many_that_nobody_confirmed(mailoutbox):
    make.register(manual=True)
    make.person("newsletter")
    for _ in range(duplicates.MOST):
        asked(now=NOW)
    real, again = confirmed(mailoutbox), asked()
    assert duplicates.candidates(again, User(is_superuser=True)) == [real]


def test_the_requests_are_locked_before_the_cases_each_in_one_order(first):
    again = asked()
    with CaptureQueriesContext(connection) as seen:
        duplicates.mark(again, first, **BY)
    locks = [one["sql"] for one in seen.captured_queries if "FOR UPDATE" in one["sql"]][:4]
    tables = [sql.split('FROM "')[1].split('"')[0] for sql in locks]
    assert tables == ["requests_rightsrequest"] * 2 + ["requests_casefile"] * 2
    keys = [sql.split('."id" = ')[1].split()[0] for sql in locks]
    assert keys == [str(pk) for pk in (first.pk, again.pk, first.case_id, again.case_id)]


def _order(func):
    with CaptureQueriesContext(connection) as seen:
        func()
    locks = [one["sql"] for one in seen.captured_queries if "FOR UPDATE" in one["sql"]]
    tables = [sql.split('FROM "')[1].split('"')[0] for sql in locks]
    return [one for one in tables if one in ("requests_rightsrequest", "requests_casefile")][:2]


def test_whoever_takes_a_case_has_taken_its_requests_before(first, mailoutbox):
    """Otherwise somebody who answers, and takes the case last, would wait for them and they for him."""
    one_order = ["requests_rightsrequest", "requests_casefile"]
    why = {"reason": "which-data", "unclear": "Which years?"}
    assert _order(lambda: clarification.ask(first, **why, **BY)) == one_order
    assert _order(lambda: asking.take_back(first, asking.Kind.CLARIFICATION, **BY)) == one_order
    assert _order(lambda: moves.step(first, "in_progress", **BY)) == one_order
    asked(email="new@example.com")
    token = make_requests.token_in(mailoutbox, now=LATER)
    assert _order(lambda: intake.confirm(token, now=LATER)) == one_order


def test_what_else_is_asked_for_stays_open(first):
    again = asked("access", "erasure")
    duplicates.mark(again, first, **BY)
    other = again.case.requests.get(right="erasure")
    assert other.is_open
    with pytest.raises(repetition.NotTheSame):
        duplicates.mark(other, first, **BY)


@pytest.mark.parametrize("how", ["stranger", "closed", "unconfirmed", "represented", "asked", "waits", "older", "more"])
def test_what_would_lose_something_is_refused(first, mailoutbox, how):
    again, refusal = asked(), repetition.NotTheSame
    if how == "stranger":
        again = asked(email="ada@example.com")
    elif how == "closed":
        first.move("withdrawn", **BY)
    elif how == "unconfirmed":
        again, first = first, again
    elif how == "represented":
        representing.begin(again.case, capacity="solicitor", is_child=False, **BY)
        refusal = repetition.ForSomebodyElse
    elif how == "asked":
        again, refusal = confirmed(mailoutbox), repetition.WorkDone
        clarification.ask(again, reason="which-data", unclear="Which mails?", **BY)
    elif how == "waits":
        clarification.ask(first, reason="which-data", unclear="Which mails?", **BY)
        refusal = repetition.DueEarlier
    elif how == "older":
        answer.prepare_access(first, actor=make.OFFICER, now=NOW)
        refusal = repetition.AnsweredBefore
    else:
        first = confirmed(mailoutbox, "objection", stop=[])
        RightsRequest.objects.filter(pk=first.pk).update(result={"objected": ["contract-administration"]})
        again, refusal = asked("objection", stop=[]), repetition.AsksForMore
    state = RightsRequest.objects.get(pk=again.pk).state
    with pytest.raises(refusal):
        duplicates.mark(again, first, **BY)
    again.refresh_from_db()
    assert (again.state, again.duplicate_of) == (state, None)


def test_staff_do_it_on_the_page_and_the_person_sees_it(first, client, mailoutbox):
    again = confirmed(mailoutbox)
    client.force_login(make.staff())
    page = reverse("admin:rights-request", args=[again.uuid])
    button = f"Close this one: {first.reference} of Sunday 22 November 2026 answers it"
    assert button in client.get(page).content.decode()
    refused = client.post(f"{page}duplicate/", {"of": "KP-BBBB-BBBB"}, follow=True).content.decode()
    assert "No request has this reference." in refused
    shown = client.post(f"{page}duplicate/", {"of": first.reference.lower()}, follow=True).content.decode()
    assert "Nothing here: " in shown
    assert "Undo: it is not the same" in shown
    assert "Take up again" not in shown
    assert again.reference in client.get(reverse("admin:rights-request", args=[first.uuid])).content.decode()
    again.refresh_from_db()
    token = intake.fresh_link(again.case, now=timezone.now())
    again.case.save()
    where = reverse("requests:confirm", args=[token])
    told = client.get(where).content.decode()
    assert "We are working on it." in told
    assert "One answer is for both." not in told
    assert "We have answered." not in told
    assert "Open again" in client.post(f"{page}duplicate/undo/", follow=True).content.decode()


def test_a_key_does_it_by_calls(first):
    again, api = asked(), api_client()
    here = f"/api/v1/requests/{again.reference}/duplicate/"
    assert api.post(here, {"of": "KP-BBBB-BBBB"}, format="json").json()["errors"][0]["field"] == "of"
    answer = api.post(here, {"of": first.reference}, format="json").json()
    assert (answer["state"], answer["duplicate_of"], answer["due"]) == ("duplicate", first.reference, "2026-12-29")
    back = api.post(f"{here}undo/", format="json").json()
    assert (back["state"], back["duplicate_of"]) == ("in_progress", None)
