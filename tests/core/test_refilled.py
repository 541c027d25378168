"""A form that was refused holds what was typed into it: that one, and no other of the page."""

import pytest
from django.http import HttpResponse
from django.test import RequestFactory

from core.refilled import refilled

PAGE = """<details><summary>One</summary><form action="/a/"><textarea name="why"></textarea></form></details>
<details open><details class="of"><form method="post" action="/b/?x=1&amp;y=2"><input name="no"></form>
<form action="/b/"><input type="hidden" name="purpose" value="sales"><textarea name="why"></textarea></form>
<form method="post" action="/b/"><input type="hidden" name="csrfmiddlewaretoken" value="t">
<input type="hidden" name="purpose" value="news">
<select name="reason"><option value="">Choose</option><option value="law" selected>L&amp;L</option>
<option value="none">N</option></select>
<input type="radio" name="on" value="1" checked><input type="radio" name="on" value="2">
<details><input type="checkbox" name="all" value="yes"> &#8364; &amp; more</details>
<input type="date" name="day" value="2026-01-01" required><input name="title"><input type="file" name="file">
<textarea name="why" rows="2">old &lt;words&gt;</textarea><textarea name="more"></textarea>
<button type="submit">Go</button></form></details></details>"""
TYPED = {
    "csrfmiddlewaretoken": "other",
    **{"purpose": "news", "reason": "none", "on": "2", "all": "yes", "day": "x", "title": '"><script>'},
    **{"why": "</textarea><b>", "more": "\r\nsecond line"},
}


def shown(path="/b/", **changes):
    request = RequestFactory().post(path, TYPED | changes)
    page = refilled(HttpResponse(PAGE), request, "Not <yet>.")
    return page and page.content.decode()


def test_the_one_that_was_sent_is_filled_in_and_unfolded():
    html = shown()
    assert html.startswith('<details><summary>One</summary><form action="/a/"><textarea name="why"></textarea></form>')
    assert '<details open><details open class="of">' in html
    assert '<input type="hidden" name="purpose" value="sales"><textarea name="why"></textarea>' in html
    filled = html.partition('role="alert">')[2]
    for words in (
        "Not &lt;yet&gt;.</p>",
        '<input type="hidden" name="csrfmiddlewaretoken" value="t">',
        '<select name="reason" autofocus><option value="">Choose</option>',
        '<option value="law">L&amp;L</option>',
        '<option value="none" selected>N</option></select>',
        '<input type="radio" name="on" value="1"><input type="radio" name="on" value="2" checked>',
        '<details open><input type="checkbox" name="all" value="yes" checked> &#8364; &amp; more</details>',
        '<input type="date" name="day" value="x" required><input name="title" value="&quot;&gt;&lt;script&gt;">',
        '<textarea name="why" rows="2">&lt;/textarea&gt;&lt;b&gt;</textarea>',
        '<textarea name="more">\n\r\nsecond line</textarea>',
        '<button type="submit">Go</button></form></details></details>',
    ):
        assert words in filled


@pytest.mark.parametrize("changes", [{"path": "/c/"}, {"purpose": "surveys"}, {"path": "/b/?x=1"}])
def test_another_form_is_left_alone(changes):
    """What stands after a question mark is no part of the address, and here no form has these hidden fields."""
    assert (shown(**changes) is None) == ("?" not in changes.get("path", ""))


def test_a_mere_button_is_nothing_to_fill_in():
    request = RequestFactory().post("/a/", {"to": "in_progress"})
    page = HttpResponse(
        '<form action="/a/"><input type="hidden" name="to" value="in_progress"><button>Go</button></form>'
    )
    assert refilled(page, request, "No.") is None
