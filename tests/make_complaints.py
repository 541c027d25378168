"""Builders for complaints. Import them as `from tests.make_complaints import complain`."""

from requests import complaints
from tests.make_requests import EMAIL, NOW

WORDS = "You wrote to me after I had said no."
WORDING = {"findings": "We wrote by mistake.", "changes": "The list is corrected. We are sorry."}


def complain(email=EMAIL, now=NOW, **given):
    return complaints.open_complaint(
        requester={"name": "Grace Hopper", "email": email, "address": "" if email else "1 Sea Street"},
        answers={"complaint": WORDS, "wish": "Say sorry."},
        channel="web",
        received_at=now,
        locale="en-GB",
        actor="public",
        now=now,
        **given,
    )
