"""Every right by calls alone, from the letter that is entered to the answer that the person holds in their hands.

What nobody can do for the person is done on the public pages: the link in the mail, and the code before the answer.
"""

import io
import json
import re
import zipfile
from datetime import timedelta
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from core.outbox import deliver_due
from ledger import signing
from processing.models import DecisionSystem, Purpose
from requests import reviewing
from requests.models import CaseFile
from subjects.models import PersonalDataItem
from tests import make_office as make
from tests.make_api import client
from tests.make_transfers import LOOPBACK, Receiver

pytestmark = pytest.mark.django_db
REQUESTER = {"name": "Grace Hopper", "email": make.EMAIL}


class Journey:
    """Somebody's request, the key that works on it, and their mailbox."""

    def __init__(self, mailbox):
        self.mailbox, self.api, self.person = mailbox, client(), Client()
        self.here = ""

    def call(self, method, path, status=200, **body):
        path, more = f"/api/v1/{path}", {"headers": {"Idempotency-Key": str(uuid4())}} if method == "post" else {}
        answer = getattr(self.api, method)(path, body or None, format="json", **more)
        assert answer.status_code == status, answer.content
        return answer.json()

    def get(self, path=""):
        return self.call("get", self.here + path)

    def post(self, path, status=200, **body):
        return self.call("post", self.here + path, status, **body)

    def ask(self, right, **more):
        """The request comes in, and the person shows that the mailbox is theirs."""
        taken = self.call("post", "requests/", 202, rights=[right], requester=REQUESTER, channel="letter", **more)
        self.here = f"requests/{taken['requests'][0]['reference']}/"
        if self.get()["state"] == "received":
            self.person.post(reverse("requests:confirm", args=[self.mailed(r"/rights/confirm/([^/\s]+)/")]))
        return self

    def mailed(self, pattern):
        # What is posted by carrying out a deletion goes once the journal has acknowledged it.
        for _round in range(2):
            deliver_due(now=timezone.now() + timedelta(seconds=1))
        found = (re.search(pattern, mail.body, re.M) for mail in reversed(self.mailbox))
        return next(one for one in found if one).group(1)

    def collect(self):
        """The link in the newest mail, with a fresh code from the same mailbox; returns the letter."""
        token = self.mailed(r"/collect/([^/\s]+)/")
        self.person.post(reverse("requests:collect-code", args=[token]))
        self.person.post(reverse("requests:collect-check", args=[token]), {"code": self.mailed(r"^(\d{8})$")})
        self.token = token
        return self.person.post(reverse("requests:collect-letter", args=[token])).text

    def download(self):
        content = self.person.post(reverse("requests:collect-download", args=[self.token])).getvalue()
        return zipfile.ZipFile(io.BytesIO(content))

    def decide(self, reason=""):
        for line in self.get("work/")["decisions"]:
            self.post("decisions/", purpose=line["purpose"], reason=reason or line["proposed_reason"])

    def search(self):
        self.post("tasks/crm/", outcome="nothing_found", searched={"terms": "Grace", "places": "Contacts"})


@pytest.fixture
def journey(mailoutbox):
    make.register(manual=True)
    make.person("newsletter", "contract-administration", "direct-sales", token="Grase", now=timezone.now())
    return Journey(mailoutbox)


@pytest.fixture
def receiver(tmp_path, settings):
    """The server of another controller."""
    settings.OUTGOING_NETWORKS = LOOPBACK
    made = Receiver(tmp_path).start()
    yield made
    made.stop()


def is_closed(journey, state):
    assert journey.get()["state"] == state
    assert CaseFile.objects.get().closed_at
    assert all(letter["given_on"] for letter in journey.get("work/")["letters"])


def test_access(journey):
    journey.ask("access").search()
    journey.post("prepare/")
    journey.post("release/")
    assert "Dear Grace Hopper" in journey.collect()
    assert b"Grase for newsletter" in journey.download().read("index.html")
    is_closed(journey, "fulfilled")


def test_erasure(journey):
    subject = make.person()
    make.disclosed(subject, to="printer")
    journey.ask("erasure")
    journey.post("tasks/crm/", outcome="done", count=1)
    journey.decide()
    journey.post("release/")
    [printer] = journey.get("recipients/")["recipients"]
    assert (printer["recipient"], printer["action"], printer["owed"]) == ("printer", "erased", True)
    assert journey.get()["state"] != "fulfilled"
    assert journey.post("recipients/nobody/told/", 404, channel="phone")["code"] == "not-found"
    journey.post("recipients/printer/told/", channel="phone")
    journey.post("recipients/printer/replied/")
    assert not journey.get("recipients/")["recipients"][0]["owed"]
    journey.post("release/")
    assert "What we deleted" in journey.collect()
    is_closed(journey, "partly_fulfilled")
    assert not PersonalDataItem.objects.filter(needs__purpose__slug="newsletter").exists()


def test_rectification(journey):
    make.disclosed(make.person(), "newsletter", to="printer")
    item = PersonalDataItem.objects.get(needs__purpose__slug="newsletter")
    journey.ask("rectification", details="My name is Grace.").search()
    made = journey.post("corrections/", 201, kind="item", about=str(item.uuid), new="Grace")
    journey.post(f"corrections/{made['corrections'][0]}/", reason="inaccurate")
    journey.post("recipients/printer/impossible/", reason="recipient-gone", note="Dissolved in May.")
    journey.post("release/")
    letter = journey.collect()
    assert "What we corrected" in letter
    assert "no longer exists" in letter
    is_closed(journey, "fulfilled")


def test_restriction(journey):
    journey.ask("restriction").search()
    # No ground was named, so none is proposed: somebody has asked which.
    assert {line["proposed_reason"] for line in journey.get("work/")["decisions"]} == {"no-ground"}
    journey.decide("accuracy-contested")
    journey.post("release/")
    assert "What we store and do not use" in journey.collect()
    is_closed(journey, "fulfilled")
    assert journey.get("work/")["restrictions"] == 3
    assert journey.post("restriction/end/", 409)["code"] == "lifting-not-told"
    journey.post("restriction/notice/", on=timezone.localdate().isoformat(), why="The claim is over.")
    assert "The claim is over." in journey.collect()
    journey.post("restriction/end/")
    assert journey.get("work/")["restrictions"] == 0


def test_portability_to_the_person(journey):
    journey.ask("portability").search()
    journey.post("prepare/")
    journey.post("release/")
    journey.collect()
    assert b"Grase for newsletter" in journey.download().read("data/data.jsonld")
    is_closed(journey, "fulfilled")


def test_portability_to_another_controller(journey, receiver):
    journey.ask("portability").search()
    journey.post("prepare/")
    told = {"name": "Octopus Ltd", "words": "Send it to Octopus.", "told": "request"}
    refused = journey.post("transfers/", 400, address="nowhere", **told)
    assert refused["errors"][0]["field"] == "address"
    made = journey.post("transfers/", 201, address=f"http://127.0.0.1:{receiver.port}/take", **told)
    assert made["state"] == "waiting"
    assert journey.post(f"transfers/{made['transfer']}/start/")["state"] == "sending"
    deliver_due(now=timezone.now() + timedelta(seconds=1))
    [sent] = journey.get("transfers/")["transfers"]
    assert (sent["state"], receiver.kept[0].name) == ("delivered", f"{made['transfer']}.zip")
    assert journey.post(f"transfers/{made['transfer']}/cancel/", 409)["code"] == "transfer-not-now"
    journey.post("release/")
    letter = journey.collect()
    assert "Octopus Ltd" in letter
    assert "They confirmed that they have it." in letter
    is_closed(journey, "fulfilled")


def test_objection(journey):
    journey.ask("objection", details="Somebody used my name.").search()
    journey.decide()
    journey.post("release/")
    assert "We uphold your objection" in journey.collect()
    is_closed(journey, "fulfilled")


def test_objection_to_marketing_alone(journey):
    journey.ask("objection", details="No more advertising, please.")
    journey.post("only-marketing/")
    is_closed(journey, "fulfilled")
    assert journey.mailed(r"(eyJ[\w-]+\.[\w-]+\.[\w-]+)")


def test_withdrawal(journey):
    journey.ask("withdrawal", stop=["newsletter"])
    is_closed(journey, "fulfilled")
    receipt = json.loads(signing.verify(journey.mailed(r"(eyJ[\w-]+\.[\w-]+\.[\w-]+)")))
    assert receipt["choices"] == [{"purpose": "newsletter", "status": "withdrawn"}]


def test_adm_review(journey):
    DecisionSystem.objects.create(
        slug="offers",
        purpose=Purpose.objects.get(slug="direct-sales"),
        name="Offers",
        logic="Orders are counted.",
        consequences="You see fewer.",
        by_computer_alone=True,
    )
    journey.ask("adm_review").search()
    made = journey.post("reviews/", 201, system="offers", asked=["human_review"], decision="No discount.")
    everything = list(reviewing.MEANINGFUL)
    journey.post(f"reviews/{made['review']}/", outcome="changed", reasons="You ordered twice.", meant=everything)
    journey.post("release/")
    letter = journey.collect()
    assert "Orders are counted." in letter
    assert "You ordered twice." in letter
    is_closed(journey, "fulfilled")


def test_a_right_in_somebodys_own_words(journey):
    journey.ask("general", details="What do you know about me?")
    found = journey.post("rights/", right="access")
    assert (found["right"], found["state"]) == ("access", "received")


def test_complaint(journey):
    words = {"complaint": "You never answered.", "wish": "An answer."}
    taken = journey.call("post", "complaints/", 202, requester=REQUESTER, **words)
    assert (taken["state"], bool(taken["acknowledged_at"])) == ("open", True)
    journey.here = f"complaints/{taken['reference']}/"
    unknown = journey.post("description/", 400, issues=["no-answer"], purposes=["nothing-of-ours"])
    assert unknown["errors"][0]["field"] == "purposes"
    journey.post(
        "description/", issues=["no-answer"], purposes=list(Purpose.objects.values_list("slug", flat=True)[:1])
    )
    journey.post("acknowledgement/")
    journey.post("enquiries/", text="Asked Sales.")
    journey.post("progress/", text="We have asked Sales.")
    assert "We have asked Sales." in journey.collect()
    answer = {"outcome": "upheld", "findings": "We lost it.", "changes": "We are sorry.", "remedies": ["apologised"]}
    assert journey.post("outcome/", 400, **{**answer, "findings": ""})["errors"][0]["field"] == "findings"
    closed = journey.post("outcome/", cause="process", **answer)
    assert (closed["state"], closed["allowed_moves"]) == ("closed", [])
    kinds = [letter["kind"] for letter in closed["letters"]]
    assert kinds == ["complaint_received", "complaint_acknowledgement", "complaint_progress", "complaint_outcome"]
    assert journey.post("progress/", 409, text="More.")["code"] == "complaint-closed"
    assert "We lost it." in journey.collect()
    listed = journey.call("get", "complaints/?state=closed")
    assert [row["reference"] for row in listed["results"]] == [taken["reference"]]
    assert journey.call("get", "complaints/?state=open")["results"] == []
    assert CaseFile.objects.get().closed_at
