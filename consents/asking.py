"""May we ask? Whoever said no is left in peace for six months, and whoever objected to marketing for good.

UK law names no period; the EU's Digital Omnibus would bar asking again for six months after a refusal, and asking for
consent to marketing is marketing itself (PECR reg 22, UK GDPR Art 21(3)). This is about our asking. What somebody
volunteers is taken at any time: to consent must stay as easy as to withdraw, so no form refuses a "yes".
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from dateutil.relativedelta import relativedelta
from django.conf import settings
from django.db.models import Q

from consents import coming_of_age, pausing, permission, suppression
from consents.models import ConsentFormVersion, ConsentReminder, ConsentState, Status, Suppression
from consents.verdicts import Reason, Verdict
from processing.models import Channel, Purpose, PurposeVersion
from subjects import people
from subjects.identifiers import Claim
from subjects.models import DataSubject, Identifier

NO = (Status.REFUSED, Status.WITHDRAWN)
# Nobody is asked while these hold, however long.
NEVER = (Reason.OBJECTED, Reason.RESTRICTED, Reason.PURPOSE_NOT_LIVE)
ASKABLE, PUT_OFF = "may-be-asked", "put-off"


@dataclass(frozen=True)
class Question:
    """One control of a form: whether to put it before this person now, why not, and from when on again."""

    key: str
    may_ask: bool
    reason: str
    not_before: datetime | None = None


def peace() -> relativedelta:
    return relativedelta(months=settings.CONSENT_REASK_MONTHS)


def questions(claims: Sequence[Claim], version: ConsentFormVersion, *, now: datetime) -> list[Question]:
    """Which controls of this form may be put before this person. For servers that know who is there, never browsers."""
    subject = people.find(claims)
    purposes = {
        purpose.slug: purpose
        for purpose in Purpose.objects.filter(slug__in={control["purpose"] for control in version.controls})
    }
    return [_question(claims, subject, control, purposes[control["purpose"]], now=now) for control in version.controls]


def _question(
    claims: Sequence[Claim],
    subject: DataSubject | None,
    control: Mapping[str, str],
    purpose: Purpose,
    *,
    now: datetime,
) -> Question:
    key, channel = control["key"], control["channel"]
    verdict = _verdict(claims, purpose.slug, channel, now=now)
    if verdict.allowed or verdict.reason in NEVER:
        return Question(key, False, verdict.reason.value)
    last = last_no(claims, subject, purpose, channel)
    waits: list[tuple[datetime, str]] = [(last + peace(), verdict.reason)] if last and now < last + peace() else []
    if paused := _paused_until(claims, subject, purpose, at=now):
        waits.append((paused, Reason.PAUSED))
    if put_off := _put_off_until(subject, purpose, channel, now=now):
        waits.append((put_off, PUT_OFF))
    if waits:
        not_before, reason = max(waits)
        return Question(key, False, str(reason), not_before)
    return Question(key, True, ASKABLE)


def _verdict(claims: Sequence[Claim], purpose: str, channel: str, *, now: datetime) -> Verdict:
    verdicts = [
        permission.check(purpose, channel, claim.type, [claim.value], now=now, system=claim.system)[0]
        for claim in claims
    ]
    # Of several parts of one identity, an unknown one says nothing against what a known one says.
    known = [verdict for verdict in verdicts if verdict.reason != Reason.UNKNOWN_PERSON]
    return min(known or verdicts, key=lambda verdict: (verdict.allowed, verdict.reason not in NEVER))


def last_no(claims: Sequence[Claim], subject: DataSubject | None, purpose: Purpose, channel: str) -> datetime | None:
    """When this person, or somebody under this address, last said no to the purpose on this channel."""
    hashes = suppression.hashes_of([*claims, *(suppression.reached_by(subject, channel) if subject else [])])
    refused = Suppression.objects.filter(hash__in=hashes, purpose=purpose, lifted_at=None).exclude(reason="tps")
    theirs = {"subject": subject.uuid} if subject else {"pk": None}
    noes = ConsentState.objects.filter(**theirs, purpose=purpose, status__in=NO)
    if channel:
        here = Q(channel__in=["", channel])
        refused, noes = refused.filter(here), noes.filter(here)
    moments = [*refused.values_list("since", flat=True), *noes.values_list("effective_at", flat=True)]
    return max(moments, default=None)


def _paused_until(
    claims: Sequence[Claim], subject: DataSubject | None, purpose: Purpose, *, at: datetime
) -> datetime | None:
    """The end of a pause that stood then. Asking for marketing is marketing, and a "yes" would end the pause."""
    everybody = [*claims, *(suppression.reached_by(subject) if subject else [])]
    held = {purpose.pk, *([None] if _is_marketing(purpose.slug) else [])}
    pauses = pausing.standing(everybody, now=at)
    return max((one.until for one in pauses if one.purpose_id in held and one.since <= at), default=None)


def _put_off_until(subject: DataSubject | None, purpose: Purpose, channel: str, *, now: datetime) -> datetime | None:
    """Whoever wanted to be asked later is not asked sooner."""
    if subject is None:
        return None
    waiting = ConsentReminder.objects.filter(subject=subject.uuid, purpose=purpose, channel=channel, again_at__gt=now)
    return max((row.again_at for row in waiting if row.again_at), default=None)


def objected(claims: Sequence[Claim], version: ConsentFormVersion, keys: Collection[str], *, at: datetime) -> bool:
    """Whether somebody was asked for one of these controls who had objected: nobody asks them, however long ago."""
    subject = people.find(claims)
    hashes = suppression.hashes_of([*claims, *(suppression.reached_by(subject) if subject else [])])
    noes = Suppression.objects.filter(hash__in=hashes, lifted_at=None, reason=suppression.OBJECTION, since__lte=at)
    return any(
        # What they chose again since, the verdict knows.
        _verdict(claims, control["purpose"], control["channel"], now=at).reason == Reason.OBJECTED
        and noes.filter(Q(purpose=None) | Q(purpose__slug=control["purpose"])).exists()
        for control in version.controls
        if control["key"] in keys
    )


def disturbed(
    claims: Sequence[Claim], version: ConsentFormVersion, keys: Collection[str], *, at: datetime
) -> datetime | None:
    """Until when somebody would have had to be left in peace who was asked for these controls at this moment."""
    subject = people.find(claims)
    asked = [control for control in version.controls if control["key"] in keys]
    purposes = {one.slug: one for one in Purpose.objects.filter(slug__in={control["purpose"] for control in asked})}
    found = [last_no(claims, subject, purposes[control["purpose"]], control["channel"]) for control in asked]
    ends = [no + peace() for no in found if no and no <= at < no + peace()]
    pauses = [_paused_until(claims, subject, purpose, at=at) for purpose in purposes.values()]
    return max([*ends, *(until for until in pauses if until)], default=None)


def may_write(person: DataSubject, purpose: str, channel: str, *, now: datetime) -> bool:
    """Whether we may ask this person by e-mail to go on agreeing: the old "yes" stands, and covers an e-mail."""
    if not permission.may_process(person, purpose, channel, now=now).allowed:
        return False
    if channel in ("", Channel.EMAIL) or not _is_marketing(purpose):
        return True
    return permission.may_process(person, purpose, Channel.EMAIL.value, now=now).allowed


def address_of(person: DataSubject) -> str:
    """Where to write to: an e-mail address that nobody shares, one that they showed is theirs first. Empty: none.

    Never where a parent was asked, who would answer as the child.
    """
    own = {claim.normalised for claim in suppression.claims_of(person) if claim.type == Identifier.Type.EMAIL}
    own -= coming_of_age.of(person.uuid).addresses
    addresses = people.emails_of(person)
    return next((one for one in addresses if Claim(Identifier.Type.EMAIL, one).normalised in own), "")


def _is_marketing(purpose: str) -> bool:
    return PurposeVersion.objects.filter(purpose__slug=purpose, status="live", direct_marketing=True).exists()
