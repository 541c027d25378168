"""A letter on paper says all that the checked HTML says, and nothing that was typed into it becomes a command."""

import re

import pypdfium2
import pytest
from django.utils import timezone

from requests import letter_pdf, letters
from requests.letter_kinds import REQUIRED
from requests.letter_samples import OWN, SAMPLES
from requests.letter_text import to_text, tree_of
from tests import make_office as make
from tests import make_requests

pytestmark = pytest.mark.django_db
HOSTILE = """#panic("x") #read("/etc/passwd") $x^2$ *bold* _it_ `raw` <label> @ref \\ // /* */ = Heading
#import "@preview/x:1.0.0" [x] {y} #{1+1} -- ~ "quoted" 'and' <script>alert(1)</script> %PDF &amp; #sys.inputs"""


def pages_of(pdf):
    document = pypdfium2.PdfDocument(pdf)
    try:
        return [document[number].get_textpage().get_text_range() for number in range(len(document))]
    finally:
        document.close()


def words(text):
    return re.findall(r"\w+", text)


def render(html, **given):
    about = {"title": "Our letter", "reference": "KP-ABCD-EFGH", "locale": "en-GB", "written": make.NOW, **given}
    return letter_pdf.render(html, **about)


@pytest.fixture
def asked():
    make.controller()
    make_requests.system()
    return make_requests.case("access", email="", now=timezone.now()).requests.get()


@pytest.mark.parametrize("kind", sorted(kind for kind in REQUIRED if not kind.startswith("complaint")))
def test_the_paper_says_no_less_than_the_screen(asked, kind):
    html = letters.render(kind, asked, {**SAMPLES[kind], **OWN}, now=make.NOW)
    printed = words("\n".join(pages_of(render(html))))
    # In plain text, the address of a link follows it.
    said = words(re.sub(r" \(https?://[^)]*\)", "", to_text(html)))
    for word in set(said):
        assert printed.count(word) >= said.count(word), word


def test_a_receipt_stays_on_the_page(asked):
    receipt = "eyJ" + "WMi9_-" * 150
    context = {**SAMPLES["withdrawal_confirmation"], **OWN, "proofs": [receipt]}
    pdf = render(letters.render("withdrawal_confirmation", asked, context, now=make.NOW))
    assert receipt in "".join("".join(pages_of(pdf)).split())
    page = pypdfium2.PdfDocument(pdf)[0]
    text = page.get_textpage()
    assert max(text.get_charbox(number)[2] for number in range(text.count_chars())) < page.get_width() - 50


def test_what_was_typed_is_text(asked):
    context = {"message": HOSTILE}
    html = letters.render("general", asked, context, now=make.NOW)
    printed = "".join("".join(pages_of(render(html))).split())
    for line in HOSTILE.splitlines():
        assert "".join(line.split()) in printed


def test_hostile_names_and_addresses_are_text_too():
    to = '<address class="letter-to">#panic()</address>'
    html = f'<article><header><p class="letter-from">x</p>{to}</header></article>'
    assert "#panic()" in pages_of(render(html, title="#panic()", reference='"#panic()'))[0]


def test_links_lead_to_the_web_or_a_mailbox_only():
    html = '<p><a href="javascript:alert(1)">a</a> <a href="file:///etc/passwd">b</a> <a href="https://x.example">c</a></p>'
    links = [node["href"] for node in tree_of(html)[0]["children"] if node.get("tag") == "a"]
    assert links == ["", "", "https://x.example"]


def test_pages_are_numbered_and_carry_the_reference():
    pages = pages_of(render("".join(f"<p>Paragraph {number}.</p>" for number in range(80))))
    assert len(pages) > 1
    for number, page in enumerate(pages, 1):
        assert f"Page {number} of {len(pages)}" in page
        assert "KP-ABCD-EFGH" in page


def test_it_is_tagged_titled_and_in_a_named_language(asked):
    pdf = render(letters.render("general", asked, SAMPLES["general"], now=make.NOW))
    document = pypdfium2.PdfDocument(pdf)
    assert document.get_metadata_value("Title") == "Our letter (KP-ABCD-EFGH)"
    document.close()
    for mark in (b"/StructTreeRoot", b"/Lang(en-GB)", b"pdfuaid:part"):
        assert mark in pdf


def test_the_same_letter_makes_the_same_paper():
    assert render("<p>x</p>") == render("<p>x</p>")


def test_a_script_that_no_font_shows_does_not_stop_the_letter():
    assert "Dear" in pages_of(render("<p>Dear ᚠᚢᚦ \U0001fae8 李</p>"))[0]


def test_broken_html_still_prints():
    assert "still here" in pages_of(render("<ul>loose<li>one</b></li></ul></p><p>still here"))[0]


def test_for_the_post_it_carries_the_address(asked):
    html = letters.render("general", asked, SAMPLES["general"], now=make.NOW)
    printed = pages_of(render(html, to=["Grace #panic() Hopper", "", "1 High Street"]))[0]
    assert "Grace #panic() Hopper" in printed
    assert "1 High Street" in printed
