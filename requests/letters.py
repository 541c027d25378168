"""Letters: written from versioned templates, and refused when something the law requires is missing.

What must be in a letter is marked `data-part` in its template. `write` reads the finished text back and looks for every
part and for the words that carry its legal content, so an edit that loses one cannot be sent.
"""

import json
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.translation import gettext_lazy as _

from core import vault
from core.errors import DomainError
from core.models import Controller, Owner
from requests import letter_law, letter_words, told_at_once
from requests.clock import in_words
from requests.intake import claim_of
from requests.letter_kinds import VERSION, WHEN, Required, required_in, title
from requests.letter_parts import sentence
from requests.letter_text import parts_of, to_text
from requests.models import CaseFile, Complaint, Letter, RightsRequest


class LetterIncomplete(DomainError):
    """`missing` names the parts; each field says what it is, and which rule asks for it. `html`: as far as it goes."""

    code = "letter-incomplete"
    message = _("The letter lacks something the law requires, so it was not sent.")

    def __init__(self, missing: list[str], html: str = "", jurisdiction: str = "UK") -> None:
        self.missing, self.html = missing, html
        super().__init__(fields={part: sentence(part, jurisdiction) for part in missing})


class LookAgain(DomainError):
    code = "letter-changed"
    message = _("This is not the letter that you looked at. Look at it again.")


def required(kind: str, context: Mapping[str, Any], jurisdiction: str = "UK") -> Required:
    """What this letter must contain, given what it has to report and the law of the place."""
    needed = required_in(jurisdiction, kind)
    for name, parts in WHEN.items():
        if context.get(name):
            needed |= dict.fromkeys(parts, ())
    return needed


def check(kind: str, html: str, context: Mapping[str, Any], jurisdiction: str = "UK") -> None:
    """Raises LetterIncomplete unless every required part is there and says what it must."""
    parts, needed = parts_of(html), required(kind, context, jurisdiction)
    missing = [
        part
        for part, words in needed.items()
        if not parts.get(part, "").strip() or any(word not in parts[part] for word in words)
    ]
    routes = "complain-to-commissioner"
    if routes in needed and Controller.current().regulator_url not in parts.get(routes, ""):
        missing.append(routes)
    if jurisdiction != "UK" and letter_law.names_the_act(html, context):
        missing.append(letter_law.PART)
    if missing:
        raise LetterIncomplete(sorted(set(missing)), html, jurisdiction)


def render(
    kind: str,
    rights_request: RightsRequest | None,
    context: Mapping[str, Any],
    *,
    now: datetime,
    case: CaseFile | None = None,
    complaint: Complaint | None = None,
) -> str:
    """The letter as HTML, checked. It is about a request or a complaint, or about a whole case."""
    about = rights_request or complaint
    case = case or _case_of(about)
    with translation.override(case.locale):
        words = {} if _is_sealed(context) else letter_words.own(about, kind)
        full = {**_in_words(context), **words, **_frame(about, case, now=now), "title": title(kind)}
        shown = letter_law.shielded(full) if letter_law.is_of_the_union(case) else full
        html: str = render_to_string(f"requests/letters/v{VERSION}/{kind}.html", shown)
    if letter_law.is_of_the_union(case):
        html = letter_law.renamed(html)
    check(kind, html, full, case.rule_set.jurisdiction)
    return html


@transaction.atomic
def write(
    kind: str,
    rights_request: RightsRequest | None,
    context: Mapping[str, Any],
    *,
    now: datetime,
    html: str = "",
    case: CaseFile | None = None,
    complaint: Complaint | None = None,
) -> Letter:
    """Write a letter into the case, sealed. It cannot exist without its required content.

    `html` is the letter as it was looked at, when somebody did; without it, it is made from the context.
    """
    case = case or _case_of(rights_request or complaint)
    html = html or render(kind, rights_request, context, now=now, case=case, complaint=complaint)
    own = {} if _is_sealed(context) else letter_words.own(rights_request or complaint, kind)
    check(kind, html, {**context, **own}, case.rule_set.jurisdiction)
    letter = Letter(
        case=case,
        request=rights_request,
        complaint=complaint,
        kind=kind,
        template_version=VERSION,
        created_at=now,
    )
    body = json.dumps({"html": html, "text": to_text(html)}).encode()
    letter.sealed = vault.ensure_key(Owner.CASE, case.uuid).seal(letter.field, body)
    letter.save(force_insert=True)
    if not _is_sealed(context):
        letter_words.take_up(rights_request or complaint, kind)
    return letter


def latest(rights_request: RightsRequest) -> Letter | None:
    return rights_request.letters.order_by("-pk").first()


def read(letter: Letter) -> dict[str, str]:
    """The letter, opened: `html` and `text`."""
    key = vault.key_of(Owner.CASE, letter.case.uuid)
    return told_at_once.opened(json.loads(key.open(letter.field, bytes(letter.sealed))))


def document(letter: Letter) -> str:
    """The letter as a page of its own, to keep or print."""
    return render_to_string(
        "requests/letters/document.html",
        {"letter": read(letter)["html"], "controller": Controller.current(), "lang": letter.case.locale},
    )


def _frame(about: RightsRequest | Complaint | None, case: CaseFile, *, now: datetime) -> dict[str, Any]:
    """What every letter begins and ends with."""
    controller = Controller.current()
    claim = claim_of(case)
    about = about or case.requests.order_by("pk").first()
    is_complaint = isinstance(about, Complaint)
    # A name typed into a public form is carried to nobody's mailbox before that mailbox was shown to be theirs.
    is_theirs = case.is_confirmed or case.by_post or not claim.get("email")
    return {
        "controller": controller,
        "rights_request": None if is_complaint else about,
        "reference": about.reference if about else "",
        "is_complaint": is_complaint,
        "is_union": letter_law.is_of_the_union(case),
        "name": claim.get("name", "") if is_theirs else "",
        "address": claim.get("address", "") if is_theirs else "",
        "received": in_words((about or case).received_on),
        "written": in_words(now.astimezone(controller.zone).date()),
    }


def _is_sealed(context: Mapping[str, Any]) -> bool:
    """Whether its own opening and closing were agreed on before: a draft saved since is about another letter."""
    return all(name in context for name in letter_words.OWN)


def _case_of(about: RightsRequest | Complaint | None) -> CaseFile:
    if about is None:
        raise ValueError("A letter belongs to a request, a complaint or a case.")
    return about.case


def _in_words(context: Mapping[str, Any]) -> dict[str, Any]:
    """Days as a person reads them."""
    return {name: in_words(value) if isinstance(value, date) else value for name, value in context.items()}
