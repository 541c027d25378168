"""The lines of a file of choices, NDJSON or CSV, one at a time."""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from typing import IO, Any, NamedTuple

from core.parsers import read as read_json

LONGEST_LINE = 64 * 1024


class Line(NamedTuple):
    """`place` is behind it. No text: it is too long to be a row. Headings: it is a row of CSV."""

    number: int
    place: int
    text: bytes | None
    headings: Sequence[str] | None


def lines(file: IO[bytes], *, is_csv: bool) -> Iterator[Line]:
    headings: list[str] | None = None
    number = place = 0
    while raw := file.readline(LONGEST_LINE + 1):
        number, place = number + 1, place + len(raw)
        if len(raw) > LONGEST_LINE:
            while raw and not raw.endswith(b"\n"):
                raw = file.readline(LONGEST_LINE)
                place += len(raw)
            yield Line(number, place, None, headings)
            continue
        text = raw.strip(b"\xef\xbb\xbf\r\n ") if number == 1 else raw.strip()
        if not text:
            continue
        if is_csv and not headings:
            headings = [heading.strip().casefold() for heading in _cells(text) or []]
            continue
        yield Line(number, place, text, headings)


def values_of(line: Line) -> Mapping[str, Any] | None:
    """What it says. None for what cannot be read as a row."""
    if line.text is None:
        return None
    return _object(line.text) if line.headings is None else _named(line.headings, line.text)


def _object(text: bytes) -> Mapping[str, Any] | None:
    try:
        value = read_json(text.decode())
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _named(headings: Sequence[str], text: bytes) -> Mapping[str, Any] | None:
    """A row of CSV. One row is one line: what another tool exports of consents has no text of several lines."""
    cells = _cells(text)
    if cells is None or len(cells) != len(headings):
        return None
    return {heading: cell.strip() for heading, cell in zip(headings, cells, strict=True) if cell.strip()}


def _cells(text: bytes) -> list[str] | None:
    try:
        return next(csv.reader(io.StringIO(text.decode()), strict=True))
    except (ValueError, csv.Error, StopIteration):
        return None
