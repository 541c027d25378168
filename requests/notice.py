"""The mails about an answer: that it is there, and the code that opens it. Nothing of the answer is in them."""

from datetime import datetime

from django.conf import settings
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation

from core.models import Controller
from core.outbox import post_mail
from requests.intake import claim_of
from requests.models import CaseFile, RightsRequest
from subjects.identifiers import Claim


def tell(rights_request: RightsRequest, token: str, *, now: datetime) -> bool:
    """Post the notice with the link. False without an address that is known to be theirs: the letter goes by post."""
    link = f"{settings.BASE_URL}{reverse('requests:collect', args=[token])}"
    return _post("answer_ready", rights_request.case, {"rights_request": rights_request, "link": link}, now=now)


def send_code(rights_request: RightsRequest, code: str, *, now: datetime) -> bool:
    """Post a fresh code to the address of the case."""
    return _post("code", rights_request.case, {"rights_request": rights_request, "code": code}, now=now)


def _post(template: str, case: CaseFile, context: dict[str, object], *, now: datetime) -> bool:
    to = "" if case.by_post else claim_of(case).get("email", "")
    if not to:
        return False
    with translation.override(case.locale):
        context = {**context, "controller": Controller.current()}
        subject = render_to_string(f"requests/collect/mail/{template}_subject.txt", context)
        text = render_to_string(f"requests/collect/mail/{template}.txt", context)
        html = render_to_string(f"requests/collect/mail/{template}.html", context)
    # As in requests/post.py: the mailbox that was proved.
    to = Claim("email", to).normalised
    post_mail(to=to, subject=" ".join(subject.split()), text=text, html=html, about=case.uuid, now=now)
    return True
