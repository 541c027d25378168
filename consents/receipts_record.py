"""The whole receipt of one submission: a consent record of ISO/IEC TS 27560 as JSON-LD of DPV, in a compact JWS.

Every member that the standard demands is here (docs/receipt.schema.json says which). The receipt that a capture answers
with at once is the short form (consents/receipts.py); this one is made when it is asked for, from the same events. The
person appears under a pseudonym, and no address of theirs at all.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.utils.text import slugify

from consents import dpv, notice_versions, opt_in, receipts_facts
from consents.models import ConsentEvent, ConsentFormVersion
from consents.receipts_facts import Told
from core.errors import NotFound
from core.models import Controller
from ledger import signing
from ledger.entries import instant
from processing.models import PurposeVersion, Recipient

TYPE = "application/consent-receipt+jwt"
UNANSWERED_LOCALE = "en-GB"
# The law and its authority, by the jurisdiction of the controller.
LAWS = {"UK": ["legal-gb:law-GDPR", "legal-gb:law-DPA"]}
EU_LAW = ["https://w3id.org/dpv/legal/eu#law-GDPR"]


def signed(consent: UUID, *, now: datetime, is_named: bool = True) -> str:
    """A compact JWS over the record. Verified by the keys at /.well-known/jwks.json, the retired ones included.

    `is_named`: under the person's own pseudonym, and not one that is used once (consents/receipts.py).
    """
    record = receipt(consent, now=now, is_named=is_named)
    return signing.sign(json.dumps(record, separators=(",", ":")).encode(), typ=TYPE)


def receipt(consent: UUID, *, now: datetime, is_named: bool = True) -> dict[str, Any]:
    """Raises NotFound. A withdrawal or an expiry that came later is a record of its own, not a change of this one."""
    events = list(ConsentEvent.objects.filter(consent=consent).order_by("id")) or opt_in.events(consent)
    if not events:
        raise NotFound
    controller, base = Controller.current(), settings.BASE_URL
    subject = events[0].subject if is_named else consent
    return {
        "@context": dpv.CONTEXT,
        "@id": f"{base}/receipts/{consent}",
        "@type": "dpv:ConsentReceipt",
        "dct:identifier": f"R-{consent}",
        "dct:conformsTo": dpv.RECEIPT,
        "dct:created": instant(now),
        "dct:publisher": _party(controller),
        "iss": base,
        "iat": int(now.timestamp()),
        "jti": str(consent),
        "sub": str(subject),
        "dpv:hasRecordOfActivity": [_record(consent, subject, events, controller)],
    }


def _record(consent: UUID, subject: UUID, events: list[ConsentEvent], controller: Controller) -> dict[str, Any]:
    base, first = settings.BASE_URL, events[0]
    shown = ConsentFormVersion.objects.select_related("form").filter(pk=first.form_version or 0).first()
    told, meant = receipts_facts.read(events), _meant(events)
    return {
        "@id": f"{base}/consents/{consent}",
        "@type": "dpv:ConsentRecord",
        "dct:identifier": str(consent),
        "dct:conformsTo": dpv.RECORD,
        "dpv:hasDataSubject": {"@id": f"urn:uuid:{subject}", "@type": "dpv:DataSubject"},
        "dpv:hasDataController": [_party(controller), *_others(shown, controller)],
        "dpv:hasJurisdiction": "loc:GB" if controller.jurisdiction == "UK" else "loc:EU",
        "dpv:hasApplicableLaw": LAWS.get(controller.jurisdiction, EU_LAW),
        "dpv:hasAuthority": _authority(controller),
        "dpv:hasNotice": _notice(first, shown, told.of(first), controller),
        "dpv:hasProcess": [_process(meant[event.pk], event, controller) for event in events if event.pk in meant],
        "dpv:hasConsentControl": {
            "@type": ["dpv:ProvideConsent", "dpv:WithdrawConsent"],
            "dpv:isExercisedAt": f"{base}/preferences/",
        },
        "dpv:hasRight": [
            {"@type": ["dpv:DataSubjectRight", "eu-gdpr:A7-3"], "dpv:isExercisedAt": f"{base}/preferences/"},
            {"@type": ["dpv:DataSubjectRight", "eu-gdpr:A77"], "dpv:isExercisedAt": controller.regulator_url},
        ],
        "dpv:hasConsentStatus": [_status(event, told, controller) for event in events],
        "schema:identifier": {
            "@type": "schema:PropertyValue",
            "schema:name": "ledger",
            "schema:value": str(first.entry),
        },
    }


def _meant(events: Sequence[ConsentEvent]) -> dict[int, PurposeVersion]:
    """What each purpose meant when it was answered, by event. Of what is older than the register, its first version."""
    versions = PurposeVersion.objects.filter(purpose__uuid__in={event.purpose for event in events})
    versions = versions.select_related("purpose").prefetch_related("categories", "recipients", "systems")
    known: dict[UUID, list[PurposeVersion]] = {}
    # Published ones first; a purpose that never went live has only its draft.
    for version in sorted(versions, key=lambda one: (one.effective_from is None, one.number)):
        known.setdefault(version.purpose.uuid, []).append(version)
    found = {}
    for event in events:
        begun = [one for one in known.get(event.purpose, []) if one.effective_from]
        in_force = [one for one in begun if one.effective_from and one.effective_from <= event.effective_at]
        if event.purpose in known:
            found[event.pk] = in_force[-1] if in_force else known[event.purpose][0]
    return found


def _notice(
    first: ConsentEvent, shown: ConsentFormVersion | None, told: Mapping[str, Any], controller: Controller
) -> dict[str, Any]:
    """The privacy notice, and the words that were answered. Without a form: the notice in force on that day."""
    day = first.effective_at.astimezone(controller.zone).date()
    version = told.get("notice") or (shown.notice_version if shown else notice_versions.in_force(day))
    answered = told.get("form") or told.get("site")
    more = {
        "dct:identifier": version,
        "dct:hasVersion": f"{answered} {told.get('version')}" if answered else "",
        "schema:sha256": told.get("sha256", ""),
    }
    return {
        "@id": f"{settings.BASE_URL}/policy/",
        "@type": "dpv:ConsentNotice",
        "dct:language": shown.locale if shown else UNANSWERED_LOCALE,
        # What is not known is left out: only the notice itself and its language are mandatory.
        **{name: value for name, value in more.items() if value},
    }


def _authority(controller: Controller) -> dict[str, Any]:
    known = {"@id": "legal-gb:DPA-GB"} if controller.jurisdiction == "UK" else {"@type": "dpv:DataProtectionAuthority"}
    return {**known, "schema:name": controller.regulator_name, "schema:url": controller.regulator_url}


def _id(controller: Controller) -> str:
    return f"{controller.website or settings.BASE_URL}#controller"


def _party(controller: Controller) -> dict[str, Any]:
    """Party id, name, address, contact and type."""
    return {
        "@id": _id(controller),
        "@type": ["dpv:DataController", "dpv:Organisation"],
        "schema:name": controller.name,
        "schema:address": controller.address or controller.name,
        "schema:email": controller.dpo_contact,
        "dpv:hasContact": f"mailto:{controller.dpo_contact}",
    }


def _others(shown: ConsentFormVersion | None, controller: Controller) -> list[dict[str, Any]]:
    """Whoever else relies on this consent, as the form named them and the register says where they are reached.

    Of whom it does not say so any more, or did not while forms could be published without: through whoever asked.
    """
    names = [name for name in (shown.controllers if shown else []) if name != controller.name]
    known = {one.name: one for one in Recipient.objects.filter(name__in=names)}
    ours = f"c/o {controller.address or controller.name}"
    return [
        {
            "@id": f"{settings.BASE_URL}/policy/#organisation-{slugify(name) or number}",
            "@type": ["dpv:DataController", "dpv:Organisation"],
            "schema:name": name,
            "schema:address": _of(known.get(name), "address") or ours,
            "dpv:hasContact": "mailto:" + (_of(known.get(name), "contact") or controller.dpo_contact),
        }
        for number, name in enumerate(names)
    ]


def _of(recipient: Recipient | None, name: str) -> str:
    return str(getattr(recipient, name)) if recipient else ""


def _process(version: PurposeVersion, event: ConsentEvent, controller: Controller) -> dict[str, Any]:
    slug, base = version.purpose.slug, settings.BASE_URL
    return {
        "@type": "dpv:Process",
        "dpv:hasPurpose": {
            "@id": f"{base}/policy/#{slug}",
            "@type": "dpv:DirectMarketing" if version.direct_marketing else "dpv:Purpose",
            "dct:identifier": slug,
            "dct:title": version.title,
            "dct:description": version.description,
            "dct:hasVersion": str(version.number),
        },
        "dpv:hasService": event.channel or "every channel",
        "dpv:hasPersonalData": [
            {
                "@type": ["dpv:PersonalData", dpv.DATA.get(category.slug, "dpv:PersonalData")],
                "dct:title": category.label,
            }
            for category in version.categories.all()
        ],
        "dpv:hasLegalBasis": dpv.BASIS[version.basis],
        "dpv:hasDataSource": receipts_facts.source(event),
        "dpv:hasProcessing": "dpv:Use",
        "dpv:hasRecipient": [recipient.name for recipient in version.recipients.all()] or [_id(controller)],
        "dpv:hasStorageCondition": [
            *({"@type": "dpv:StorageLocation", "dpv:hasLocation": place} for place in _places(version)),
            {"@type": "dpv:StorageDuration", "dpv:hasDuration": version.retention_summary},
        ],
    }


def _places(version: PurposeVersion) -> Iterable[str]:
    return sorted({f"loc:{system.location}" for system in version.systems.all()}) or ["loc:GB"]


def _status(event: ConsentEvent, told: Told, controller: Controller) -> dict[str, Any]:
    """What was said, when, by whom, how, and until when it counts."""
    until = (
        {"@type": "dpv:UntilTimeDuration", "rdf:value": instant(event.valid_until)}
        if event.valid_until
        else {"@type": "dpv:UntilEventDuration", "rdf:value": "the next choice of the person"}
    )
    return {
        "@type": receipts_facts.types(event),
        "dpv:isIndicatedBy": told.by(event, _id(controller)),
        "dpv:hasIndicationMethod": told.how(event),
        "dpv:isIndicatedAtTime": instant(event.effective_at),
        "dpv:hasDuration": until,
        "dct:identifier": str(event.uuid),
    }
