"""Whether something may be done with a person's data, decided from facts. Pure: no database, no clock.

Two laws are asked: data protection (UK GDPR Arts 6, 18, 21) and e-privacy (PECR reg 22). Both must agree.
Unknown means no.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from consents.models import Status
from consents.states import YES
from core.errors import Text
from processing.models import Basis, Channel
from subjects.models import Organisation

# PECR reg 22 speaks of electronic mail: e-mail and text messages.
ELECTRONIC_MAIL = frozenset({Channel.EMAIL, Channel.SMS})
# Reg 22(3): details from a sale or its negotiation, own similar products, refusal offered each time.
SOFT_OPT_IN = "soft-opt-in"


class Reason(StrEnum):
    """Stable codes. What each means for a person is in SENTENCES."""

    CONSENT_GIVEN = "consent-given"
    CONTRACT = "contract"
    LEGAL_OBLIGATION = "legal-obligation"
    VITAL_INTEREST = "vital-interest"
    PUBLIC_TASK = "public-task"
    RECOGNISED_INTEREST = "recognised-legitimate-interest"
    LEGITIMATE_INTEREST = "legitimate-interest"
    SOFT_OPT_IN = "soft-opt-in"
    ASSESSMENT_OVERDUE_ESCALATED = "assessment-overdue-escalated"

    UNKNOWN_PERSON = "unknown-person"
    PURPOSE_NOT_LIVE = "purpose-not-live"
    CONSENT_MISSING = "consent-missing"
    CONSENT_EXPIRED = "consent-expired"
    CONSENT_WITHDRAWN = "consent-withdrawn"
    CONSENT_REFUSED = "consent-refused"
    CONSENT_REVOKED = "consent-revoked"
    OBJECTED = "objected"
    SUPPRESSED = "suppressed"
    RESTRICTED = "restricted"
    NO_ESTABLISHED_INTEREST = "no-established-interest"
    ASSESSMENT_MISSING = "assessment-missing"
    ASSESSMENT_OVERDUE = "assessment-overdue"
    SOURCE_EVIDENCE_MISSING = "source-evidence-missing"
    PECR_CONSENT_NEEDED = "pecr-consent-needed"
    TPS_REGISTERED = "tps-registered"
    PAUSED = "paused"

    RESTRICTED_USE = "restricted-use"

    # Of giving data to somebody: consents/disclosing.py.
    REQUIRED_BY_LAW = "required-by-law"
    RECIPIENT_NOT_REGISTERED = "recipient-not-registered"
    RECIPIENT_NOT_NAMED = "recipient-not-named"
    CATEGORY_NOT_NEEDED = "category-not-needed"
    CONTRACT_MISSING = "contract-missing"
    SHARING_NEEDS_CONSENT = "sharing-needs-consent"
    POWER_MISSING = "power-missing"


SENTENCES: dict[Reason, Text] = {
    Reason.CONSENT_GIVEN: _("The person has consented to this."),
    Reason.CONTRACT: _("This is needed for a contract with the person."),
    Reason.LEGAL_OBLIGATION: _("The law requires this."),
    Reason.VITAL_INTEREST: _("This protects somebody's life."),
    Reason.PUBLIC_TASK: _("This is needed for a task in the public interest."),
    Reason.RECOGNISED_INTEREST: _("This serves a legitimate interest that the law recognises."),
    Reason.LEGITIMATE_INTEREST: _("A legitimate interest was assessed and its ground is recorded."),
    Reason.SOFT_OPT_IN: _("The person is a customer and has not refused mail about similar products."),
    Reason.ASSESSMENT_OVERDUE_ESCALATED: _("This is allowed for now, but the assessment is due for review."),
    Reason.UNKNOWN_PERSON: _("Nobody is known by this address or number."),
    Reason.PURPOSE_NOT_LIVE: _("This purpose is not live."),
    Reason.CONSENT_MISSING: _("The person has not consented to this."),
    Reason.CONSENT_EXPIRED: _("The consent has expired."),
    Reason.CONSENT_WITHDRAWN: _("The person has withdrawn consent."),
    Reason.CONSENT_REFUSED: _("The person was asked and refused."),
    Reason.CONSENT_REVOKED: _("We ended this consent ourselves. The person may be asked anew."),
    Reason.OBJECTED: _("The person has objected."),
    Reason.SUPPRESSED: _("This address or number is on the suppression list."),
    Reason.RESTRICTED: _("The person's data may be stored and not otherwise used."),
    Reason.RESTRICTED_USE: _("The data may only be stored, but this one use of them is recorded as lawful."),
    Reason.NO_ESTABLISHED_INTEREST: _("No contract or interest with this person is recorded for this purpose."),
    Reason.ASSESSMENT_MISSING: _("No approved legitimate-interest assessment covers this purpose."),
    Reason.ASSESSMENT_OVERDUE: _("The legitimate-interest assessment is overdue for review."),
    Reason.SOURCE_EVIDENCE_MISSING: _("Nothing shows that the source was allowed to share these data."),
    Reason.PECR_CONSENT_NEEDED: _("Marketing by e-mail or text message to this person needs consent."),
    Reason.PAUSED: _("The person has asked for a pause. It ends by itself, and then what they chose counts again."),
    Reason.REQUIRED_BY_LAW: _("The law or a court requires it: power, approval and what is given are named."),
    Reason.RECIPIENT_NOT_REGISTERED: _("The register does not name this recipient for this purpose."),
    Reason.RECIPIENT_NOT_NAMED: _("The person was not told of this recipient when they consented."),
    Reason.CATEGORY_NOT_NEEDED: _("This purpose does not need all of these kinds of data."),
    Reason.CONTRACT_MISSING: _("No contract with this recipient is recorded (Art 28)."),
    Reason.SHARING_NEEDS_CONSENT: _("This recipient gets data only with consent, and the purpose does not ask for it."),
    Reason.POWER_MISSING: _("Name the power that demands it, who approved it, and no more data than it demands."),
    Reason.TPS_REGISTERED: _("The number is registered against marketing calls, and they have not agreed to ours."),
}


class Opinion(NamedTuple):
    """What one of the two laws says."""

    allowed: bool
    reason: Reason
    evidence: UUID | None = None
    valid_until: datetime | None = None


class Verdict(NamedTuple):
    """What may be done, why, and what proves it. Both laws' opinions stay readable in it."""

    allowed: bool
    reason: Reason
    evidence: UUID | None
    valid_until: datetime | None
    data_protection: Opinion
    e_privacy: Opinion | None = None
    # Some items may be stored and no more (Art 18): what may be read is PersonalDataItem.objects.usable_for(purpose).
    partly_restricted: bool = False

    @property
    def sentence(self) -> str:
        return str(SENTENCES[self.reason])


@dataclass(frozen=True)
class Rules:
    """What holds for everybody: the purpose as it is live now and the assessment it rests on."""

    purpose: UUID
    is_live: bool
    basis: str
    direct_marketing: bool
    assessment: UUID | None = None
    relies: bool = False
    review_due: date | None = None
    # Claims, and answering the person, go on whatever is restricted (Art 18(2)).
    outlives_restriction: bool = False
    # Where a day begins and ends for the controller.
    zone: tzinfo = UTC


# Tuples from here on: a hundred thousand of each are made for one call.
class No(NamedTuple):
    """A suppression that stands. No purpose: all marketing. `is_register`: the number is in the register of PECR
    reg 26, the Telephone Preference Service, which speaks of marketing calls and of nothing else. `until`: it is only
    a pause, and over by then.
    """

    since: datetime
    entry: UUID
    is_objection: bool
    is_register: bool = False
    until: datetime | None = None


class Choice(NamedTuple):
    """The state of the choice that covers this purpose and channel. `is_explicit`: the person's own act, no import."""

    status: str
    effective_at: datetime
    valid_until: datetime | None
    entry: UUID
    is_explicit: bool = True


class Facts(NamedTuple):
    """What is known about one person for one purpose and channel."""

    known: bool = True
    choice: Choice | None = None
    noes: Sequence[No] = ()
    # What stops the whole purpose; `some_restricted` also when it is about single items.
    restriction: UUID | None = None
    some_restricted: bool = False
    legal_type: str = ""
    relationship: UUID | None = None
    ground: str | None = None
    lacks_source_evidence: bool = False
    # Theirs is the recorded use that was named (Art 18(2)).
    is_used: bool = False


def decide(rules: Rules, facts: Facts, *, channel: str, now: datetime, today: date, grace: timedelta) -> Verdict:
    protection = data_protection(rules, facts, now=now, today=today, grace=grace)
    privacy = e_privacy(rules, facts, protection, channel=channel, now=now) if protection.allowed else None
    # What limits most is the verdict: a refusal, or the consent or soft opt-in that the message itself rests on.
    verdict = privacy if privacy and privacy.reason != Reason.LEGITIMATE_INTEREST else protection
    until = verdict.valid_until
    if verdict is privacy and privacy.allowed and protection.valid_until:
        # Both laws must go on agreeing.
        until = min(until or protection.valid_until, protection.valid_until)
    is_partial = verdict.allowed and facts.some_restricted and not rules.outlives_restriction
    return Verdict(verdict.allowed, verdict.reason, verdict.evidence, until, protection, privacy, is_partial)


def data_protection(rules: Rules, facts: Facts, *, now: datetime, today: date, grace: timedelta) -> Opinion:
    opinion = _lawful(rules, facts, now=now, today=today, grace=grace)
    if opinion.allowed and facts.noes and (pause := _pause(facts)):
        return pause
    return opinion


def _lawful(rules: Rules, facts: Facts, *, now: datetime, today: date, grace: timedelta) -> Opinion:
    if not rules.is_live:
        return Opinion(False, Reason.PURPOSE_NOT_LIVE, rules.purpose)
    if facts.noes and (refusal := _standing_no(facts)):
        return refusal
    if not facts.known:
        return Opinion(False, Reason.UNKNOWN_PERSON)
    if facts.restriction and not rules.outlives_restriction:
        return Opinion(False, Reason.RESTRICTED, facts.restriction)
    if rules.basis == Basis.CONSENT:
        return _consent(facts.choice, now)
    if facts.choice and facts.choice.status == Status.WITHDRAWN:
        return Opinion(False, Reason.OBJECTED, facts.choice.entry)
    if rules.basis == Basis.LEGITIMATE_INTEREST:
        return _interest(rules, facts, today, grace)
    if rules.basis == Basis.CONTRACT and not facts.relationship:
        return Opinion(False, Reason.NO_ESTABLISHED_INTEREST)
    return Opinion(True, OTHER_BASES[rules.basis], facts.relationship or rules.purpose)


OTHER_BASES = {
    Basis.CONTRACT.value: Reason.CONTRACT,
    Basis.LEGAL_OBLIGATION.value: Reason.LEGAL_OBLIGATION,
    Basis.VITAL.value: Reason.VITAL_INTEREST,
    Basis.PUBLIC_TASK.value: Reason.PUBLIC_TASK,
    Basis.RECOGNISED.value: Reason.RECOGNISED_INTEREST,
}


def e_privacy(rules: Rules, facts: Facts, protection: Opinion, *, channel: str, now: datetime) -> Opinion | None:
    """PECR regs 21 and 22; None where it says nothing. A subscriber of unknown type counts as an individual.

    `protection` is what data protection says, which has allowed it: its consent is the one that PECR asks for.
    """
    if rules.direct_marketing and protection.reason is Reason.CONSENT_GIVEN:
        return protection
    if not rules.direct_marketing:
        return None
    if channel == Channel.PHONE:
        return _live_call(facts, now)
    if channel not in ELECTRONIC_MAIL:
        return None
    consent = _consent(facts.choice, now)
    if consent.allowed:
        return consent
    if facts.choice and facts.choice.status == Status.REFUSED:
        return consent
    if facts.legal_type == Organisation.LegalType.COMPANY:
        return Opinion(True, Reason.LEGITIMATE_INTEREST, facts.relationship)
    if facts.ground == SOFT_OPT_IN:
        return Opinion(True, Reason.SOFT_OPT_IN, facts.relationship)
    return Opinion(False, Reason.PECR_CONSENT_NEEDED)


def _live_call(facts: Facts, now: datetime) -> Opinion | None:
    """PECR reg 21: no call to a number in the register, unless its subscriber has told us that they do not mind."""
    registered = [no for no in facts.noes if no.is_register]
    if not registered:
        return None
    consent = _consent(facts.choice, now)
    return consent if consent.allowed else Opinion(False, Reason.TPS_REGISTERED, registered[0].entry)


def _unanswered(facts: Facts) -> list[No]:
    """What no later explicit opt-in has answered. At the same instant the "no" stands."""
    choice = facts.choice
    said_yes = choice and choice.is_explicit and choice.status in YES
    own = [no for no in facts.noes if not no.is_register]
    return [no for no in own if not (choice and said_yes and choice.effective_at > no.since)]


def _pause(facts: Facts) -> Opinion | None:
    """What they asked not to hear for a while. A later "yes" of theirs is heard at once."""
    pauses = [(no.until, no.entry) for no in _unanswered(facts) if no.until]
    if not pauses:
        return None
    until, entry = max(pauses)
    return Opinion(False, Reason.PAUSED, entry, until)


def _standing_no(facts: Facts) -> Opinion | None:
    choice = facts.choice
    noes = [no for no in _unanswered(facts) if not no.until]
    if not noes:
        return None
    no = max(noes, key=lambda one: (one.is_objection, one.since))
    if no.is_objection:
        return Opinion(False, Reason.OBJECTED, no.entry)
    if facts.known and choice and choice.status == Status.WITHDRAWN:
        return Opinion(False, Reason.CONSENT_WITHDRAWN, choice.entry)
    return Opinion(False, Reason.SUPPRESSED, no.entry)


def _consent(choice: Choice | None, now: datetime) -> Opinion:
    if choice is None:
        return Opinion(False, Reason.CONSENT_MISSING)
    if choice.status in YES and choice.effective_at <= now:
        if choice.valid_until is None or now < choice.valid_until:
            return Opinion(True, Reason.CONSENT_GIVEN, choice.entry, choice.valid_until)
        return Opinion(False, Reason.CONSENT_EXPIRED, choice.entry)
    # Asked and not answered, or only said by somebody else: as if nothing was ever said.
    reason = ENDED.get(choice.status)
    return Opinion(False, reason, choice.entry) if reason else Opinion(False, Reason.CONSENT_MISSING)


ENDED = {
    Status.WITHDRAWN.value: Reason.CONSENT_WITHDRAWN,
    Status.REFUSED.value: Reason.CONSENT_REFUSED,
    Status.EXPIRED.value: Reason.CONSENT_EXPIRED,
    Status.INVALIDATED.value: Reason.CONSENT_MISSING,
    Status.REVOKED.value: Reason.CONSENT_REVOKED,
}


def _interest(rules: Rules, facts: Facts, today: date, grace: timedelta) -> Opinion:
    """Art 6(1)(f): a ground recorded for this person, an assessment, and data whose source may share them."""
    if not facts.relationship or not facts.ground:
        return Opinion(False, Reason.NO_ESTABLISHED_INTEREST)
    if facts.lacks_source_evidence:
        return Opinion(False, Reason.SOURCE_EVIDENCE_MISSING)
    if rules.assessment is None or not rules.relies or rules.review_due is None:
        return Opinion(False, Reason.ASSESSMENT_MISSING)
    if today > rules.review_due:
        if rules.direct_marketing and today > rules.review_due + grace:
            return Opinion(False, Reason.ASSESSMENT_OVERDUE, rules.assessment)
        # Only marketing stops by itself: screening for fraud must not end overnight because a paper is late.
        until = _end_of(rules.review_due + grace, rules.zone) if rules.direct_marketing else None
        return Opinion(True, Reason.ASSESSMENT_OVERDUE_ESCALATED, rules.assessment, until)
    return Opinion(True, Reason.LEGITIMATE_INTEREST, rules.assessment, _end_of(rules.review_due, rules.zone))


@lru_cache(maxsize=8)
def _end_of(day: date, zone: tzinfo) -> datetime:
    return datetime.combine(day + timedelta(days=1), time(), zone).astimezone(UTC)
