"""Under the law of the Union letters name Arts 77 and 79 GDPR and the authority, and nothing of the British Act."""

import re

import pytest
from django.template.loader import render_to_string

from core import outbox
from core.models import Controller
from notices import writing
from processing import abroad
from processing.models import Recipient
from requests import acknowledging, letter_law, letters, recipients
from requests.letter_kinds import REQUIRED
from requests.letter_samples import OWN, SAMPLES
from requests.models import Complaint
from tests import make_office as make
from tests import make_requests

pytestmark = pytest.mark.django_db
AUTHORITY = {"regulator_name": "Data Protection Commission", "regulator_url": "https://authority.example/complain"}
ROUTES = {"complain-to-commissioner": "Art 77", "court": "Art 79"}


@pytest.fixture
def case():
    make.controller()
    Controller.objects.filter(pk=1).update(jurisdiction="IE", **AUTHORITY)
    make_requests.system()
    return make_requests.case("access", now=make.NOW)


def target(case, kind):
    if not kind.startswith("complaint"):
        return {"rights_request": case.requests.get()}
    day = make.NOW.date()
    complaint = Complaint.objects.create(case=case, reference="KP-CCCC-DDDD", received_on=day, acknowledge_by=day)
    return {"rights_request": None, "complaint": complaint}


@pytest.mark.parametrize("kind", sorted(REQUIRED))
def test_no_letter_names_british_law(case, kind):
    context = {**SAMPLES[kind], **OWN}
    if "withheld" in context:
        context["withheld"] = [{**context["withheld"][0], "article": "Art 15(4)"}]
    html = letters.render(kind, context=context, now=make.NOW, **target(case, kind))
    text = letters.to_text(html)
    for british in ("164A", "165", "Act 2018", "UK GDPR", "12A"):
        assert british not in text
    if "complain-to-commissioner" in REQUIRED[kind]:
        assert AUTHORITY["regulator_name"] in text
        assert AUTHORITY["regulator_url"] in text


@pytest.mark.parametrize(("part", "words"), ROUTES.items())
def test_both_routes_are_required_and_a_complaint_to_us_is_not(case, part, words):
    found = case.requests.get()
    context = {**SAMPLES["refusal"], **OWN}
    html = letters.render("refusal", found, context, now=make.NOW)
    assert "complain-to-us" not in letters.required("refusal", context, "EU")
    for broken in (html.replace(words, "the law"), re.sub(f'data-part="{part}"', "", html)):
        with pytest.raises(letters.LetterIncomplete) as refusal:
            letters.write("refusal", found, context, now=make.NOW, html=broken)
        assert refusal.value.missing == [part]
        assert words in refusal.value.fields[part]
    assert letters.write("refusal", found, context, now=make.NOW, html=html)


def test_the_british_letter_is_none_of_the_union(case):
    html = letters.render("refusal", case.requests.get(), {**SAMPLES["refusal"], **OWN}, now=make.NOW)
    with pytest.raises(letters.LetterIncomplete):
        letters.check("refusal", html, {}, "UK")


def test_an_exemption_of_british_law_is_refused_and_what_people_wrote_is_not(case):
    found = case.requests.get()
    with pytest.raises(letters.LetterIncomplete) as refusal:
        letters.render("access_response", found, {**SAMPLES["access_response"], **OWN}, now=make.NOW)
    assert refusal.value.missing == ["law"]
    assert "no law of the Union" in refusal.value.fields["law"]
    mine = "The UK GDPR & the Data Protection Act\nare not the law here."
    context = {**SAMPLES["refusal"], **OWN, "explanation": mine}
    html = letters.render("refusal", found, context, now=make.NOW)
    written = letters.read(letters.write("refusal", found, context, now=make.NOW, html=html))
    assert "The UK GDPR & the Data Protection Act" in written["text"]
    with pytest.raises(letters.LetterIncomplete):
        letters.write("refusal", found, context, now=make.NOW, html=html + "<p>DPA 2018 Sch 2</p>")


def test_the_notice_names_the_law_of_the_controller(case):
    html = writing.write(version="1.0", effective_from="1 September 2026")
    assert "Art 77 GDPR" in html
    assert AUTHORITY["regulator_name"] in html
    assert "outside the European Economic Area" in html
    for british in ("164A", "165", "Act 2018", "UK GDPR", "United Kingdom", "Commissioner"):
        assert british not in html


def test_the_time_of_a_complaint_is_ours_and_no_british_acts(case):
    said = acknowledging.explained(target(case, "complaint_outcome")["complaint"], today=make.NOW.date())
    assert "30 days" in said[1]
    assert "164A" not in " ".join(map(str, said))


def test_who_received_the_data_is_told_under_the_law_of_the_case(case, mailoutbox):
    told = {"name": "Printer Ltd", "notify": "privacy@printer.example"}
    recipient = Recipient.objects.create(slug="printer", role="processor", **told)
    recipients.tell(case.requests.get(), [recipient], "erased", known=["x"], actor=make.OFFICER, now=make.NOW)
    outbox.deliver_due(now=make.NOW)
    assert "Article 19 of the GDPR" in mailoutbox[-1].body
    context = {"transfer": {"expires_at": make.NOW}, "token": "x", "is_union": letter_law.is_of_the_union(case)}
    assert "(Art 20 GDPR)" in render_to_string("requests/collect/hand_over.html", context)


def test_a_third_country_is_one_outside_the_union(case):
    for country in ("GB", "FR", "US"):
        Recipient.objects.create(slug=country, name=country, role="processor", country=country, transfer_mechanism="x")
    every = Recipient.objects.order_by("slug")
    assert [one.slug for one in abroad.among(every, "IE")] == ["GB", "US"]
    assert [one.slug for one in abroad.among(every, "UK")] == ["FR", "US"]


def test_the_page_of_a_set_names_the_law_of_the_case(case):
    context = {"rights_request": case.requests.get(), "made_at": make.NOW, "rows": 1, "inferred": 0}
    assert "(Art 20 GDPR)" in render_to_string("requests/package/portable.html", context)
