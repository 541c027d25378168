"""What several people share a mailbox with, in an import, in a restored database, on the page of choices and as one."""

import json
import threading
from datetime import timedelta
from io import BytesIO
from uuid import uuid4

import pytest
from django.db import connection, transaction
from django.utils import timezone

from consents import importing, pausing, permission, preferences, unsubscribe
from consents.models import ConsentState, Pause, Suppression
from consents.withdraw import withdraw
from core.models import Outbox
from core.vault import key_of
from office import merging
from retention import lines_again
from subjects import people
from subjects.identifiers import Claim
from subjects.models import DataSubject, SubjectIdentifier
from tests import make_consents as make
from tests.consents.test_shared_verdicts import erase
from tests.make_unproven import ADA
from tests.waiting import PATIENCE, others_wait

pytestmark = pytest.mark.django_db
PHONES = {"C1": "+447700900123", "C2": "+447700900124"}


@pytest.fixture(autouse=True)
def forms():
    make.published(controls=[make.control(), make.control("newsletter-sms", channel="sms")])


def holder(number):
    """A customer who gave the mailbox and a telephone of their own, and agreed to be written to there."""
    identity = {"email": ADA, "customer_number": number, "phone": PHONES.get(number, "+447700900125")}
    make.captured(identity=identity, choices={"newsletter-email": True, "newsletter-sms": True}, now=make.days(1))


def person(number):
    found = people.find([Claim("customer_number", number)])
    assert found
    return found


def by(kind, value, channel="email", purpose="newsletter"):
    verdict = permission.check(purpose, channel, kind, [value], now=timezone.now())[0]
    return ("+" if verdict.allowed else "") + verdict.reason


def imported(*rows):
    """From a system that knows these people by their telephones."""
    lines = "\n".join(json.dumps({"purpose": "newsletter", "evidence": "F1", **row}) for row in rows)
    report = importing.take_rows(BytesIO(lines.encode()), is_csv=False, actor=make.ACTOR, now=make.days(9))
    return importing.as_json(report)["rows"]


@pytest.mark.django_db(transaction=True)
def test_an_import_of_withdrawals_and_one_of_somebody_who_shares_a_mailbox_do_not_wait_in_a_circle():
    """The import holds nothing by which the first of its people is known before it holds the second."""
    for number in PHONES:
        holder(number)
    rows = [
        {"phone": phone, "channel": "", "status": "withdrawn", "at": make.days(5).isoformat()}
        for phone in PHONES.values()
    ]
    done, raised = [], []

    def work():
        try:
            done.append(imported(*rows))
        except Exception as error:  # noqa: BLE001
            raised.append(error)
        finally:
            connection.close()

    thread = threading.Thread(target=work)
    with transaction.atomic():
        assert people.hold(person("C2"))
        thread.start()
        others_wait()
        withdraw([Claim("customer_number", "C2")], purposes=["newsletter"], now=timezone.now(), actor="system")
    thread.join(timeout=PATIENCE)
    assert raised == []
    # The withdrawal of the second is the later one, so what the import says of them is known.
    assert (done[0]["stored"], done[0]["known"]) == (1, 1)
    assert {by("phone", phone, "sms") for phone in PHONES.values()} == {"consent-withdrawn"}


def replayed_from_before_the_second_came():
    """As a restore does: a backup from before the second person and all that was said, and the lines done again."""
    rows = Outbox.objects.filter(kind="journal").order_by("pk")
    lines = [json.loads(key_of("outbox", row.uuid).open("payload", bytes(row.payload))) for row in rows]
    others = DataSubject.objects.exclude(pk=person("C1").pk)
    Suppression.objects.all().delete()
    Pause.objects.all().delete()
    SubjectIdentifier.objects.filter(subject__in=others).delete()
    SubjectIdentifier.objects.update(is_shared=False)
    others.delete()
    ConsentState.objects.update(status="given", effective_at=make.days(1))
    assert by("customer_number", "C1") == "+consent-given"
    for number, line in enumerate(lines):
        done = {"action": line["action"], "data": line, "seq": number, "at": timezone.now().isoformat()}
        is_done = lines_again.do_again(done, uuid4(), now=timezone.now(), actor=make.ACTOR)
        # Whoever came after the backup is not here to be erased.
        assert is_done or line["action"] == "erase"


def test_what_was_said_in_a_mailbox_that_the_backup_has_as_one_persons_is_told_by_whatever_of_theirs():
    for number in PHONES:
        holder(number)
    unsubscribe.stop(unsubscribe.Recipient(ADA, "newsletter"), everything=True, now=timezone.now())
    assert by("customer_number", "C1") == "objected"
    replayed_from_before_the_second_came()
    assert {by("email", ADA), by("customer_number", "C1"), by("phone", PHONES["C1"])} == {"objected"}
    # It reached nobody but by e-mail.
    assert by("phone", PHONES["C1"], "sms") == "+consent-given"


@pytest.mark.parametrize("is_over", [False, True])
def test_so_is_a_pause_and_its_end(is_over):
    for number in PHONES:
        holder(number)
    now, here = timezone.now(), [Claim("email", ADA)]
    pausing.begin(here, purposes=[pausing.ALL], until=now + timedelta(days=9), now=now, actor="public")
    if is_over:
        pausing.resume(here, purposes=[pausing.ALL], now=now + timedelta(seconds=1), actor="public")
    replayed_from_before_the_second_came()
    assert {by("email", ADA), by("customer_number", "C1")} == {"+consent-given" if is_over else "paused"}


@pytest.mark.parametrize("act", ["withdraw", "pause"])
def test_what_names_one_of_several_stops_the_mailbox_that_the_backup_has_as_theirs_alone(act):
    for number in PHONES:
        holder(number)
    named, now = [Claim("email", ADA), Claim("customer_number", "C1")], timezone.now()
    if act == "withdraw":
        withdraw(named, purposes="all-marketing", now=now, actor="public")
    else:
        pausing.begin(named, purposes=[pausing.ALL], until=now + timedelta(days=9), now=now, actor="public")
    before = by("email", ADA)
    assert before == ("objected" if act == "withdraw" else "paused")
    replayed_from_before_the_second_came()
    assert {by("email", ADA), by("customer_number", "C1"), by("phone", PHONES["C1"], "sms")} == {before}


def test_what_an_erasure_left_in_a_mailbox_stops_it_by_whatever_is_theirs_who_has_it_in_the_backup():
    for number in ("C1", "C2", "C3"):
        holder(number)
    withdraw(person("C2"), purposes="all-marketing", now=make.days(3), actor="public")
    erase("C2")
    assert by("customer_number", "C1") == "objected"
    replayed_from_before_the_second_came()
    assert {by("email", ADA), by("customer_number", "C1")} == {"objected"}
    assert by("customer_number", "C1", "sms") == "+consent-given"


@pytest.mark.parametrize("own_first", [False, True])
@pytest.mark.parametrize("days", [9, 60])
def test_a_pause_of_ones_own_outlives_one_in_the_mailbox_that_is_ended(own_first, days):
    """Under the mailbox, too, which is theirs alone in the backup."""
    for number in PHONES:
        holder(number)
    now = timezone.now()
    both = [([Claim("email", ADA)], days), ([Claim("customer_number", "C1")], 30)]
    for claims, length in reversed(both) if own_first else both:
        until = now + timedelta(days=length)
        pausing.begin(claims, purposes=[pausing.ALL], until=until, now=now, actor="public")
    pausing.resume([Claim("email", ADA)], purposes=[pausing.ALL], now=now + timedelta(seconds=1), actor="public")
    replayed_from_before_the_second_came()
    later = now + timedelta(seconds=2)
    known = {"email": ADA, "customer_number": "C1", "phone": PHONES["C1"]}
    told = [permission.check("newsletter", "email", kind, [known[kind]], now=later)[0] for kind in known]
    assert {(one.reason, one.valid_until) for one in told} == {("paused", now + timedelta(days=30))}


EVE = "eve@example.net"


@pytest.fixture
def eve():
    """A customer with a mailbox of her own, who shares another one; what she has chosen, as her page shows it."""
    both = {"newsletter-email": True, "newsletter-sms": True}
    make.captured(identity={"email": EVE, "customer_number": "C1"}, choices=both, now=make.days(1))
    people.verify_identifier(person("C1"), Claim("email", ADA), how="link", now=make.days(1), actor=make.ACTOR)
    holder("C2")
    return unsubscribe.Recipient(EVE, "newsletter")


def page(recipient):
    return preferences.of(recipient, now=timezone.now())


def boxes(recipient):
    return {box.channel: box.is_on for topic in page(recipient).all for box in topic.boxes}


def named(recipient):
    return {box.name: box.is_on for topic in page(recipient).all for box in topic.boxes if box.purpose == "surveys"}


def test_the_page_of_choices_shows_what_a_shared_mailbox_stopped_and_begins_it_again(eve):
    assert boxes(eve) == {"email": True, "sms": True}
    unsubscribe.stop(unsubscribe.Recipient(ADA, "newsletter"), now=timezone.now())
    assert (by("email", EVE), boxes(eve)) == ("suppressed", {"email": False, "sms": True})
    preferences.save(eve, {"join:newsletter-email": True}, now=timezone.now())
    assert (by("email", EVE), boxes(eve)) == ("+consent-given", {"email": True, "sms": True})
    assert by("email", ADA) == "suppressed"


def test_of_a_consent_to_every_channel_it_shows_what_goes_on_and_ends_that(eve):
    """Once asked in one box for all, now for e-mail alone: what the shared mailbox stopped is e-mail."""
    make.published("ask", [make.control("surveys", "surveys", "")])
    make.captured(form="ask", identity={"email": EVE}, choices={"surveys": True}, now=make.days(1))
    unsubscribe.stop(unsubscribe.Recipient(ADA, "surveys"), now=make.days(2))
    left = dict.fromkeys(("end:surveys:phone", "end:surveys:sms", "end:surveys:post"), True)
    assert named(eve) == {"ask:surveys": False, **left}
    make.published("ask", [make.control("surveys-email", "surveys")], change="editorial")
    assert named(eve) == {"ask:surveys-email": False, **left}
    preferences.save(eve, {"ask:surveys-email": True, "end:surveys:sms": False}, now=timezone.now())
    assert named(eve) == {"ask:surveys-email": True, "end:surveys:phone": True, "end:surveys:post": True}
    assert {channel: by("email", EVE, channel, "surveys") for channel in ("email", "sms", "post")} == {
        "email": "+consent-given",
        "sms": "consent-withdrawn",
        "post": "+consent-given",
    }


def test_it_shows_a_pause_there_and_ends_only_her_own(eve, client):
    now = timezone.now()
    pausing.begin([Claim("email", ADA)], purposes=[pausing.ALL], until=now + timedelta(days=9), now=now, actor="public")
    assert by("email", EVE) == "paused"
    [topic] = page(eve).all
    assert topic.pause
    url = f"/preferences/{unsubscribe.seal(eve)}/"
    assert "an address or number that others have as well" in client.get(url).content.decode()
    preferences.resume(eve, now=timezone.now())
    assert {by("email", EVE), by("email", ADA)} == {"paused"}
    preferences.save(eve, {"join:newsletter-email": False}, now=timezone.now())
    preferences.save(eve, {"join:newsletter-email": True}, now=timezone.now())
    assert by("email", EVE) == "+consent-given"
    assert not any(topic.pause for topic in page(eve).all)


def test_an_import_does_not_stand_in_the_place_of_a_yes_that_answers_a_shared_mailbox():
    """It would answer nothing, so that the next night's import had taken back what the person said themself."""
    for number in PHONES:
        holder(number)
    unsubscribe.stop(unsubscribe.Recipient(ADA, "newsletter"), now=make.days(3))
    make.captured(identity={"customer_number": "C1"}, choices={"newsletter-email": True}, now=make.days(4))
    same = {"status": "given", "at": make.days(5).isoformat()}
    rows = [{"phone": phone, "channel": channel, **same} for phone in PHONES.values() for channel in ("email", "sms")]
    told = imported(*rows)
    assert (told["stored"], told["outdone"]) == (2, 2)
    assert (by("customer_number", "C1"), by("customer_number", "C2")) == ("+consent-given", "suppressed")
    assert by("customer_number", "C1", "sms") == "+consent-given"


@pytest.mark.parametrize(("days", "stands"), [({"C1": 4, "C2": 5}, True), ({"C1": 4}, False), ({"C2": 5}, False)])
def test_what_both_took_back_does_not_bar_them_as_one(days, stands):
    for number in PHONES:
        holder(number)
    unsubscribe.stop(unsubscribe.Recipient(ADA, "newsletter"), now=make.days(3))
    for number, day in days.items():
        make.captured(identity={"customer_number": number}, choices={"newsletter-email": True}, now=make.days(day))
    merging.merge(person("C1"), person("C2"), now=make.days(6), actor=make.ACTOR)
    assert {by("email", ADA), by("customer_number", "C2")} == {"+consent-given" if stands else "suppressed"}
