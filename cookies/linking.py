"""Whose browser it is, once a person identifies themselves: their choices about cookies become choices of theirs.

The random number is then one of the person's identifiers, so it is found, exported and erased like every other. Each
choice of the browser is recorded as a consent event of the person too: from then on permission to measure a mail or a
page can be asked for under the person's address, and the person sees and ends it among their other choices.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction

from consents import endings, projection
from consents.models import ConsentEvent, ConsentState, Status
from consents.states import UNANSWERED, YES
from cookies.models import CookieChoice, How, Site, SiteVersion
from core.models import Controller
from ledger import entries
from processing.models import Basis, PurposeVersion
from processing.models import Status as PurposeStatus
from subjects import people, relationships
from subjects.identifiers import Claim
from subjects.models import DataSubject, Identifier, Relationship

# Who records in a browser what its person ended elsewhere. Such a row says "no" to that, and "yes" to nothing anew.
FOLLOWER = "system:choices"


def claim(consent_id: UUID) -> Claim:
    return Claim(Identifier.Type.COOKIE, str(consent_id))


@transaction.atomic
def link(consent_id: UUID, claims: Iterable[Claim], *, now: datetime, actor: str) -> None:
    """Note whose browser this is. Says nothing when nobody is known by these claims: the answer is the same."""
    rows = list(CookieChoice.objects.filter(consent_id=consent_id).order_by("chosen_at", "id"))
    subject = people.find(list(claims))
    if not rows or subject is None or not people.hold(subject):
        return
    owner = people.find([claim(consent_id)])
    if owner == subject:
        return
    people.verify_identifier(subject, claim(consent_id), how="signed-in", now=now, actor=actor)
    uuid, is_test = subject.uuid, subject.is_test
    entries.record(kind="cookies.linked", at=now, actor=actor, subject=uuid, object=consent_id, test=is_test)
    if owner is None:
        # A number that two people used belongs to neither: what it says from then on is the browser's alone.
        _say(subject, rows, now=now)


def carry(row: CookieChoice, version: SiteVersion, *, now: datetime) -> None:
    """The choice of a browser whose person is known is theirs too. Inside the caller's transaction."""
    subject = people.find([claim(row.consent_id)], verified_only=True)
    if subject and people.hold(subject):
        _say(subject, [row], now=now)


def ended_since(subject: DataSubject, slugs: Iterable[str], at: datetime) -> set[str]:
    """Which of these purposes this person said "no" to, or let run out, at or after this time."""
    states = ConsentState.objects.filter(
        subject=subject.uuid, purpose__slug__in=list(slugs), channel="", effective_at__gte=at
    )
    no = states.exclude(status__in=[*YES, *UNANSWERED])
    return set(no.values_list("purpose__slug", flat=True))


def ended_elsewhere(site: Site, consent_id: UUID) -> list[str]:
    """What this browser chose and its person has ended since, wherever: the browser itself has not heard of it yet."""
    rows = list(CookieChoice.objects.filter(consent_id=consent_id, site=site.uuid).order_by("chosen_at", "id"))
    chosen = next((row for row in reversed(rows) if row.actor != FOLLOWER), None)
    if chosen is None:
        return []
    since = [row for row in rows if row.actor == FOLLOWER and row.chosen_at >= chosen.chosen_at]
    ended = {slug for row in since for slug in row.denied}
    subject = people.find([claim(consent_id)], verified_only=True)
    if subject:
        ended |= ended_since(subject, chosen.granted, chosen.chosen_at)
    return sorted(ended & set(chosen.granted))


def browsers_of(subject: DataSubject, values: Iterable[Claim]) -> list[UUID]:
    """The random numbers among these claims of a person."""
    return [UUID(one.normalised) for one in values if one.type == Identifier.Type.COOKIE]


def _say(subject: DataSubject, rows: list[CookieChoice], *, now: datetime) -> None:
    """Never for a signal of the browser, which is about that browser; never about marketing, which mails ask for."""
    said = [row for row in rows if row.how != How.GPC]
    wanted = {slug for row in said for slug in (*row.granted, *row.denied)}
    live = PurposeVersion.objects.filter(
        purpose__slug__in=wanted, status=PurposeStatus.LIVE, basis=Basis.CONSENT, direct_marketing=False
    )
    versions = {version.purpose.slug: version for version in live.select_related("purpose")}
    sites = {site.uuid: site for site in Site.objects.filter(uuid__in={row.site for row in said})}
    given: set[str] = set()
    events: list[ConsentEvent] = []
    for row in said:
        begun, follows = len(events), row.actor == FOLLOWER
        granted = set() if follows else set(row.granted)
        # An old "yes" is part of what was said. What the person ended since, it neither begins nor tells anybody.
        over = ended_since(subject, granted, row.chosen_at)
        granted -= over
        for slug in sorted((granted | over) & set(versions)):
            until = row.chosen_at + timedelta(days=sites[row.site].valid_days)
            events.append(_event(subject, versions[slug], row, Status.GIVEN, until))
        for slug in (slug for slug in row.denied if slug in versions):
            if _has_ended(subject, versions[slug], row.chosen_at):
                # They ended it elsewhere, and this browser only follows.
                continue
            stood = slug in given or _stands(subject, versions[slug])
            if follows and not stood:
                # Nobody was asked.
                continue
            status = Status.WITHDRAWN if stood else Status.REFUSED
            events.append(_event(subject, versions[slug], row, status, None))
        given = (given | granted) - set(row.denied)
        silent = {versions[slug].purpose.uuid for slug in over & set(versions)}
        told = [one for one in events[begun:] if one.status != Status.GIVEN or one.purpose not in silent]
        _tell(subject, row, told, versions, now=now)
    for slug in given & set(versions):
        on = now.astimezone(Controller.current().zone).date()
        role = Relationship.Role.VISITOR
        relationships.begin(
            subject, versions[slug], role=role, source="website", on=on, now=now, actor="system:cookies"
        )
    projection.append(events)
    ended = [event for event in events if event.status == Status.WITHDRAWN]
    if ended:
        keys = [version.purpose_id for version in versions.values()]
        endings.note(subject.uuid, keys, at=max(event.effective_at for event in ended))


def _tell(
    subject: DataSubject,
    row: CookieChoice,
    events: Iterable[ConsentEvent],
    versions: Mapping[str, PurposeVersion],
    *,
    now: datetime,
) -> None:
    """That it is this person's choice, for systems that know the person and not the browser (ledger/kinds.py)."""
    slugs = {version.purpose.uuid: slug for slug, version in versions.items()}
    said = {f"{slugs[event.purpose]}:": str(event.status) for event in events}
    ended = {choice: status for choice, status in said.items() if status == Status.WITHDRAWN}
    others = {choice: status for choice, status in said.items() if choice not in ended}
    yes = any(status == Status.GIVEN for status in others.values())
    for kind, choices in (("consent.given" if yes else "consent.refused", others), ("consent.withdrawn", ended)):
        if choices:
            data: dict[str, Any] = {"by": "cookies", "choices": choices, "proof": row.entry}
            if choices is ended:
                data |= {"purposes": [choice.rstrip(":") for choice in ended], "hashes": []}
            entries.record(
                kind=kind,
                at=now,
                actor=row.actor,
                subject=subject.uuid,
                object=row.uuid,
                data=data,
                test=subject.is_test,
            )


def _stands(subject: DataSubject, version: PurposeVersion) -> bool:
    found = _last(subject, version)
    return found is not None and found.status in YES


def _has_ended(subject: DataSubject, version: PurposeVersion, at: datetime) -> bool:
    found = _last(subject, version)
    return found is not None and found.status == Status.WITHDRAWN and found.effective_at >= at


def _last(subject: DataSubject, version: PurposeVersion) -> ConsentEvent | None:
    events = ConsentEvent.objects.filter(subject=subject.uuid, purpose=version.purpose.uuid)
    return events.order_by("-effective_at", "-id").first()


def _event(
    subject: DataSubject, version: PurposeVersion, row: CookieChoice, status: Status, until: datetime | None
) -> ConsentEvent:
    return ConsentEvent(
        consent=row.uuid,
        subject=subject.uuid,
        purpose=version.purpose.uuid,
        channel="",
        status=status,
        effective_at=row.chosen_at,
        valid_until=until,
        recorded_at=row.recorded_at,
        origin="direct",
        collected_by="api",
        actor=row.actor,
        entry=row.entry,
    )
