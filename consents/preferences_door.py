"""The way to one's choices for somebody who kept no mail: an address, and the code that is mailed to it.

Whoever types an address is told the same and mailed the same, known or not. The page on which the code is typed names
the address in its own address, sealed; that opens nothing by itself.
"""

from datetime import datetime, timedelta

from django.db import transaction
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.translation import gettext as _

from consents import address_mail, unsubscribe
from consents.models import MailboxCheck
from consents.preferences_words import language_of, page_language
from consents.unsubscribe import Recipient
from core import codes
from core.models import Controller
from subjects.identifiers import Claim
from subjects.models import Identifier

USE = b"kraken-privacy/preferences-code/1"
KEPT = timedelta(days=1)


@transaction.atomic
def send_code(email: str, *, now: datetime) -> str:
    """Mail a fresh code to this address; returns the opaque name of the page that takes it.

    Raises Invalid for what is no address. Of too many codes nothing is said, and nothing is mailed.
    """
    claim = Claim(Identifier.Type.EMAIL, email)
    recipient = Recipient(claim.normalised, "")
    about = address_mail.about_of(claim)
    MailboxCheck.objects.bulk_create([MailboxCheck(about=about, asked_at=now)], ignore_conflicts=True)
    check = MailboxCheck.objects.select_for_update().get(about=about)
    code = codes.issue(check.codes, check.about, now=now)
    if code:
        MailboxCheck.objects.filter(pk=check.pk).update(asked_at=now)
        _mail(claim, code, now=now)
    return unsubscribe.seal(recipient, use=USE)


def open_with(sealed: str, code: str, *, now: datetime) -> str:
    """The link to the choices, for the code in force. Raises WrongCode for any other, and for a page we did not make.

    No transaction around it: see codes.check.
    """
    recipient = unsubscribe.read(sealed, use=USE)
    if recipient is None:
        raise codes.WrongCode
    check = MailboxCheck.objects.filter(about=address_mail.about_of(recipient.claim)).first()
    if check is None:
        raise codes.WrongCode
    codes.check(check.codes, check.about, code, now=now)
    return unsubscribe.seal(recipient)


def again(sealed: str, *, now: datetime) -> None:
    """Another code to the same address."""
    if recipient := unsubscribe.read(sealed, use=USE):
        send_code(recipient.email, now=now)


def forget(*, now: datetime) -> int:
    return MailboxCheck.objects.filter(asked_at__lt=now - KEPT).delete()[0]


def _mail(claim: Claim, code: str, *, now: datetime) -> None:
    controller = Controller.current()
    with translation.override(page_language(language_of(claim))):
        minutes = int(codes.LIVES.total_seconds() // 60)
        context = {"code": f"{code[:4]} {code[4:]}", "controller": controller, "minutes": minutes}
        text = render_to_string("consents/mail/preferences.txt", context)
        subject = _("Your code for your choices at %(name)s") % {"name": controller.name}
    address_mail.post(claim, subject=subject, text=text, now=now)
