"""A fee, in the few cases that allow one (UK GDPR Arts 12(5) and 15(3)). The clock starts when it is paid (Art 12A(2)).

The burden of showing why is ours, so ground, reasons, amount and what it is made of are written down and told.
"""

from datetime import date, datetime
from decimal import Decimal, InvalidOperation

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from core.errors import Invalid
from requests import refusing
from requests.asking import (
    NEVER_WAIT,
    NeverWaits,
    arrive,
    begin,
    choose,
    count,
    give,
    lock,
    need,
    note,
    text,
    words_of,
)
from requests.models import Asking, Right, RightsRequest
from requests.models_identity import Ended, Kind

REASONS = {
    "unfounded": _("Your request is manifestly unfounded."),
    "excessive": _("Your request is manifestly excessive."),
    "further-copy": _("You have had a copy already, and ask for another one."),
}
MOST = Decimal(10_000)


@transaction.atomic
def charge(
    rights_request: RightsRequest,
    *,
    reason: str,
    explanation: str,
    amount: str,
    basis: str,
    actor: str,
    now: datetime,
) -> Asking:
    """Ask for a reasonable fee. Until it is paid the clock has not started."""
    lock(rights_request)
    if rights_request.right in NEVER_WAIT:
        raise NeverWaits
    choose("reason", reason, REASONS)
    if reason == "further-copy" and rights_request.right != Right.ACCESS:
        raise Invalid(fields={"reason": _("A further copy is a matter of access only.")})
    words = {
        "explanation": text("explanation", explanation, _("Say why, as the person will read it.")),
        "amount": f"£{_amount(amount):.2f}",
        "basis": text("basis", basis, _("Say what the amount is made of: copying, post, time.")),
    }
    asking = begin(rights_request, Kind.FEE, reason, words, actor=actor, now=now)
    note("fee.charged", asking, actor=actor, now=now)
    context = {**words, "reason": f"{REASONS[reason]}\n\n{words['explanation']}"}
    give(asking, "fee_notice", context, actor=actor, now=now)
    return asking


@transaction.atomic
def paid(rights_request: RightsRequest, *, day: date, actor: str, now: datetime) -> None:
    """The money arrived on that day. It takes up again what was closed for want of it."""
    refusing.answered_after_all(rights_request, Kind.FEE, actor=actor, now=now)
    lock(rights_request)
    asking = need(rights_request, Kind.FEE)
    arrive(asking, day, now=now)
    asking.end(Ended.ANSWERED, now=now)
    note("fee.paid", asking, actor=actor, now=now, day=day.isoformat())
    count(asking, because="fee.paid", actor=actor, now=now)


def in_words(asking: Asking) -> str:
    """What was asked for, and why."""
    words = words_of(asking)
    asked = _("A fee of %(amount)s.") % {"amount": words.get("amount", "")}
    return "\n\n".join(map(str, [asked, REASONS[asking.reason], words.get("explanation", "")]))


def _amount(given: str) -> Decimal:
    try:
        amount = Decimal(given.strip().removeprefix("£").strip())
    except InvalidOperation:
        amount = Decimal(0)
    if not amount.is_finite() or not 0 < amount <= MOST or amount != round(amount, 2):
        raise Invalid(fields={"amount": _("Give an amount in pounds, for example 12.50.")})
    return amount
