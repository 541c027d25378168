"""A letter as PDF, to print for the post and for the person to keep: made from the checked HTML, so it says no less.

Typst lays it out without network or system libraries, with its own fonts; a font of the server is used only for a
script that those do not have. What is read goes in as data: nothing in a letter is ever parsed as Typst.
"""

import json
from collections.abc import Sequence
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, Literal

import typst
from django.conf import settings
from django.http import HttpResponse
from django.utils import translation
from django.utils.translation import gettext as _

from core.models import Controller
from requests import letters
from requests.intake import claim_of
from requests.letter_text import tree_of
from requests.models import Letter

TEMPLATE = Path("requests/letters/letter.typ")
# PDF/UA-1 (ISO 14289-1): tagged, titled, in a named language. It refuses text that no font shows.
STANDARD: Literal["ua-1"] = "ua-1"


def of(letter: Letter, *, for_post: bool = False) -> bytes:
    """The letter on paper. For the post it carries the address, also where the letter itself was too careful to."""
    claim = claim_of(letter.case) if for_post else {}
    return render(
        letters.read(letter)["html"],
        title=letter.title,
        reference=letter.reference,
        locale=letter.case.locale,
        written=letter.created_at,
        to=[claim["name"], *claim["address"].splitlines()] if claim.get("address") else [],
    )


def render(html: str, *, title: str, reference: str, locale: str, written: datetime, to: Sequence[str] = ()) -> bytes:
    """Letter HTML on paper. `to`: name and address for the window of the envelope, if the letter has none."""
    lang, _dash, region = locale.partition("-")
    controller = Controller.current()
    with translation.override(locale):
        content = {
            "title": f"{title} ({reference})",
            "subject": reference,
            "reference": reference,
            "from": controller.name,
            "lang": lang.lower(),
            "region": region.upper() or "GB",
            "page": _("Page"),
            "of": _("of"),
            "to": [line for line in to if line],
            "body": tree_of(html),
        }
    try:
        return _compile(content, STANDARD, written)
    except typst.TypstError:
        # A name in a script that no font here has: better a letter with a gap in it than none.
        return _compile(content, None, written)


def response(pdf: bytes, reference: str) -> HttpResponse:
    answer = HttpResponse(pdf, content_type="application/pdf")
    answer["Content-Disposition"] = f'attachment; filename="{reference or "letter"}.pdf"'
    return answer


def _compile(content: dict[str, Any], standard: Literal["ua-1"] | None, written: datetime) -> bytes:
    return typst.compile(
        _template(),
        format="pdf",
        sys_inputs={"letter": json.dumps(content)},
        pdf_standards=standard,
        timestamp=int(written.timestamp()),
    )


@cache
def _template() -> bytes:
    return (settings.BASE_DIR / "templates" / TEMPLATE).read_bytes()
