"""The demo's eight people, who do not exist; taken in by the functions that take in everybody."""

import json
import uuid
from datetime import datetime
from typing import Any

from consents import answers, capture, forms
from kraken_privacy.demo.files import ACTOR, NAMESPACE, NOTICE, read
from kraken_privacy.demo.storing import ago
from processing.models import Purpose
from subjects import applications, intake, relationships
from subjects.identifiers import parse_identity
from subjects.models import DataSubject, Relationship

FORM = "newsletter"


def load(*, now: datetime) -> None:
    for row in read("people"):
        subject = take_in(row, now=now)
        if ends := row.get("ends"):
            purpose = Purpose.objects.get(slug=ends["purpose"])
            on = ago(ends["months"], now).date()
            if "outcome" in ends:
                tie = Relationship.objects.get(subject=subject, purpose=purpose)
                applications.close(tie, outcome=ends["outcome"], on=on, now=now, actor=ACTOR)
            else:
                relationships.end(subject, purpose, what=ends["what"], on=on, now=now, actor=ACTOR)
        if "consent" in row:
            consent(row["identity"], row["consent"], now=now)


def take_in(row: dict[str, Any], *, now: datetime) -> DataSubject:
    parcel = intake.Parcel(
        claims=parse_identity(row["identity"]),
        notice=NOTICE,
        organisation=row.get("organisation"),
        relationship=row["relationship"],
        items=[_item(item, now=now) for item in row["items"]],
    )
    return intake.collect(parcel, now=now, actor=ACTOR).subject


def _item(row: dict[str, Any], *, now: datetime) -> dict[str, Any]:
    item = {name: value for name, value in row.items() if name not in ("months", "evidence")}
    item["content"] = json.dumps(row["content"], ensure_ascii=False)
    item["collected_at"] = ago(row["months"], now)
    item.setdefault("nature", "provided")
    if row.get("evidence"):
        item["source_evidence"] = uuid.uuid5(NAMESPACE, row["content"])
    return item


def consent(identity: dict[str, str], choices: dict[str, bool], *, form: str = FORM, now: datetime) -> None:
    """The person's answer to a form, now."""
    data = {
        "form": form,
        "version": forms.current(form).number,
        "identity": {"email": identity["email"]},
        "choices": choices,
        "source": {"channel": "website", "url": f"https://kraken.im/{form}"},
    }
    capture.capture(answers.read(data, now=now), now=now, actor=ACTOR, collected_by="hosted_form")
