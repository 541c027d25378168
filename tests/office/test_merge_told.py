"""Systems that keep copies of choices hear what a merge changes, and what its undoing does."""

from datetime import timedelta

import pytest

from consents import withdraw
from ledger import feed
from ledger.kinds import KEPT, TOLD
from ledger.models import Entry
from office import merging
from office.names_of_staff import HAPPENED
from subjects.identifiers import Claim
from subjects.models import DataSubject
from tests import make_office
from tests import make_people as make

pytestmark = pytest.mark.django_db


def test_other_systems_hear_which_choices_changed():
    make_office.register()
    ada, countess = (make.person(f"{name}@example.com", name, "newsletter") for name in ("ada", "countess"))
    make_office.consent(ada, status="given", now=make.NOW - timedelta(days=5))
    make_office.consent(countess, status="withdrawn", now=make.NOW - timedelta(days=9))
    withdraw.withdraw(
        [Claim("email", "countess@example.com")], purposes="all-marketing", now=make.NOW, actor=make.ACTOR
    )
    seen = Entry.objects.count()
    made = merging.merge(ada, countess, now=make.NOW, actor=make.OFFICER)
    assert told(seen) == [
        ("person.merged", ada, None),
        ("consent.withdrawn", ada, {"newsletter:": "withdrawn", "newsletter:email": "withdrawn"}),
        ("suppression.carried", ada, None),
    ]
    seen = Entry.objects.count()
    merging.undo(made, now=make.NOW + timedelta(days=3), actor=make.OFFICER)
    theirs = {"newsletter:": "withdrawn", "newsletter:email": "withdrawn"}
    assert told(seen) == [
        ("person.split", ada, None),
        ("consent.ended", ada, {"newsletter:": "invalidated"}),
        ("consent.given", ada, {"newsletter:email": "given"}),
        ("consent.withdrawn", countess, theirs),
    ]


def told(seen):
    """What the feed says about people since this many entries: kind, whose, which choices."""
    events = [feed.event(row.body) for row in Entry.objects.order_by("pk")[seen:] if row.kind in feed.KINDS]
    people_of = {str(one.uuid): one for one in DataSubject.objects.all()}
    return [(event["kind"], people_of[event["subject"]], event["data"].get("choices")) for event in events]


def test_staff_read_every_choice_in_words():
    families = ("consent.", "suppression.", "cookies.linked", "person.")
    assert {kind for kind in (*TOLD, *KEPT) if kind.startswith(families) and not kind.endswith(".")} <= set(HAPPENED)
