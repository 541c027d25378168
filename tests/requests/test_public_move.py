"""The workflow table, held by the method, by the database, and by both when eight hands push at once."""

import io
import threading
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import DatabaseError, connection, transaction

from ledger.models import Entry
from requests.models import CaseFile, RequestEvent, RightsRequest, Task
from requests.workflow import CLOSED, NEXT, PAIRS, State, TasksPending, TransitionNotAllowed
from tests import make_requests
from tests.make_requests import NOW
from tests.waiting import PATIENCE


def test_the_page_of_the_documents_and_the_trigger_are_made_from_the_table():
    written = io.StringIO()
    call_command("workflow", stdout=written)
    assert (Path(settings.BASE_DIR) / "docs" / "workflow.md").read_text() == written.getvalue()
    assert f"{State.READY.value} --> {State.REFUSED.value}" in written.getvalue()
    [trigger] = [one for one in RightsRequest._meta.triggers if one.name == "state_machine"]
    assert trigger.transitions == PAIRS


@pytest.mark.parametrize("old", State)
@pytest.mark.parametrize("new", State)
def test_only_listed_moves_are_made(db, old, new):
    made = make_requests.request(state=old)
    events = made.events.count()
    if new == State.DUPLICATE:
        made.duplicate_of = make_requests.request()
    if new in NEXT[old]:
        made.move(new, actor="user:test", reason="tried", now=NOW)
        assert made.events.count() == events + 1
    else:
        with pytest.raises(TransitionNotAllowed):
            made.move(new, actor="user:test", now=NOW)
        assert made.events.count() == events
    made.refresh_from_db()
    assert made.state == (new if new in NEXT[old] else old)
    assert made.allowed_moves == [state for state in State if state in NEXT[State(made.state)]]


def test_a_move_is_evidence(db):
    made = make_requests.request()
    event = made.move(State.IN_PROGRESS, actor="user:test", reason="taken-up", now=NOW)
    entry = Entry.objects.get(uuid=event.entry)
    assert (entry.kind, entry.object) == ("request.moved", made.uuid)
    assert '"from":"received"' in entry.body
    assert '"to":"in_progress"' in entry.body


@pytest.mark.parametrize("state", CLOSED)
def test_closing_dates_the_answer_and_reopening_takes_it_back(db, state):
    made = make_requests.request(state=state)
    made.refresh_from_db()
    assert made.answered_at == NOW
    assert made.case.closed_at == NOW
    made.move(State.IN_PROGRESS, actor="user:test", now=NOW)
    made.refresh_from_db()
    assert (made.answered_at, made.duplicate_of) == (None, None)
    assert CaseFile.objects.get(pk=made.case_id).closed_at is None


def test_a_case_is_open_while_one_of_its_requests_is(db):
    case = make_requests.case("access", "erasure")
    Task.objects.all().delete()
    for made in case.requests.all():
        assert CaseFile.objects.get().closed_at is None
        made.move(State.REFUSED, actor="user:test", now=NOW)
    assert CaseFile.objects.get().closed_at == NOW


def test_silence_of_a_system_is_not_done_but_allows_a_part_answer(db):
    make_requests.system("crm", "manual")
    make_requests.system()
    made = make_requests.case().requests.get()
    made.move(State.IN_PROGRESS, actor="user:test", now=NOW)
    with pytest.raises(TasksPending):
        made.move(State.FULFILLED, actor="user:test", now=NOW)
    made.refresh_from_db()
    assert made.state == State.IN_PROGRESS
    made.move(State.PARTLY_ANSWERED, actor="user:test", now=NOW)
    assert made.is_open


def test_the_database_refuses_what_the_code_forgot(db):
    made = make_requests.request()
    with pytest.raises(DatabaseError, match="Invalid transition"), transaction.atomic():
        RightsRequest.objects.update(state=State.FULFILLED, answered_at=NOW)
    with pytest.raises(DatabaseError), transaction.atomic():
        RightsRequest.objects.create(
            case=make_requests.case(), right="erasure", reference="KP-TEST-TEST", state=State.IN_PROGRESS
        )
    with pytest.raises(DatabaseError, match=r"permission denied|Cannot"), transaction.atomic():
        RequestEvent.objects.update(reason="")
    with pytest.raises(DatabaseError, match=r"permission denied|Cannot"), transaction.atomic():
        made.events.all()._raw_delete("default")


def test_nobody_empties_the_tables(superuser_dsn):
    import psycopg

    make_requests.request()
    connection.commit()
    for table in ("requests_requestevent", "requests_rightsrequest"):
        with psycopg.connect(superuser_dsn) as session, pytest.raises(psycopg.Error, match="never emptied"):
            session.execute(f"TRUNCATE {table} CASCADE")


@pytest.mark.django_db(transaction=True)
def test_eight_hands_make_one_move():
    made = make_requests.request()
    before = RequestEvent.objects.count()
    outcomes = []
    start = threading.Barrier(8)

    def hand():
        try:
            mine = RightsRequest.objects.get(pk=made.pk)
            start.wait(PATIENCE)
            mine.move(State.IN_PROGRESS, actor="user:test", now=NOW)
            outcomes.append("moved")
        except TransitionNotAllowed:
            outcomes.append("refused")
        finally:
            connection.close()

    threads = [threading.Thread(target=hand) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["moved"] + ["refused"] * 7
    assert RequestEvent.objects.count() == before + 1
