"""A letter that lacks what the law requires cannot be written."""

import re

import pytest

from requests import answer, decisions, letters, report
from requests.letter_text import to_text
from tests import make_office as make
from tests import make_requests

pytestmark = pytest.mark.django_db


@pytest.fixture
def access(mailoutbox):
    make.register(manual=True)
    make.person("newsletter", "contract-administration")
    rights_request = make.confirmed("access", mailbox=mailoutbox).requests.get()
    purpose = decisions.lines(rights_request, now=make.NOW)[0].purpose
    decisions.decide(rights_request, purpose, "refuse", "unfounded-or-excessive", actor=make.OFFICER, now=make.NOW)
    made = answer.prepare_access(rights_request, actor=make.OFFICER, now=make.NOW)
    return rights_request, report.of_access(rights_request, made)


@pytest.fixture
def erasure(mailoutbox):
    make.register(manual=True)
    make.person("newsletter", "contract-administration")
    rights_request = make.confirmed("erasure", mailbox=mailoutbox).requests.get()
    decisions.confirm_all(rights_request, actor=make.OFFICER, now=make.NOW)
    return rights_request, report.of_erasure(rights_request, now=make.NOW)


@pytest.fixture
def nothing(mailoutbox):
    make.register(manual=True)
    rights_request = make.confirmed("access", email="nobody@example.com", mailbox=mailoutbox).requests.get()
    return rights_request, report.of_nothing(rights_request)


def every_part_counts(kind, rights_request, context):
    """Take each required part away, as an unlucky edit of the template would, and try to check the letter."""
    html = letters.render(kind, rights_request, context, now=make.NOW)
    needed = letters.required(kind, context)
    assert needed
    for part in needed:
        broken = html.replace(f'data-part="{part}"', 'data-part=""')
        with pytest.raises(letters.LetterIncomplete) as refusal:
            letters.check(kind, broken, context)
        assert part in refusal.value.missing


def test_access_response(access):
    every_part_counts("access_response", *access)
    assert {"withheld", "gaps", "court"} <= set(letters.required("access_response", access[1]))


def test_erasure_answer(erasure):
    every_part_counts("erasure_answer", *erasure)
    assert {"kept", "erased", "backups", "gaps"} <= set(letters.required("erasure_answer", erasure[1]))


def test_nothing_found(nothing):
    every_part_counts("nothing_found", *nothing)


@pytest.mark.parametrize("words", ["164A", "165", "https://ico.org.uk/make-a-complaint/"])
def test_the_routes_must_say_the_law_and_the_address(erasure, words):
    rights_request, context = erasure
    html = letters.render("erasure_answer", rights_request, context, now=make.NOW)
    with pytest.raises(letters.LetterIncomplete):
        letters.check("erasure_answer", html.replace(words, ""), context)


def test_an_incomplete_letter_is_not_kept_either(erasure, monkeypatch):
    rights_request, context = erasure
    monkeypatch.setattr(letters, "render_to_string", lambda template, context: "<p>Bye.</p>")
    with pytest.raises(letters.LetterIncomplete):
        letters.write("erasure_answer", rights_request, context, now=make.NOW)
    assert not make_requests.written().exists()


def test_the_letter_is_sealed_and_has_a_plain_text(erasure):
    rights_request, context = erasure
    letter = letters.write("erasure_answer", rights_request, context, now=make.NOW)
    assert b"Grace" not in bytes(letter.sealed)
    text = letters.read(letter)["text"]
    assert "Dear Grace Hopper," in text
    assert text.count("https://ico.org.uk/make-a-complaint/") == 1
    assert not re.search(r"<[a-z]", text)


def test_what_was_typed_cannot_write_html(mailoutbox):
    make.register()
    given = {"name": "<script>alert(1)</script>", "email": "nobody@example.com"}
    rights_request = make.confirmed("access", mailbox=mailoutbox, **given).requests.get()
    html = letters.render("nothing_found", rights_request, report.of_nothing(rights_request), now=make.NOW)
    assert "<script" not in html


def test_plain_text_keeps_blocks_apart():
    html = '<h1>A</h1><p>b <strong>c</strong> d</p><ul><li>e</li><li>f <a href="https://x.example">g</a></li></ul>'
    assert to_text(html) == "A\n\nb c d\n\n- e\n- f g (https://x.example)\n"
    assert to_text('<p>At <a href="https://x.example">https://x.example</a>.</p>') == "At https://x.example.\n"
