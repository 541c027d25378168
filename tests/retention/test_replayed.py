"""What a restore does again, from a backup to a new cluster: each of these acts came after the backup."""

from datetime import date, timedelta
from uuid import uuid4

import pytest

from subjects import again, blocks, erasure
from subjects.models import ItemPurpose, Relationship
from tests import make_consents
from tests.make_backup import LATER, backed_up, places, restored
from tests.make_retention import NOW, TODAY, item, live, person

pytestmark = pytest.mark.django_db(transaction=True)
OLD, RECENT = date(2024, 1, 1), TODAY - timedelta(days=30)


@pytest.fixture(autouse=True)
def folder(tmp_path, settings):
    with places(tmp_path, settings):
        yield tmp_path


def verdict():
    return make_consents.reason("person1@example.org", now=LATER)


def test_an_erasure_of_a_dealing_of_somebody_who_stays_and_whose_copy_was_open_at_the_backup():
    make_consents.published(now=NOW - timedelta(days=30))
    item(person(1), ["surveys"], RECENT)
    make_consents.captured("person1@example.org", now=NOW)
    assert verdict() == "+consent-given"
    asked = uuid4()
    blocks.place(person(1), kind="access", placed_for=asked, now=NOW, actor="test")
    before = backed_up()
    blocks.release(asked, now=LATER, actor="test")
    newsletter = live("newsletter")
    done = erasure.erase(subject=person(1), purposes=[newsletter], request=uuid4(), actor="user:1", now=LATER)
    assert done.blocked == []
    with restored(before) as found:
        assert (found.lines, found.empty) == (1, 0)
        assert not Relationship.objects.filter(purpose__slug="newsletter").exists()
        assert not verdict().startswith("+")
        assert ItemPurpose.objects.get().purpose.slug == "surveys"


def test_what_is_left_of_an_erasure_is_seen_and_what_was_spared_is_not_left():
    spared = item(person(1), ["newsletter", "surveys"], RECENT)
    item(person(1), ["newsletter"], RECENT)
    blocks.place_rule(placed_for=uuid4(), purpose=live(), now=NOW, actor="test")
    line = {"items": [], "gone": [], "person": person(1).uuid, "purposes": ["newsletter"], "spared": [spared.uuid]}
    assert again.is_left(**line)
    again.erase_again(**line, now=LATER)
    assert not again.is_left(**line)
    assert {need.item.uuid for need in ItemPurpose.objects.all()} == {spared.uuid}
    assert again.is_left(items=[spared.uuid], gone=[])
    assert again.is_left(items=[], gone=[person(1).uuid])
