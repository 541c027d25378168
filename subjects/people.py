"""Who is meant by an address or a number. People are never merged, and doubt is never resolved by guessing.

A claim that several people share, or that nobody has verified, may find a person to note something about them. It never
selects a person for disclosure or erasure: that is `verified_subject`.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Exists, OuterRef
from django.utils.translation import gettext_lazy as _

from core.errors import DomainError, NotFound
from ledger.entries import record
from subjects.identifiers import Claim, reveal, seal
from subjects.models import DataSubject, Identifier, SubjectIdentifier

# These name one customer, not a mailbox or a telephone: a person who holds another one is another person.
STRONG = frozenset({Identifier.Type.CUSTOMER_NUMBER, Identifier.Type.EXTERNAL_ID})

# Takes (person, now=, actor=), and before them all that is theirs alone, if known.
Linked = Callable[..., None]
_linked: list[Linked] = []


def register_linked(tell: Linked) -> None:
    """Have `tell` hear of everybody who comes to be known by one more, inside that transaction."""
    _linked[:] = [tell]


class AmbiguousIdentity(DomainError):
    """Parts of one identity belong to different people; a person has to decide, a program must not."""

    code = "ambiguous-identity"
    message = _("The parts of this identity belong to different people.")


class _Lost(DomainError):
    """Another transaction stored, linked or erased the same identifier first. Look again."""

    code = "busy"


@dataclass(frozen=True)
class _Known:
    """What is stored about some claims: the identifier of each, and whose it is."""

    identifiers: dict[Claim, list[int]]
    links: dict[Claim, list[SubjectIdentifier]]

    @property
    def ids(self) -> set[int]:
        return {pk for found in self.identifiers.values() for pk in found}


@dataclass(frozen=True)
class Named:
    """Whom some claims name: one person, or none; to whom one of them belongs alone; and what that person shares."""

    subject: DataSubject | None
    owners: list[DataSubject]
    shared: list[Claim]


def find(claims: Iterable[Claim], *, verified_only: bool = False, is_test: bool = False) -> DataSubject | None:
    """The person these claims name, or None if nobody, or if they name more than one person."""
    try:
        return _resolve(_known(list(claims), is_test=is_test), verified_only=verified_only)
    except AmbiguousIdentity:
        return None


def are_several(claims: Iterable[Claim], *, is_test: bool = False) -> bool:
    """Whether these name more than one person, and nothing tells which of them is meant."""
    try:
        _resolve(_known(list(claims), is_test=is_test))
    except AmbiguousIdentity:
        return True
    return False


def verified_subject(claim: Claim) -> DataSubject | None:
    """The one person for whom control of this identifier was shown, and with whom nobody shares it."""
    return find([claim], verified_only=True)


def is_known(claim: Claim) -> bool:
    """Whether anybody is known by this, however little that says about who uses it."""
    return bool(_known([claim], is_test=False).links[claim])


def holders(claims: Sequence[Claim]) -> list[DataSubject]:
    """Everybody who is known by any of these, but for test people, in the order of their primary keys."""
    found = [link.subject for links in _known(claims, is_test=False, every=True).links.values() for link in links]
    return sorted({one.pk: one for one in found}.values(), key=lambda one: one.pk)


def in_common(claims: Sequence[Claim]) -> list[UUID]:
    """The identifiers among these by which several people are known, but for test people."""
    blinds = [value for claim in claims for value in claim.blinds]
    several = SubjectIdentifier.objects.filter(identifier=OuterRef("pk"), is_shared=True, subject__is_test=False)
    found = Identifier.objects.filter(Exists(several), blind__in=blinds).order_by("pk")
    return list(found.values_list("uuid", flat=True))


def alone(subject: DataSubject, claims: Sequence[Claim]) -> list[Claim]:
    """Those of these claims by which this person is known, and nobody else."""
    links = _known(claims, is_test=subject.is_test).links
    return [claim for claim in claims if [link.subject_id for link in links[claim]] == [subject.pk]]


def settled(claims: Sequence[Claim], *, is_test: bool = False) -> Named:
    """Whom these claims name, held; and nobody more comes to be known by one of these until the transaction ends."""
    for _attempt in range(5):
        known = _known(claims, is_test=is_test)
        named = _named(known)
        # A savepoint: what was locked for nothing is given up before the next attempt.
        with suppress(_Lost), transaction.atomic():
            _hold({one.pk for one in (named.subject, *named.owners) if one}, known.ids)
            if _named(_known(claims, is_test=is_test)) != named:
                raise _Lost
            return named
    raise DomainError(_("Too many calls about the same person at once. Try again."), code="busy")


def provable(claim: Claim, *, is_test: bool = False) -> DataSubject | None:
    """The one person whom control of this identifier would prove: one who came with it, or showed it before.

    Not one to whom it was added later. Anyone can give a stranger's telephone number and their own address beside it.
    """
    links = _known([claim], is_test=is_test).links[claim]
    if len(links) != 1 or (links[0].is_later and not links[0].verified_at):
        return None
    return links[0].subject


def of_holder(claim: Claim, claims: Sequence[Claim], *, is_test: bool = False) -> list[Claim]:
    """What whoever has the first one may speak for among these: what is nobody's, or that person's already.

    Where nobody has the first one, a number that names one customer comes along as well: whoever joined them knows it.
    """
    links = _known([claim, *claims], is_test=is_test).links
    holders = {one: {link.subject_id for link in found} for one, found in links.items()}
    theirs = holders[claim]
    return [
        one
        for one in claims
        if one == claim or not holders[one] or holders[one] & theirs or (not theirs and one.type in STRONG)
    ]


@transaction.atomic
def find_or_create(
    claims: Sequence[Claim], *, now: datetime, actor: str, locale: str = "en-GB", is_test: bool = False
) -> DataSubject:
    """The person these claims name, held until the transaction ends; made if we know nobody by any of them.

    Claims we did not know are linked, unverified. Raises AmbiguousIdentity rather than choose between people.
    """
    if not claims:
        raise NotFound
    for _attempt in range(5):
        subject = _resolve(_known(claims, is_test=is_test))
        try:
            # A savepoint: what was locked or stored for nothing is given up before the next attempt.
            with transaction.atomic():
                if subject is None:
                    return _create(claims, now=now, actor=actor, locale=locale, is_test=is_test)
                return _recognise(subject, claims, now=now, actor=actor)
        except _Lost:
            continue
    raise DomainError(_("Too many calls about the same person at once. Try again."), code="busy")


def hold(subject: DataSubject) -> bool:
    """Lock the person until the transaction ends, so that an erasure waits; False if they have just been erased."""
    return bool(DataSubject.objects.select_for_update(no_key=True).filter(pk=subject.pk).values_list("pk"))


def hold_known(subject: DataSubject) -> bool:
    """Likewise with everything that they are known by, so that nobody comes to share it, or shares it no more."""
    return bool(_hold([subject.pk], ()))


def _hold(people: Collection[int], identifiers: Collection[int]) -> int:
    """Lock these people and then what they are known by, and these identifiers; how many people there still are."""
    rows = DataSubject.objects.select_for_update(no_key=True).filter(pk__in=people).order_by("pk")
    held = len(rows.values_list("pk"))
    theirs = SubjectIdentifier.objects.filter(subject__in=people).values_list("identifier", flat=True)
    lock({*identifiers, *theirs})
    return held


def lock(identifiers: Collection[int]) -> None:
    """Lock these until the transaction ends. Order of locks everywhere: the people, then identifiers."""
    rows = Identifier.objects.select_for_update(no_key=True).filter(pk__in=identifiers).order_by("pk")
    list(rows.values_list("pk"))


@transaction.atomic
def verify_identifier(subject: DataSubject, claim: Claim, *, how: str, now: datetime, actor: str) -> UUID:
    """Record that this person showed control of the identifier; returns the ledger entry's id."""
    if not hold_known(subject):
        raise NotFound
    identifier = _stored(claim)[0]
    if not SubjectIdentifier.objects.filter(subject=subject, identifier=identifier).exists():
        _link(subject, identifier)
        tell_linked(subject, now=now, actor=actor)
    link = SubjectIdentifier.objects.select_related("identifier").get(subject=subject, identifier=identifier)
    if link.verified_at is None:
        link.verified_at, link.verified_how = now, how
        link.save(update_fields=["verified_at", "verified_how"])
    return record(
        kind="identifier.verified",
        at=now,
        actor=actor,
        subject=subject.uuid,
        object=link.identifier.uuid,
        data={"how": how, "type": claim.type},
    )


def link(subject: DataSubject, claim: Claim) -> Identifier:
    """Link one more identifier, unconfirmed, to a person who is held. What was said under the others, the caller
    carries (consents/carrying.py).
    """
    identifier, _is_new = _stored(claim)
    _link(subject, identifier)
    return Identifier.objects.get(pk=identifier)


def emails_of(subject: DataSubject) -> list[str]:
    """The person's e-mail addresses, verified ones first."""
    links = (
        SubjectIdentifier.objects.filter(subject=subject, identifier__type=Identifier.Type.EMAIL)
        .select_related("identifier")
        .order_by("verified_at", "pk")
    )
    ordered = sorted(links, key=lambda link: link.verified_at is None)
    values = reveal(link.identifier for link in ordered)
    return [values[link.identifier_id] for link in ordered if link.identifier_id in values]


def _known(claims: Sequence[Claim], *, is_test: bool, lock: bool = False, every: bool = False) -> _Known:
    """Test people are kept apart here: a test call sees test people only, a live call live people only."""
    by_blind = {(claim.type, claim.system, value): claim for claim in claims for value in claim.blinds}
    rows = Identifier.objects.filter(blind__in=[value for _type, _system, value in by_blind]).order_by("pk")
    if lock:
        # Whoever makes a person of the same identifier waits here, and so does an erasure before it looks at the links.
        rows = rows.select_for_update(no_key=True)
    identifiers: dict[Claim, list[int]] = {claim: [] for claim in claims}
    claim_of: dict[int, Claim] = {}
    for row in rows:
        claim = by_blind.get((row.type, row.system, bytes(row.blind)))
        if claim:
            identifiers[claim].append(row.pk)
            claim_of[row.pk] = claim
    links: dict[Claim, list[SubjectIdentifier]] = {claim: [] for claim in claims}
    found = SubjectIdentifier.objects.filter(identifier_id__in=list(claim_of), subject__is_test=is_test)
    found = found.select_related("subject")
    # Thousands may have given the same dummy address, and of one claim alone two of them say that it names nobody. Not
    # beside another, stored or not: that one tells which of them somebody else is.
    for link in found if every or max(len(claims), len(claim_of)) > 1 else found[:2]:
        links[claim_of[link.identifier_id]].append(link)
    return _Known(identifiers, links)


def _resolve(known: _Known, *, verified_only: bool = False) -> DataSubject | None:
    """The one person, or None if there is none. Raises AmbiguousIdentity if verification cannot tell several apart."""
    links = [link for found in known.links.values() for link in found]
    verified = {link.subject_id for link in links if link.verified_at and not link.is_shared}
    people = {link.subject_id: link.subject for link in links}
    if verified_only:
        candidates = verified
    else:
        others = _holders_of_others(known, set(people))
        groups = [{link.subject_id for link in found} - others for found in known.links.values()]
        groups = [group for group in groups if group]
        candidates = set.intersection(*groups) if groups else set()
        if groups and len(candidates) != 1:
            candidates = (set.union(*groups) & verified) or set.union(*groups)
    if len(candidates) > 1:
        raise AmbiguousIdentity
    return people[candidates.pop()] if candidates else None


def _named(known: _Known) -> Named:
    try:
        subject = _resolve(known)
    except AmbiguousIdentity:
        subject = None
    owners = {links[0].subject_id: links[0].subject for links in known.links.values() if len(links) == 1}
    holders = {claim: {link.subject_id for link in links} for claim, links in known.links.items()}
    shared = [claim for claim, people in holders.items() if subject and subject.pk in people and len(people) > 1]
    return Named(subject, [owners[pk] for pk in sorted(owners)], shared)


def _holders_of_others(known: _Known, people: set[int]) -> set[int]:
    """Those who share an address with the claimed person but hold another customer number: somebody else."""
    strong = {claim: known.links[claim] for claim in known.links if claim.type in STRONG}
    holders: set[int] = set()
    for claim, found in strong.items():
        rest = people - {link.subject_id for link in found}
        holders.update(
            SubjectIdentifier.objects.filter(
                subject_id__in=rest, identifier__type=claim.type, identifier__system=claim.system
            ).values_list("subject_id", flat=True)
        )
    return holders


def _create(claims: Sequence[Claim], *, now: datetime, actor: str, locale: str, is_test: bool) -> DataSubject:
    """Raises _Lost if somebody else stored one of the claims since we looked."""
    known = _known(claims, is_test=is_test, lock=True)
    if _resolve(known):
        raise _Lost
    subject = DataSubject.objects.create(locale=locale, is_test=is_test)
    _link_all(subject, claims, known)
    record(kind="subject.created", at=now, actor=actor, subject=subject.uuid, data={"test": is_test})
    theirs = [claim for claim in known.links if not known.links[claim]]
    # One alone has nothing beside it, unless another is somebody else's as well.
    if len(known.links) > 1:
        tell_linked(subject, theirs, now=now, actor=actor)
    return subject


def _recognise(subject: DataSubject, claims: Sequence[Claim], *, now: datetime, actor: str) -> DataSubject:
    """Hold the person and link what was nobody's. What belongs to somebody else stays theirs: nothing was proved."""
    if not hold(subject):
        raise _Lost
    known = _known(claims, is_test=subject.is_test)
    if _resolve(known) != subject:
        raise _Lost
    new = [claim for claim in claims if not known.links[claim]]
    if new:
        # Whoever parts from what they share with this person sees what is new, or is waited for here.
        _hold([subject.pk], {pk for claim in new for pk in known.identifiers[claim]})
    _link_all(subject, new, known, is_later=True)
    if new:
        tell_linked(subject, now=now, actor=actor)
    return subject


def tell_linked(subject: DataSubject, *claims: Sequence[Claim], now: datetime, actor: str) -> None:
    """This person is known by one more; `claims` are all that is theirs alone, if the caller knows that."""
    for tell in _linked:
        tell(subject, *claims, now=now, actor=actor)


def _link_all(subject: DataSubject, claims: Sequence[Claim], known: _Known, *, is_later: bool = False) -> None:
    # In the order of their blind index: two transactions that name the same pair must not wait for each other.
    for claim in sorted(dict.fromkeys(claims), key=lambda claim: claim.blind):
        identifier, is_new = _stored(claim)
        if not is_new and identifier not in known.ids:
            raise _Lost
        _link(subject, identifier, is_later=is_later)


def _stored(claim: Claim) -> tuple[int, bool]:
    """(primary key, whether we stored it just now). Waits for a transaction that is storing the same one."""
    known = Identifier.objects.filter(type=claim.type, system=claim.system, blind__in=claim.blinds)
    found = known.values_list("pk", flat=True).first()
    if found:
        return found, False
    row = seal(claim)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO subjects_identifier (uuid, type, system, rules_version, sealed, blind, blind_key)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s) ON CONFLICT (blind, type, system) DO NOTHING RETURNING id",
            [row.uuid, row.type, row.system, row.rules_version, row.sealed, row.blind, row.blind_key],
        )
        made = cursor.fetchone()
    if made is None:
        return known.values_list("pk", flat=True).get(), False
    row.key.row().save(force_insert=True)
    return int(made[0]), True


def _link(subject: DataSubject, identifier: int, *, is_later: bool = True) -> None:
    """Link once. From the second person on, every link of the identifier is shared."""
    # Two links at the same moment would not see each other. Order of locks everywhere: the person, then identifiers.
    if not Identifier.objects.select_for_update(no_key=True).filter(pk=identifier).values_list("pk"):
        raise _Lost
    SubjectIdentifier.objects.bulk_create(
        [SubjectIdentifier(subject=subject, identifier_id=identifier, is_later=is_later)], ignore_conflicts=True
    )
    links = SubjectIdentifier.objects.filter(identifier_id=identifier, subject__is_test=subject.is_test)
    if links.count() > 1:
        links.update(is_shared=True)
