"""The mails of a double opt-in: to the owner of a mailbox, and to the parent or guardian of a child (UK GDPR Art 8).

They carry no marketing, and go out once for an answer and three times a day to an address at most.
"""

from datetime import datetime

from django.conf import settings
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _

from consents import address_mail
from consents.answers import Answer
from consents.models import ConsentFormVersion
from core.models import Controller
from subjects.identifiers import Claim


def ask(answer: Answer, claim: Claim, token: str, *, by_parent: bool, both: bool, now: datetime) -> None:
    """The link to the button. `both`: a child and their parent are asked, and it takes both of them."""
    if address_mail.is_enough(claim, now=now):
        return
    version = ConsentFormVersion.objects.get(pk=answer.shown.key)
    with translation.override(answer.shown.locale):
        context = {
            "controller": Controller.current(),
            "labels": [one["label"] for one in answer.shown.controls if answer.choices[one["key"]]],
            "link": f"{settings.BASE_URL}{reverse('consents:confirm', args=[token])}",
            "both": both,
        }
        text = render_to_string(f"consents/mail/{'guardian' if by_parent else 'confirm'}.txt", context)
        subject = _("Please confirm: %(title)s") % {"title": version.title}
    address_mail.post(claim, subject=subject, text=text, now=now)
