"""The demo's people, who do not exist, and their requests; taken in by the functions that take in everybody."""

import json
import uuid
from datetime import datetime, timedelta
from typing import Any

from dateutil.relativedelta import relativedelta
from django.db import transaction

from consents import answers, capture, forms
from core.models import Controller
from kraken_privacy.demo.files import ACTOR, read
from kraken_privacy.demo.policy import NOTICE
from processing.models import Purpose
from requests import intake as requests_intake
from subjects import intake, people, relationships
from subjects.identifiers import parse_identity
from subjects.models import DataSubject

FORM = "newsletter"
# Evidence ids of data that came from others: the same in every demo.
NAMESPACE = uuid.UUID("6e1f2a64-2f4e-4a55-9b0b-1f0c55b1a001")
BATCH = 200


def load(*, now: datetime) -> None:
    for row in read("people"):
        subject = _take_in(row, now=now)
        if ends := row.get("ends"):
            purpose = Purpose.objects.get(slug=ends["purpose"])
            on = _ago(ends["months"], now).date()
            relationships.end(subject, purpose, what=ends["what"], on=on, now=now, actor=ACTOR)
        if "consent" in row:
            _consent(row["identity"], row["consent"], now=now)
    for row in read("requests"):
        _request(row, now=now)


def add(count: int, *, now: datetime) -> int:
    """Make sure that so many more people exist, always the same ones; returns how many were new."""
    made = 0
    for first in range(1, count + 1, BATCH):
        with transaction.atomic():
            made += sum(_one_more(number, now=now) for number in range(first, min(first + BATCH, count + 1)))
    return made


def _one_more(number: int, *, now: datetime) -> bool:
    email = f"testperson-{number:06}@example.org"
    identity = {"email": email}
    if people.find(parse_identity(identity)):
        return False
    months = number % 24  # some are past the retention of enquiries
    texts = {"name": f"Testperson {number:06}", "email": email, "correspondence": "Contact form: a question."}
    items = [
        {"category": category, "purposes": ["contact-enquiries"], "content": text, "source": "website"}
        | {"months": months}
        for category, text in texts.items()
    ]
    role = {"role": "visitor", "ground": "enquiry", "source": "website"}
    _take_in({"identity": identity, "relationship": role, "items": items}, now=now)
    return True


def _take_in(row: dict[str, Any], *, now: datetime) -> DataSubject:
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
    item["collected_at"] = _ago(row["months"], now)
    item.setdefault("nature", "provided")
    if row.get("evidence"):
        item["source_evidence"] = uuid.uuid5(NAMESPACE, row["content"])
    return item


def _consent(identity: dict[str, str], choices: dict[str, bool], *, now: datetime) -> None:
    data = {
        "form": FORM,
        "version": forms.current(FORM).number,
        "identity": {"email": identity["email"]},
        "choices": choices,
        "source": {"channel": "website", "url": "https://kraken.im/newsletter"},
    }
    capture.capture(answers.read(data, now=now), now=now, actor=ACTOR, collected_by="system")


def _request(row: dict[str, Any], *, now: datetime) -> None:
    received = now - timedelta(days=row["days"])
    requests_intake.open_case(
        rights=[row["right"]],
        requester={"name": row["name"], "email": row["email"]},
        details=row["details"],
        channel="email",
        received_at=received,
        received_on=received.astimezone(Controller.current().zone).date(),
        locale="en-GB",
        actor=ACTOR,
        now=now,
    )


def _ago(months: int, now: datetime) -> datetime:
    """So many months before now, and a day in any case: what is collected today lies in the past."""
    return now - relativedelta(months=months, days=1)
