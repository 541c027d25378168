"""Files that came from outside, as pages: a program of its own (requests/apart.py), with little memory and time.

Nothing in a file is executed, nothing is fetched. What its pages show is all that is kept of it, and what goes out is
pictures of pages, in which black is black. Reads one line of JSON and the file from stdin, writes the result to stdout.
"""

import ctypes
import io
import json
import math
import resource
import sys
from collections.abc import Iterator
from typing import Any

import pypdfium2 as pdfium
import pypdfium2.raw as raw
from PIL import Image, ImageDraw, ImageOps

from requests.sheets_refusal import Refused

MEMORY, SECONDS = 2 * 1024**3, 60
PAGES = 200
PIXELS = 12_000_000
DPI = 150
WHOLE = 10_000
POINTS = 72
PICTURES = ("PNG", "JPEG", "GIF", "TIFF", "WEBP", "BMP")
Box = list[int]


def main() -> int:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    order = json.loads(sys.stdin.buffer.readline())
    try:
        result = ORDERS[order.pop("do")](sys.stdin.buffer.read(), **order)
    except Refused as refusal:
        sys.stderr.write(refusal.code)
        return 2
    except (pdfium.PdfiumError, Image.DecompressionBombError, OSError, ValueError, KeyError, SyntaxError):
        sys.stderr.write("broken")
        return 2
    except (MemoryError, RecursionError):
        sys.stderr.write("too-much")
        return 2
    sys.stdout.buffer.write(result)
    return 0


def to_pages(content: bytes, kind: str) -> bytes:
    """The number of pages on a line, and a PDF of what the file shows."""
    pages = as_pdf(content, kind)
    with opened(pages) as document:
        number = len(document)
    if not 0 < number <= PAGES:
        raise Refused("too-many-pages" if number else "broken")
    return b"%d\n" % number + pages


def as_pdf(content: bytes, kind: str) -> bytes:
    if kind == "pdf":
        return content
    if kind == "picture":
        return joined([picture(content)])
    # Only here: pages that exist already need no typesetting, and these take a second to load.
    from requests.sheets_text import parts_of_mail, parts_of_word, plain_text, typeset

    if kind == "docx":
        parts, pictures = parts_of_word(content)
        return joined([typeset(parts), *(picture(one) for one in pictures)])
    if kind == "eml":
        parts, attached = parts_of_mail(content)
        return joined([typeset(parts), *(as_pdf(inner, its_kind) for its_kind, inner in attached)])
    return typeset(plain_text(content))


def opened(content: bytes) -> pdfium.PdfDocument:
    """Raises Refused for a PDF with a password, PdfiumError for one that cannot be read."""
    try:
        document = pdfium.PdfDocument(content)
    except pdfium.PdfiumError as error:
        raise Refused("encrypted" if "password" in str(error).lower() else "broken") from error
    return document


def joined(pdfs: list[bytes]) -> bytes:
    if len(pdfs) == 1:
        return pdfs[0]
    whole = pdfium.PdfDocument.new()
    for content in pdfs:
        with opened(content) as document:
            if len(whole) + len(document) > PAGES:
                raise Refused("too-many-pages")
            whole.import_pages(document)
    return saved(whole)


def picture(content: bytes) -> bytes:
    """A picture as one page, upright as it was taken. Its metadata (where, when, which camera) stays behind."""
    Image.MAX_IMAGE_PIXELS = 4 * PIXELS
    with Image.open(io.BytesIO(content), formats=PICTURES) as found:
        if found.width * found.height > 4 * PIXELS:
            raise Refused("too-much")
        image = ImageOps.exif_transpose(found).convert("RGB")
    image.thumbnail((4000, 4000))
    whole = pdfium.PdfDocument.new()
    _add(whole, image, image.width * POINTS / DPI, image.height * POINTS / DPI)
    return saved(whole)


def show(content: bytes, page: int, boxes: list[Box]) -> bytes:
    """One page as a PNG for those who look through it; what will be black is grey, so that it can be read."""
    with opened(content) as document:
        image = drawn(document, page).convert("RGBA")
        veil = Image.new("RGBA", image.size)
        for box in boxes:
            ImageDraw.Draw(veil).rectangle(
                scaled(box, image), fill=(20, 20, 60, 150), outline=(200, 0, 0, 255), width=3
            )
        out = io.BytesIO()
        Image.alpha_composite(image, veil).convert("RGB").save(out, "PNG")
    return out.getvalue()


def find(content: bytes, words: list[str]) -> bytes:
    """Where words stand, as [page, left, top, right, bottom] in ten-thousandths of the page."""
    found: list[list[int]] = []
    with opened(content) as document:
        for number in range(len(document)):
            page = document[number]
            text = page.get_textpage()
            for word in words:
                found += [[number + 1, *box] for box in _places(page, text, word)]
    return json.dumps(found).encode()


def black(content: bytes, boxes: dict[str, list[Box]]) -> bytes:
    """The pages as pictures with the boxes painted over: no text, no layers, no metadata of the file they came from."""
    whole = pdfium.PdfDocument.new()
    with opened(content) as document:
        for number in range(len(document)):
            image = drawn(document, number + 1)
            for box in boxes.get(str(number + 1), []):
                ImageDraw.Draw(image).rectangle(scaled(box, image), fill="black")
            _add(whole, image, *document[number].get_size())
    return saved(whole)


def drawn(document: pdfium.PdfDocument, number: int) -> Image.Image:
    """A page as it is printed, forms and notes with it."""
    if document.formenv is None and document.get_formtype():
        document.init_forms()
    page = document[number - 1]
    width, height = page.get_size()
    scale = min(DPI / POINTS, math.sqrt(PIXELS / max(width * height, 1)))
    image: Image.Image = page.render(scale=scale, may_draw_forms=True).to_pil()
    return image.convert("RGB")


def scaled(box: Box, image: Image.Image) -> tuple[int, int, int, int]:
    """A box in pixels, rounded outwards: rather a little too much than a little too little."""
    left, top, right, bottom = box
    return (
        left * image.width // WHOLE,
        top * image.height // WHOLE,
        -(-right * image.width // WHOLE),
        -(-bottom * image.height // WHOLE),
    )


def saved(document: pdfium.PdfDocument) -> bytes:
    out = io.BytesIO()
    document.save(out)
    document.close()
    return out.getvalue()


def _add(whole: pdfium.PdfDocument, image: Image.Image, width: float, height: float) -> None:
    out = io.BytesIO()
    image.save(out, "JPEG", quality=85)
    out.seek(0)
    shown = pdfium.PdfImage.new(whole)
    shown.load_jpeg(out, inline=True)
    shown.set_matrix(pdfium.PdfMatrix().scale(width, height))
    page = whole.new_page(width, height)
    page.insert_obj(shown)
    page.gen_content()


def _places(page: pdfium.PdfPage, text: pdfium.PdfTextPage, word: str) -> Iterator[Box]:
    search = text.search(word, match_case=False)
    while found := search.get_next():
        for number in range(text.count_rects(*found)):
            left, bottom, right, top = text.get_rect(number)
            (x1, y1), (x2, y2) = _on_page(page, left, top), _on_page(page, right, bottom)
            yield _padded(min(x1, x2), min(y1, y2), max(x1, x2), max(y1, y2))


def _on_page(page: pdfium.PdfPage, x: float, y: float) -> tuple[int, int]:
    """A point of the page's own system as it is seen: rotation and crop are the renderer's to know."""
    across, down = ctypes.c_int(), ctypes.c_int()
    raw.FPDF_PageToDevice(page, 0, 0, WHOLE, WHOLE, 0, x, y, across, down)
    return across.value, down.value


def _padded(left: int, top: int, right: int, bottom: int) -> Box:
    """A little wider than the letters, which reach out of their boxes."""
    return [max(left - 30, 0), max(top - 30, 0), min(right + 30, WHOLE), min(bottom + 30, WHOLE)]


ORDERS: dict[str, Any] = {"to_pages": to_pages, "show": show, "find": find, "black": black}

if __name__ == "__main__":
    sys.exit(main())
