"""What is read before a set is let go: whom it is about, and who goes altogether with it."""

import json
import re
from datetime import date, timedelta

import pytest
from django.db import connection
from django.db.models import Exists
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from django.utils.html import strip_tags

from benchmarks.answers import RECIPE as ANSWERS
from office import merging
from requests.models import RightsRequest
from retention import exact
from subjects import erasure, relationships
from subjects.models import DataSubject, Relationship
from tests import make_office
from tests.make_register import category
from tests.make_retention import NOW, TODAY, applied, dates, item, live, person, rule

pytestmark = pytest.mark.django_db
OLD = date(2025, 1, 1)


def seen(one):
    return exact.concerned(one, as_of=TODAY, now=NOW)


def read(client, one):
    page = client.post(reverse("admin:forgetting-look", args=[one.pk]), follow=True).text
    return re.sub(r"\s+", " ", strip_tags(page))


def test_who_lets_a_set_go_reads_first_whom_and_what_it_takes(admin_client):
    for number in range(3):
        item(person(number), ["newsletter"], OLD)
    item(person(0), ["newsletter"], OLD, category="phone")
    item(person(1), ["survey"], OLD)
    # The page goes by the clock: this one is not due, whenever it is run.
    item(person(2), ["newsletter"], timezone.localdate() - timedelta(days=1), now=timezone.now())
    one = rule(live())
    found = seen(one)
    assert (found.people, found.left_with_nothing) == (3, 1)
    assert sorted(rows for _kind, rows in found.kinds) == [1, 3]
    page = read(admin_client, one)
    assert "It is about 3 people. 1 of them would be left with nothing and goes altogether" in page
    assert page.index("left with nothing") < page.index("Yes, let them go")
    applied(one, NOW)
    assert DataSubject.objects.count() == 2


def test_of_a_single_person_it_is_one_sentence(admin_client):
    item(person(), ["newsletter"], OLD)
    one = rule(live())
    assert "It is about 1 person, who would be left with nothing and goes altogether" in read(admin_client, one)
    item(person(), ["survey"], OLD)
    page = read(admin_client, one)
    assert "It is about 1 person, who stays" in page
    assert "left with nothing" not in page


NAMES = ["nothing", "consented", "withdrawn", "tied-elsewhere", "asks", "answered", "erased", "merged"]


def world(mailbox):
    """People about to lose their last record: those whom a guard keeps, and those who are only nearly so."""
    make_office.register()
    people = {name: person(number) for number, name in enumerate(NAMES)}
    make_office.consent(people["consented"])
    make_office.consent(people["withdrawn"], status="withdrawn")
    make_office.consent(people["nothing"], slug="direct-sales")
    for name, right in (("asks", "rectification"), ("answered", "rectification"), ("erased", "erasure")):
        make_office.confirmed(right, email=f"person{NAMES.index(name)}@example.org", mailbox=mailbox)
    of = RightsRequest.objects.filter
    of(case__subject=people["answered"]).update(state="withdrawn", answered_at=NOW)
    of(case__subject=people["erased"]).update(result={"executed_at": NOW.isoformat()})
    item(people["merged"], ["direct-sales"], TODAY)
    merging.merge(people["tied-elsewhere"], people["merged"], now=NOW, actor="user:1")
    for subject in people.values():
        item(subject, ["newsletter"], OLD)
    return people


def test_whom_a_guard_keeps_is_not_said_to_go(mailoutbox):
    people = world(mailoutbox)
    one = rule(live())
    found = seen(one)
    applied(one, NOW)
    left = set(DataSubject.objects.values_list("pk", flat=True))
    stay = {name for name, subject in people.items() if subject.pk in left}
    assert stay == {"consented", "tied-elsewhere", "asks", "merged"}
    assert (found.people, found.left_with_nothing) == (8, 4)


def test_what_a_guard_says_of_some_it_says_of_all(mailoutbox):
    people = [subject.pk for subject in world(mailoutbox).values()]
    for guard, rows in erasure._guards:
        assert set(guard(people)) == set(DataSubject.objects.filter(Exists(rows(NOW))).values_list("pk", flat=True))
        assert set(guard(people))
    pairs = list(Relationship.objects.values_list("subject", "purpose"))
    for later in (NOW, NOW + timedelta(days=9000)):
        for guard, rows in erasure._relationship_guards:
            mine = Relationship.objects.filter(Exists(rows(later))).values_list("subject", "purpose")
            assert set(guard(pairs, later)) == set(mine)


def test_nobody_is_read_to_be_counted(mailoutbox):
    world(mailoutbox)
    one = rule(live())
    with CaptureQueriesContext(connection) as few:
        seen(one)
    for number in range(20, 30):
        item(person(number), ["newsletter"], OLD)
    with CaptureQueriesContext(connection) as many:
        seen(one)
    assert len(few) == len(many)


def test_of_a_rule_that_anonymises_it_says_what_becomes_of_people(admin_client):
    category("feedback")
    surveys = live("surveys", "a", categories=("email", "feedback"))
    for number, born in enumerate(("1931", "1981")):
        content = json.dumps({"born": f"{born}-02-03", "score": "low", "words": "x"})
        item(person(number), ["surveys"], OLD, category="feedback", content=content)
    one = rule(surveys, action="anonymise", recipe=ANSWERS | {"thresholds": {"k": 3, "l": 2, "t": 0.5}})
    page = read(admin_client, one)
    assert "2 rows would be made anonymous, or changed where they stand." in page
    assert "Then up to 2 people, of whom there is nothing else, go altogether" in page
    assert "If not, values are changed where they stand; they stay with the person" in page
    assert "left with nothing" not in page
    assert "with its keys. Who let it" not in page
    assert applied(one, NOW).status == "pseudonymised"
    assert DataSubject.objects.count() == 2


def test_a_set_of_dealings_only_is_told_as_one(admin_client):
    purpose = live()
    relationships.establish(person(), purpose, role="prospect", started_on=OLD, now=NOW, actor="test")
    dates(person(), purpose, last_interaction_on=OLD)
    make_office.consent(person())
    one = rule(purpose, trigger="last_interaction")
    assert (seen(one).people, seen(one).left_with_nothing, seen(one).ties) == (1, 1, 1)
    assert "dealings without a record: 1" in read(admin_client, one)
    applied(one, NOW)
    assert not DataSubject.objects.exists()
