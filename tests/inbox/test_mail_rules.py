"""What a message may be, by its words and its sender. Nobody needs magic words; nothing acts on a guess."""

from datetime import UTC, date

import pytest

from inbox import forwarded, rules
from inbox.reading import Message, read
from tests.make_inbox import letter

OURS = {"kraken.im"}


def suggested(text, *, sender="Ada <ada@example.com>", subject="Hello", **given):
    return rules.suggest(read(letter(text, sender=sender, subject=subject).as_bytes()), **given)


@pytest.mark.parametrize(
    ("text", "rights"),
    [
        ("I would like to make a subject access request.", ["access"]),
        ("SAR please", ["access"]),
        ("What information do you hold about me?", ["access"]),
        ("Can I have copies of all my personal data", ["access"]),
        ("Under Article 15 of the UK GDPR I ask for my data", ["access"]),
        ("Please delete all of my personal data", ["erasure"]),
        ("I want to exercise my right to be forgotten", ["erasure"]),
        ("Close my account and delete everything", ["erasure"]),
        ("My data is wrong, please correct my postal address", ["rectification"]),
        ("Please restrict the processing of my data", ["restriction"]),
        ("I want my data in a machine-readable format", ["portability"]),
        ("I object to your profiling", ["objection"]),
        ("I want human review of your automated decision", ["adm_review"]),
        ("Send me a copy of my data and then delete my data.", ["access", "erasure"]),
        ("Send me everything you hold about me and delete it afterwards.", ["access", "erasure"]),
        ("Delete me and send me everything", ["access", "erasure", "withdrawal"]),
    ],
)
def test_rights_are_heard(text, rights):
    found = suggested(text)
    assert (found.kind, found.rights) == ("rights", rights)
    assert found.reasons == [f"right-{right}" for right in rights]


@pytest.mark.parametrize(
    ("text", "kind", "given"),
    [
        ("I want to complain about you", "complaint", {}),
        ("I am unhappy with how you used my number", "complaint", {}),
        ("I will report you to the ICO", "complaint", {}),
        ("Unsubscribe", "withdrawal", {}),
        ("stop emailing me", "withdrawal", {}),
        ("Please take me off your mailing list", "withdrawal", {}),
        ("I withdraw my consent", "withdrawal", {}),
        ("Any news?", "authority", {"sender": "x@ico.org.uk"}),
        ("Hello", "authority", {"sender": "PC Plod <plod@cleveland.police.uk>"}),
        ("We act for Ms Lovelace", "authority", {}),
        ("We write with a notice of a security incident notification", "breach", {}),
        ("We inform you of a personal data breach", "breach", {}),
        ("You are the data processor for our gym", "processor", {}),
        ("Where are your servers?", "query", {}),
    ],
)
def test_other_kinds_are_heard(text, kind, given):
    assert suggested(text, **given).kind == kind


WAITED = [
    "Nobody answered.",
    "nobody has answered me",
    "No reply",
    "Still no reply from you.",
    "I have had no response.",
    "I never got an answer",
    "You have not replied to my request",
    "You haven\u2019t responded.",
    "You still haven't answered me!",
    "No one got back to me",
    "I have not heard back",
    "I asked a month ago and heard nothing. Without a reply I will go to court.",
    "I am still waiting",
    "Why am I being ignored?",
    "Your answer is long overdue",
    "The deadline has passed",
    "The one month is over",
]
NO_COMPLAINT = [
    "Thank you for your reply.",
    "I will answer your question tomorrow.",
    "There is no need to reply.",
    "No reply needed.",
    "You answered all my questions, thanks.",
    "I am out of the office. You will receive no reply before Monday.",
    "This mailbox is not monitored. If you have not received a response, call us.",
    "Do not reply to this message. We have not answered yet.",
    "Your ticket has been created; you are still waiting for an agent.",
]


@pytest.mark.parametrize("text", WAITED)
def test_who_waits_for_an_answer_and_says_so_complains(text):
    found = suggested(text, is_waiting=lambda: True)
    assert (found.kind, found.reasons) == ("complaint", ["words-unanswered"])
    assert suggested(text).kind == suggested(text, is_waiting=lambda: True, machine="auto-reply").kind == "query"


@pytest.mark.parametrize("text", NO_COMPLAINT)
def test_who_waits_and_does_not_say_so_does_not_complain(text):
    assert suggested(text, is_waiting=lambda: True).kind == "query"


@pytest.mark.parametrize(
    ("text", "is_so"),
    [
        ("We act for Ms Lovelace. Our client asks for her data.", True),
        ("On behalf of my mother I ask you to delete her account", True),
        ("Please send me my son's records", True),
        ("Send me my data", False),
        ("I ask on my own behalf for my personal data. My client number is 7.", False),
    ],
)
def test_somebody_who_writes_for_another_is_seen(text, is_so):
    assert (rules.FOR_ANOTHER in suggested(text).reasons) is is_so


def test_an_address_that_only_looks_like_the_regulators_is_not_believed():
    assert suggested("Hello", sender="x@notico.org.uk").kind == "query"
    assert suggested("Hello", sender="x@ico.org.uk.example.com").kind == "query"


def test_what_is_quoted_is_not_what_they_say():
    assert suggested("Thanks!\n\nOn Tue, 3 Nov 2026 at 09:12, Us wrote:\n> you may delete my data").kind == "query"
    assert suggested("Thanks!\n> delete my data").kind == "query"


def test_every_reason_has_words():
    assert all(str(label) for label in rules.LABELS.values())
    assert all(len(code) <= 30 for code in rules.LABELS)


def passed_on(text, subject="Fwd: my data", sender="Grace <grace@example.com>", **headers):
    return read(letter(text, subject=subject, sender=sender, **headers).as_bytes())


OUTLOOK = """Please see below.

-----Original Message-----
From: Grace Hopper <grace@example.com>
Sent: Tuesday, 3 November 2026 09:12
To: Sales <sales@kraken.im>
Subject: my data

Please delete my data.
"""
APPLE = """Begin forwarded message:

> From: "Hopper, Grace" <grace@example.com>
> Date: 3 November 2026 at 09:12:44 GMT
> To: sales@kraken.im
>
> Please delete my data.
"""
GMAIL = """---------- Forwarded message ---------
From: Grace Hopper <grace@example.com>
Date: Tue, Nov 3, 2026 at 9:12 AM
Subject: my data
To: <sales@kraken.im>


Please delete my data.
"""


@pytest.mark.parametrize("text", [OUTLOOK, APPLE, GMAIL], ids=["outlook", "apple", "gmail"])
def test_the_first_writer_and_the_day_are_found(text):
    message = passed_on(text, sender="Sam <sam@kraken.im>")
    assert forwarded.is_forwarded(message, own_domains=OURS)
    found = forwarded.original(message, own_domains=OURS, zone=UTC)
    assert (found.address, found.day) == ("grace@example.com", date(2026, 11, 3))
    assert "Hopper" in found.name
    assert rules.suggest(message, whole=True).rights == ["erasure"]


def test_passed_on_twice_the_innermost_counts():
    twice = (
        "-----Original Message-----\nFrom: Lee <lee@kraken.im>\nSent: Wednesday, 4 November 2026 10:00\n\n" + OUTLOOK
    )
    found = forwarded.original(passed_on(twice, sender="sam@kraken.im"), own_domains=OURS, zone=UTC)
    assert (found.address, found.day) == ("grace@example.com", date(2026, 11, 3))


def test_an_enclosed_message_counts_too():
    inner = letter("Delete my data", sender="Grace Hopper <grace@example.com>")
    outer = letter("See attached", subject="FW: data", sender="sam@kraken.im")
    outer.add_attachment(inner)
    message = read(outer.as_bytes())
    assert forwarded.is_forwarded(message, own_domains=OURS)
    found = forwarded.original(message, own_domains=OURS, zone=UTC)
    assert (found.address, found.day) == ("grace@example.com", date(2026, 11, 18))


def test_an_ordinary_letter_is_not_passed_on():
    assert not forwarded.is_forwarded(passed_on("Delete my data", subject="Forward my data"), own_domains=OURS)
    assert forwarded.original(Message(), own_domains=OURS, zone=UTC) == forwarded.Original()


def test_redirected_by_hand_the_person_is_still_the_sender():
    message = passed_on("Delete my data", subject="my data", Resent_From="sam@kraken.im")
    assert forwarded.is_forwarded(message, own_domains=OURS)
    found = forwarded.original(message, own_domains=OURS, zone=UTC)
    assert (found.address, found.day) == ("grace@example.com", date(2026, 11, 18))


def test_a_rule_that_forwards_by_itself_changes_nothing():
    message = passed_on("Delete my data", subject="my data", X_Forwarded_To="privacy@kraken.im")
    assert not forwarded.is_forwarded(message, own_domains=OURS)
