"""Mail about data that we hold only as a processor: its controller gets it, and the person hears who will answer."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.template.loader import render_to_string
from django.utils.translation import gettext_lazy as _

from core.errors import Invalid
from core.models import Controller
from core.outbox import post_mail
from inbox import sealed
from inbox.arriving import day_of
from inbox.models import Kind, Mail
from inbox.triage import hold, mailbox, settle
from ledger.entries import record
from requests.clock import in_words


@transaction.atomic
def pass_on(mail: Mail, *, controller: str, email: str, actor: str, now: datetime) -> None:
    """We hold it for somebody else (Art 28(3)(e)): the controller gets the message, the person hears who answers."""
    held = hold(mail)
    digest = sealed.read(held)
    us, name, address = Controller.current(), controller.strip(), mailbox(email, "email")
    if not name:
        raise Invalid(fields={"controller": _("Name the controller.")})
    context = {
        "us": us,
        "controller": name,
        "digest": digest,
        "arrived": in_words(day_of(held)),
        "article": "Art 28(3)(e) UK GDPR" if us.jurisdiction == "UK" else "Art 28(3)(e) GDPR",
    }
    _post("passed_on", context, to=address, about=held.uuid, now=now)
    if digest.address and not held.automatic and not held.is_forwarded:
        _post("passed_on_person", context, to=mailbox(digest.address, "email"), about=held.uuid, now=now)
    record(kind="mail.passed-on", at=now, actor=actor, object=held.uuid)
    settle(held, Kind.PROCESSOR, actor=actor, now=now)


def _post(template: str, context: Mapping[str, object], *, to: str, about: UUID, now: datetime) -> None:
    text = render_to_string(f"inbox/mail/{template}.txt", dict(context))
    subject, _blank, body = text.strip().partition("\n")
    post_mail(to=to, subject=subject, text=body.strip() + "\n", about=about, now=now)
