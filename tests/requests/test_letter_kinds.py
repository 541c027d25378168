"""Every kind of letter: complete as its template makes it, and refused as soon as one required part is gone.

A kind without a template, a sample or words for its parts fails here.
"""

import re

import pytest

from requests import complaints, letter_pdf, letters
from requests.letter_kinds import AT_ONCE, REQUIRED, TITLES, WHEN
from requests.letter_parts import PARTS
from requests.letter_samples import OWN, SAMPLES
from requests.models import CaseFile
from tests import make_office as make
from tests import make_requests

# What nobody but the writer of this one letter can know.
OWN_WORDS = {"rights", "doubt", "evidence", "channel", "unclear", "new_due", "amount", "basis", "lifted_on", "message"}
OWN_WORDS |= {"progress", "findings", "changes", "outcome"}
pytestmark = pytest.mark.django_db
ELEMENT = r'(<(\w+)[^>]*data-part="{part}"[^>]*>).*?(</\2>)'


def about(kind):
    """What a letter of this kind is about."""
    make.controller()
    make_requests.system()
    if not kind.startswith("complaint"):
        return {"rights_request": make_requests.case("access", now=make.NOW).requests.get()}
    case = CaseFile.objects.get(pk=make_requests.case("access", now=make.NOW).pk)
    complaint = complaints.Complaint.objects.create(
        case=case, reference="KP-CCCC-DDDD", received_on=make.NOW.date(), acknowledge_by=make.NOW.date()
    )
    return {"rights_request": None, "complaint": complaint}


def rendered(kind, target=None):
    context = {**SAMPLES[kind], **OWN}
    return letters.render(kind, context=context, now=make.NOW, **(target or about(kind))), context


def test_every_kind_has_a_title_a_sample_and_words_for_its_parts():
    assert set(REQUIRED) == set(SAMPLES) == set(TITLES) - set(AT_ONCE.values())
    assert {part for parts in (*REQUIRED.values(), *WHEN.values()) for part in parts} <= set(PARTS)


@pytest.mark.parametrize("kind", sorted(REQUIRED))
def test_a_letter_without_a_required_part_cannot_be_sent(kind):
    target = about(kind)
    html, context = rendered(kind, target)
    for part in letters.required(kind, context):
        unmarked = html.replace(f'data-part="{part}"', 'data-part=""')
        emptied = html
        while (shorter := re.sub(ELEMENT.format(part=part), r"\1\3", emptied, flags=re.S)) != emptied:
            emptied = shorter
        for broken in (unmarked, emptied):
            with pytest.raises(letters.LetterIncomplete) as refusal:
                letters.write(kind, context=context, now=make.NOW, html=broken, **target)
            assert part in refusal.value.missing
            assert refusal.value.fields[part].startswith("Missing: ")
    assert not make_requests.written().exists()


@pytest.mark.parametrize("kind", sorted(REQUIRED))
def test_what_staff_leave_empty_is_missed(kind):
    """Every word that only this letter can say is required by name: an empty field cannot hide behind a heading."""
    target = about(kind)
    for name in OWN_WORDS & set(SAMPLES[kind]):
        with pytest.raises(letters.LetterIncomplete):
            letters.render(kind, context={**SAMPLES[kind], name: ""}, now=make.NOW, **target)


@pytest.mark.parametrize("kind", sorted(REQUIRED))
def test_it_reads_as_a_letter(kind):
    html, _context = rendered(kind)
    text = letters.to_text(html)
    assert html.count("<h1>") == 1
    assert not re.search(r"\bNone\b(?! of)", text)
    assert "2026" in text
    assert not re.search(r"\{\{|\{%|<[a-z]", text)
    pdf = letter_pdf.render(html, title="x", reference="KP", locale="en-GB", written=make.NOW)
    assert pdf.startswith(b"%PDF")


def test_days_are_written_out():
    html, _context = rendered("extension")
    assert "Monday 22 February 2027" in html


def test_a_letter_belongs_to_something():
    with pytest.raises(ValueError, match="belongs"):
        letters.write("general", None, {"message": "x"}, now=make.NOW)


def test_a_name_that_was_typed_is_not_carried_to_an_unproved_mailbox():
    html, _context = rendered("id_request")
    assert "Grace" not in html
