"""What intake writes to the requester: the acknowledgement and the link that shows control of the mailbox.

The mails greet nobody by the name that was typed and repeat none of its details: anyone can type anything into a public
form, and we would carry it to a stranger's mailbox.
"""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.conf import settings
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation

from core.models import Controller
from core.outbox import post_mail
from requests.clock import in_words
from requests.models import CaseFile, Complaint, RightsRequest
from requests.stopping import in_words as stopped_in_words
from subjects.identifiers import Claim

GAPS = re.compile(r"\n{3,}")


def acknowledge(
    case: CaseFile,
    requests: Sequence[RightsRequest],
    *,
    to: str,
    token: str,
    now: datetime,
    controller: Controller | None = None,
) -> None:
    """Reference, date received, rights understood, due date, what is needed, contact, complaint routes."""
    _send("acknowledgement", case, requests, to=to, token=token, now=now, controller=controller)


def send_link(case: CaseFile, *, to: str, token: str, now: datetime) -> None:
    _send("new_link", case, list(case.requests.order_by("pk")), to=to, token=token, now=now)


def remind(case: CaseFile, requests: Sequence[RightsRequest], *, to: str, token: str, now: datetime) -> None:
    """That the address is not confirmed yet, what happens if it never is, and a new link."""
    _send("reminder", case, requests, to=to, token=token, now=now)


def ask_where(case: CaseFile, reference: str, *, to: str, token: str, now: datetime) -> None:
    """That we found nothing so far, and a page to tell us where else to look."""
    link = f"{settings.BASE_URL}{reverse('requests:where', args=[token])}"
    _post("where", case, {"reference": reference, "link": link}, to=to, now=now)


def acknowledge_complaint(complaint: Complaint, *, to: str, token: str, now: datetime) -> None:
    """That it has arrived, what happens next, and the way to the Commissioner (DPA 2018 s.164A(3), s.165)."""
    link = f"{settings.BASE_URL}{reverse('requests:confirm', args=[token])}"
    context = {"complaint": complaint, "received": in_words(complaint.received_on), "link": link}
    _post("complaint_acknowledged", complaint.case, context, to=to, now=now)


def tell_of_message(case: CaseFile, reference: str, *, to: str, token: str, now: datetime) -> None:
    """That we wrote something about the case; the words open with a code."""
    link = f"{settings.BASE_URL}{reverse('requests:messages', args=[token])}"
    _post("message_for_you", case, {"reference": reference, "link": link}, to=to, now=now)


def _send(
    template: str,
    case: CaseFile,
    requests: Sequence[RightsRequest],
    *,
    to: str,
    token: str,
    now: datetime,
    controller: Controller | None = None,
) -> None:
    stopped = dict.fromkeys(slug for one in requests for slug in one.result.get("stopped", []))
    context = {
        "requests": requests,
        "received": in_words(case.received_on),
        "due": in_words(requests[0].due_on) if requests[0].due_on else "",
        "link": f"{settings.BASE_URL}{reverse('requests:confirm', args=[token])}",
        "stopped": stopped_in_words(stopped) if stopped else [],
        "controller": controller or Controller.current(),
    }
    _post(template, case, context, to=to, now=now)


def _post(template: str, case: CaseFile, context: dict[str, Any], *, to: str, now: datetime) -> None:
    context = {"controller": context.get("controller") or Controller.current(), **context}
    with translation.override(case.locale):
        subject = render_to_string(f"requests/mail/{template}_subject.txt", context)
        text = GAPS.sub("\n\n", render_to_string(f"requests/mail/{template}.txt", context)).strip() + "\n"
        html = render_to_string(f"requests/mail/{template}.html", context)
    # The mailbox that the link will prove, not what was typed: "ﬁ" and "fi" are two mailboxes and one normal form.
    mailbox = Claim("email", to).normalised
    post_mail(to=mailbox, subject=" ".join(subject.split()), text=text, html=html, about=case.uuid, now=now)
