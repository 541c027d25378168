"""Answers of somebody who has shown no address to be theirs, by each of their doors, and what the owner said before."""

import re

from django.test import Client
from django.utils import timezone

from consents.unsubscribe import for_mail
from consents.withdraw import withdraw
from core import apikeys
from core.models import Outbox
from core.outbox import deliver_due
from subjects.identifiers import Claim
from tests import make_consents as make

ADA, NEW = "ada@example.com", "new@example.com"
SITE = "https://www.example.com"
CONTROLS = [make.control(), make.control("surveys-email", "surveys", label="Ask me.")]


def key():
    """A key for browsers."""
    return apikeys.create("site", ["consents:write"], kind="publishable", origins=[SITE])[1]


def by_browser(site, email=ADA, *, path="", once="", **more):
    headers = {"Authorization": f"Api-Key {site}", "Origin": SITE, **({"Idempotency-Key": once} if once else {})}
    body = make.body(email, **more)
    return Client().post(f"/api/v1/consents/{path}", body, content_type="application/json", headers=headers)


def by_page(_site, email=ADA, *, slug="join", ticked=("newsletter-email",), **more):
    boxes = {f"choice-{key}": "yes" for key in ticked}
    return Client().post(f"/forms/{slug}/", {"version": 1, "locale": "en-GB", "email": email, **boxes, **more})


def by_plain_form(site, email=ADA, *, ticked=("newsletter-email",)):
    boxes = {f"choice-{key}": "yes" for key in ticked}
    data = {"key": site, "version": 1, "locale": "en-GB", "email": email, **boxes}
    return Client().post("/forms/join/answer/", data, headers={"Origin": SITE})


DOORS = [by_browser, by_page, by_plain_form]


def no(kind="withdrawn", email=ADA):
    claim = Claim("email", email)
    match kind:
        case "withdrawn":
            withdraw([claim], purposes=["newsletter"], now=timezone.now(), actor=make.ACTOR)
        case "objected":
            withdraw([claim], purposes="all-marketing", now=timezone.now(), actor=make.ACTOR)
        case "one-click":
            Client().post(for_mail(email, ["newsletter"]).url, {"List-Unsubscribe": "One-Click"})
        case "refused-to-a-system":
            make.captured(email, choices={"newsletter-email": False}, now=timezone.now())


def reason(email=ADA):
    return make.reason(email, now=timezone.now())


def mailed(mailoutbox):
    for row in Outbox.objects.filter(sent_at=None):
        deliver_due(now=row.due_at)
    return [found[0] for mail in mailoutbox if (found := re.search(r"/consent/confirm/\S+/", mail.body))]


def children(*, slug="kids", **more):
    make.published(slug, [make.control()], minimum_age=13)
    until = f"{timezone.now().year + 3}-05"
    return {"form": slug, "guardian": {"email": "parent@example.net", "until": until}, **more}


def asked_by_a_system(client, identity, **more):
    """By a secret key."""
    body = make.body(identity=identity, **more)
    return client.post("/api/v1/consents/", body, content_type="application/json", **make.key()).json()
