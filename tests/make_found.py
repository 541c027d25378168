"""Builders of files that a search finds, good ones and hostile ones."""

import io
import zipfile
from email.message import EmailMessage

import docx
import pypdfium2 as pdfium
from PIL import Image, ImageDraw

from requests import sheets_text


def mail(*, text="Grace Hopper asked, and Bob Builder answered.", attached=()):
    message = EmailMessage()
    message["From"] = "Bob Builder <bob@example.com>"
    message["To"] = "office@example.com"
    message["Subject"] = "About Grace"
    message["Date"] = "Mon, 02 Nov 2026 10:00:00 +0000"
    message.set_content(text)
    message.add_alternative(f"<p>{text}</p>", subtype="html")
    for name, kind, content in attached:
        main, _slash, sub = kind.partition("/")
        message.add_attachment(content, maintype=main, subtype=sub, filename=name)
    return bytes(message)


def word(*paragraphs, header="HEADER-OF-WORD"):
    document = docx.Document()
    document.core_properties.author = "Bob Builder"
    document.sections[0].header.paragraphs[0].text = header
    for text in paragraphs or ("Bob Builder wrote this in Word about Grace.",):
        document.add_paragraph(text)
    document.add_table(1, 1).cell(0, 0).text = "CELL-OF-TABLE"
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def pdf(*texts):
    """A PDF with a text layer, a page for each."""
    whole = pdfium.PdfDocument.new()
    for text in texts or ("Bob Builder in a PDF about Grace",):
        with pdfium.PdfDocument(sheets_text.typeset([{"kind": "text", "text": text}])) as one:
            whole.import_pages(one)
    return _saved(whole)


def blank(pages):
    whole = pdfium.PdfDocument.new()
    for _page in range(pages):
        whole.new_page(100, 100)
    return _saved(whole)


def _saved(whole):
    out = io.BytesIO()
    whole.save(out)
    return out.getvalue()


def picture(text="Bob on a scan", form="PNG"):
    image = Image.new("RGB", (600, 300), "white")
    ImageDraw.Draw(image).text((50, 50), text, fill="black")
    out = io.BytesIO()
    image.save(out, form)
    return out.getvalue()


def million_pages():
    """Says it has 1e6 pages, each the same object."""
    kids = b"3 0 R " * 1_000_000
    return _pdf([b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Count 1000000/Kids[" + kids + b"]>>", PAGE])


def with_script():
    script = b"<</S/JavaScript/JS(app.alert('OWNED'); this.submitForm('http://127.0.0.1:9/'))>>"
    catalog = b"<</Type/Catalog/Pages 2 0 R/OpenAction 4 0 R/Names<</JavaScript<</Names[(a) 4 0 R]>>>>>>"
    return _pdf([catalog, b"<</Type/Pages/Count 1/Kids[3 0 R]>>", PAGE, script])


PAGE = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 200]>>"


def _pdf(objects):
    out, places = bytearray(b"%PDF-1.7\n"), []
    for number, content in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj" % number + content + b"endobj\n"
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    return bytes(out + b"trailer<</Root 1 0 R/Size %d>>\nstartxref\n%d\n%%%%EOF" % (len(objects) + 1, start))


# The smallest PDF with a user password ("secret") that PDFium asks for: RC4, 40 bits.
ENCRYPT = b"<</Filter/Standard/V 1/R 2/P -1/O<" + b"28" * 32 + b">/U<" + b"4e" * 32 + b">>>"


def encrypted():
    made = _pdf([b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Count 1/Kids[3 0 R]>>", PAGE, ENCRYPT])
    return made.replace(b"trailer<<", b"trailer<</Encrypt 4 0 R/ID[<aa><aa>]")


def bomb():
    """A Word file of a few hundred kilobytes that unpacks to a gigabyte."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        with archive.open("word/document.xml", "w", force_zip64=True) as member:
            for _megabyte in range(1024):
                member.write(b" " * 1024 * 1024)
    return out.getvalue()


def laughing():
    """A Word file whose text is an entity of entities."""
    entities = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 12))
    good = zipfile.ZipFile(io.BytesIO(word()))
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name in good.namelist():
            content = good.read(name)
            if name == "word/document.xml":
                start = f'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY l0 "lol">{entities}]>'
                content = start.encode() + content.partition(b"?>")[2].replace(b"Bob", b"&l11;")
            archive.writestr(name, content)
    return out.getvalue()


def nested(depth):
    inner = mail(text="The innermost.")
    for _level in range(depth):
        head = b"From: a@example.com\r\nSubject: Fwd\r\nContent-Type: message/rfc822\r\n\r\n"
        inner = head + inner
    return inner
