"""A wrong address, put right by whoever sent the request, from the browser they sent it with."""

import json
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from core.errors import DomainError
from core.models import Owner
from core.vault import key_of
from ledger.entries import record
from requests import posting, withdrawing
from requests.intake import claim_of, fresh_link, may_write
from requests.models import CaseFile, RightsRequest
from requests.post import acknowledge
from requests.stopping import stop_at_once
from subjects.identifiers import Claim


class TooLate(DomainError):
    code = "address-confirmed"
    message = _("The address of this request is confirmed, or the request is closed. Write to us to change it.")


@transaction.atomic
def correct(case_uuid: UUID, email: str, *, now: datetime, actor: str = "public") -> CaseFile:
    """Send everything to another address. The old link dies, and so does what has not left yet. Raises TooLate.

    What was said no to stays stopped for the old address too: a "no" may be too wide, never too narrow.
    """
    case = CaseFile.objects.select_for_update().get(uuid=case_uuid)
    requests = list(case.requests.order_by("pk"))
    if case.claim is None or case.is_confirmed or not all(one.is_open or "stopped" in one.result for one in requests):
        raise TooLate
    claim, address = claim_of(case), Claim("email", email)
    if claim.get("email") == email:
        return case
    posting.forget_unsent(case, actor=actor, now=now)
    kept = {**claim, "email": email, "address": ""}
    case.claim = key_of(Owner.CASE, case.uuid).seal("claim", json.dumps(kept).encode())
    case.claim_blind = address.blind
    token = fresh_link(case, now=now)
    case.save(update_fields=["claim", "claim_blind", "confirm_hash", "confirm_expires_at"])
    for one in requests:
        one.case = case
        stop_at_once([one], [address], one.result.get("stopped", []), now=now, actor=actor)
    record(kind="case.address-corrected", at=now, actor=actor, object=case.uuid)
    if may_write(case):
        _write(case, requests, to=email, token=token, actor=actor, now=now)
    return case


def _write(case: CaseFile, requests: list[RightsRequest], *, to: str, token: str, actor: str, now: datetime) -> None:
    """What the first address would have got: the proof of what is settled, and an acknowledgement of the rest."""
    still_open = [one for one in requests if one.is_open]
    for one in requests:
        if not one.is_open:
            withdrawing.tell_again(one, actor=actor, now=now)
    if still_open:
        acknowledge(case, still_open, to=to, token=token, now=now)
