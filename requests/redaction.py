"""Marking what a document goes out without: boxes on its pages, or all of it, each for an exemption with its reason."""

import re
from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from core.errors import Invalid
from requests import apart, found, leaving_out
from requests.leaving_out import Why
from requests.models import Box, Exemption, FoundDocument
from requests.models_found import WHOLE

# A box as it is marked: page, left, top, right, bottom, in ten-thousandths of the page.
Mark = Sequence[int]
MOST = 2000
LINE = re.compile(r"\s*(\d+(?:\.\d+)?)[\s,;]+(\d+(?:\.\d+)?)[\s,;]+(\d+(?:\.\d+)?)[\s,;]+(\d+(?:\.\d+)?)\s*")


@transaction.atomic
def black_out(
    document: FoundDocument,
    why: Why,
    *,
    boxes: Sequence[Mark] = (),
    words: Sequence[str] = (),
    actor: str,
    now: datetime,
) -> Exemption:
    """Mark boxes, and words wherever the text of the pages holds them. Raises Invalid when there is nothing to mark."""
    leaving_out.locked(document.request)
    marks = [*boxes, *_places(document, words)]
    if not marks:
        raise Invalid(fields={"boxes": _("Draw a box on the page, or give the words to black out.")})
    if len(marks) > MOST:
        raise Invalid(fields={"words": _("These words stand in too many places. Leave out the whole document.")})
    if any(not _fits(mark, document.pages) for mark in marks):
        raise Invalid(fields={"boxes": _("A box lies beside the page, or is empty.")})
    scope = Exemption.Scope.PART
    made = leaving_out.make(document.request, scope, why, document=document, words=words, actor=actor, now=now)
    Box.objects.bulk_create(
        Box(exemption=made, page=page, left=left, top=top, right=right, bottom=bottom)
        for page, left, top, right, bottom in {tuple(mark) for mark in marks}
    )
    _look_again(document)
    return made


@transaction.atomic
def withhold(document: FoundDocument, why: Why, *, actor: str, now: datetime) -> Exemption:
    """Leave the whole document out."""
    leaving_out.locked(document.request)
    scope = Exemption.Scope.DOCUMENT
    if document.exemptions.filter(scope=scope).exists():
        raise Invalid(fields={"document": _("This document is left out already.")})
    return leaving_out.make(document.request, scope, why, document=document, actor=actor, now=now)


def read_boxes(text: str, page: int) -> list[Mark]:
    """Boxes as typed or drawn: a line each of left, top, right and bottom, in percent of the page. Raises Invalid."""
    marks: list[Mark] = []
    for line in filter(str.strip, text.splitlines()):
        match = LINE.fullmatch(line)
        if match is None:
            raise Invalid(fields={"boxes": _("Give four numbers to a line: left, top, right, bottom, in percent.")})
        marks.append([page, *(round(float(number) * WHOLE / 100) for number in match.groups())])
    return marks


def _places(document: FoundDocument, words: Sequence[str]) -> list[Mark]:
    if not words:
        return []
    places = apart.find(found.pages_of(document), list(words))
    if not places:
        raise Invalid(
            fields={"words": _("The text of the pages does not hold these words. On a scan, draw boxes instead.")}
        )
    marks: list[Mark] = [*places]
    return marks


def _fits(mark: Mark, pages: int) -> bool:
    page, left, top, right, bottom = mark
    return 1 <= page <= pages and 0 <= left < right <= WHOLE and 0 <= top < bottom <= WHOLE


def _look_again(document: FoundDocument) -> None:
    """Whoever looked through it saw it without this."""
    document.checked_by, document.checked_at = "", None
    document.save(update_fields=["checked_by", "checked_at"])
