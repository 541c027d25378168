"""The mails about a letter: that it is there, and the code that opens it. Nothing of the letter is in them."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.conf import settings
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation

from core.models import Controller, Outbox
from core.outbox import post_mail
from requests.intake import claim_of
from requests.letter_kinds import title
from requests.models import CaseFile, Letter
from subjects.identifiers import Claim


def address_of(case: CaseFile) -> str:
    """The mailbox that may be written to: as typed, unless it is not known to be theirs alone."""
    return "" if case.by_post else claim_of(case).get("email", "")


def tell(letter: Letter, token: str, *, is_answer: bool, now: datetime) -> Outbox | None:
    """Post the notice with the link. None without an address that is known to be theirs: the letter goes by post."""
    context = {"reference": letter.reference, "link": link(token)}
    return _post("answer_ready" if is_answer else "letter_ready", letter.case, context, now=now)


def whole(letter: Letter, content: Mapping[str, str], *, now: datetime) -> Outbox | None:
    """Post the letter itself. Only for those that hold nothing which we disclose."""
    context = {"reference": letter.reference, "title": title(letter.kind), "letter": content}
    return _post("whole", letter.case, context, now=now)


def send_code(case: CaseFile, reference: str, code: str, *, now: datetime) -> bool:
    """Post a fresh code to the address of the case."""
    return _post("code", case, {"reference": reference, "code": code}, now=now) is not None


def link(token: str) -> str:
    return f"{settings.BASE_URL}{reverse('requests:collect', args=[token])}"


def _post(template: str, case: CaseFile, context: dict[str, Any], *, now: datetime) -> Outbox | None:
    to = address_of(case)
    if not to:
        return None
    with translation.override(case.locale):
        context = {**context, "controller": Controller.current()}
        subject = render_to_string(f"requests/collect/mail/{template}_subject.txt", context)
        text = render_to_string(f"requests/collect/mail/{template}.txt", context)
        html = render_to_string(f"requests/collect/mail/{template}.html", context)
    # As in requests/post.py: the mailbox that was proved.
    to = Claim("email", to).normalised
    return post_mail(to=to, subject=" ".join(subject.split()), text=text, html=html, about=case.uuid, now=now)
