"""What several people share a mailbox with, in an import, in a restored database, on the page of choices and as one."""

import json
import threading
from io import BytesIO

import pytest
from django.db import connection, transaction
from django.utils import timezone

from consents import importing, permission
from consents.withdraw import withdraw
from subjects import people
from subjects.identifiers import Claim
from tests import make_consents as make
from tests.make_unproven import ADA
from tests.waiting import PATIENCE, others_wait

pytestmark = pytest.mark.django_db
PHONES = {"C1": "+447700900123", "C2": "+447700900124"}


@pytest.fixture(autouse=True)
def forms():
    make.published(controls=[make.control(), make.control("newsletter-sms", channel="sms")])


def holder(number):
    """A customer who gave the mailbox and a telephone of their own, and agreed to be written to there."""
    identity = {"email": ADA, "customer_number": number, "phone": PHONES[number]}
    make.captured(identity=identity, choices={"newsletter-email": True, "newsletter-sms": True}, now=make.days(1))


def person(number):
    found = people.find([Claim("customer_number", number)])
    assert found
    return found


def by(kind, value, channel="email"):
    verdict = permission.check("newsletter", channel, kind, [value], now=timezone.now())[0]
    return ("+" if verdict.allowed else "") + verdict.reason


def imported(*rows):
    """From a system that knows these people by their telephones."""
    lines = "\n".join(json.dumps({"purpose": "newsletter", "evidence": "F1", **row}) for row in rows)
    report = importing.take_rows(BytesIO(lines.encode()), is_csv=False, actor=make.ACTOR, now=make.days(9))
    return importing.as_json(report)["rows"]


@pytest.mark.django_db(transaction=True)
def test_an_import_of_withdrawals_and_one_of_somebody_who_shares_a_mailbox_do_not_wait_in_a_circle():
    """The import holds nothing by which the first of its people is known before it holds the second."""
    for number in PHONES:
        holder(number)
    rows = [
        {"phone": phone, "channel": "", "status": "withdrawn", "at": make.days(5).isoformat()}
        for phone in PHONES.values()
    ]
    done, raised = [], []

    def work():
        try:
            done.append(imported(*rows))
        except Exception as error:  # noqa: BLE001
            raised.append(error)
        finally:
            connection.close()

    thread = threading.Thread(target=work)
    with transaction.atomic():
        assert people.hold(person("C2"))
        thread.start()
        others_wait()
        withdraw([Claim("customer_number", "C2")], purposes=["newsletter"], now=timezone.now(), actor="system")
    thread.join(timeout=PATIENCE)
    assert raised == []
    # The withdrawal of the second is the later one, so what the import says of them is known.
    assert (done[0]["stored"], done[0]["known"]) == (1, 1)
    assert {by("phone", phone, "sms") for phone in PHONES.values()} == {"consent-withdrawn"}
