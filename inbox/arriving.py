"""Who asks in a message and when it came, before it becomes a case."""

from collections.abc import Mapping
from datetime import date, datetime, time

from django.utils.translation import gettext_lazy as _

from core.errors import Invalid, Text
from core.models import Controller
from inbox import sealed
from inbox.account import own_domains
from inbox.models import Mail
from requests import representing


def check(
    mail: Mail, requester: Mapping[str, str], *, received_on: date | None, capacity: str = "", is_child: bool = False
) -> None:
    """Nobody is written to who did not ask: no colleague who passed it on, no representative, no machine (RFC 3834)."""
    errors: dict[str, Text] = representing.problems(capacity=capacity, is_child=is_child, requester=requester)
    email = requester.get("email", "").strip().lower()
    sender = sealed.read(mail).address.lower()
    if email.rpartition("@")[2] in own_domains():
        errors["email"] = _("This is an address of ours. Give the person's own, or leave it empty.")
    elif mail.automatic and email == sender and email:
        errors["email"] = _("A machine sent it from this address. Give the person's own, or leave it empty.")
    elif capacity and email == sender and email:
        errors["email"] = _("This is the address of whoever asks for them. Give the person's own, or leave it empty.")
    if mail.is_forwarded and received_on is None:
        errors["received_on"] = _("Somebody passed it on: say when it first reached us.")
    if received_on and received_on > day_of(mail):
        errors["received_on"] = _("It was here by then: this is after it came.")
    if errors:
        raise Invalid(fields=errors)


def arrival(mail: Mail, received_on: date | None) -> tuple[date | None, datetime]:
    """(the day to count from, the instant). An earlier day has no hour that anybody knows."""
    if received_on is None or received_on == day_of(mail):
        return received_on, mail.arrived_at
    return received_on, datetime.combine(received_on, time(12), tzinfo=Controller.current().zone)


def day_of(mail: Mail) -> date:
    return mail.arrived_at.astimezone(Controller.current().zone).date()
