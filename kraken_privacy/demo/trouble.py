"""A person who was on file twice, a complaint and a breach, so that the pages about them are not empty."""

from datetime import datetime, timedelta
from typing import Any

from breaches import log
from kraken_privacy.demo.files import ACTOR, read
from kraken_privacy.demo.people import take_in
from office import merging
from processing.models import DataCategory
from requests import complaints
from subjects.identifiers import Claim
from subjects.people import find


def load(*, now: datetime) -> None:
    told = read("trouble")
    _second_record(told["second_record"], now=now)
    _complaint(told["complaint"], now=now)
    _breach(told["breach"], now=now)


def _second_record(row: dict[str, Any], *, now: datetime) -> None:
    """Found to be the same person, and made one; in the office it can be parted again."""
    kept = find([Claim("email", row["of"])])
    assert kept  # noqa: S101 - people.yml has her
    merging.merge(kept, take_in(row, now=now), now=now - timedelta(days=row["days"]), actor=ACTOR)


def _complaint(row: dict[str, Any], *, now: datetime) -> None:
    at = now - timedelta(days=row["days"])
    complaints.open_complaint(
        requester={"name": row["name"], "address": row["address"]},
        answers={"complaint": row["words"], "wish": row["wish"]},
        channel="letter",
        received_at=at,
        locale="en-GB",
        actor=ACTOR,
        now=at,
    )


def _breach(row: dict[str, Any], *, now: datetime) -> None:
    at = now - timedelta(days=row["days"])
    log.log(
        aware_at=at,
        texts=row["texts"],
        details={"effects": row["effects"], "people_estimate": row["people"], "occurred_from": at},
        categories=list(DataCategory.objects.filter(slug__in=row["categories"])),
        actor=ACTOR,
        now=at,
    )
