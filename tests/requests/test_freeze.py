"""A copy was asked for: what is due for deletion waits from that moment, and not for ever."""

from datetime import timedelta
from importlib import import_module

import pytest
from django.apps import apps
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from core import keys
from processing.models import Purpose
from requests import answer, intake, porting, reblinding
from requests.freeze import LASTS, ONCE_IN, perhaps_meant
from requests.models import CaseFile
from retention.purge import purge
from subjects import identifiers
from subjects.models import ErasureBlock, PersonalDataItem, Relationship
from tests import make_office, make_requests
from tests import make_retention as make
from tests.plugin import key_ring

pytestmark = pytest.mark.django_db
LONG_AGO = make.TODAY - timedelta(days=800)
PERSON = "person1@example.org"


@pytest.fixture
def rule():
    make.item(make.person(), ["newsletter"], LONG_AGO)
    return make.rule()


def ask(*rights, email=PERSON, ago=timedelta(0), **given):
    return make_requests.case(*rights, email=email, now=make.NOW - ago, **given)


def run(rule, now=make.NOW):
    return purge(rule, as_of=now.date(), commit=True, now=now)


@pytest.mark.parametrize("right", ["access", "portability"])
def test_what_is_due_waits_from_receipt_of_the_request(rule, right):
    ask(right)
    assert purge(rule, as_of=make.TODAY, now=make.NOW).due == 0
    report = run(rule)
    assert (report.needs, report.held) == (0, 1)
    assert PersonalDataItem.objects.count() == 1
    # Nobody was chosen by it.
    assert CaseFile.objects.get().subject is None
    assert not ErasureBlock.objects.exists()


def test_what_somebody_wants_to_take_along_is_kept_until_the_set_is_sent(mailoutbox):
    make_office.register()
    subject = make_office.person("newsletter")
    asked = make_office.confirmed("portability", mailbox=mailoutbox).requests.get()
    assert ErasureBlock.objects.get(subject=subject).placed_for == asked.uuid
    one = make.rule(Purpose.objects.get(slug="newsletter"), period="P1D")
    later = make_office.NOW + timedelta(days=40)
    for _again in range(2):
        assert run(one, later).items == 0
        porting.prepare(asked, actor=make_office.OFFICER, now=later)
    porting.release(asked, actor=make_office.OFFICER, now=later)
    assert not ErasureBlock.objects.filter(released_at=None).exists()
    assert run(one, later).items == 1


def test_the_upgrade_keeps_what_an_open_request_wants_to_take_along(mailoutbox):
    make_office.register()
    subject = make_office.person("newsletter")
    asked = make_office.confirmed("portability", mailbox=mailoutbox).requests.get()
    ErasureBlock.objects.all().delete()
    upgrade = import_module("requests.migrations.0023_data_to_take_along_are_kept_too")
    for _twice in range(2):
        upgrade.keep(apps, None)
    block = ErasureBlock.objects.get()
    assert (block.subject, block.placed_for, block.kind) == (subject, asked.uuid, "access_request")
    porting.prepare(asked, actor=make_office.OFFICER, now=make_office.NOW)
    ErasureBlock.objects.all().delete()
    upgrade.keep(apps, None)
    assert not ErasureBlock.objects.exists()


def test_the_upgrade_keeps_what_is_made_and_not_sent(mailoutbox):
    """Making it ended that before. An answer that was given, in part or whole, needs nothing."""
    make_office.register(manual=True)
    subject, by = make_office.person("newsletter"), {"actor": make_office.OFFICER, "now": make_office.NOW}
    copy, to_take, in_part = (
        make_office.confirmed(right, mailbox=mailoutbox).requests.get() for right in ("access", "portability", "access")
    )
    made = {answer.prepare_access: copy, porting.prepare: to_take, answer.release_access: in_part}
    for act, asked in made.items():
        act(asked, **by)
    assert in_part.state == "partly_answered"
    ErasureBlock.objects.all().delete()
    upgrade = import_module("requests.migrations.0024_what_is_made_and_not_sent_is_kept")
    for _twice in range(2):
        upgrade.keep(apps, None)
    blocks = ErasureBlock.objects.filter(subject=subject, kind="access_request", released_at=None, purpose=None)
    assert set(blocks.values_list("placed_for", flat=True)) == {copy.uuid, to_take.uuid}
    assert ErasureBlock.objects.count() == 2
    answer.release_access(copy, **by)
    assert blocks.get().placed_for == to_take.uuid


def test_it_does_not_wait_for_ever(rule):
    ask("access", ago=LASTS)
    assert run(rule).needs == 1


def test_asking_again_and_again_does_not_renew_it(rule):
    ask("access", ago=LASTS + timedelta(days=1))
    ask("access", ago=timedelta(days=2))
    assert run(rule).needs == 1


def test_a_request_long_ago_does_not_count_against_a_new_one(rule):
    ask("access", ago=ONCE_IN)
    ask("access")
    assert run(rule).needs == 0


@pytest.mark.parametrize(
    "other", [{"rights": ["erasure"]}, {"email": "somebody@example.org"}, {"is_test": True}, {"email": "", "name": "A"}]
)
def test_other_requests_stop_nothing(rule, other):
    ask(*other.pop("rights", ["access"]), **other)
    assert run(rule).needs == 1


def test_an_answered_request_stops_nothing_more(rule):
    request = ask("access").requests.get()
    request.move("withdrawn", actor="user:test", now=make.NOW)
    assert run(rule).needs == 1


def test_relationships_without_data_wait_too(rule):
    person = make.person(2)
    rule = make.rule(rule.purpose, trigger="last_interaction")
    Relationship.objects.create(subject=person, purpose=rule.purpose, started_on=LONG_AGO, last_interaction_on=LONG_AGO)
    ask("access", email="person2@example.org")
    run(rule)
    assert Relationship.objects.filter(subject=person).exists()


def test_the_confirmed_request_goes_on_with_a_block(rule, mailoutbox):
    make_requests.case("access", email=PERSON, now=make.NOW)
    intake.confirm(make_requests.token_in(mailoutbox, now=make.NOW), now=make.NOW)
    assert ErasureBlock.objects.filter(released_at=None).count() == 1
    assert not perhaps_meant(make.NOW).exists()


def test_taking_in_the_request_is_the_same_work_for_known_and_unknown(rule):
    ask("access", email="warm@example.org")
    with CaptureQueriesContext(connection) as known:
        ask("access")
    with CaptureQueriesContext(connection) as unknown:
        ask("access", email="nobody@example.org")
    assert len(known) == len(unknown)


@pytest.fixture
def rotate(settings):
    def put_in_front():
        settings.BLIND_INDEX_KEYS = f"{key_ring('y').replace('t1:', 't2:')},{settings.BLIND_INDEX_KEYS}"
        keys.keyring.cache_clear()

    yield put_in_front
    keys.keyring.cache_clear()


@pytest.mark.parametrize("is_before", [True, False])
def test_it_waits_at_every_step_of_a_change_of_keys(rule, rotate, is_before):
    if is_before:
        ask("access")
    rotate()
    if not is_before:
        ask("access")
    steps = [lambda: None, reblinding.reblind, identifiers.reblind]
    for step in steps:
        step()
        assert purge(rule, as_of=make.TODAY, now=make.NOW).due == 0
    assert run(rule).needs == 0


def test_with_an_older_key_nobody_waits_when_nobody_asked_or_all_have_moved(rule, rotate):
    make.item(make.person(2), ["newsletter"], LONG_AGO)
    rotate()
    assert purge(rule, as_of=make.TODAY, now=make.NOW).due == 2
    ask("access")
    assert purge(rule, as_of=make.TODAY, now=make.NOW).due == 0
    identifiers.reblind()
    assert purge(rule, as_of=make.TODAY, now=make.NOW).due == 1


def test_the_command_moves_cases_before_identifiers(rule, rotate, capsys):
    rotate()
    call_command("keys", "reblind")
    said = capsys.readouterr().out
    assert said.index("cases were") < said.index("identifiers were")
