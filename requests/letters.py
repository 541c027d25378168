"""Letters: written from versioned templates, and refused when something the law requires is missing.

What must be in a letter is marked `data-part` in its template. `write` reads the finished text back and looks for every
part and for the words that carry its legal content, so an edit that loses one cannot be sent.
"""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.translation import gettext_lazy as _

from core import vault
from core.errors import DomainError
from core.models import Controller, Owner
from ledger.entries import record
from requests.clock import in_words
from requests.intake import claim_of
from requests.letter_kinds import REQUIRED, VERSION, WHEN, Required
from requests.letter_text import parts_of, to_text
from requests.models import Letter, RightsRequest


class LetterIncomplete(DomainError):
    """`missing` names the parts, for the person who maintains the templates."""

    code = "letter-incomplete"
    message = _("The letter lacks something the law requires, so it was not sent.")

    def __init__(self, missing: list[str]) -> None:
        self.missing = missing
        super().__init__(fields={part: _("This part is missing or incomplete.") for part in missing})


def required(kind: str, context: Mapping[str, Any]) -> Required:
    """What this letter must contain, given what it has to report."""
    needed = dict(REQUIRED[kind])
    for name, parts in WHEN.items():
        if context.get(name):
            needed |= dict.fromkeys(parts, ())
    return needed


def check(kind: str, html: str, context: Mapping[str, Any]) -> None:
    """Raises LetterIncomplete unless every required part is there and says what it must."""
    parts = parts_of(html)
    missing = [
        part
        for part, words in required(kind, context).items()
        if not parts.get(part, "").strip() or any(word not in parts[part] for word in words)
    ]
    routes = "complain-to-commissioner"
    if routes in required(kind, context) and Controller.current().regulator_url not in parts.get(routes, ""):
        missing.append(routes)
    if missing:
        raise LetterIncomplete(sorted(set(missing)))


def render(kind: str, rights_request: RightsRequest, context: Mapping[str, Any], *, now: datetime) -> str:
    """The letter as HTML, checked."""
    controller = Controller.current()
    case = rights_request.case
    with translation.override(case.locale):
        full = {
            **context,
            "controller": controller,
            "rights_request": rights_request,
            "name": claim_of(case).get("name", ""),
            "received": in_words(case.received_on),
            "written": in_words(now.astimezone(controller.zone).date()),
        }
        html = render_to_string(f"requests/letters/v{VERSION}/{kind}.html", full)
    check(kind, html, full)
    return html


@transaction.atomic
def write(kind: str, rights_request: RightsRequest, context: Mapping[str, Any], *, now: datetime) -> Letter:
    """Write a letter into the case, sealed. It cannot exist without its required content."""
    html = render(kind, rights_request, context, now=now)
    letter = Letter(
        case=rights_request.case, request=rights_request, kind=kind, template_version=VERSION, created_at=now
    )
    key = vault.ensure_key(Owner.CASE, rights_request.case.uuid)
    body = json.dumps({"html": html, "text": to_text(html)}).encode()
    letter.sealed = key.seal(_field(letter), body)
    letter.save(force_insert=True)
    return letter


def mark_sent(letter: Letter, *, actor: str, now: datetime) -> None:
    """The notice that it is there has been posted."""
    letter.sent_at = now
    letter.save(update_fields=["sent_at"])
    record(
        kind="letter.sent",
        at=now,
        actor=actor,
        object=letter.request.uuid if letter.request else letter.case.uuid,
        data={"letter": letter.uuid, "kind": letter.kind, "template": letter.template_version},
    )


def latest(rights_request: RightsRequest) -> Letter | None:
    return rights_request.letters.order_by("-pk").first()


def read(letter: Letter) -> dict[str, str]:
    """The letter, opened: `html` and `text`."""
    key = vault.key_of(Owner.CASE, letter.case.uuid)
    opened: dict[str, str] = json.loads(key.open(_field(letter), bytes(letter.sealed)))
    return opened


def document(letter: Letter) -> str:
    """The letter as a page of its own, to keep or print."""
    return render_to_string(
        "requests/letters/document.html",
        {"letter": read(letter)["html"], "controller": Controller.current(), "lang": letter.case.locale},
    )


def _field(letter: Letter) -> str:
    return f"letter:{letter.uuid}"
