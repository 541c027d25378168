"""A wrong address, put right by whoever sent the request, from the browser they sent it with."""

import json
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from core import outbox
from core.errors import DomainError
from core.models import Owner
from core.vault import key_of
from ledger.entries import record
from requests.intake import claim_of, fresh_link, may_write
from requests.models import CaseFile
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
    if case.claim is None or case.is_confirmed or case.closed_at:
        raise TooLate
    claim, address = claim_of(case), Claim("email", email)
    if claim.get("email") == email:
        return case
    outbox.forget(case.uuid)
    kept = {**claim, "email": email, "address": ""}
    case.claim = key_of(Owner.CASE, case.uuid).seal("claim", json.dumps(kept).encode())
    case.claim_blind = address.blind
    token = fresh_link(case, now=now)
    case.save(update_fields=["claim", "claim_blind", "confirm_hash", "confirm_expires_at"])
    requests = list(case.requests.order_by("pk"))
    for one in requests:
        stop_at_once([one], address, one.result.get("stopped", []), now=now, actor=actor)
    record(kind="case.address-corrected", at=now, actor=actor, object=case.uuid)
    if may_write(case):
        acknowledge(case, requests, to=email, token=token, now=now)
    return case
