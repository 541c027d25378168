"""Choices that another tool collected: each row as `manage.py consents import` takes it, by the same function.

A "yes" needs what shows it (UK GDPR Art 7(1)), and none undoes a "no": where somebody said no here, the row says so.
"""

import json
from collections.abc import Mapping
from datetime import date, datetime, time
from io import BytesIO
from typing import Any

from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext_lazy as _

from consents import importing
from core.errors import Invalid, Text
from core.models import Controller
from imports.fields import Field, Kind, Reader, Values, tidy, words_of
from processing.models import Basis, Channel, PurposeVersion

STATUSES = {
    **dict.fromkeys(("given", "yes", "opted in", "subscribed", "true", "1"), "given"),
    **dict.fromkeys(("refused", "no", "declined", "false", "0"), "refused"),
    **dict.fromkeys(("withdrawn", "opted out", "unsubscribed", "ended"), "withdrawn"),
}
CHANNELS = words_of(Channel, mail="email", text="sms", telephone="phone", letter="post")
FIELDS = [
    Field("email", _("E-mail address"), guesses=("email", "e mail", "mail", "email address"), is_own=True),
    Field("phone", _("Telephone number"), guesses=("phone", "telephone", "mobile", "number"), is_own=True),
    Field("customer_number", _("Customer number"), guesses=("customer no", "customer id"), is_own=True),
    Field("purpose", _("Purpose"), is_needed=True, guesses=("purpose", "list", "topic")),
    Field("channel", _("Channel"), hint=_("Marketing is agreed to for each channel by itself."),
          guesses=("channel", "by")),
    Field("status", _("What they said"), hint=_("Given, refused or withdrawn."), is_needed=True,
          guesses=("status", "state", "choice", "answer", "consent")),
    Field("at", _("When"), is_needed=True, guesses=("at", "when", "date", "given at", "opted in on", "timestamp")),
    Field("evidence", _("What shows it"), hint=_("For a yes. Without evidence it counts for nothing."),
          guesses=("evidence", "proof", "source", "form")),
]  # fmt: skip


def read(values: Values, *, now: datetime) -> dict[str, Any]:
    """One answer: whose, to what, when, and what shows it. Raises Invalid."""
    zone = Controller.current().zone
    reader = Reader(values, today=now.astimezone(zone).date())
    found: dict[str, Any] = {
        **{name: reader.text(name, longest=254) for name in ("email", "phone", "customer_number")},
        "purpose": reader.choice("purpose", _purposes(), needed=True),
        "channel": reader.choice("channel", CHANNELS),
        "status": reader.choice("status", STATUSES, needed=True),
        "evidence": reader.text("evidence", longest=500),
    }
    at = _at(reader)
    reader.done()
    if at and not isinstance(at, datetime):
        # Of a day alone the cautious end counts: a "yes" from its beginning, a "no" until its end.
        moment = time.min if found["status"] == "given" else time.max
        at = min(datetime.combine(at, moment, tzinfo=zone), now)
    return {**found, "at": at}


def store(read: Mapping[str, Any], *, actor: str, now: datetime) -> None:
    """Raises Invalid naming what is wrong with the row, also that a "no" stands against it."""
    row = {name: str(value) for name, value in read.items() if value and name != "at"}
    line = json.dumps(row | {"at": read["at"].isoformat()}).encode()
    report = importing.take_rows(BytesIO(line), is_csv=False, actor=actor, now=now)
    errors: dict[str, Text] = {name: reason for _line, name, reason in report.faults}
    if errors:
        raise Invalid(fields=errors)


def _at(reader: Reader) -> date | datetime | None:
    """The moment, where the file has one with its time zone; else the day."""
    try:
        moment = parse_datetime(reader.text("at", needed=True))
    except ValueError:
        moment = None
    return moment if moment and moment.tzinfo else reader.day("at", needed=True)


def _purposes() -> dict[str, str]:
    """By their short names and their titles: what rests on consent, and direct marketing."""
    words: dict[str, str] = {}
    versions = PurposeVersion.objects.exclude(status="draft").select_related("purpose").order_by("number")
    for version in versions:
        if version.basis == Basis.CONSENT or version.direct_marketing:
            words |= {tidy(version.purpose.slug): version.purpose.slug, tidy(version.title): version.purpose.slug}
    return words


KIND = Kind(
    slug="choices",
    label=_("Choices"),
    teaser=_("Who said yes or no to what elsewhere, with what shows it. A yes undoes no “no” that was said here."),
    permission="subjects.add_datasubject",
    fields=lambda: FIELDS,
    read=read,
    store=store,
)
