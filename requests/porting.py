"""Portability (UK GDPR Art 20): what somebody gave us, or what we observed of them, to take elsewhere.

Only what rests on their consent or a contract, and only what they provided: what we inferred is ours, and goes into a
copy under Art 15 instead. Nothing is deleted by it. All that this database holds is processed by automated means; paper
is not in it.
"""

import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.template.loader import render_to_string
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.errors import DomainError
from core.models import Controller
from processing.models import Basis
from requests import exempting, package, portable, report, systems, transfers, two_people
from requests.decisions import Line, lines
from requests.intake import claim_of
from requests.models import Package, Right, RightsRequest, Transfer
from requests.package import File
from requests.portable import Contact, Item
from requests.questions import OTHER, RECEIVERS
from requests.sending import close, confirmed, is_waiting, lock, nothing_found, send, to_ready
from requests.untold import AsAStranger, is_as_if_gone, is_stranger
from requests.workflow import State
from subjects import blocks, items
from subjects.identifiers import reveal
from subjects.models import DataSubject, Identifier, ItemPurpose, PersonalDataItem, SubjectIdentifier
from subjects.people import hold

KIND = "portability_answer"
SCHEMA = "kraken-privacy/portability/1"
BASES = (Basis.CONSENT, Basis.CONTRACT)
Nature = PersonalDataItem.Nature
BATCH = 500
# Category → where it stands on a contact card.
ON_CARD = {"name": "names", "email": "emails", "phone": "phones", "job-title": "titles", "employer": "organisations"}


class NoSet(DomainError):
    code = "no-set"
    message = gettext_lazy("Make the set of data first, and look through it.")


@transaction.atomic
def prepare(rights_request: RightsRequest, *, actor: str, now: datetime) -> Package:
    """Freeze the set as it stands now, so that it can be looked through before anybody gets it."""
    lock(rights_request, Right.PORTABILITY)
    confirmed(rights_request)
    subject = rights_request.case.subject
    if subject is None or not hold(subject):
        raise DomainError(gettext_lazy("We hold nothing under the confirmed address: there is nothing to take along."))
    if is_as_if_gone(rights_request):
        raise AsAStranger
    exempting.ready(rights_request)
    kept = exempting.spared(rights_request)
    taken = [line for line in lines(rights_request, now=now) if _goes(line)]
    eligible = _eligible(subject, taken).exclude(uuid__in=kept)
    number = eligible.count()
    inferred = _needed(subject, taken).exclude(uuid__in=kept).filter(nature=Nature.INFERRED).count()
    made = package.store(
        rights_request,
        _files(rights_request, subject, taken, eligible, counts={"rows": number, "inferred": inferred}, now=now),
        actor=actor,
        now=now,
    )
    systems.answer_builtin(rights_request, count=number + 1, actor=actor, now=now)
    noted = {"rows": number, "inferred": inferred, "purposes": [line.version.pk for line in taken]}
    rights_request.result = {**rights_request.result, **noted}
    rights_request.save(update_fields=["result"])
    # Deletion on schedule waits until it is sent: until then it may have to be made again.
    to_ready(rights_request, reason="set-made", actor=actor, now=now)
    return made


def is_for_another(rights_request: RightsRequest) -> bool:
    """Whether they chose on our form that somebody else should get the set, and nobody recorded to whom it goes."""
    if rights_request.right != Right.PORTABILITY or rights_request.transfers.exists():
        return False
    wrote = claim_of(rights_request.case).get(Right.PORTABILITY.value, "")
    return str(dict(RECEIVERS)[OTHER]) in {line.strip() for line in wrote.splitlines()}


def _not_sent(rights_request: RightsRequest) -> list[str]:
    """To whom we were told to send it and do not (Art 20(2)): the letter says so, and that a link of theirs can."""
    told = [one for one in transfers.shown(rights_request) if one.transfer.way == Transfer.Way.ADDRESS]
    going = {one.name for one in told if one.transfer.state != Transfer.State.CANCELLED}
    names = list(dict.fromkeys(one.name for one in told if one.name not in going))
    return names or ([str(_("the other company"))] if is_for_another(rights_request) else [])


def draft(rights_request: RightsRequest, *, now: datetime) -> tuple[str, dict[str, Any]]:
    """The answer as it would go out now. Raises what stands in its way; changes nothing."""
    confirmed(rights_request)
    if "purposes" not in rights_request.result and is_stranger(rights_request):
        return "nothing_found", report.of_nothing(rights_request)
    made = Package.objects.filter(request=rights_request).first()
    if made is None or "purposes" not in rights_request.result:
        raise NoSet
    exempting.ready(rights_request)
    exempting.fresh(rights_request, made)
    left_out = [line for line in lines(rights_request, now=now) if not _goes(line)]
    found = report.of_portability(rights_request, made, left_out=left_out, sent=transfers.for_letter(rights_request))
    return KIND, {**found, "not_sent": _not_sent(rights_request)}


@transaction.atomic
def release(rights_request: RightsRequest, *, actor: str, now: datetime, exception: str = "") -> RightsRequest:
    """Send the answer with the link to the set. Releasing what has been released changes nothing."""
    lock(rights_request, Right.PORTABILITY)
    if not rights_request.is_open or _is_waiting(rights_request):
        return rights_request
    kind, context = draft(rights_request, now=now)
    two_people.check(rights_request, actor=actor, reason=exception, now=now)
    if kind == "nothing_found":
        blocks.release(rights_request.uuid, now=now, actor=actor)
        return nothing_found(rights_request, actor=actor, now=now)
    token = package.new_link(Package.objects.get(request=rights_request), now=now)
    send(rights_request, kind, context, token, actor=actor, now=now)
    blocks.release(rights_request.uuid, now=now, actor=actor)
    close(rights_request, context, actor=actor, now=now)
    return rights_request


def _is_waiting(rights_request: RightsRequest) -> bool:
    """A part answer went out, and what was missing then is missing still."""
    is_part = rights_request.state == State.PARTLY_ANSWERED
    return is_waiting(rights_request) or (is_part and transfers.under_way(rights_request).exists())


def _goes(line: Line) -> bool:
    """Whether this purpose's data go along: on consent or contract, unless somebody decided otherwise."""
    is_granted = line.is_granted if line.is_decided else line.proposal.is_grant
    return is_granted and line.version.basis in BASES


def _needed(subject: DataSubject, taken: Sequence[Line]) -> QuerySet[PersonalDataItem]:
    needs = ItemPurpose.objects.filter(subject=subject, purpose__in=[line.purpose for line in taken])
    return PersonalDataItem.objects.filter(subject=subject, pk__in=needs.values("item"))


def _eligible(subject: DataSubject, taken: Sequence[Line]) -> QuerySet[PersonalDataItem]:
    """Provided or observed; what a third party told us, the person did not provide."""
    found = _needed(subject, taken).filter(nature__in=[Nature.PROVIDED, Nature.OBSERVED])
    return found.exclude(source__in=items.FROM_OTHERS)


def _files(
    rights_request: RightsRequest,
    subject: DataSubject,
    taken: Sequence[Line],
    eligible: QuerySet[PersonalDataItem],
    *,
    counts: dict[str, int],
    now: datetime,
) -> Iterator[File]:
    contact = _contact(subject, eligible)
    titles = {line.purpose.pk: line.version.title for line in taken}
    context = {
        "rights_request": rights_request,
        "controller": Controller.current(),
        "schema": SCHEMA,
        "titles": sorted(titles.values()),
        "made_at": now,
        **counts,
    }
    page = render_to_string("requests/package/portable.html", context).encode()
    yield File("index.html", "text/html", _("What is in here, in which form, and what is not"), page)
    data = portable.json_ld(contact, _items(eligible, titles))
    yield File("data/data.jsonld", "application/ld+json", _("Everything, as JSON-LD in terms of schema.org"), data)
    rows = portable.table(_items(eligible, titles))
    yield File("data/data.csv", "text/csv", _("Everything, for spreadsheets"), rows)
    table = portable.contact_table(contact)
    yield File("data/contact.csv", "text/csv", _("Your contact data, for spreadsheets"), table)
    card = portable.vcard(contact, now=now)
    yield File("data/contact.vcf", "text/vcard", _("Your contact data, as a vCard for address books"), card)


def _items(eligible: QuerySet[PersonalDataItem], titles: dict[int, str]) -> Iterator[Item]:
    """Batch by batch, so that it does not matter how many there are."""
    after, every = 0, eligible.select_related("category").order_by("pk")
    while rows := list(every.filter(pk__gt=after)[:BATCH]):
        contents = items.contents(rows)
        needs = ItemPurpose.objects.filter(item__in=[row.pk for row in rows], purpose__in=titles)
        purposes: dict[int, list[str]] = {}
        for item, purpose in needs.order_by("purpose").values_list("item_id", "purpose_id"):
            purposes.setdefault(item, []).append(titles[purpose])
        for row in rows:
            yield Item(
                uuid=row.uuid,
                category=row.category.slug,
                label=row.category.label,
                content=_readable(contents.get(row.pk, "")),
                nature=row.nature,
                source=row.source,
                purposes=purposes.get(row.pk, []),
                collected_at=row.collected_at,
            )
        after = rows[-1].pk


def _contact(subject: DataSubject, eligible: QuerySet[PersonalDataItem]) -> Contact:
    """What belongs on a contact card: their own addresses and numbers, and what they called themselves."""
    found: dict[str, list[str]] = {name: [] for name in ON_CARD.values()}
    # An address that others use too, or that somebody typed beside theirs, may not be theirs to take along.
    links = SubjectIdentifier.objects.filter(subject=subject, is_shared=False).exclude(is_later=True, verified_at=None)
    known = [link.identifier for link in links.select_related("identifier").order_by("pk")]
    values = reveal(known)
    for identifier in known:
        kind = {Identifier.Type.EMAIL: "emails", Identifier.Type.PHONE: "phones"}.get(Identifier.Type(identifier.type))
        if kind and identifier.pk in values:
            found[kind].append(values[identifier.pk])
    for item in _items(eligible.filter(category__slug__in=ON_CARD), {}):
        if isinstance(item.content, str) and item.content.strip():
            found[ON_CARD[item.category]].append(item.content.strip())
    return Contact(subject.uuid, **{name: list(dict.fromkeys(many)) for name, many in found.items()})


def _readable(content: str) -> Any:
    """The content as data where it is an object of JSON, else as it stands."""
    try:
        found = json.loads(content)
    except ValueError:
        return content
    return found if isinstance(found, dict | list) else content
