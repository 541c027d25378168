"""A CSV file as rows: its encoding, its delimiter, and each record with the line on which it begins. Pure."""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass

from django.utils.translation import gettext as _

from core.errors import Invalid

MAX_BYTES = 10 * 1024 * 1024
MAX_ROWS = 50_000
MAX_COLUMNS = 200
DELIMITERS = ",;\t|"
# The column that a downloaded file of bad rows carries; it says nothing when the file comes back.
ERROR_HEADING = "error"
# A spreadsheet takes a cell that begins like this for a formula (CWE-1236).
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True)
class Table:
    """What a file says: headings, and (line, cells) of every record that is not empty."""

    headers: list[str]
    rows: list[tuple[int, list[str]]]
    encoding: str
    delimiter: str


def read(content: bytes) -> Table:
    """Raises Invalid with a sentence about the file when it cannot be read as a whole."""
    if len(content) > MAX_BYTES:
        raise _unreadable(_("The file is larger than 10 MB. Split it."))
    encoding, text = _decode(content)
    if "\x00" in text:
        raise _unreadable(_("This is not a text file. Save the sheet as CSV and choose that file."))
    delimiter = _delimiter(text)
    records = _records(text, delimiter)
    headers = next((cells for _line, cells in records), [])
    if not any(cell.strip() for cell in headers):
        raise _unreadable(_("The file is empty. Its first line must hold the headings."))
    if len(headers) > MAX_COLUMNS:
        raise _unreadable(_("The file has more than 200 columns."))
    headers = [header.strip() for header in headers]
    rows = list(records)
    if len(rows) > MAX_ROWS:
        raise _unreadable(_("The file has more than 50,000 rows. Split it."))
    if not rows:
        raise _unreadable(_("There is nothing below the headings."))
    if headers[-1].casefold() == ERROR_HEADING:
        width = len(headers)
        headers = headers[:-1]
        rows = [(line, cells[:-1] if len(cells) == width else cells) for line, cells in rows]
    return Table(headers, rows, encoding, delimiter)


def write_cell(text: str) -> str:
    """A cell that no spreadsheet runs; `read` takes the mark away again."""
    return f"'{text}" if text.startswith(_FORMULA) else text


def read_cell(text: str) -> str:
    return text[1:] if text.startswith("'") and text[1:].startswith(_FORMULA) else text


def _decode(content: bytes) -> tuple[str, str]:
    """Spreadsheets write UTF-8, UTF-16 ("Unicode text") or the Windows code page."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        candidates = ["utf-16"]
    elif content.startswith(b"\xef\xbb\xbf"):
        candidates = ["utf-8-sig"]
    else:
        candidates = ["utf-8", "cp1252"]
    for encoding in candidates:
        try:
            return encoding, content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise _unreadable(_("The letters of this file cannot be read. Save it as CSV in UTF-8."))


def _delimiter(text: str) -> str:
    """The one that cuts the first records most evenly; a comma when there is only one column."""
    return max(DELIMITERS, key=lambda delimiter: _evenness(text, delimiter))


def _evenness(text: str, delimiter: str) -> tuple[int, int]:
    widths = []
    try:
        for _number, record in zip(
            range(20), csv.reader(io.StringIO(text, newline=""), delimiter=delimiter), strict=False
        ):
            if record:
                widths.append(len(record))
    except csv.Error:
        return (0, 0)
    if not widths or widths[0] < 2:
        return (0, 0)
    return (sum(width == widths[0] for width in widths), widths[0])


def _records(text: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Records with the line they begin on. A quote that is never closed would swallow the rest, so it is refused."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            sentence = _("The quotation marks of the row that begins on line %(line)d are not in order.")
            raise _unreadable(sentence % {"line": line}) from error
        if any(cell.strip() for cell in cells):
            yield line, [read_cell(cell) for cell in cells]


def _unreadable(sentence: str) -> Invalid:
    return Invalid(sentence, fields={"file": sentence})
