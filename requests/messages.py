"""Messages left on a case by somebody who cannot use its link any more. The answer never tells whether there is one."""

import json
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from core.errors import Invalid
from core.models import Controller, Owner
from core.outbox import post_mail
from core.vault import key_of
from ledger.entries import record
from requests.clock import in_words
from requests.intake import claim_of
from requests.models import CaseFile

LENGTH = 2000
# Together. A reference is no secret: whoever knows one must not be able to fill the case.
ALTOGETHER = 20_000


@transaction.atomic
def leave(*, reference: str, text: str, now: datetime, actor: str = "public") -> None:
    """Seal a message into the case of this reference and tell the staff that there is one. It proves nothing."""
    text = text.strip()
    if not text or len(text) > LENGTH or "\x00" in text:
        raise Invalid(fields={"text": _("This is too long or not text.")})
    case = CaseFile.objects.select_for_update(of=("self",)).filter(requests__reference=reference).first()
    if case is None or case.claim is None:
        return
    claim = claim_of(case)
    day = in_words(now.astimezone(Controller.current().zone).date())
    messages = "\n\n".join(filter(None, (claim.get("messages", ""), f"{day}:\n{text}")))
    if len(messages) > ALTOGETHER:
        return
    sealed = json.dumps({**claim, "messages": messages}).encode()
    case.claim = key_of(Owner.CASE, case.uuid).seal("claim", sealed)
    case.save(update_fields=["claim"])
    record(kind="case.message-left", at=now, actor=actor, object=case.uuid)
    page = reverse("admin:rights-request", args=[case.requests.get(reference=reference).uuid])
    tell_staff("message_left", reference, page, case, now=now)


def tell_staff(template: str, reference: str, page: str, case: CaseFile, *, now: datetime) -> None:
    """A note to the privacy mailbox that something is waiting on a page. It says nothing of what."""
    context = {"reference": reference, "link": f"{settings.BASE_URL}{page}"}
    text = render_to_string(f"requests/mail/{template}.txt", context)
    subject, _blank, body = text.strip().partition("\n")
    post_mail(to=Controller.current().dpo_contact, subject=subject, text=body.strip() + "\n", about=case.uuid, now=now)
