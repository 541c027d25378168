"""Choices from another tool: every row is accounted for, and no import turns a "no" into a "yes"."""

import json
import threading
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from consents import importing, rebuild, suppression
from consents.models import ConsentEvent, ConsentImport, ConsentState, Suppression
from consents.withdraw import withdraw
from core.errors import DomainError
from core.keys import keyring
from core.models import DataKey, Outbox
from ledger import entries
from ledger.models import Entry
from subjects import people
from subjects.identifiers import Claim
from subjects.models import DataSubject, Identifier, Relationship
from tests import make_consents as make
from tests import make_subjects
from tests.plugin import key_ring

pytestmark = pytest.mark.django_db
AT = "2026-02-01T10:00:00Z"


def row(email="ada@example.com", **more):
    said = {"email": email, "purpose": "newsletter", "channel": "email", "status": "given", "at": AT, "evidence": "F1"}
    return {name: value for name, value in (said | more).items() if value is not None}


def text(*rows):
    return "".join(json.dumps(one) + "\n" for one in rows)


def take(tmp_path, content, *, name="rows.ndjson", **options):
    path = tmp_path / name
    path.write_text(content, "utf-8")
    return importing.take(path, actor=make.ACTOR, now=make.NOW, **options)


def counts(report):
    return {name: count for name, count in report.counts.items() if count}


def test_a_row_becomes_what_a_captured_consent_is(tmp_path):
    make.live()
    report = take(tmp_path, text(row("Ada@Example.com")))
    assert counts(report) == {"stored": 1}
    event, subject = ConsentEvent.objects.get(), DataSubject.objects.get()
    assert (event.subject, event.status, event.origin) == (subject.uuid, "given", "imported_legacy")
    entry = Entry.objects.get(kind="consent.given")
    assert ConsentState.objects.get().entry == event.entry == entry.uuid
    said = {"by": "import", "choices": {"newsletter:email": "given"}, "given_at": "2026-02-01T10:00:00.000000Z"}
    ids = {"entry": entry.uuid, "subject": subject.uuid, "object": event.consent}
    data = {**said, "new": True}
    assert entry.body == entries.encode(kind=entry.kind, at=make.NOW, actor=make.ACTOR, data=data, **ids)[1]
    assert Relationship.objects.get().subject == subject
    assert DataKey.objects.filter(owner_id__in=[event.consent, Identifier.objects.get().uuid]).count() == 2
    assert make.reason() == "+consent-given"
    assert rebuild.differences() == 0


def test_the_same_rows_again_make_nothing_again(tmp_path):
    make.live()
    content = text(row(), row("bob@example.com"), row("bob@example.com", channel="sms"))
    assert counts(take(tmp_path, content)) == {"stored": 3}
    assert counts(take(tmp_path, content)) == {"stored": 3}
    assert ConsentImport.objects.count() == 1
    assert counts(take(tmp_path, text(row()) + content, name="other.ndjson")) == {"known": 4}
    assert (DataSubject.objects.count(), ConsentEvent.objects.count()) == (2, 3)


def test_the_same_file_again_takes_in_what_the_register_stood_against(tmp_path):
    make.live()
    content = text(row(), row("bob@example.com", purpose="later"))
    assert counts(take(tmp_path, content)) == {"stored": 1, "wrong": 1}
    before = take(tmp_path, content)
    assert (counts(before), len(before.faults)) == ({"known": 1, "wrong": 1}, 1)
    make.live("later")
    again = take(tmp_path, content)
    assert (counts(again), again.faults) == ({"known": 1, "stored": 1}, [])
    assert make.reason("bob@example.com", "later") == "+consent-given"
    # What is done and right is not gone through any more.
    assert counts(take(tmp_path, content)) == {"known": 1, "stored": 1}
    assert (ConsentImport.objects.count(), rebuild.differences()) == (1, 0)
    assert Entry.objects.filter(kind="consents.imported").count() == 3


def test_every_bad_row_is_named_by_its_line_and_none_is_lost(tmp_path):
    make.live()
    bad = [
        row("no address"), row(evidence=None), row(purpose="nonsense"), row(channel=None),
        row(at="2030-01-01T00:00:00Z"), row(at="yesterday"), row(phone="020 7946 0018"), row(status="maybe"),
        row(name="Ada"), row(email=7),
    ]  # fmt: skip
    content = text(*bad) + "{nonsense\n\n" + "x" * 70_000 + "\n" + text(row())
    report = take(tmp_path, content)
    assert counts(report) == {"stored": 1, "wrong": 12}
    assert {line for line, _field, _reason in report.faults} == {*range(1, 12), 13}
    assert [field for _line, field, _reason in report.faults][:10] == [
        *("email", "evidence", "purpose", "channel", "at", "at", "email", "status", "name", "email")
    ]


def test_a_no_stands_whenever_it_was_said(tmp_path):
    make.live()
    withdraw([Claim("email", "gone@example.com")], purposes=["newsletter"], now=make.days(-300), actor=make.ACTOR)
    withdraw([Claim("email", "never@example.com")], purposes="all-marketing", now=make.days(-300), actor=make.ACTOR)
    report = take(tmp_path, text(row("gone@example.com"), row("never@example.com")))
    assert counts(report) == {"outdone": 2}
    assert not ConsentEvent.objects.exists()
    assert make.reason("never@example.com") == "objected"


def test_a_withdrawal_that_comes_in_counts_from_its_day(tmp_path):
    make.published()
    make.captured()
    no = [row(status="withdrawn", at="2026-03-03T12:00:00Z"), row("new@example.com", status="withdrawn")]
    assert counts(take(tmp_path, text(*no))) == {"stored": 2}
    assert make.reason() == "consent-withdrawn"
    assert Suppression.objects.count() == 2
    assert counts(take(tmp_path, text(*no, *no), name="again.ndjson")) == {"known": 4}
    # Nor is it said again to whoever came back since, when the file is gone through once more.
    make.captured(now=make.days(1))
    said = Entry.objects.count(), Outbox.objects.count()
    assert counts(take(tmp_path, text(no[0]), name="once-more.ndjson")) == {"known": 1}
    assert (Entry.objects.count() - said[0], Outbox.objects.count()) == (1, said[1])
    assert make.reason(now=make.days(1)) == "+consent-given"


def test_a_csv_file_and_a_dry_run(tmp_path):
    make.live()
    content = "\ufeffEmail,Purpose,Channel,Status,At,Evidence\n"
    content += f'"ada@example.com",newsletter,email,refused,{AT},\nbob@example.com,newsletter\n'
    assert counts(take(tmp_path, content, name="rows.csv", dry_run=True)) == {"stored": 1, "wrong": 1}
    assert not DataSubject.objects.exists()
    assert not ConsentImport.objects.exists()
    assert counts(take(tmp_path, content, name="rows.csv")) == {"stored": 1, "wrong": 1}
    assert make.reason() == "consent-refused"


def test_a_run_that_was_stopped_goes_on_where_it_was(tmp_path, monkeypatch):
    make.live()
    monkeypatch.setattr(importing, "BATCH", 2)
    content = text(*(row(f"p{number}@example.com") for number in range(5)), row("no address"))
    real, calls = importing.importing_store.store, []

    def store(rows, **given):
        calls.append(len(rows))
        if len(calls) == 2:
            raise RuntimeError
        return real(rows, **given)

    monkeypatch.setattr(importing.importing_store, "store", store)
    with pytest.raises(RuntimeError):
        take(tmp_path, content)
    assert (ConsentEvent.objects.count(), ConsentImport.objects.get().line) == (2, 2)
    assert counts(take(tmp_path, content)) == {"stored": 5, "wrong": 1}
    assert calls == [2, 2, 2, 1]
    assert ConsentImport.objects.get().finished_at
    assert Entry.objects.filter(kind="consents.imported").count() == 1


@pytest.mark.parametrize("failing", ["ready", "store"])
def test_what_fails_on_either_side_ends_both(tmp_path, monkeypatch, failing):
    """While one batch is stored, another thread makes the next one ready."""
    make.live()
    monkeypatch.setattr(importing, "BATCH", 1)
    content = text(*(row(f"p{number}@example.com") for number in range(4)))
    where = importing if failing == "ready" else importing.importing_store
    real, calls = getattr(where, failing), []

    def fails(*args, **given):
        calls.append(args)
        if len(calls) == 2:
            raise RuntimeError
        return real(*args, **given)

    monkeypatch.setattr(where, failing, fails)
    with pytest.raises(RuntimeError):
        take(tmp_path, content)
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("import")]
    assert (ConsentEvent.objects.count(), ConsentImport.objects.get().line) == (1, 1)
    assert counts(take(tmp_path, content)) == {"stored": 4}


def test_a_purpose_that_changes_meanwhile_counts_as_it_is(tmp_path, monkeypatch):
    make.live()
    monkeypatch.setattr(importing, "BATCH", 1)
    real = importing.importing_store.store

    def store(rows, **given):
        done = real(rows, **given)
        make.live("surveys")
        return done

    monkeypatch.setattr(importing.importing_store, "store", store)
    others = [row(f"p{number}@example.com", purpose="surveys", channel=None) for number in range(3)]
    assert counts(take(tmp_path, text(row(), *others))) == {"stored": 4}


def test_what_was_said_later_stands_in_a_file_and_beside_it(tmp_path):
    make.published()
    make.captured()
    later = {"status": "refused", "at": "2026-02-02T10:00:00Z"}
    both = [row("new@example.com", **later), row("new@example.com"), row("new@example.com", channel="sms")]
    assert counts(take(tmp_path, text(row(**later), row(channel="sms"), *both))) == {"stored": 5}
    states = {(state.subject, state.channel): state.status for state in ConsentState.objects.all()}
    known, new = DataSubject.objects.order_by("pk")
    assert states == {
        (known.uuid, "email"): "given", (known.uuid, "sms"): "given",
        (new.uuid, "email"): "refused", (new.uuid, "sms"): "given",
    }  # fmt: skip
    assert {tie.subject for tie in Relationship.objects.filter(ended_on=None)} == {known, new}
    bodies = [json.loads(entry.body) for entry in Entry.objects.filter(subject=new.uuid).order_by("pk")]
    assert [body["data"]["new"] for body in bodies] == [True, False, False]
    assert rebuild.differences() == 0


def test_a_relationship_starts_on_the_controllers_day(tmp_path):
    """An hour before midnight in UTC it is tomorrow in London, in summer."""
    make.published()
    make.captured(choices={"newsletter-email": False})
    late = {"at": "2025-07-01T23:30:00Z", "channel": "sms"}
    assert counts(take(tmp_path, text(row(**late), row("new@example.com", **late)))) == {"stored": 2}
    assert {tie.started_on.isoformat() for tie in Relationship.objects.all()} == {"2025-07-02"}
    assert Relationship.objects.count() == 2


def test_somebody_who_shares_an_address_is_not_guessed(tmp_path):
    make.published()
    make.captured()
    identifier = Identifier.objects.get()
    identifier.subject_links.create(subject=DataSubject.objects.create(), is_shared=True)
    assert counts(take(tmp_path, text(row()))) == {"wrong": 1}


def test_an_address_of_a_test_person_is_somebody_elses_as_well(tmp_path):
    """Identifiers are one for test and live: the newcomer gets the one that is there, and no second key for it."""
    make.live()
    test = make_subjects.person(make_subjects.email(), is_test=True, now=make.NOW)
    content = text(row(), row(channel="sms"), row("bob@example.com"))
    assert counts(take(tmp_path, content)) == {"stored": 3}
    shared = Identifier.objects.get(subjects=test)
    live = shared.subjects.get(is_test=False)
    assert people.find([Claim("email", "ada@example.com")]) == live
    assert DataKey.objects.filter(owner="identifier").count() == Identifier.objects.count() == 2
    assert make.reason() == make.reason("bob@example.com") == "+consent-given"
    assert counts(take(tmp_path, text(row()) + content, name="other.ndjson")) == {"known": 4}


def test_a_row_is_known_by_its_id_under_every_key(tmp_path, settings):
    make.live()
    assert counts(take(tmp_path, text(row()))) == {"stored": 1}
    settings.SUPPRESSION_KEYS = key_ring("z").replace("t1:", "t2:") + "," + settings.SUPPRESSION_KEYS
    keyring.cache_clear()
    try:
        assert counts(take(tmp_path, text(row(), row("bob@example.com")), name="b.ndjson")) == {"known": 1, "stored": 1}
    finally:
        keyring.cache_clear()
    assert ConsentEvent.objects.count() == 2


def test_two_imports_of_one_row_at_once_are_told_to_start_again(tmp_path, monkeypatch):
    """The second asked which rows are known before the first was through."""
    make.live()
    take(tmp_path, text(row()))
    monkeypatch.setattr(importing.importing_store, "_new", lambda rows, done: list(rows))
    with pytest.raises(DomainError) as refused:
        take(tmp_path, text(row()) + "\n", name="b.ndjson")
    assert refused.value.code == "busy"


def test_the_command(tmp_path):
    make.live()
    path = tmp_path / "rows.ndjson"
    path.write_text(text(row(), row("no address")))
    out = StringIO()
    with pytest.raises(CommandError):
        call_command("consents", "import", str(path), stdout=out)
    assert out.getvalue().startswith("line 2: email: ")
    assert json.loads(out.getvalue().splitlines()[-1]) == {"stored": 1, "known": 0, "outdone": 0, "wrong": 1}
    with pytest.raises(CommandError):
        call_command("consents", "import", str(tmp_path / "absent"))


def test_the_call(client):
    make.live()
    auth = make.key("consents:import")
    send = {"path": "/api/v1/consents/import/", "content_type": "application/x-ndjson", **auth}
    answer = client.post(data=text(row(), row("no address")), **send).json()
    assert answer["rows"] == {"stored": 1, "known": 0, "outdone": 0, "wrong": 1}
    assert [(error["line"], error["field"]) for error in answer["errors"]] == [(2, "email")]
    assert client.post(**{**send, "path": f"{send['path']}?dry_run=maybe"}).status_code == 400
    assert client.post(data="{}", **{**send, "content_type": "application/json"}).status_code == 415
    assert client.post(data=text(row()), **{**send, **make.key("consents:write")}).status_code == 403


def test_only_the_hash_of_a_known_suppression_decides(tmp_path):
    """A number in the telephone register is no "no" to e-mail, and none to us."""
    make.live()
    hashed = suppression.hash_of(Claim("email", "ada@example.com"))
    suppression.add([hashed], purposes=[None], channel="phone", reason="tps", entry=DataSubject().uuid, now=make.NOW)
    assert counts(take(tmp_path, text(row()))) == {"stored": 1}
