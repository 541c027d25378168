"""What goes with the person, what stays, and what the person is shown."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection, transaction
from django.utils import timezone

from consents import forget, pausing, rebuild, withdraw
from consents.models import ConsentEvent, ConsentState, Suppression
from consents.personal import Answers, Choices, Pauses, Refusals
from core.models import DataKey
from core.vault import Unreadable, key_of
from subjects import erasure, people
from subjects.deletes import by_index
from subjects.identifiers import Claim
from subjects.models import DataSubject, Relationship
from subjects.registry import categories, declared
from tests import make_consents as make
from tests import make_subjects

pytestmark = pytest.mark.django_db
ADA = Claim("email", "ada@example.com")


def pairs():
    return list(Relationship.objects.values_list("subject_id", "purpose_id"))


def test_the_categories_are_registered_and_every_field_is_declared():
    assert {type(one) for one in categories()} >= {Choices, Answers, Refusals}
    personal, plain = declared()
    for model in (ConsentEvent, ConsentState, Suppression):
        for field in model._meta.concrete_fields:
            assert {f"consents.{model.__name__}.{field.name}"} & (personal | plain)


def test_a_person_is_shown_choices_answers_and_refusals():
    make.published(controls=[make.control(), make.control("survey", "surveys", "")])
    subject = DataSubject.objects.get(uuid=make.captured(choices={"newsletter-email": True, "survey": True}).subject)
    withdraw.withdraw([Claim("email", "ada@example.com")], purposes=["surveys"], now=make.days(1), actor=make.ACTOR)
    assert [(row["purpose"], row["status"]) for row in Choices().export(subject)] == [
        ("Newsletter", "given"),
        ("Surveys", "withdrawn"),
    ]
    answers = Answers().export(subject)
    assert [row["answer"] for row in answers] == ["given", "given", "withdrawn"]
    assert "ada@example.com" in answers[0]["given_as"]
    assert [row["purpose"] for row in Refusals().export(subject)] == ["surveys"]


@pytest.fixture
def two():
    """Two customers who have a mailbox, and have agreed to be written to, by e-mail and by SMS."""
    make.published(controls=[make.control(), make.control("newsletter-sms", channel="sms")])
    both = {"newsletter-email": True, "newsletter-sms": True}
    for number in ("C1", "C2"):
        make.captured(identity={"email": ADA.value, "customer_number": number}, choices=both)


def kept_to(number):
    subject = people.find([Claim("customer_number", number)])
    rows = [*Refusals().export(subject), *Pauses().export(subject)]
    return [(row["purpose"], row["channel"], row["since"]) for row in rows]


@pytest.mark.parametrize("says", ["no", "pause"])
def test_what_a_mailbox_of_two_says_is_in_the_copy_of_each_as_far_as_it_stops_something_for_them(two, says):
    if says == "no":
        withdraw.withdraw([ADA], purposes=["newsletter"], now=make.days(1), actor="public")
    else:
        until = timezone.now() + timedelta(days=9)
        pausing.begin([ADA], purposes=[make.live()], until=until, now=make.days(1), actor="public")
    said = ("newsletter", "email", make.days(1).isoformat())
    assert (kept_to("C1"), kept_to("C2")) == ([said], [said])
    make.captured(identity={"customer_number": "C1"}, choices={"newsletter-email": True}, now=make.days(2))
    assert (kept_to("C1"), kept_to("C2")) == ([], [said])


def test_what_one_of_two_says_by_their_own_number_is_in_no_copy_of_the_other(two):
    withdraw.withdraw([Claim("customer_number", "C1")], purposes=["newsletter"], now=make.days(1), actor=make.ACTOR)
    said = ("newsletter", "", make.days(1).isoformat())
    assert (kept_to("C1"), kept_to("C2")) == ([said], [])


def test_when_the_person_goes_proofs_and_states_go_and_evidence_and_refusals_stay():
    make.published()
    done = make.captured()
    withdraw.withdraw([Claim("email", "ada@example.com")], purposes="all-marketing", now=make.days(1), actor=make.ACTOR)
    erased = erasure.end_needs([], now=make.days(2), pairs=pairs())
    assert erased.subject_uuids == [done.subject]
    assert not ConsentState.objects.exists()
    assert not DataKey.objects.filter(owner__in=["consent", "identifier"]).exists()
    with pytest.raises(Unreadable):
        key_of("consent", done.consent)
    assert ConsentEvent.objects.filter(subject=done.subject).exists()
    assert make.reason(now=make.days(3)) == "objected"
    assert rebuild.differences() == 0


def test_an_erased_relationship_ends_the_consent_but_not_the_others():
    make.published(controls=[make.control(), make.control("partners", "partner-promotions")])
    make.captured(choices={"newsletter-email": True, "partners": True})
    newsletter = make.live()
    erasure.end_needs([], now=make.days(1), pairs=[pair for pair in pairs() if pair[1] == newsletter.pk])
    assert DataSubject.objects.count() == 1
    assert make.reason(now=make.days(2)) == "consent-expired"
    assert make.reason(purpose="partner-promotions", now=make.days(2)) == "+consent-given"
    assert rebuild.differences() == 0


def test_a_valid_consent_keeps_the_person():
    make.published()
    make.captured()
    subject = DataSubject.objects.get()
    assert not erasure.end_needs(erasure.needs_of(subject, [make.live()]), now=make.days(1)).subjects
    assert make.reason() == "+consent-given"


@pytest.mark.parametrize(
    ("later", "left"),
    [
        (lambda: None, 1),
        (lambda: make.captured(choices={"newsletter-email": False}, now=make.days(1)), 0),
        (lambda: withdraw.withdraw([ADA], purposes=["newsletter"], now=make.days(1), actor=make.ACTOR), 0),
    ],
    ids=["stands", "refused since", "withdrawn since"],
)
@pytest.mark.parametrize("consent_first", [True, False])
def test_old_data_goes_and_the_consent_given_before_or_after_it_stays(consent_first, later, left):
    """A prospect who subscribes stays a prospect by role; what keeps them is the consent and not the word."""
    make.live(categories=("email",))
    make.published()
    if consent_first:
        make.captured()
    ada = make_subjects.person(ADA)
    make_subjects.item(ada, "newsletter", role="prospect")
    if not consent_first:
        make.captured()
    later()
    erased = erasure.end_needs(erasure.needs_of(ada, [make.live()]), now=make.days(2))
    assert (erased.items, Relationship.objects.count(), DataSubject.objects.count()) == (1, left, left)
    assert (make.reason(now=make.days(2)) == "+consent-given") == bool(left)


def test_a_consent_that_has_run_out_keeps_nothing():
    make.live(categories=("email",))
    make.published()
    make.captured()
    ada = DataSubject.objects.get()
    make_subjects.item(ada, "newsletter")
    assert erasure.end_needs(erasure.needs_of(ada, [make.live()]), now=make.days(800)).subjects == 1


def test_destroying_proofs_of_nobody_is_nothing():
    assert forget.destroy_proofs([]) == 0


@pytest.mark.django_db(transaction=True)
def test_a_batch_reads_the_consents_of_its_own_people_only():
    """Also before the statistics know of many that came within the hour, as after an import or a restore."""
    make.published()
    purpose = make.captured() and ConsentState.objects.get().purpose
    people = DataSubject.objects.bulk_create([DataSubject() for _ in range(3000)])[:20]
    same = {"purpose": purpose, "channel": "email", "status": "given", "effective_at": make.NOW}
    ConsentState.objects.bulk_create(
        [ConsentState(subject=uuid4(), event=uuid4(), entry=uuid4(), **same) for _ in range(5000)]
    )
    given = [[one.pk for one in people], [purpose.pk] * len(people), ["given"], make.NOW]
    with transaction.atomic(), connection.cursor() as cursor:
        by_index()
        cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {forget.STANDING}", given)
        [[plan]] = cursor.fetchone()
    read = plan["Plan"]["Shared Hit Blocks"] + plan["Plan"]["Shared Read Blocks"]
    assert read < 20 * len(people)
