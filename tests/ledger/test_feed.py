"""The change feed: everything once, in one order, whatever order transactions commit in; ids and codes only."""

import uuid

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from core import apikeys
from ledger import feed, seals
from ledger.entries import encode, record
from ledger.models import Entry, Head
from tests.make_evidence import NOW, entry, let_others_end, session, tampering, write

pytestmark = pytest.mark.django_db(transaction=True)
URL = "/api/v1/events/"


@pytest.fixture
def api():
    return APIClient(headers={"Authorization": f"Api-Key {apikeys.create('test', ['events:read'])[1]}"})


def read(api, after="", **query):
    answer = api.get(URL, {"after": after, **query})
    assert answer.status_code == 200, answer.content
    return answer.json()


def read_all(api, after="", **query):
    """Everything from here on, page by page, as a reader who remembers only where it was."""
    events = []
    while True:
        page = read(api, after, **query)
        events += page["events"]
        after = page["next"]
        if not page["more"]:
            return events, after


def ids(events):
    return [event["id"] for event in events]


def test_commits_out_of_order_are_never_skipped(api):
    """T1 takes the lower transaction id and the lower row id, T2 commits first, and a reader looks in between."""
    with session() as early, session() as late:
        write(early, 1)
        write(late, 2)
        late.commit()
        seen, after = read_all(api)
        by_id = list(Entry.objects.order_by("pk").values_list("pk", flat=True))
        early.commit()
    let_others_end()
    more, _after = read_all(api, after)
    everything = {str(uuid) for uuid in Entry.objects.values_list("uuid", flat=True)}
    assert len(everything) == 2
    assert sorted(ids(seen + more)) == sorted(everything)
    left_out = Entry.objects.filter(pk__gt=max(by_id)).count() + len(by_id)
    assert left_out < 2, "the test must be one that a reader by id fails"


def test_many_writers_and_a_reader_who_never_stops(api):
    """Twelve transactions end in another order than they began; the reader asks after every step."""
    sessions = [session() for _ in range(12)]
    seen, after = [], ""
    for number, one in enumerate(sessions):
        write(one, number)
        events, after = read_all(api, after)
        seen += events
    for one in [*sessions[1::2], *sessions[0::2]]:
        one.commit()
        one.close()
        events, after = read_all(api, after)
        seen += events
    let_others_end()
    seen += read_all(api, after)[0]
    assert len(ids(seen)) == len(set(ids(seen))) == 12


def test_pages_are_as_long_as_asked_for_and_lose_nothing(api):
    made = [str(entry(n).uuid) for n in range(7)]
    let_others_end()
    assert ids(read_all(api, limit=3)[0]) == made
    first = read(api, limit=3)
    assert (len(first["events"]), first["more"]) == (3, True)
    events, after = read_all(api)
    assert ids(events) == made
    at_the_end = read(api, after)
    assert (at_the_end["events"], at_the_end["more"]) == ([], False)


def test_what_others_need_not_know_is_passed_over(api):
    entry(1, kind="case.viewed")
    told = entry(2, data={"purposes": ["newsletter"], "hashes": [{"key": "s", "hash": "ab"}], "by": "api"})
    entry(3, kind="task.answered")
    let_others_end()
    assert read(api)["events"] == [
        {
            "id": str(told.uuid),
            "kind": "consent.given",
            "at": "2026-11-22T10:00:00.000000Z",
            "subject": None,
            "object": None,
            "purpose": "",
            "test": False,
            "data": {"purposes": ["newsletter"]},
        }
    ]


def test_test_calls_are_marked(api):
    for flag in (True, False):
        record(kind="subject.created", at=NOW, actor="system", subject=uuid.uuid4(), data={"test": flag})
    let_others_end()
    assert [event["test"] for event in read(api)["events"]] == [True, False]


def test_a_page_is_three_queries_and_not_more_with_more_events(api):
    for n in range(5):
        entry(n)
    let_others_end()
    with CaptureQueriesContext(
        connection,
    ) as queries:
        feed.page(feed.Place(), limit=3)
    assert len(queries) == 3  # the ledger's head, the horizon, the page


@pytest.mark.parametrize(
    "after", ["nonsense", "!!", "MS4x", "LTEuMS4x", "9" * 99, "MS4yLjk5OTk5OTk5OTk5OTk5OTk5OTk5OTk5"]
)
def test_a_place_nobody_named_is_refused(api, after):
    answer = api.get(URL, {"after": after})
    assert answer.status_code == 400
    assert [error["field"] for error in answer.json()["errors"]] == ["after"]


@pytest.mark.parametrize("limit", ["0", "-1", "1001", "many"])
def test_a_limit_has_limits(api, limit):
    answer = api.get(URL, {"limit": limit})
    assert answer.status_code == 400
    assert [error["field"] for error in answer.json()["errors"]] == ["limit"]


def test_it_needs_its_scope():
    other = apikeys.create("test", ["ledger:read"])[1]
    assert APIClient(headers={"Authorization": f"Api-Key {other}"}).get(URL).status_code == 403
    assert APIClient().get(URL).status_code == 401


def test_a_reader_from_before_a_restore_is_told_so(api):
    entry(1)
    let_others_end()
    ahead = feed.Place(1, 2**60, 0)
    answer = api.get(URL, {"after": str(ahead)})
    assert (answer.status_code, answer.json()["code"]) == (410, "feed-restored")


def test_another_epoch_goes_on_behind_the_one_before(api):
    with tampering() as elsewhere:  # an entry with a transaction id this cluster has not given out yet
        elsewhere.execute(
            "INSERT INTO ledger_entry (body, xid) SELECT body, '4611686018427387' FROM (VALUES (%s)) AS one (body)",
            [feed_body()],
        )
    entry(2)
    before, after = read_all(api)
    seals.seal(now=NOW)
    assert Head.objects.get().epoch == 2
    entry(3)
    let_others_end()
    events, _after = read_all(api, after)
    assert sorted(ids(before + events)) == sorted(str(uuid) for uuid in Entry.objects.values_list("uuid", flat=True))


def feed_body():
    return encode(kind="consent.given", at=NOW, actor="system")[1]
