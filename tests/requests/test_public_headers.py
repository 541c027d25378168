"""What every public page tells the browser: nothing inline, nothing from elsewhere, no frame, nothing leaked."""

import re

import pytest

from tests.requests import public_states

pytestmark = pytest.mark.django_db
PAGES = ["/", "/rights/", "/rights/status/", "/rights/lost-mailbox/", "/rights/paper/", "/rights/confirm/x/",
         "/complain/", "/policy/", "/collect/x/", "/nowhere/"]  # fmt: skip


@pytest.mark.parametrize("path", PAGES)
def test_the_policy_of_a_public_page_is_strict(client, path):
    public_states.prepare()
    page = client.get(path)
    policy = page.headers["Content-Security-Policy"]
    directives = dict(part.strip().partition(" ")[::2] for part in policy.split(";"))
    assert directives["default-src"] == directives["frame-ancestors"] == directives["base-uri"] == "'none'"
    assert directives["script-src"] == directives["style-src"] == directives["form-action"] == "'self'"
    assert "unsafe" not in policy
    assert not re.search(r"https?:|\*", policy)
    assert page.headers["X-Content-Type-Options"] == "nosniff"
    assert page.headers["Referrer-Policy"] == "same-origin"
    assert page.headers["X-Frame-Options"] == "DENY"
    # Nothing in the page needs more than the policy allows.
    assert not re.search(r"<style|<script|\sstyle=|\son\w+=|<iframe", page.text)
    assert not re.search(r'(src|<link[^>]*href)="(https?:)?//', page.text)
