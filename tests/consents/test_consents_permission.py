"""Every reason, the strictest of people who share an address, and the cost."""

from datetime import UTC, date, datetime, timedelta
from io import StringIO
from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command

from consents import permission, suppression
from consents.models import ConsentEvent
from consents.permission import UnknownPurpose, check, may_process
from consents.verdicts import SENTENCES, Reason
from core.errors import Invalid
from processing.models import PurposeVersion, Status
from subjects import lawful_uses, people, relationships, restrictions
from subjects.identifiers import Claim
from subjects.models import DataSubject, Organisation, PersonalDataItem, SubjectIdentifier
from tests import make_consents as make
from tests import make_subjects

pytestmark = pytest.mark.django_db


def person(email="ada@example.com", **fields):
    subject = people.find_or_create([Claim("email", email)], now=make.NOW, actor=make.ACTOR)
    DataSubject.objects.filter(pk=subject.pk).update(**fields)
    return subject


def company(legal_type):
    return Organisation.objects.create(name="Example", legal_type=legal_type)


def interest(slug="direct-sales", *, ground="mutual-interest", assessed=True, email="ada@example.com", **fields):
    """Someone with a recorded ground for a purpose on legitimate interests."""
    purpose, subject = make.live(slug, "f"), person(email, **fields)
    relationships.establish(subject, purpose, role="prospect", ground=ground, now=make.NOW, actor=make.ACTOR)
    if assessed:
        make.assessment(purpose)
    return purpose, subject


def test_consent_given_says_until_when_and_by_which_evidence():
    make.published()
    make.captured()
    verdict = check("newsletter", "email", "email", ["Ada@example.com"], now=make.NOW)[0]
    event = ConsentEvent.objects.get()
    assert (verdict.allowed, verdict.reason, verdict.evidence) == (True, "consent-given", event.entry)
    assert verdict.valid_until == event.valid_until
    assert verdict.sentence


def test_consent_missing_refused_and_expired():
    make.published()
    person("missing@example.com")
    make.captured("refused@example.com", choices={"newsletter-email": False})
    make.captured("expired@example.com")
    assert make.reason("missing@example.com") == "consent-missing"
    assert make.reason("refused@example.com") == "consent-refused"
    until = ConsentEvent.objects.get(status="given").valid_until
    assert make.reason("expired@example.com", now=until - timedelta(seconds=1)) == "+consent-given"
    assert make.reason("expired@example.com", now=until) == "consent-expired"


def test_consent_for_one_channel_is_none_for_another():
    make.published()
    make.captured()
    assert make.reason(channel="sms") == "consent-missing"


def test_unknown_person_unknown_purpose_and_a_value_that_is_no_address():
    make.live()
    assert make.reason("nobody@example.com") == "unknown-person"
    assert make.reason("no address") == "unknown-person"
    with pytest.raises(UnknownPurpose):
        make.reason(purpose="nonsense")


def test_a_purpose_that_is_not_live():
    make.published()
    make.captured()
    PurposeVersion.objects.filter(purpose__slug="newsletter").update(status=Status.SUSPENDED)
    assert make.reason() == "purpose-not-live"


def test_restricted():
    make.published()
    make.captured()
    restrictions.restrict(DataSubject.objects.get(), ground="accuracy", now=make.NOW, actor=make.ACTOR)
    assert make.reason() == "restricted"


def agreed():
    """Somebody who wants the newsletter, for which more than the address may be kept."""
    make.live("newsletter", categories=("email", "name"))
    make.published()
    return DataSubject.objects.get(uuid=make.captured().subject)


def held(subject, *categories, slug="newsletter"):
    """An item of each category for the purpose."""
    return [make_subjects.item(subject, slug, category=category, now=make.NOW) for category in categories]


def limit(subject, item, **given):
    return restrictions.restrict(subject, ground="accuracy", item=item, now=make.NOW, actor=make.ACTOR, **given)


def test_a_restriction_of_single_items_leaves_them_out_and_stops_nothing_else():
    subject = agreed()
    purpose = PurposeVersion.objects.get(purpose__slug="newsletter").purpose
    before = PersonalDataItem.objects.usable_for(purpose).count()
    first, _second = held(subject, "name", "name")
    limit(subject, first)
    verdict = may_process(subject, "newsletter", "email", now=make.NOW)
    assert (verdict.allowed, verdict.partly_restricted) == (True, True)
    assert first not in PersonalDataItem.objects.usable_for(purpose)
    assert PersonalDataItem.objects.usable_for(purpose).count() == before + 1


def test_items_of_another_purpose_or_person_stop_nothing():
    subject = agreed()
    make.live("customer-support", "b", categories=("name",))
    (elsewhere,) = held(subject, "name", slug="customer-support")
    limit(subject, elsewhere)
    eve = person("eve@example.com")
    limit(eve, held(eve, "name")[0])
    verdict = may_process(subject, "newsletter", "email", now=make.NOW)
    assert (verdict.allowed, verdict.partly_restricted) == (True, False)


def test_every_item_restricted_one_by_one_stops_the_purpose():
    subject = agreed()
    for item in PersonalDataItem.objects.filter(subject=subject, needs__purpose__slug="newsletter"):
        limit(subject, item)
    one, other = held(subject, "name", "name")
    limit(subject, one)
    assert may_process(subject, "newsletter", now=make.NOW).allowed
    last = limit(subject, other)
    for asked in (subject, Claim("email", "ada@example.com")):
        verdict = may_process(asked, "newsletter", now=make.NOW)
        assert (verdict.reason, verdict.partly_restricted) == ("restricted", False)
    restrictions.lift(last, now=make.NOW, actor=make.ACTOR)
    assert may_process(subject, "newsletter", now=make.NOW).partly_restricted


@pytest.mark.parametrize(("category", "channel", "stopped"), [("email", "email", True), ("name", "email", False)])
def test_the_address_itself_in_doubt_stops_its_channel(category, channel, stopped):
    subject = agreed()
    doubted, _other = held(subject, category, category)
    limit(subject, doubted)
    assert may_process(subject, "newsletter", channel, now=make.NOW).allowed is not stopped


def test_other_bases():
    for slug, basis in {"contract-administration": "b", "statutory-accounts": "c"}.items():
        make.live(slug, basis)
    subject = person()
    assert make.reason(purpose="contract-administration") == "no-established-interest"
    assert make.reason(purpose="statutory-accounts") == "+legal-obligation"
    relationships.establish(
        subject, make.live("contract-administration"), role="customer_contact", now=make.NOW, actor=make.ACTOR
    )
    assert make.reason(purpose="contract-administration") == "+contract"
    relationships.end(
        subject,
        make.live("contract-administration"),
        what="ended_on",
        on=make.NOW.date(),
        now=make.NOW,
        actor=make.ACTOR,
    )
    assert make.reason(purpose="contract-administration") == "no-established-interest"


@pytest.mark.parametrize(("basis", "reason"), [("d", "vital-interest"), ("e", "public-task"), ("ea", "recognised")])
def test_rarer_bases(basis, reason):
    make.live("rare", basis)
    person()
    assert make.reason(purpose="rare").startswith(f"+{reason}")


def test_interest_needs_a_recorded_ground():
    make.assessment(make.live("contact-enquiries", "f"))
    subject = person()
    assert make.reason(purpose="contact-enquiries") == "no-established-interest"
    relationships.touch(
        subject, make.live("contact-enquiries"), at=make.NOW, channel="email", now=make.NOW, actor=make.ACTOR
    )
    assert make.reason(purpose="contact-enquiries") == "no-established-interest"
    interest("contact-enquiries", assessed=False)
    assert make.reason(purpose="contact-enquiries") == "+legitimate-interest"


@pytest.mark.parametrize("decision", [None, "do_not_rely", "dpia_required"])
def test_interest_needs_an_assessment_that_says_yes(decision):
    purpose, _subject = interest(assessed=False)
    if decision:
        make.assessment(purpose, approved=make.days(-1))
        make.assessment(purpose, decision=decision)
    assert make.reason(purpose="direct-sales") == "assessment-missing"


def test_an_overdue_assessment_stops_marketing_after_the_grace_and_is_escalated_elsewhere(settings):
    company_ = company("company")
    for slug in ("direct-sales", "contact-enquiries"):
        interest(slug, organisation=company_)
    due = datetime.combine(date(2026, 12, 31), datetime.min.time(), UTC)
    for slug in ("direct-sales", "contact-enquiries"):
        assert make.reason(purpose=slug, now=due) == "+legitimate-interest"
        assert make.reason(purpose=slug, now=due + timedelta(days=30)) == "+assessment-overdue-escalated"
    late = due + timedelta(days=31)
    assert make.reason(purpose="direct-sales", now=late) == "assessment-overdue"
    assert make.reason(purpose="contact-enquiries", now=late) == "+assessment-overdue-escalated"
    settings.ASSESSMENT_GRACE_DAYS = 60
    assert make.reason(purpose="direct-sales", now=late) == "+assessment-overdue-escalated"


def test_data_from_somebody_else_needs_the_sources_evidence():
    _purpose, subject = interest("contact-enquiries")
    make_subjects.item(subject, "contact-enquiries", source="third_party", source_evidence=uuid4())
    assert make.reason(purpose="contact-enquiries") == "+legitimate-interest"
    PersonalDataItem.objects.update(source_evidence=None)
    assert make.reason(purpose="contact-enquiries") == "source-evidence-missing"


@pytest.mark.parametrize("legal_type", ["sole_trader", "partnership", "other", None])
def test_marketing_by_mail_to_individual_subscribers_needs_consent(legal_type):
    interest(organisation=company(legal_type) if legal_type else None)
    assert make.reason(purpose="direct-sales") == "pecr-consent-needed"
    assert make.reason(purpose="direct-sales", channel="sms") == "pecr-consent-needed"
    assert make.reason(purpose="direct-sales", channel="post") == "+legitimate-interest"


def test_marketing_to_a_company_rests_on_the_interest_until_it_objects():
    interest(organisation=company("company"))
    verdict = check("direct-sales", "email", "email", ["ada@example.com"], now=make.NOW)[0]
    assert (verdict.allowed, verdict.reason) == (True, "legitimate-interest")
    assert verdict.e_privacy.allowed
    assert verdict.data_protection.allowed


def test_soft_opt_in_and_consent_satisfy_the_second_law():
    interest(ground="soft-opt-in")
    assert make.reason(purpose="direct-sales") == "+soft-opt-in"
    interest(email="bob@example.com", assessed=False)
    make.published(controls=[make.control("sales", "direct-sales")])
    make.captured("bob@example.com", choices={"sales": True})
    assert make.reason("bob@example.com", purpose="direct-sales") == "+consent-given"


def test_a_registered_number_is_not_called_unless_its_owner_agreed(tmp_path):
    subject = interest()[1]
    claim = Claim("phone", "020 7946 0018")
    people.link(subject, claim)
    register = tmp_path / "tps.txt"

    def reason(channel="phone"):
        return check("direct-sales", channel, "phone", [claim.value], now=make.NOW)[0].reason

    assert reason() == "legitimate-interest"
    register.write_text("+44 20 7946 0018\n020 7946 0018\n")
    call_command("consents", "tps", str(register), stdout=StringIO())
    assert (reason(), reason("post")) == ("tps-registered", "legitimate-interest")
    register.write_text("020 7946 0019\nnonsense\n")
    with pytest.raises(CommandError):
        call_command("consents", "tps", str(register), stdout=StringIO())
    assert reason() == "legitimate-interest"
    register.write_text("020 7946 0018\n")
    call_command("consents", "tps", str(register), stdout=StringIO())
    make.published(controls=[make.control("sales", "direct-sales", channel="phone")])
    make.captured(choices={"sales": True})
    assert reason() == "consent-given"


def test_a_yes_says_until_when_both_laws_allow_it():
    interest(ground="soft-opt-in")
    verdict = check("direct-sales", "email", "email", ["ada@example.com"], now=make.NOW)[0]
    assert (verdict.reason, verdict.valid_until) == ("soft-opt-in", datetime(2027, 1, 1, tzinfo=UTC))


def test_without_a_channel_marketing_is_judged_for_the_channel_the_identifier_is():
    interest()
    assert make.reason(purpose="direct-sales", channel="") == "pecr-consent-needed"


def test_people_who_share_an_address_get_the_strictest_verdict():
    make.published()
    make.captured()
    shared = SubjectIdentifier.objects.get()
    other = DataSubject.objects.create()
    SubjectIdentifier.objects.create(subject=other, identifier=shared.identifier, is_shared=True)
    assert make.reason() == "consent-missing"


def test_may_process_knows_every_address_of_the_person():
    make.published()
    subject = DataSubject.objects.get(uuid=make.captured().subject)
    assert may_process(subject, "newsletter", "email", now=make.NOW).allowed
    assert may_process(Claim("email", "ada@example.com"), "newsletter", "email", now=make.NOW).allowed
    assert may_process(subject, "newsletter", now=make.NOW).allowed
    assert may_process(subject, "newsletter", "sms", now=make.NOW).reason == "consent-missing"


def test_limits():
    make.live()
    assert check("newsletter", "", "email", [], now=make.NOW) == []
    for fields in ({"channel": "pigeon"}, {"type": "shoe size"}, {"values": ["x"] * (permission.MOST_VALUES + 1)}):
        question = {"purpose": "newsletter", "channel": "", "type": "email", "values": []} | fields
        with pytest.raises(Invalid) as refused:
            check(**question, now=make.NOW)
        assert set(refused.value.fields) == set(fields)


def test_every_reason_has_a_sentence():
    assert set(SENTENCES) == set(Reason)


def test_a_recorded_use_allows_itself_and_nothing_else():
    subject = agreed()
    purpose = PurposeVersion.objects.get(purpose__slug="newsletter").purpose
    make.captured("eve@example.com")
    _address, name = held(subject, "email", "name")
    for person in DataSubject.objects.all():
        restrictions.restrict(person, ground="accuracy", now=make.NOW, actor=make.ACTOR)
    until = make.NOW + timedelta(days=5)
    given = {"purpose": purpose, "ground": "consent", "placed_for": uuid4(), "sealed": b"x", "until": until}
    given |= {"now": make.NOW, "actor": make.ACTOR}
    use = lawful_uses.record(subject, uuid=uuid4(), items=[], **given)
    some = lawful_uses.record(subject, uuid=uuid4(), items=[name.uuid], **given)
    assert may_process(subject, "newsletter", "email", now=make.NOW).reason == "restricted"
    verdict = may_process(subject, "newsletter", "email", use=use.uuid, now=make.NOW)
    assert (verdict.allowed, verdict.reason, verdict.evidence, verdict.valid_until) == (
        True,
        "restricted-use",
        use.uuid,
        until,
    )
    assert not verdict.partly_restricted
    # The address itself is not among what may be used.
    assert may_process(subject, "newsletter", "email", use=some.uuid, now=make.NOW).reason == "restricted"
    partly = may_process(subject, "newsletter", use=some.uuid, now=make.NOW)
    assert (partly.reason, partly.partly_restricted) == ("restricted-use", True)
    values = ["ada@example.com", "eve@example.com", "nobody@example.com"]
    answers = check("newsletter", "email", "email", values, use=use.uuid, now=make.NOW)
    assert [one.reason for one in answers] == ["restricted-use", "restricted", "unknown-person"]
    for wrong, at in ((uuid4(), make.NOW), (use.uuid, until)):
        assert may_process(subject, "newsletter", "email", use=wrong, now=at).reason == "restricted"
    # What else the law asks is asked as ever.
    hashed = suppression.hash_of(Claim("email", "ada@example.com"))
    suppression.add([hashed], purposes=[purpose], reason="objection", entry=uuid4(), now=make.NOW)
    assert may_process(subject, "newsletter", "email", use=use.uuid, now=make.NOW).reason == "objected"
