"""Consents that we end ourselves: staff one of somebody, the sweep those of a purpose that is pursued no more."""

import json
from io import StringIO
from uuid import uuid4

import pytest
from django.core.management import call_command
from django.db import connection, transaction

from consents import asking, forms, rebuild, reminders, renewals, renewing, revoking, tasks
from consents.models import ConsentEvent, ConsentState, Suppression
from consents.unsubscribe import Recipient
from core.errors import Invalid, NotFound
from core.outbox import deliver_due
from ledger.models import Entry
from processing.models import PurposeVersion
from retention import replay
from subjects.identifiers import Claim
from subjects.models import DataSubject, Relationship
from tests import make_consents as make
from tests import make_staff

pytestmark = pytest.mark.django_db
EMAIL = "ada@example.com"


@pytest.fixture
def agreed():
    make.published()
    make.captured()
    return ConsentState.objects.get()


def end(state, why="doubtful", now=None):
    person = DataSubject.objects.get(uuid=state.subject)
    revoking.revoke(person, state.event, why=why, actor=make.ACTOR, now=now or make.days(1))


def test_it_ends_at_once_with_its_reason_and_is_no_refusal(agreed):
    end(agreed)
    assert make.reason(now=make.days(1)) == "consent-revoked"
    assert ConsentState.objects.get().status == "revoked"
    told = json.loads(Entry.objects.get(kind="consent.revoked").body)
    assert (told["data"], told["purpose"]) == ({"why": "doubtful"}, "newsletter")
    assert Relationship.objects.get().consent_ended_on == make.days(1).date()
    assert not Suppression.objects.exists()
    (question,) = asking.questions([Claim("email", EMAIL)], forms.current("join"), now=make.days(1))
    assert question.may_ask
    assert renewing.of(Recipient(EMAIL, ""), now=make.days(1)) == []
    assert reminders.remind_due(now=make.NOW.replace(year=2028, month=2)) == 0
    make.captured(now=make.days(2))
    assert make.reason(now=make.days(2)) == "+consent-given"
    assert rebuild.differences() == 0


def restored(state):
    """Staff end it; the journal tells of it, and the database is the backup from before."""
    before = transaction.savepoint()
    end(state)
    assert deliver_due(now=make.days(1)) == 1
    transaction.savepoint_rollback(before)


def test_what_staff_ended_stays_ended_in_a_restored_backup(agreed, settings, tmp_path):
    settings.JOURNAL_DIR = tmp_path
    restored(agreed)
    assert make.reason(now=make.days(2)) == "+consent-given"
    assert replay.replay(now=make.days(3)).by_action == {"consent.revoked": 1}
    assert make.reason(now=make.days(3)) == "consent-revoked"
    ended = ConsentEvent.objects.get(status="revoked")
    assert (ended.effective_at, ended.recorded_at) == (make.days(1), make.days(3))
    assert json.loads(Entry.objects.get(uuid=ended.entry).body)["data"] == {"why": "doubtful"}
    assert rebuild.differences() == 0


def test_a_later_yes_stands_after_a_restored_backup(agreed, settings, tmp_path):
    settings.JOURNAL_DIR = tmp_path
    restored(agreed)
    make.captured(now=make.days(2))
    assert replay.replay(now=make.days(3)).empty == 1
    assert make.reason(now=make.days(3)) == "+consent-given"


def test_it_needs_a_reason_and_a_consent_that_stands(agreed):
    with pytest.raises(Invalid):
        end(agreed, why="purpose-retired")
    end(agreed)
    with pytest.raises(NotFound):
        end(agreed)
    with pytest.raises(NotFound):
        end(ConsentState(subject=agreed.subject, event=uuid4()))
    assert ConsentEvent.objects.filter(status="revoked").count() == 1


def test_what_was_agreed_for_a_retired_purpose_ends_the_night_after_and_nothing_else():
    make.published(controls=[make.control(), make.control("surveys", "surveys")])
    make.captured(choices={"newsletter-email": True, "surveys": True})
    make.captured("no@example.com", choices={"surveys": True})
    make.captured("out@example.com", choices={"newsletter-email": False})
    assert revoking.revoke_retired(now=make.days(1)) == 0
    version = PurposeVersion.objects.get(purpose__slug="newsletter", status="live")
    PurposeVersion.objects.filter(pk=version.pk).update(status="suspended")
    assert revoking.revoke_retired(now=make.days(1)) == 0
    version.retire(now=make.days(1), actor=make.ACTOR)
    assert make.reason(now=make.days(1)) == "purpose-not-live"
    assert tasks.expire() == 1
    stands = ConsentState.objects.values_list("purpose__slug", "status")
    assert sorted(stands) == [
        ("newsletter", "refused"), ("newsletter", "refused"), ("newsletter", "revoked"),
        ("surveys", "given"), ("surveys", "given"), ("surveys", "refused"),
    ]  # fmt: skip
    assert json.loads(Entry.objects.get(kind="consent.revoked").body)["data"] == {"why": "purpose-retired"}
    assert (tasks.expire(), rebuild.differences()) == (0, 0)


def test_a_purpose_that_is_published_anew_keeps_its_consents(agreed):
    version = PurposeVersion.objects.get(purpose__slug="newsletter", status="live")
    version.pk, version.number, version.status, version.effective_from = None, 2, "draft", None
    version.save(force_insert=True)
    version.publish(now=make.days(1), actor=make.ACTOR)
    assert PurposeVersion.objects.filter(purpose=version.purpose, status="retired").exists()
    assert revoking.revoke_retired(now=make.days(2)) == 0
    assert make.reason(now=make.days(2)) == "+consent-given"


def test_a_purpose_taken_up_again_while_others_are_swept_keeps_its_consents(agreed, monkeypatch):
    version = PurposeVersion.objects.get(purpose__slug="newsletter", status="live")
    version.retire(now=make.days(1), actor=make.ACTOR)
    hold = revoking.hold

    def published_meanwhile(person):
        version.pk, version.number, version.status, version.effective_from = None, 2, "draft", None
        version.save(force_insert=True)
        version.publish(now=make.days(1), actor=make.ACTOR)
        return hold(person)

    monkeypatch.setattr(revoking, "hold", published_meanwhile)
    assert revoking.revoke_retired(now=make.days(2)) == 0
    assert make.reason(now=make.days(2)) == "+consent-given"


def test_what_we_ended_is_not_outgrown_by_a_change_too(agreed):
    end(agreed)
    changed = make.draft(controls=[make.control(label="E-mail me twice.")])
    forms.publish(changed, now=make.days(2), actor=make.ACTOR, asks_again=["newsletter-email"])
    assert renewals.end_due(now=make.days(90)) == 0
    assert make.reason(now=make.days(90)) == "consent-revoked"


def test_staff_end_it_on_the_page_of_the_person(agreed):
    here = f"/admin/people/{agreed.subject}/"
    agent = make_staff.client_of(make_staff.account("tom", "caseworker"))
    assert "End this consent ourselves, because" in agent.get(here).content.decode()
    answer = agent.post(f"{here}choices/{agreed.event}/end/", follow=True).content.decode()
    assert "Say why it ends." in answer
    assert ConsentState.objects.get().status == "given"
    answer = agent.post(f"{here}choices/{agreed.event}/end/", {"why": "unreachable"}, follow=True).content.decode()
    assert "Nothing is done on this consent any more." in answer
    assert "ended by us" in answer
    assert "Consent ended by us" in answer
    assert "End this consent ourselves" not in answer
    assert (
        "stand any more"
        in agent.post(f"{here}choices/{agreed.event}/end/", {"why": "doubtful"}, follow=True).content.decode()
    )
    auditor = make_staff.client_of(make_staff.account("amy", "auditor"))
    assert "End this consent ourselves" not in auditor.get(here).content.decode()


def test_the_upgrade_looks_at_every_consent_without_locking_anybody_out():
    said = StringIO()
    call_command("sqlmigrate", "consents", "0013", stdout=said)
    added = [line for line in said.getvalue().splitlines() if "ADD CONSTRAINT" in line]
    assert [line.endswith("NOT VALID;") for line in added] == [True, True]
    with connection.cursor() as cursor:
        cursor.execute("SELECT conname FROM pg_constraint WHERE NOT convalidated")
        assert cursor.fetchall() == []
