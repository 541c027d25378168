"""Found documents: taken in by content, shown page by page, and gone as pictures in which black is black."""

import io
import json
import zipfile
from datetime import timedelta
from hashlib import sha256

import pypdfium2 as pdfium
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from core.errors import DomainError
from core.vault import Unreadable
from ledger import signing
from ledger.models import Entry
from requests import answer, apart, expiry, found, leaving_out, letters, package, redaction
from requests.leaving_out import Weighed, Why
from requests.models import Box, FoundDocument
from tests import make_found
from tests import make_office as make

pytestmark = pytest.mark.django_db
LATER = make.NOW + timedelta(minutes=5)
BOB = Why("others-information", "It is about Bob.", Weighed("refused", is_reasonable=False))


@pytest.fixture
def access(mailoutbox):
    make.register(manual=True)
    make.person("newsletter")
    rights_request = make.confirmed("access", mailbox=mailoutbox).requests.get()
    make.answered(rights_request, outcome="done")
    return rights_request


@pytest.fixture
def officer(client):
    client.force_login(make.staff())
    return client


def add(access, content, name="Letter by Bob Builder.eml"):
    system = access.tasks.get(system__slug="crm").system
    return found.add(access, system, name, content, actor=make.OFFICER, now=make.NOW)


def texts(content):
    with pdfium.PdfDocument(content) as document:
        return [page.get_textpage().get_text_range() for page in document]


def seen(document):
    return " ".join(texts(found.pages_of(document)))


@pytest.mark.parametrize(
    ("content", "kind", "words"),
    [
        (make_found.mail(), "eml", ["Bob Builder <bob@example.com>", "About Grace", "answered."]),
        (make_found.word(), "docx", ["wrote this in Word", "CELL-OF-TABLE", "HEADER-OF-WORD"]),
        (make_found.pdf("one", "two"), "pdf", ["one", "two"]),
        ("Grüße, #not *markup* $here$ <b>".encode(), "txt", ["Grüße, #not *markup* $here$ <b>"]),
        ("Müller".encode("cp1252"), "txt", ["Müller"]),
        (make_found.picture(), "picture", []),
        (make_found.picture(form="JPEG"), "picture", []),
    ],
)
def test_what_a_file_shows_is_on_its_pages(access, content, kind, words):
    document = add(access, content)
    assert document.kind == kind
    assert document.pages >= 1
    for word in words:
        assert word in seen(document)
    assert b"Bob" not in bytes(document.sealed) + bytes(document.name)
    assert found.name_of(document) == "Letter by Bob Builder.eml"
    assert "Bob" not in Entry.objects.get(kind="document.added").body


def test_attachments_follow_and_none_is_passed_over(access):
    content = make_found.mail(
        attached=[
            ("bob.docx", found_type("docx"), make_found.word()),
            ("scan.png", "image/png", make_found.picture()),
            ("run.exe", "application/octet-stream", b"MZ"),
            ("meeting.ics", "text/calendar", b"BEGIN:VCALENDAR"),
        ]
    )
    document = add(access, content)
    assert document.pages == 3
    assert "Attachment not shown: run.exe" in seen(document)
    assert "Attachment not shown: meeting.ics" in seen(document)
    assert "CELL-OF-TABLE" in seen(document)


def found_type(kind):
    return f"application/vnd.openxmlformats-officedocument.wordprocessingml.{'document' if kind == 'docx' else kind}"


def test_a_mail_in_a_mail_is_shown(access):
    assert "The innermost." in seen(add(access, make_found.nested(3)))


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (make_found.bomb, "unpacks to far more"),
        (make_found.laughing, ""),
        (make_found.million_pages, "more than 200 pages"),
        (lambda: make_found.blank(201), "more than 200 pages"),
        (make_found.encrypted, "has a password"),
        (lambda: make_found.nested(200), "too deep"),
        (lambda: b"%PDF-1.7 and then nothing", "cannot be read"),
        (lambda: b"MZ\0\0 a program", "cannot be shown"),
        (lambda: b"PK\x03\x04 not a zip", "cannot be read"),
        (lambda: b"\x89PNG\r\n\x1a\n cut off", "cannot be read"),
        (lambda: b"   ", "cannot be read"),
        (lambda: b"x" * (found.LARGEST + 1), "larger than 9 MB"),
    ],
    ids=[
        "bomb",
        "laughing",
        "million",
        "many",
        "encrypted",
        "nested",
        "broken",
        "program",
        "zip",
        "picture",
        "empty",
        "large",
    ],
)
def test_a_hostile_file_is_refused_with_a_sentence_and_nothing_is_lost(officer, access, content, sentence):
    kept = add(access, b"Something about Grace that was there before.")
    file = SimpleUploadedFile("x", content())
    address = reverse("admin:rights-found", args=[access.uuid])
    response = officer.post(address, {"system": "crm", "file": file}, follow=True)
    assert response.status_code == 200
    if sentence:
        assert sentence in response.content.decode()
        assert list(FoundDocument.objects.all()) == [kept]
    assert "there before" in seen(kept)


def test_a_script_in_a_pdf_is_never_run_and_does_not_go_out(access):
    document = add(access, make_found.with_script())
    out = found.outgoing(document)
    assert b"JavaScript" not in out
    assert b"OWNED" not in out


def test_black_is_gone_from_what_goes_out(access):
    content = make_found.mail(attached=[("bob.docx", found_type("docx"), make_found.word())])
    document = add(access, content)
    boxes = redaction.read_boxes("0 0 50 3", 1)
    redaction.black_out(document, BOB, words=["Bob Builder"], boxes=boxes, actor=make.OFFICER, now=make.NOW)
    assert Box.objects.filter(page=2).count() == 1
    found.looked_through(document, actor=make.OFFICER, now=make.NOW)
    answer.prepare_access(access, actor=make.OFFICER, now=LATER)
    archive = zipfile.ZipFile(io.BytesIO(b"".join(package.contents(access.package))))
    out = archive.read("documents/document-1.pdf")
    assert texts(out) == ["", ""]
    assert not any(word in out for word in (b"Bob", b"Builder", b"typst", b"Liberation", b"/Font"))
    assert all("Bob Builder" not in archive.read(name).decode("latin-1") for name in archive.namelist())
    with pdfium.PdfDocument(out) as pages:
        assert len(pages) == 2
        image = pages[0].render(scale=2).to_pil().convert("L")
    for box in Box.objects.filter(page=1):
        x, y = (box.left + box.right) * image.width // 20_000, (box.top + box.bottom) * image.height // 20_000
        assert image.getpixel((x, y)) < 10
    assert image.getpixel((image.width // 2, image.height - 20)) > 250
    manifest = json.loads(archive.read("manifest.json"))
    listed = {entry["path"]: entry["sha256"] for entry in manifest["files"]}
    assert listed["documents/document-1.pdf"] == sha256(out).hexdigest()
    assert signing.verify(archive.read("manifest.json.jws").decode()) == archive.read("manifest.json")
    assert "documents/document-1.pdf" in archive.read("index.html").decode()


def test_rotated_and_cropped_pages_are_marked_where_they_are_seen(access):
    with pdfium.PdfDocument(make_found.pdf("Bob Builder stands here")) as document:
        document[0].set_rotation(90)
        document[0].set_cropbox(20, 300, 500, 842)
        content = make_found._saved(document)
    document = add(access, content)
    redaction.black_out(document, BOB, words=["Bob Builder"], actor=make.OFFICER, now=make.NOW)
    box = Box.objects.get()
    shown = pdfium.PdfDocument(found.outgoing(document))[0].render(scale=2).to_pil().convert("L")
    around = [box.left, box.top, box.right, box.bottom]
    left, top, right, bottom = (
        value * side // 10_000 for value, side in zip(around, [shown.width, shown.height] * 2, strict=True)
    )
    part = shown.crop((left + 2, top + 2, right - 2, bottom - 2))
    assert part.getextrema()[1] < 60
    plain = pdfium.PdfDocument(content)[0].render(scale=2).to_pil().convert("L").crop((left, top, right, bottom))
    assert plain.getextrema()[0] < 100


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({}, "boxes"),
        ({"words": ["Carol"]}, "words"),
        ({"boxes": [[2, 0, 0, 100, 100]]}, "boxes"),
        ({"boxes": [[1, 500, 0, 100, 100]]}, "boxes"),
        ({"boxes": [[1, 0, 0, 10_001, 100]]}, "boxes"),
    ],
)
def test_a_mark_must_be_on_the_page(access, given, field):
    document = add(access, make_found.pdf())
    with pytest.raises(DomainError) as refusal:
        redaction.black_out(document, BOB, **given, actor=make.OFFICER, now=make.NOW)
    assert field in refusal.value.fields


def test_nothing_goes_out_that_nobody_looked_through(access):
    document = add(access, make_found.pdf())
    with pytest.raises(found.Unchecked):
        answer.prepare_access(access, actor=make.OFFICER, now=LATER)
    found.looked_through(document, actor=make.OFFICER, now=make.NOW)
    made = redaction.black_out(document, BOB, words=["Bob"], actor=make.OFFICER, now=make.NOW)
    document.refresh_from_db()
    assert document.checked_at is None
    found.looked_through(document, actor=make.OFFICER, now=make.NOW)
    leaving_out.remove(made, actor=make.OFFICER, now=make.NOW)
    with pytest.raises(found.Unchecked):
        answer.prepare_access(access, actor=make.OFFICER, now=LATER)


def test_a_whole_document_can_be_left_out(access):
    redaction.withhold(add(access, make_found.pdf()), Why("privilege", "Advice."), actor=make.OFFICER, now=make.NOW)
    answer.release_access(access, actor=make.OFFICER, now=LATER)
    archive = zipfile.ZipFile(io.BytesIO(b"".join(package.contents(access.package))))
    assert not [name for name in archive.namelist() if name.startswith("documents/")]
    parts = letters.parts_of(letters.read(letters.latest(access))["html"])
    assert "1 document" in parts["withheld"]


def test_one_document_about_two_people_has_two_sets_of_marks(access, mailoutbox):
    document = add(access, make_found.pdf("Grace and Bob"))
    make.person("newsletter", email="bob@example.com")
    other = make.confirmed("access", mailbox=mailoutbox, email="bob@example.com").requests.get()
    copy = found.also_for(document, other, actor=make.OFFICER, now=make.NOW)
    redaction.black_out(document, BOB, words=["Bob"], actor=make.OFFICER, now=make.NOW)
    grace = Why("others-information", "It is about Grace.", Weighed("refused", is_reasonable=False))
    redaction.black_out(copy, grace, words=["Grace"], actor=make.OFFICER, now=make.NOW)
    assert found.boxes_of(document) != found.boxes_of(copy)
    assert found.elsewhere(document) == [other]
    assert found.elsewhere(copy) == [access]
    with pytest.raises(DomainError):
        found.also_for(document, other, actor=make.OFFICER, now=make.NOW)


def test_nothing_found_is_no_answer_beside_a_document(mailoutbox):
    make.register(manual=True)
    stranger = make.confirmed("access", mailbox=mailoutbox, email="nobody@example.com").requests.get()
    make.answered(stranger, outcome="done")
    add(stranger, make_found.pdf())
    with pytest.raises(DomainError) as refusal:
        answer.release_access(stranger, actor=make.OFFICER, now=LATER)
    assert refusal.value.code == "found-for-nobody"


def test_the_same_file_is_taken_in_once(access):
    add(access, make_found.pdf("x"))
    content = found.pages_of(FoundDocument.objects.get())
    with pytest.raises(DomainError) as refusal:
        add(access, content)
    assert "file" in refusal.value.fields


def test_documents_end_with_their_copy_and_their_case(access):
    document = add(access, make_found.pdf())
    found.looked_through(document, actor=make.OFFICER, now=make.NOW)
    answer.release_access(access, actor=make.OFFICER, now=LATER)
    assert found.drop_old(older_than=package.KEPT, now=LATER + package.KEPT) == 0
    assert found.drop_old(older_than=package.KEPT, now=LATER + package.KEPT * 2) == 1
    document.refresh_from_db()
    with pytest.raises(Unreadable):
        found.pages_of(document)
    expiry.expire_case(access.case, now=LATER)
    assert not FoundDocument.objects.exists()


def test_over_http(officer, access):
    add_to = reverse("admin:rights-found", args=[access.uuid])
    officer.post(add_to, {"system": "crm", "file": SimpleUploadedFile("Bob.eml", make_found.mail())})
    document = FoundDocument.objects.get()
    case = officer.get(reverse("admin:rights-request", args=[access.uuid])).content.decode()
    assert "Not looked through yet" in case
    assert "Bob.eml" not in case

    def at(name):
        return reverse(f"admin:rights-found-{name}", args=[access.uuid, document.uuid])

    assert officer.get(at("page")).status_code == 405
    page = officer.post(at("page"), {"page": "1"}).content.decode()
    assert "data:image/png;base64," in page
    assert "redact.js" in page
    typed = {"code": "others-information", "why": "TYPED", "consent": "refused", "reasonable": "no", "page": "1"}
    refused = officer.post(at("mark"), {**typed, "boxes": "1 2 3"}).content.decode()
    assert "Give four numbers" in refused
    assert "TYPED" in refused
    assert "It is marked" in officer.post(at("mark"), {**typed, "boxes": "10 20.5 60 24"}).content.decode()
    assert list(Box.objects.values_list("page", "left", "top", "right", "bottom")) == [(1, 1000, 2050, 6000, 2400)]
    out = officer.post(at("preview"))
    assert out["Content-Type"] == "application/pdf"
    assert texts(out.content) == [""]
    officer.post(at("checked"))
    document.refresh_from_db()
    assert document.checked_at
    officer.post(at("remove"))
    assert not FoundDocument.objects.exists()


def test_the_program_that_opens_files_gets_no_secret(monkeypatch):
    asked = {}

    def run(*_args, **given):
        asked.update(given)
        raise apart.subprocess.TimeoutExpired("x", 1)

    monkeypatch.setattr(apart.subprocess, "run", run)
    with pytest.raises(apart.Unshowable):
        apart.to_pages(b"x", "txt")
    assert set(asked["env"]) <= {"PATH", "LANG", "LD_LIBRARY_PATH"}
