"""What a person is told by itself as soon as something comes in, and the copy of it that the case keeps.

Nobody who hands in a request waits for three templates, so the mail is put into words when it is sent, and until then
the copy holds the facts, too. Then it gets the words, whatever becomes of templates and addresses later: a mail that
has to be tried again says the same. The link in it opens the case to whoever has it: it is in no copy, not even sealed.
"""

import json
import re
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _

from core.models import Controller, Owner
from core.vault import Key, key_of
from requests.clock import in_words
from requests.letter_kinds import AT_ONCE, VERSION
from requests.models import CaseFile, Complaint, Letter, RightsRequest
from requests.stopping import in_words as stopped_in_words

GAPS = re.compile(r"\n{3,}")
# What requests/filing.py stores of a copy, beside what it says of the mail.
COPY = ("letter", "letter_kind", "letter_sealed", "letter_day")


def copy(
    case: CaseFile, told: Mapping[str, Any], key: Key, *, day: date, complaint: Complaint | None = None, now: datetime
) -> Letter:
    """The copy, unsaved and without its message, of a mail of which these are the facts."""
    letter = Letter(case=case, complaint=complaint, kind=AT_ONCE[told["template"]], template_version=Letter.FACTS)
    letter.created_at = letter.sent_at = now
    letter.given_by, letter.given_on = Letter.Way.EMAIL, day
    facts = {name: value for name, value in told.items() if name != "token"}
    letter.sealed = key.seal(letter.field, json.dumps({"facts": facts}).encode())
    return letter


def written(told: Mapping[str, Any]) -> dict[str, str]:
    """The mail in words, as it is about to be sent; as its copy has them, if it was tried before."""
    page = reverse(f"requests:{told['page']}", args=[told["token"]])
    link = f"{settings.BASE_URL}{page}"
    words = _in_words(told, link)
    return _kept(UUID(told["letter"]), words, link, told) if "letter" in told else words


def opened(sealed: Mapping[str, Any]) -> dict[str, str]:
    """A letter, opened: `html` and `text`. One that has not left yet is put into words as it would leave now."""
    if "mail" in sealed:
        return _letter(sealed["mail"])
    if "facts" in sealed:
        return _letter(_in_words(sealed["facts"], _instead(sealed["facts"])))
    return dict(sealed)


@transaction.atomic
def _kept(uuid: UUID, words: dict[str, str], link: str, told: Mapping[str, Any]) -> dict[str, str]:
    """The words as the copy has them, which has these from now on if it had none."""
    letter = Letter.objects.select_for_update(of=("self",)).select_related("case").filter(uuid=uuid).first()
    if letter is None:
        return words
    key = key_of(Owner.CASE, letter.case.uuid)
    if letter.template_version != Letter.FACTS:
        copied = json.loads(key.open(letter.field, bytes(letter.sealed)))
        return {name: text.replace(copied["instead"], link) for name, text in copied["mail"].items()}
    instead = _instead(told)
    mail = {name: text.replace(link, instead) for name, text in words.items()}
    body = json.dumps({"mail": mail, "instead": instead}).encode()
    letter.put_into_words(key.seal(letter.field, body), version=VERSION)
    return words


def _instead(told: Mapping[str, Any]) -> str:
    """What stands where the link stood."""
    with translation.override(told["locale"]):
        if told["template"] == "complaint_acknowledged":
            return _("[a link to the page of your complaint]")
        return _("[a link to the page of your request]")


def _letter(words: Mapping[str, str]) -> dict[str, str]:
    """The copy as any letter is kept. It is the plain text, in which there is nothing but words."""
    html = render_to_string("requests/letters/at_once.html", dict(words))
    return {"html": html, "text": f"{words['subject']}\n\n{words['text']}"}


def _in_words(told: Mapping[str, Any], link: str) -> dict[str, str]:
    with translation.override(told["locale"]):
        context = _context(told) | {"link": link}
        name = f"requests/mail/{told['template']}"
        subject = render_to_string(f"{name}_subject.txt", context)
        text = GAPS.sub("\n\n", render_to_string(f"{name}.txt", context)).strip() + "\n"
        return {"subject": " ".join(subject.split()), "text": text, "html": render_to_string(f"{name}.html", context)}


def _context(told: Mapping[str, Any]) -> dict[str, Any]:
    context = {"controller": Controller.current(), **told}
    for name in ("received", "due"):
        context[name] = in_words(date.fromisoformat(told[name])) if told.get(name) else ""
    context["requests"] = [
        RightsRequest(reference=reference, right=right) for reference, right in told.get("requests", [])
    ]
    context["stopped"] = stopped_in_words(told["stopped"]) if told.get("stopped") else []
    return context
