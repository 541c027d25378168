"""Files from outside: judged by what is in them, and given out as downloads only.

Nothing here opens a file to show it, and the name it came with never reaches a file system.
"""

import io
import re
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass

from django.http import HttpResponse
from django.utils.http import content_disposition_header
from django.utils.translation import gettext_lazy as _

from core.errors import Invalid

MEGABYTE = 1024 * 1024
LARGEST, MOST = 5 * MEGABYTE, 5
STARTS = {
    b"%PDF-": "application/pdf",
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"\xff\xd8\xff": "image/jpeg",
}
OFFICE = "application/vnd.openxmlformats-officedocument."
ZIPPED = {
    "word/document.xml": OFFICE + "wordprocessingml.document",
    "xl/workbook.xml": OFFICE + "spreadsheetml.sheet",
}
MACROS = ("vbaproject.bin", "vbadata.xml", "/embeddings/", "/activex/")
TEXT = "text/plain"
_UNSAFE = re.compile(r"[^\w .()-]+")


@dataclass(frozen=True)
class File:
    name: str
    content: bytes


def check(files: Sequence[File]) -> list[str]:
    """The media types of these files, by their content. Raises Invalid when one is not to be taken."""
    if len(files) > MOST:
        raise _refused(_("Send up to five files with one message."))
    return [_kind(file) for file in files]


def download(content: bytes, name: str) -> HttpResponse:
    """A file as it came, to be saved and not shown: no browser may guess a type for it, run it or frame it."""
    response = HttpResponse(content, content_type="application/octet-stream")
    response["Content-Disposition"] = content_disposition_header(True, name) or "attachment"
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response["Cache-Control"] = "no-store"
    return response


def tidy(name: str) -> str:
    """A file name without paths or anything that means something to a program."""
    last = name.replace("\\", "/").rpartition("/")[2]
    return _UNSAFE.sub("_", last).strip(" .")[-100:] or "file"


def _kind(file: File) -> str:
    if len(file.content) > LARGEST:
        raise _refused(_("A file may have up to 5 MB."))
    if not file.content:
        raise _refused(_("A file is empty."))
    for start, kind in STARTS.items():
        if file.content.startswith(start):
            return kind
    found = _zipped(file.content) if file.content.startswith(b"PK\x03\x04") else _text(file.content)
    if not found:
        raise _refused(_("Send PDF, JPEG, PNG, Word, Excel without macros, or plain text."))
    return found


def _zipped(content: bytes) -> str:
    """Word or Excel by its table of contents; nothing is unpacked."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = [name.lower() for name in archive.namelist()]
    except (zipfile.BadZipFile, ValueError, NotImplementedError):
        return ""
    if any(part in name for name in names for part in MACROS):
        return ""
    return next((kind for name, kind in ZIPPED.items() if name in names), "")


def _text(content: bytes) -> str:
    """Words only: no control characters, and nothing that a browser would take for a page."""
    try:
        text = content.decode()
    except UnicodeDecodeError:
        return ""
    if any(ord(character) < 32 and character not in "\t\r\n\f" for character in text):
        return ""
    begins = text.lstrip("\ufeff \t\r\n").lower()
    return "" if begins.startswith(("<", "#!", "mz")) else TEXT


def _refused(sentence: object) -> Invalid:
    return Invalid(fields={"files": str(sentence)})
