"""The whole receipt of one submission: a consent record of ISO/IEC TS 27560 as JSON-LD of DPV, in a compact JWS.

Every member that the standard demands is here (docs/receipt.schema.json says which). The receipt that a capture answers
with at once is the short form (consents/receipts.py); this one is made when it is asked for, from the same events. The
person appears under a pseudonym, and no address of theirs at all.
"""

import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings

from consents import dpv
from consents.models import ConsentEvent, ConsentFormVersion
from core.errors import NotFound
from core.models import Controller
from ledger import signing
from ledger.entries import instant
from processing.models import PurposeVersion

TYPE = "application/consent-receipt+jwt"
UNANSWERED_LOCALE = "en-GB"


def signed(consent: UUID, *, now: datetime) -> str:
    """A compact JWS over the record. Verified by the keys at /.well-known/jwks.json, the retired ones included."""
    return signing.sign(json.dumps(receipt(consent, now=now), separators=(",", ":")).encode(), typ=TYPE)


def receipt(consent: UUID, *, now: datetime) -> dict[str, Any]:
    """Raises NotFound. A withdrawal or an expiry that came later is a record of its own, not a change of this one."""
    events = list(ConsentEvent.objects.filter(consent=consent).order_by("id"))
    if not events:
        raise NotFound
    controller, base = Controller.current(), settings.BASE_URL
    subject = str(events[0].subject)
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
        "sub": subject,
        "dpv:hasRecordOfActivity": [_record(consent, events, controller)],
    }


def _record(consent: UUID, events: list[ConsentEvent], controller: Controller) -> dict[str, Any]:
    base, first = settings.BASE_URL, events[0]
    shown = ConsentFormVersion.objects.select_related("form").filter(pk=first.form_version or 0).first()
    versions = PurposeVersion.objects.filter(purpose__uuid__in={event.purpose for event in events})
    versions = versions.exclude(status="draft").select_related("purpose").prefetch_related("categories", "recipients")
    latest = {version.purpose.uuid: version for version in versions.prefetch_related("systems").order_by("number")}
    return {
        "@id": f"{base}/consents/{consent}",
        "@type": "dpv:ConsentRecord",
        "dct:identifier": str(consent),
        "dct:conformsTo": dpv.RECORD,
        "dpv:hasDataSubject": {"@id": f"urn:uuid:{first.subject}", "@type": "dpv:DataSubject"},
        "dpv:hasDataController": [_party(controller), *_others(shown, controller)],
        "dpv:hasJurisdiction": "loc:GB" if controller.jurisdiction == "UK" else "loc:EU",
        "dpv:hasApplicableLaw": ["legal-gb:law-GDPR", "legal-gb:law-DPA"],
        "dpv:hasAuthority": {
            "@id": "legal-gb:DPA-GB",
            "schema:name": controller.regulator_name,
            "schema:url": controller.regulator_url,
        },
        "dpv:hasNotice": {
            "@id": f"{base}/policy/",
            "@type": "dpv:ConsentNotice",
            "dct:identifier": shown.notice_version if shown else "",
            "dct:language": shown.locale if shown else UNANSWERED_LOCALE,
            "dct:hasVersion": f"{shown.form.slug} {shown.number}" if shown else "",
            "schema:sha256": shown.sha256 if shown else "",
        },
        "dpv:hasProcess": [_process(latest[event.purpose], event) for event in events if event.purpose in latest],
        "dpv:hasConsentControl": {
            "@type": ["dpv:ProvideConsent", "dpv:WithdrawConsent"],
            "dpv:isExercisedAt": f"{base}/preferences/",
        },
        "dpv:hasRight": [
            {"@type": ["dpv:DataSubjectRight", "eu-gdpr:A7-3"], "dpv:isExercisedAt": f"{base}/preferences/"},
            {"@type": ["dpv:DataSubjectRight", "eu-gdpr:A77"], "dpv:isExercisedAt": controller.regulator_url},
        ],
        "dpv:hasConsentStatus": [_status(event) for event in events],
        "schema:identifier": {
            "@type": "schema:PropertyValue",
            "schema:name": "ledger",
            "schema:value": str(first.entry),
        },
    }


def _party(controller: Controller) -> dict[str, Any]:
    """Party id, name, address, contact and type."""
    return {
        "@id": f"{controller.website or settings.BASE_URL}#controller",
        "@type": ["dpv:DataController", "dpv:Organisation"],
        "schema:name": controller.name,
        "schema:address": controller.address or controller.name,
        "schema:email": controller.dpo_contact,
        "dpv:hasContact": f"mailto:{controller.dpo_contact}",
    }


def _others(shown: ConsentFormVersion | None, controller: Controller) -> list[dict[str, Any]]:
    """Whoever else relies on this consent was named on the form."""
    names = shown.controllers if shown else []
    return [{"@type": "dpv:DataController", "schema:name": name} for name in names if name != controller.name]


def _process(version: PurposeVersion, event: ConsentEvent) -> dict[str, Any]:
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
        "dpv:hasLegalBasis": dpv.BASIS["a"],
        "dpv:hasDataSource": "dpv:DataSubject",
        "dpv:hasProcessing": "dpv:Use",
        "dpv:hasRecipient": [recipient.name for recipient in version.recipients.all()] or [f"{base}#controller"],
        "dpv:hasStorageCondition": [
            *({"@type": "dpv:StorageLocation", "dpv:hasLocation": place} for place in _places(version)),
            {"@type": "dpv:StorageDuration", "dpv:hasDuration": version.retention_summary},
        ],
    }


def _places(version: PurposeVersion) -> Iterable[str]:
    return sorted({f"loc:{system.location}" for system in version.systems.all()}) or ["loc:GB"]


def _status(event: ConsentEvent) -> dict[str, Any]:
    """What was said, when, by whom, how, and until when it counts."""
    until = (
        {"@type": "dpv:UntilTimeDuration", "rdf:value": instant(event.valid_until)}
        if event.valid_until
        else {"@type": "dpv:UntilEventDuration", "rdf:value": "the next choice of the person"}
    )
    return {
        "@type": [dpv.STATUS[event.status], "dpv:ExpressedConsent"],
        "dpv:isIndicatedBy": "dpv:DataSubject",
        "dpv:hasIndicationMethod": event.collected_by,
        "dpv:isIndicatedAtTime": instant(event.effective_at),
        "dpv:hasDuration": until,
        "dct:identifier": str(event.uuid),
    }
