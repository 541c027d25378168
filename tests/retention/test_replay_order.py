"""A replay follows the order of the acts. A delivery that failed at first stands behind what came after it."""

from datetime import date, timedelta
from uuid import uuid4

import pytest

from core import outbox
from core.models import Outbox
from retention import holds, journal, replay, rules, rules_again
from retention.models import JournalMark, LegalHold, RetentionRule
from retention.purge import purge
from subjects import again, blocks
from subjects.models import ErasureBlock, PersonalDataItem
from tests import make_office
from tests.make_backup import LATER, backed_up, deliver, places, restored
from tests.make_retention import NOW, TODAY, item, live, person, rule

pytestmark = pytest.mark.django_db(transaction=True)
OFFICER, HOUR = make_office.OFFICER, timedelta(hours=1)
OLD, RECENT = date(2024, 1, 1), TODAY - timedelta(days=30)


@pytest.fixture(autouse=True)
def folder(tmp_path, settings):
    settings.SOLE_OFFICER = True
    with places(tmp_path, settings):
        yield tmp_path


def hold(number, *, now):
    given = {"matter": "M", "reason": "claim", "review_due": now.date() + timedelta(days=30), "actor": OFFICER}
    return holds.place([person(number)], **given, now=now)


def version(period, *, now):
    new = RetentionRule(slug="letters", purpose=live("events"), period=period, trigger="collection", legal_reason="x")
    rules.activate(rules.draft(new, by=OFFICER, now=now), approved_by="user:lead", now=now)


def delivered_backwards():
    """Each failed until what came after it had been delivered."""
    waiting = Outbox.objects.filter(kind=Outbox.Kind.JOURNAL, sent_at=None).order_by("-pk")
    for pk in waiting.values_list("pk", flat=True):
        assert outbox.deliver_one(pk, now=LATER + 9 * HOUR)


def test_lines_that_were_overtaken():
    """A rule that was corrected, a hold on whom a run had taken something from, and one that is over."""
    item(person(1), ["newsletter"], OLD)
    item(person(1), ["surveys"], RECENT)
    item(person(2), ["surveys"], RECENT)
    version("P5Y", now=NOW)
    letters = rule(live())
    deliver(NOW)
    before = backed_up()
    assert purge(letters, as_of=TODAY, commit=True, now=LATER).items == 1
    made = hold(1, now=LATER + HOUR)
    holds.release(hold(2, now=LATER), actor=OFFICER, now=LATER + HOUR)
    version("P1Y", now=LATER)
    version("P9Y", now=LATER + HOUR)
    delivered_backwards()
    lines = list(journal.lines())
    assert [line["action"] for line in lines[-6:]] == [
        *["retention.activated"] * 2,
        *["hold.released", "hold.placed", "hold.placed", "purge"],
    ]
    with restored(before, now=LATER + timedelta(days=1)) as done:
        assert (done.lines, done.empty) == (6, 0)
        assert PersonalDataItem.objects.count() == 2
        assert LegalHold.objects.get(released_at=None).uuid == made.uuid
        [block] = blocks.active(person(1))
        assert block.placed_at == made.placed_at
        assert not blocks.active(person(2)).exists()
        assert RetentionRule.objects.get(slug="letters", status="active").period == "P9Y"
        # Numbers go on beyond those of the lines, or the next replay would take what comes now for older.
        hold(2, now=LATER + timedelta(days=2))
        assert Outbox.objects.latest("pk").pk > max(line["order"] for line in lines)


def test_a_hold_that_was_placed_while_a_run_was_at_work_comes_after_it():
    """By its clock it came before: whoever placed it waited for the run."""
    data = {"run": str(uuid4()), "purpose": "newsletter", "items": [], "people": []}
    placed = journal.append("hold.placed", {}, entry=uuid4(), at=NOW, order=12)
    went = journal.append("purge", data, entry=uuid4(), at=NOW + HOUR, order=11)
    assert journal.in_order(journal.lines()) == [went, placed]
    assert journal.verify().ok


def test_lines_of_before_they_were_numbered():
    """By their time, and before all that has a number; or, where an older version wrote later, where they stand."""
    write = lambda at, **order: journal.append("erase", {}, entry=uuid4(), at=at, **order)  # noqa: E731
    late, early, first = write(LATER), write(NOW), write(NOW, order=3)
    after, second = write(LATER), write(NOW, order=2)
    assert journal.in_order(journal.lines()) == [early, late, second, first, after]


def test_a_hold_that_was_released_stays_so_in_a_journal_without_numbers(folder, settings):
    item(person(1), ["newsletter"], OLD)
    holds.release(hold(1, now=NOW), actor=OFFICER, now=LATER)
    deliver()
    placed, released = journal.lines()
    settings.JOURNAL_DIR = folder / "of before"
    for line, at in ((released, LATER), (placed, NOW)):
        journal.append(line["action"], line["data"], entry=uuid4(), at=at)
    for model in (ErasureBlock, LegalHold, Outbox, JournalMark):
        model.objects.all().delete()
    assert replay.replay(now=LATER).by_action == {"hold.placed": 1, "hold.released": 1}
    assert LegalHold.objects.get().released_at


def test_what_was_placed_after_an_erasure_stays_whatever_the_order():
    gone, kept = item(person(1), ["newsletter"], OLD), item(person(1), ["surveys"], RECENT)
    made = hold(1, now=LATER)
    again.erase_again(again.Then(items=[gone.uuid]), at=NOW, now=LATER + HOUR)
    assert PersonalDataItem.objects.get() == kept
    assert [block.placed_for for block in blocks.active(person(1))] == [made.uuid]
    again.erase_again(again.Then(items=[kept.uuid]), at=LATER, now=LATER + HOUR)
    assert not PersonalDataItem.objects.exists()


def test_a_version_that_was_approved_earlier_ends_none():
    version("P1Y", now=NOW)
    version("P9Y", now=LATER)
    deliver()
    older, newer = [line["data"] for line in journal.lines()]
    RetentionRule.objects.all().delete()
    for data in (newer, older):
        assert rules_again.activate_again(data, now=LATER, actor=OFFICER)
    assert RetentionRule.objects.get(status="active").period == "P9Y"
    assert rules_again.is_known(older)
    # Also where its purpose is not known here.
    assert not rules_again.activate_again(older | {"purpose": "unheard-of"}, now=LATER, actor=OFFICER)
    assert RetentionRule.objects.get(status="active").period == "P9Y"
