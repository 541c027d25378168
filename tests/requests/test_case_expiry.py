"""A case goes when its own term is over, and nothing readable is left of it."""

from datetime import timedelta

import pytest
from dateutil.relativedelta import relativedelta
from django.db import connection
from django.test.utils import CaptureQueriesContext

from core import outbox
from core.models import DataKey, Outbox
from ledger.models import Entry
from requests import answer, expiry
from requests.models import CaseFile, Letter, Package, RightsRequest
from tests import make_office as make

pytestmark = pytest.mark.django_db


@pytest.fixture
def closed(mailoutbox):
    make.register()
    make.person("newsletter")
    case = make.confirmed("access", mailbox=mailoutbox)
    answer.release_access(case.requests.get(), actor=make.OFFICER, now=make.NOW)
    case.refresh_from_db()
    assert case.closed_at
    return case


def test_an_open_case_is_kept(mailoutbox):
    make.register()
    case = make.confirmed("access", mailbox=mailoutbox)
    with pytest.raises(expiry.CaseOpen):
        expiry.expire_case(case, now=make.NOW)


def test_key_claim_letters_and_copy_go_and_the_proceedings_stay(closed):
    outbox.post_mail(to="grace@example.com", subject="s", text="t", about=closed.uuid, now=make.NOW)
    expiry.expire_case(closed, now=make.NOW)
    expiry.expire_case(closed, now=make.NOW)
    closed.refresh_from_db()
    assert (closed.subject, closed.claim, closed.claim_blind, closed.confirm_hash) == (None, None, None, None)
    assert not DataKey.objects.filter(owner="case", owner_id=closed.uuid).exists()
    assert not Letter.objects.exists()
    assert not Package.objects.exists()
    assert not Outbox.objects.filter(about=closed.uuid, payload__isnull=False).exists()
    assert RightsRequest.objects.get().events.exists()
    assert Entry.objects.filter(kind="case.expired").count() == 1


def test_the_person_is_locked_before_the_case(closed, monkeypatch):
    """As by whoever erases or merges people: otherwise each of two waits for what the other one has."""
    person, before = closed.subject_id, []
    with CaptureQueriesContext(connection) as found:
        monkeypatch.setattr(expiry, "lock_people", lambda _needs, those: before.append((those, list(found))))
        expiry.expire_case(closed, now=make.NOW)
    (people, queries), *_others = before
    assert people == [person]
    assert not [query for query in queries if "FOR UPDATE" in query["sql"]]


def test_six_years_after_it_was_closed(closed):
    term = closed.closed_at + relativedelta(years=6)
    assert expiry.expire_closed(now=term) == 0
    assert expiry.expire_closed(now=term + timedelta(seconds=1)) == 1
    assert expiry.expire_closed(now=term + timedelta(days=1)) == 0
    assert CaseFile.objects.get().claim is None
