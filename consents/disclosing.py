"""May somebody's data be given to this recipient? The verdict, and giving them in no other way than by it.

Nothing is sold, rented or traded. A recipient stands in the register with the ground on which they get anything: only
with consent that named them; on our instructions under a contract; for their advice; or because a law or a court
demands it. But for the last, the purpose for which they get it must be lawful for this person now.
"""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from consents import permission
from consents.models import ConsentEvent, ConsentFormVersion
from consents.verdicts import Opinion, Reason, Verdict
from core.errors import DomainError, Invalid, NotFound
from processing.models import Basis, DataCategory, Ground, Purpose, PurposeVersion, Recipient, Status
from subjects import disclosures, lawful_uses, people
from subjects.identifiers import Claim, blinds_all_keys, normalise
from subjects.models import DataSubject, Disclosure, Identifier, ItemPurpose, PersonalDataItem


class UnknownRecipient(NotFound):
    code = "unknown-recipient"
    message = _("There is no recipient of this name.")


class NotDisclosed(DomainError):
    code = "not-disclosed"
    message = _("This may not be given to them.")


@dataclass(frozen=True)
class Plan:
    """What is to be given to whom and why: the same for everybody asked about. `categories` are slugs; none: all that
    the purpose needs. What the law demands needs no purpose, but the power, who approved it and what it demands.
    """

    recipient: str
    purpose: str = ""
    categories: Sequence[str] = ()
    power: str = ""
    approved_by: str = ""


def may_disclose(who: DataSubject | Claim, plan: Plan, *, use: UUID | None = None, now: datetime) -> Verdict:
    """The verdict about one person. A claim is judged like any value of a list: strictest first."""
    if isinstance(who, Claim):
        return check(plan, who.type, [who.value], system=who.system, use=use, now=now)[0]
    recipient = _recipient(plan)
    if for_all := _for_everybody(plan, recipient):
        return _verdict(for_all if not for_all.allowed or not who.is_test else _nobody())
    found = permission.may_process(who, plan.purpose, use=use, now=now)
    return _judged(plan, recipient, [(who.pk, found)], use=use, now=now)[0]


def check(
    plan: Plan, type: str, values: Sequence[str], *, system: str = "", use: UUID | None = None, now: datetime
) -> list[Verdict]:
    """The verdicts about these values, in their order. A fixed number of queries, however many values."""
    permission.may_be_asked(type, values)
    recipient = _recipient(plan)
    for_all = _for_everybody(plan, recipient)
    if for_all is None:
        # Of several who share an address, one may have been told of the recipient and another not.
        judge = partial(_judged, plan, recipient, use=use, now=now)
        return permission.check(
            plan.purpose, "", type, values, system=system, use=use, now=now, is_message=False, judge=judge
        )
    if not for_all.allowed:
        return [_verdict(for_all)] * len(values)
    # What the law demands is given whatever somebody chose; of strangers there is nothing.
    known = _known(type, values, system)
    return [_verdict(for_all if value in known else _nobody()) for value in values]


@transaction.atomic
def disclose(subject: DataSubject, plan: Plan, *, use: UUID | None = None, now: datetime, actor: str) -> Disclosure:
    """Record that it is given, if it may be. Raises NotDisclosed with the reason.

    What the law demands is approved by somebody else than whoever gives it.
    """
    if not people.hold(subject):
        raise NotFound
    if plan.approved_by == actor:
        raise Invalid(fields={"approved_by": _("Somebody else approves what the law demands.")})
    verdict = may_disclose(subject, plan, use=use, now=now)
    if not verdict.allowed:
        raise NotDisclosed(verdict.sentence)
    recipient, version = _recipient(plan), _live(plan.purpose)
    categories = DataCategory.objects.filter(slug__in=plan.categories)
    if version and not plan.categories:
        withheld = _withheld([subject.pk], plan.purpose, use=use, now=now) if verdict.partly_restricted else {}
        categories = version.categories.exclude(slug__in=withheld.get(subject.pk, ()))
    by_law = recipient.ground == Ground.LAW
    return disclosures.record(
        subject,
        recipient=recipient,
        categories=list(categories),
        ground=recipient.ground,
        purpose=version.purpose if version else None,
        legal_power=plan.power if by_law else "",
        approved_by=plan.approved_by if by_law else "",
        now=now,
        actor=actor,
    )


def _for_everybody(plan: Plan, recipient: Recipient) -> Opinion | None:
    """What register and plan say already: a refusal, or what the law demands. None: it depends on the person."""
    if set(plan.categories) - set(DataCategory.objects.values_list("slug", flat=True)):
        raise Invalid(fields={"categories": _("Name kinds of data that the register has.")})
    if recipient.ground == Ground.LAW:
        is_named = plan.power.strip() and plan.approved_by.strip() and plan.categories
        return Opinion(True, Reason.REQUIRED_BY_LAW) if is_named else Opinion(False, Reason.POWER_MISSING)
    if not plan.purpose:
        raise Invalid(fields={"purpose": _("Name the purpose for which they get it.")})
    version = _live(plan.purpose)
    if version is None:
        # Never live, suspended or unknown: permission says which.
        return None
    if not version.recipients.filter(pk=recipient.pk).exists():
        return Opinion(False, Reason.RECIPIENT_NOT_REGISTERED, version.purpose.uuid)
    if set(plan.categories) - set(version.categories.values_list("slug", flat=True)):
        return Opinion(False, Reason.CATEGORY_NOT_NEEDED, version.purpose.uuid)
    if recipient.ground == Ground.INSTRUCTION and not recipient.contract.strip():
        return Opinion(False, Reason.CONTRACT_MISSING, version.purpose.uuid)
    if recipient.ground == Ground.CONSENT and version.basis != Basis.CONSENT:
        return Opinion(False, Reason.SHARING_NEEDS_CONSENT, version.purpose.uuid)
    return None


def _judged(
    plan: Plan, recipient: Recipient, found: Sequence[permission.Found], *, use: UUID | None, now: datetime
) -> list[Verdict]:
    """What data protection says of the purpose, whether consent named the recipient, and whether what is asked for may
    be given at all. Nobody is written to, so PECR has no say.
    """
    opinions = [one.data_protection for _person, one in found]
    named: Collection[UUID] | None = None
    if recipient.ground == Ground.CONSENT:
        named = _naming(recipient, {one.evidence for one in opinions if one.allowed and one.evidence})
    partly = [person for person, one in found if person and one.partly_restricted]
    withheld = _withheld(partly, plan.purpose, use=use, now=now) if partly else {}
    needed = _needed(plan) if partly and not plan.categories else set()
    verdicts = []
    for opinion, (person, one) in zip(opinions, found, strict=True):
        if opinion.allowed and named is not None and opinion.evidence not in named:
            opinion = Opinion(False, Reason.RECIPIENT_NOT_NAMED, opinion.evidence)
        elif one.reason is Reason.RESTRICTED_USE:
            # The consent is what named the recipient; what is allowed is the use, and only while it is.
            opinion = Opinion(one.allowed, one.reason, one.evidence, one.valid_until)
        # What is named is given whole or not at all; of all that is needed, what may be.
        without = withheld.get(person, set()) if person and opinion.allowed else set()
        if without and (without.intersection(plan.categories) if plan.categories else needed <= without):
            opinion = Opinion(False, Reason.RESTRICTED)
        verdicts.append(_verdict(opinion)._replace(partly_restricted=opinion.allowed and one.partly_restricted))
    return verdicts


def _needed(plan: Plan) -> set[str]:
    version = _live(plan.purpose)
    return set(version.categories.values_list("slug", flat=True)) if version else set()


def _withheld(people: Collection[int], slug: str, *, use: UUID | None, now: datetime) -> dict[int, set[str]]:
    """Of each of these people the kinds of data of which this purpose may use nothing now (Art 18)."""
    purpose = Purpose.objects.get(slug=slug)
    named = lawful_uses.find(use, now=now) if use else None
    usable = PersonalDataItem.objects.filter(subject__in=people).usable_for(purpose, use=named, now=now)
    free = set(usable.values_list("pk", flat=True))
    needs = ItemPurpose.objects.filter(subject__in=people, purpose=purpose)
    held: dict[int, set[str]] = defaultdict(set)
    given: dict[int, set[str]] = defaultdict(set)
    for person, category, item in needs.values_list("subject", "category__slug", "item"):
        (given if item in free else held)[person].add(category)
    return {person: categories - given[person] for person, categories in held.items()}


def _naming(recipient: Recipient, entries: Collection[UUID]) -> set[UUID]:
    """Those of these consents whose form named the recipient: a category of partners names nobody."""
    versions = dict(ConsentEvent.objects.filter(entry__in=entries).values_list("entry", "form_version"))
    shown = ConsentFormVersion.objects.filter(pk__in=set(versions.values()), controllers__contains=[recipient.name])
    keys = set(shown.values_list("pk", flat=True))
    return {entry for entry, version in versions.items() if version in keys}


def _known(type: str, values: Sequence[str], system: str) -> set[str]:
    """Those of these values by which somebody is known."""
    asked: dict[bytes, list[str]] = defaultdict(list)
    for value in dict.fromkeys(values):
        try:
            blinds = blinds_all_keys(type, normalise(type, value, system=system), system)
        except Invalid:
            continue
        for one in blinds:
            asked[one].append(value)
    rows = Identifier.objects.filter(blind__in=list(asked), type=type, system=system, subjects__is_test=False)
    return {value for one in rows.values_list("blind", flat=True) for value in asked[bytes(one)]}


def _recipient(plan: Plan) -> Recipient:
    found = Recipient.objects.filter(slug=plan.recipient).first()
    if found is None:
        raise UnknownRecipient
    return found


def _live(slug: str) -> PurposeVersion | None:
    return PurposeVersion.objects.filter(purpose__slug=slug, status=Status.LIVE).select_related("purpose").first()


def _nobody() -> Opinion:
    return Opinion(False, Reason.UNKNOWN_PERSON)


def _verdict(opinion: Opinion) -> Verdict:
    return Verdict(*opinion, data_protection=opinion)
