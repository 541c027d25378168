"""Who said something, how, and of what kind it is: the facts of one event as a receipt states them.

Only a "yes" expresses consent, and not every event is an act of the person: a parent or guardian answers for a child,
somebody else says that consent was given, and time runs out by itself (ISO/IEC TS 27560 entity_id, event_type).
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from consents.capture import FIELD
from consents.dpv import STATUS
from consents.models import ConsentEvent, ConsentEvidence, ConsentFormVersion, Status
from consents.states import YES
from core.models import Owner
from core.vault import keys_of
from ledger.models import Entry

PERSON, GUARDIAN, SOMEBODY_ELSE = "dpv:DataSubject", "dpv:GuardianOfDataSubject", "dpv:ThirdParty"
# What ends without anybody's act is recorded by whoever relied on it.
OURS = {Status.REQUESTED.value, Status.EXPIRED.value, Status.INVALIDATED.value, Status.REVOKED.value}
# Where what is known of the person came from.
LEGACY = "imported_legacy"
SOURCES = {"third_party": SOMEBODY_ELSE, LEGACY: "dpv:DataController"}
WAYS = {
    "api": "an answer on a website or in another system, sent to us by it",
    "hosted_form": "a page of ours, where no box was ticked beforehand",
    "html_form": "a form on a website",
    "one_click": "the unsubscribe button of a mail",
    "staff": "told to our staff, who wrote it down",
    "deletion": "our deletion of their data, which they asked for",
    "import": "a record that an earlier system kept",
    "system": "recorded by this system",
}
SHOWN = {
    ConsentEvidence.Kind.PAPER.value: "on paper, of which a copy is kept",
    ConsentEvidence.Kind.PHONE.value: "by phone, of which a note was made at the time",
    ConsentEvidence.Kind.IN_PERSON.value: "in person, of which a note was made at the time",
    ConsentEvidence.Kind.THIRD_PARTY.value: "collected by somebody else, who showed us what the person was told",
}
ENDINGS = {
    Status.EXPIRED.value: "its time ran out, and silence renews nothing",
    Status.INVALIDATED.value: "the form asks for something else now, and it was not given anew",
    Status.REVOKED.value: "whoever relied on it ended it, and relies on it no more",
}
SAID_BY_OTHERS = "somebody else says so, and nothing shows it yet"
SAID_BY_AN_OLD_LIST = "an earlier system of ours says so, and nothing shows it yet"
# Of consents from before the evidence said it, once their proof is gone.
NOT_RECORDED = "not recorded"
CONFIRMED = {
    "double-opt-in": "confirmed by a button that only the owner of the mailbox was sent",
    NOT_RECORDED: "by whom it was confirmed is not recorded",
}
# Said to everybody, so that it tells nobody who had said "no" (consents/unseen.py).
UNPROVEN = (
    "if any part of it was refused or paused before, nothing that it agrees to counts until the owner of the mailbox"
    " has pressed the button that we mail"
)
ACTS = {"guardian": GUARDIAN, NOT_RECORDED: NOT_RECORDED}


@dataclass(frozen=True)
class Told:
    """What the evidence of one submission says besides its events: codes, which outlive the sealed proof."""

    entries: Mapping[UUID, Mapping[str, Any]]
    kinds: frozenset[str]
    # Of older ones, by consent.
    confirmed: Mapping[UUID, str]

    def confirmed_by(self, event: ConsentEvent) -> str:
        return str(self.of(event).get("confirmed") or self.confirmed.get(event.consent, ""))

    def of(self, event: ConsentEvent) -> Mapping[str, Any]:
        return self.entries.get(event.entry, {})

    def by(self, event: ConsentEvent, controller: str) -> str:
        """Whose act it was; `controller` is how a receipt names us."""
        if event.status == Status.UNKNOWN:
            return controller if event.origin == LEGACY else SOMEBODY_ELSE
        if event.status in OURS:
            return controller
        return ACTS.get(self.confirmed_by(event), PERSON)

    def how(self, event: ConsentEvent) -> str:
        if event.status in ENDINGS:
            return ENDINGS[event.status]
        if event.status == Status.UNKNOWN:
            return SAID_BY_AN_OLD_LIST if event.origin == LEGACY else SAID_BY_OTHERS
        shown = [SHOWN[kind] for kind in sorted(self.kinds)] if event.collected_by == "staff" else []
        way = "; ".join(shown) or WAYS.get(event.collected_by, event.collected_by)
        if event.status in YES and self.of(event).get("unproven"):
            return f"{way}; {UNPROVEN}"
        confirmed = CONFIRMED.get(self.confirmed_by(event))
        return f"{way}; {confirmed}" if confirmed else way


def read(events: Iterable[ConsentEvent]) -> Told:
    """Two queries, and three more for an answer to a form whose entry does not say who confirmed it."""
    events = list(events)
    bodies = Entry.objects.filter(uuid__in={event.entry for event in events}).values_list("uuid", "body")
    shown = ConsentEvidence.objects.filter(consent__in={event.consent for event in events})
    entries = {entry: json.loads(body)["data"] for entry, body in bodies}
    # What nobody proved was confirmed by nobody, or its entry would say so.
    silent = [
        one for one in events if one.form_version and not {"confirmed", "unproven"} & set(entries.get(one.entry, {}))
    ]
    older = _confirmed({event.consent: event for event in silent})
    return Told(entries, frozenset(shown.values_list("kind", flat=True)), older)


def _confirmed(answers: Mapping[UUID, ConsentEvent]) -> dict[UUID, str]:
    """Who confirmed answers whose entries do not say it: as the proof has it, or as what is left allows to tell."""
    if not answers:
        return {}
    keys = keys_of(Owner.CONSENT, answers)
    waited = set(Entry.objects.filter(kind="consent.requested", object__in=answers).values_list("object", flat=True))
    numbers = {event.form_version or 0 for event in answers.values()}
    for_children = set(
        ConsentFormVersion.objects.filter(pk__in=numbers, minimum_age__isnull=False).values_list("pk", flat=True)
    )
    found = {}
    for consent, event in answers.items():
        if event.proof and consent in keys:
            found[consent] = json.loads(keys[consent].open(FIELD, bytes(event.proof))).get("by", "")
        elif consent in waited:
            found[consent] = NOT_RECORDED if event.form_version in for_children else "double-opt-in"
        elif event.form_version in for_children and event.collected_by == "staff":
            # A parent or guardian may have signed.
            found[consent] = NOT_RECORDED
    return found


def types(event: ConsentEvent) -> list[str]:
    """The state, and the type of consent: nothing was expressed by a "no", an end, or what only somebody else says."""
    return [STATUS[event.status], "dpv:ExpressedConsent" if event.status in YES else "dpv:Consent"]


def source(event: ConsentEvent) -> str:
    return SOURCES.get(event.origin, PERSON)
