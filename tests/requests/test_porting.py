"""Portability to the person: only what they gave or we observed, on consent or contract; nothing is deleted."""

import io
import json
import re
import zipfile

import pytest
from django.urls import reverse
from django.utils import timezone

from core.errors import Invalid
from core.outbox import deliver_due
from ledger import signing
from requests import casework, decisions, exempting, letters, next_step, package, porting, transfers, ways
from requests.models import Package, RightsRequest
from requests.two_people import TwoPeopleNeeded
from subjects import people
from subjects.identifiers import Claim
from subjects.models import PersonalDataItem
from tests import make_office as make
from tests import make_subjects

pytestmark = pytest.mark.django_db
NOW = make.NOW


@pytest.fixture(autouse=True)
def register():
    return make.register()


@pytest.fixture
def subject():
    made = make.person("newsletter", "contract-administration")
    make_subjects.item(made, "newsletter", content="OBSERVED", category="name", nature="observed", now=NOW)
    make_subjects.item(made, "newsletter", content="INFERRED", category="name", nature="inferred", now=NOW)
    make_subjects.item(made, "direct-sales", content="INTEREST", category="name", now=NOW)
    make_subjects.item(made, "statutory-accounts", content="LAW", category="invoice", now=NOW)
    return made


def ask(mailoutbox, **given):
    return make.confirmed("portability", mailbox=mailoutbox, **given).requests.get()


def opened(rights_request):
    content = b"".join(package.contents(Package.objects.select_related("request__case").get(request=rights_request)))
    return zipfile.ZipFile(io.BytesIO(content))


def test_what_is_not_sent_to_somebody_else_is_next_and_stands_in_the_letter(subject, mailoutbox):
    wants = "Another company or organisation\nName of the company or organisation\nSquid Ltd"
    found = ask(mailoutbox, answers={"portability": wants})
    porting.prepare(found, actor=make.OFFICER, now=NOW)

    def next_and_letter():
        kind, context = porting.draft(found, now=NOW)
        steps = next_step.of(found, casework.gather(found, now=NOW), today=NOW.date())
        return " ".join(str(step.sentence) for step in steps), letters.render(kind, found, context, now=NOW)

    steps, letter = next_and_letter()
    assert "They want somebody else to get it: record to whom." in steps
    assert "We do not send it to the other company ourselves." in letter
    given = {"name": "Squid Ltd", "address": "https://example.com/", "words": "x", "told": "request"}
    going = transfers.instruct(found, **given, actor=make.OFFICER, now=NOW)
    steps, letter = next_and_letter()
    assert "Send it to Squid Ltd" in steps
    assert "ourselves." not in letter
    transfers.cancel(going, actor=make.OFFICER, now=NOW)
    assert "We do not send it to Squid Ltd ourselves." in next_and_letter()[1]


def test_what_goes_along_and_what_does_not(subject, mailoutbox):
    found = ask(mailoutbox)
    before = PersonalDataItem.objects.count()
    porting.prepare(found, actor=make.OFFICER, now=NOW)
    archive = opened(found)
    assert set(archive.namelist()) == {
        "index.html", "data/data.jsonld", "data/data.csv", "data/contact.csv", "data/contact.vcf",
        "manifest.json", "manifest.json.jws",
    }  # fmt: skip
    for name in ("data/data.jsonld", "data/data.csv"):
        text = archive.read(name).decode()
        assert "Grace for newsletter" in text
        assert "Grace for contract-administration" in text
        assert "OBSERVED" in text
        for hidden in ("INFERRED", "INTEREST", "LAW"):
            assert hidden not in text
    assert f"EMAIL:{make.EMAIL}" in archive.read("data/contact.vcf").decode()
    graph = json.loads(archive.read("data/data.jsonld"))["@graph"]
    assert len(graph) == 1 + found.result["rows"] == 4
    assert signing.verify(archive.read("manifest.json.jws").decode()) == archive.read("manifest.json")
    page = archive.read("index.html").decode()
    assert "1 record that we worked out ourselves." in page
    assert PersonalDataItem.objects.count() == before


def test_what_third_parties_said_and_what_others_use_stays_here(subject, mailoutbox):
    PersonalDataItem.objects.update(source="third_party")
    claims = [Claim("email", "shared@example.com")]
    other = people.find_or_create(claims, now=NOW, actor="x")
    people.find_or_create([Claim("email", make.EMAIL), Claim("phone", "+442079460123")], now=NOW, actor="x")
    assert other != subject
    found = ask(mailoutbox)
    porting.prepare(found, actor=make.OFFICER, now=NOW)
    card = opened(found).read("data/contact.vcf").decode()
    assert found.result["rows"] == 0
    assert "tel:" not in card
    assert make.EMAIL in card


def test_the_letter_names_the_scope_and_every_use_that_stays(subject, mailoutbox):
    found = ask(mailoutbox)
    with pytest.raises(porting.NoSet):
        ways.draft(found, now=NOW)
    line = next(one for one in decisions.lines(found, now=NOW) if one.purpose.slug == "contract-administration")
    for code, field in (("crime-and-tax", "reason"), ("others-information", "reason"), ("others-rights", "note")):
        with pytest.raises(Invalid) as refusal:
            decisions.decide(found, line.purpose, "refuse", code, actor=make.OFFICER, now=NOW)
        assert list(refusal.value.fields) == [field]
    decisions.decide(found, line.purpose, "refuse", "others-rights", "Bob too.", actor=make.OFFICER, now=NOW)
    porting.prepare(found, actor=make.OFFICER, now=NOW)
    assert "Grace for contract-administration" not in opened(found).read("data/data.csv").decode()
    ways.release(found, actor=make.OFFICER, now=NOW)
    ways.release(found, actor=make.OFFICER, now=NOW)
    found.refresh_from_db()
    assert (found.state, found.letters.count()) == ("partly_fulfilled", 1)
    text = letters.read(letters.latest(found))["text"]
    for words in (
        "Bob too.",
        "Art 20(4)",
        "Direct sales",
        "Statutory accounts",
        "JSON-LD",
        "vCard 4.0",
        "164A",
        "1 record that we",
    ):
        assert words in text


def test_a_decision_after_the_set_was_made_asks_for_another(subject, mailoutbox):
    found = ask(mailoutbox)
    porting.prepare(found, actor=make.OFFICER, now=NOW)
    line = decisions.lines(found, now=NOW)[0]
    later = NOW.replace(hour=11)
    decisions.decide(found, line.purpose, "refuse", "others-rights", "Bob too.", actor=make.OFFICER, now=later)
    with pytest.raises(exempting.StaleSet):
        ways.release(found, actor=make.OFFICER, now=later)
    porting.prepare(found, actor=make.OFFICER, now=later)
    ways.release(found, actor=make.OFFICER, now=later)


def test_of_somebody_we_do_not_know_we_say_so(mailoutbox):
    found = make.looked(ask(mailoutbox, email="nobody@example.com"))
    ways.release(found, actor=make.OFFICER, now=NOW)
    assert "in a form that you can take elsewhere" in letters.read(letters.latest(found))["text"]


def test_two_people(subject, mailoutbox, settings):
    settings.TWO_PERSON_RELEASE = True
    found = ask(mailoutbox)
    porting.prepare(found, actor=make.OFFICER, now=NOW)
    with pytest.raises(TwoPeopleNeeded):
        ways.release(found, actor=make.OFFICER, now=NOW)
    ways.release(found, actor="user:somebody-else", now=NOW)
    assert RightsRequest.objects.get(pk=found.pk).state == "fulfilled"


def test_staff_make_it_and_the_person_collects_it(client, subject, mailoutbox):
    found = ask(mailoutbox, now=timezone.now())
    client.force_login(make.staff())
    page = reverse("admin:rights-request", args=[found.uuid])
    assert "Make the set of data" in client.get(page).content.decode()
    client.post(reverse("admin:rights-port", args=[found.uuid]))
    assert "3 records go along; 1 that was inferred does not" in client.get(page).content.decode()
    shown = client.post(reverse("admin:rights-copy", args=[found.uuid]))
    assert b"Your data, to take elsewhere" in b"".join(shown)
    assert (
        "Your data to take elsewhere" in client.post(reverse("admin:rights-review", args=[found.uuid])).content.decode()
    )
    client.post(reverse("admin:rights-release", args=[found.uuid]))
    client.logout()
    deliver_due(now=timezone.now())
    token = re.search(r"/collect/([^/\s]+)/", mailoutbox[-1].body).group(1)
    client.post(reverse("requests:collect-code", args=[token]))
    deliver_due(now=timezone.now())
    code = re.search(r"^\d{8}$", mailoutbox[-1].body, re.M).group(0)
    client.post(reverse("requests:collect-check", args=[token]), {"code": code})
    answer = client.post(reverse("requests:collect-download", args=[token]))
    archive = zipfile.ZipFile(io.BytesIO(b"".join(answer)))
    assert "BEGIN:VCARD" in archive.read("data/contact.vcf").decode()
