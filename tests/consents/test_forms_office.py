"""The pages on which staff write, publish and enter consents."""

import re
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from consents import evidence, withdraw
from consents.models import ConsentEvent, ConsentEvidence, ConsentForm, ConsentFormVersion, ConsentRenewal
from core.models import Outbox
from ledger.models import Entry
from subjects.identifiers import Claim
from subjects.models import DataSubject
from tests import make_consents as make
from tests import make_staff

pytestmark = pytest.mark.django_db
HERE = "/admin/consent-forms/newsletter/en-GB/"
PDF = b"%PDF-1.7 signed"


@pytest.fixture
def dpo():
    return make_staff.client_of(make_staff.account("dora", "dpo"))


@pytest.fixture
def registrar():
    return make_staff.client_of(make_staff.account("rita", "registrar"))


def draft(*boxes, **fields):
    boxes = boxes or [make.control("", label="Send me the newsletter.")]
    rows = {f"box-{n}-{name}": box[name] for n, box in enumerate(boxes) for name in box}
    return {
        "title": "News",
        "intro": "About our products.",
        "controllers": "Example Ltd",
        "withdrawal": "You can withdraw at any time.",
        "notice_version": "1",
        "declared": ["free", "specific", "separate", "plain"],
        "box-TOTAL_FORMS": len(boxes) + 1,
        "box-INITIAL_FORMS": 0,
        **rows,
        **fields,
    }


def text(response):
    return re.sub(r"\s+", " ", response.content.decode())


def test_a_form_is_written_by_one_and_put_on_show_by_another(registrar, dpo):
    make.live()
    made = registrar.post(
        "/admin/consent-forms/new/", {"slug": "newsletter", "locale": "en-GB", "valid_for": "P24M", "grace_days": 30}
    )
    assert made["Location"] == f"{HERE}draft/"
    shown = registrar.post(f"{HERE}preview/", draft(withdrawal=""))
    assert "Send me the newsletter." in text(shown)
    assert "withdraw at any time" in text(shown)
    assert not ConsentFormVersion.objects.exists()
    kept = registrar.post(f"{HERE}draft/", draft(withdrawal=""), follow=True)
    assert "The draft is in order." not in text(kept)
    kept = registrar.post(f"{HERE}draft/", draft(), follow=True)
    assert "The draft is in order. The data protection officer publishes it." in text(kept)
    assert f'href="{HERE}publish/"' not in text(kept)
    assert f'href="{HERE}publish/"' in text(dpo.get(f"{HERE}draft/"))
    # Of what is only being looked at nothing can be published yet.
    assert f'href="{HERE}publish/"' not in text(dpo.post(f"{HERE}draft/", draft(title="More news") | {"preview": "1"}))
    assert registrar.get(f"{HERE}publish/").status_code == 404
    assert "Send me the newsletter." in text(dpo.get(f"{HERE}publish/"))
    assert dpo.post(f"{HERE}publish/").status_code == 302
    version = ConsentFormVersion.objects.get()
    assert (version.change, version.controls[0]["key"]) == ("first", "newsletter-email")
    assert "the words below have this hash" in text(registrar.get(f"{HERE}1/"))
    assert "Send me the newsletter." in text(registrar.get("/forms/newsletter/"))
    assert "newsletter" in text(dpo.get("/admin/consent-forms/"))
    assert (
        registrar.post(f"{HERE}draft/", draft({**make.control(), "label": "Send me the newsletter."})).status_code
        == 302
    )
    assert ConsentFormVersion.objects.count() == 1


def test_before_publishing_the_officer_sees_what_differs_and_whom_it_touches(dpo):
    make.published("newsletter")
    make.captured(form="newsletter")
    dpo.post(f"{HERE}draft/", draft({**make.control(), "label": "E-mail me, about more."}))
    page = text(dpo.get(f"{HERE}publish/"))
    assert "<del>E-mail me.</del>" in page
    assert "<ins>E-mail me, about more.</ins>" in page
    assert "1 person has said yes" in page
    assert "E-mail me, about more. (1)" in page
    assert "outgrows" in text(dpo.post(f"{HERE}publish/", {"change": "material"}))
    done = dpo.post(
        f"{HERE}publish/", {"change": "material", "again": "newsletter-email", "until": "2099-01-31"}, follow=True
    )
    assert "1 people are asked again" in text(done) or "1 person is asked again" in text(done)
    assert ConsentRenewal.objects.get().until.year == 2099


def test_what_keeps_a_form_from_being_published_is_listed(dpo):
    make.live()
    form = ConsentForm.objects.create(slug="newsletter")
    dpo.post(f"{HERE}draft/", draft(controllers="our partners", declared=[]))
    page = text(dpo.get(f"{HERE}publish/"))
    assert "names nobody" in page
    assert "stand for" in page
    assert dpo.post(f"{HERE}publish/").status_code == 200
    assert form.versions.get().published_at is None
    dpo.post(f"{HERE}discard/")
    assert not form.versions.exists()


def test_settings_and_languages(registrar):
    make.published("newsletter")
    answer = registrar.post(
        "/admin/consent-forms/newsletter/settings/", {"double_opt_in": "on", "valid_for": "never", "grace_days": 3}
    )
    assert "never is not one of the available choices" in text(answer)
    registrar.post("/admin/consent-forms/newsletter/settings/", {"valid_for": "P6M", "grace_days": 3})
    kept = ConsentForm.objects.get()
    assert (kept.grace_days, kept.valid_for) == (3, "P6M")
    assert '<option value="P6M" selected>6 months</option>' in text(registrar.get("/admin/consent-forms/newsletter/"))
    begun = registrar.post("/admin/consent-forms/newsletter/language/", {"locale": "cy-GB"})
    assert begun["Location"] == "/admin/consent-forms/newsletter/cy-GB/draft/"
    assert "Stay in touch" in text(registrar.get(begun["Location"]))


def test_a_period_that_is_in_no_list_stays_until_another_is_chosen(registrar):
    make.published("newsletter")
    ConsentForm.objects.update(valid_for="P13M")
    page = text(registrar.get("/admin/consent-forms/newsletter/"))
    assert '<option value="P13M" selected>13 months</option>' in page
    registrar.post("/admin/consent-forms/newsletter/settings/", {"valid_for": "P13M", "grace_days": 3})
    assert (ConsentForm.objects.get().valid_for, ConsentForm.objects.get().grace_days) == ("P13M", 3)


@pytest.fixture
def agent():
    return make_staff.client_of(make_staff.account("carl", "caseworker"))


def enter(client, **fields):
    given = {"email": "ada@example.com", "how": "paper", "given_at": "2026-03-03T12:00", "choices": "newsletter-email"}
    return client.post("/admin/consent-forms/newsletter/enter/", {**given, **fields})


def test_a_paper_is_kept_sealed_with_the_consent_it_proves(agent):
    make.published("newsletter")
    assert "signed paper" in text(enter(agent))
    assert "PDF, JPEG" in text(enter(agent, file=SimpleUploadedFile("page.html", b"<script>")))
    assert not ConsentEvent.objects.exists()
    assert enter(agent, file=SimpleUploadedFile("../paper.pdf", PDF)).status_code == 302
    event, row = ConsentEvent.objects.get(), ConsentEvidence.objects.get()
    assert (event.status, event.collected_by, row.consent) == ("given", "staff", event.consent)
    assert PDF not in bytes(row.sealed)
    file = agent.post(f"/admin/consents-told/evidence/{row.uuid}/")
    assert (file.content, file["Content-Disposition"]) == (PDF, 'attachment; filename="paper.pdf"')
    assert Entry.objects.filter(kind="consent.evidence-viewed").exists()
    assert make.reason() == "+consent-given"
    assert f"evidence/{row.uuid}/" in text(agent.get(f"/admin/people/{event.subject}/"))


def test_a_conversation_needs_a_note(agent):
    make.published("newsletter")
    assert "words were read out" in text(enter(agent, how="phone"))
    assert enter(agent, how="phone", words="Ada, script 3 read out.").status_code == 302
    assert ConsentEvidence.objects.get().sealed is None


def test_a_paper_that_a_parent_signed_counts_until_the_child_is_old_enough(agent):
    make.published("newsletter", minimum_age=13)
    assert "parent or guardian answered" in text(agent.get("/admin/consent-forms/newsletter/enter/"))

    # A form of yesterday counts for two years; the birthday comes first.
    yesterday, year = timezone.localtime() - timedelta(days=1), timezone.now().year + 1

    def signed(**said):
        return enter(agent, given_at=f"{yesterday:%Y-%m-%dT%H:%M}", file=SimpleUploadedFile("paper.pdf", PDF), **said)

    assert "13 or older" in text(signed())
    assert "How you know" in text(signed(guardian_until=f"05 {year}"))
    assert not ConsentEvent.objects.exists()
    assert "in which the child turns 13" in text(signed(guardian_until="1999", guardian_words="Signed beside him."))
    assert signed(guardian_until=f"05 {year}", guardian_words="Signed beside him, passport seen.").status_code == 302
    event = ConsentEvent.objects.get()
    assert (event.status, event.valid_until.isoformat()) == ("given", f"{year}-05-31T23:00:00+00:00")
    (shown,) = evidence.of(DataSubject.objects.get(uuid=event.subject))
    assert shown.note["guardian"] == "Signed beside him, passport seen."
    # Nobody is asked by e-mail: it is signed.
    assert not Outbox.objects.exists()


def test_whoever_said_no_lately_is_entered_only_if_they_brought_it_up(agent):
    make.published("newsletter")
    make.captured(form="newsletter", choices={"newsletter-email": False}, now=make.days(-30))
    said = {"how": "phone", "words": "Ada, script 3 read out."}
    assert "nobody asks them before 1 August 2026" in text(enter(agent, **said))
    assert make.reason() == "consent-refused"
    assert enter(agent, **said, volunteered="on").status_code == 302
    assert make.reason() == "+consent-given"
    assert "They brought it up" in text(agent.get("/admin/consent-forms/newsletter/enter/"))


def test_whoever_objected_to_all_marketing_is_entered_only_if_they_brought_it_up(agent):
    """Though it was long ago, and though they were never asked about this."""
    make.published("newsletter")
    objection = {"purposes": "all-marketing", "now": make.days(-400), "actor": make.ACTOR}
    withdraw.withdraw([Claim("email", "ada@example.com")], **objection)
    said = {"how": "phone", "words": "Ada, script 3 read out."}
    assert "They have objected to marketing, and nobody asks them." in text(enter(agent, **said))
    assert not ConsentEvent.objects.exists()
    assert enter(agent, **said, volunteered="on").status_code == 302
    assert make.reason() == "+consent-given"


def tell(client, days=2):
    at = timezone.localtime(timezone.now() - timedelta(days=days)).strftime("%Y-%m-%dT%H:%M")
    given = {"email": "ada@example.com", "purpose": "newsletter", "channels": "email", "given_at": at}
    return client.post("/admin/consents-told/", given)


EVIDENCE = dict.fromkeys(
    ["seller", "named_as", "told", "chain", "screened_on", "sampled", "informed_on"], "Example Lists Ltd"
)


def test_what_others_collected_is_unknown_until_it_is_shown_that_we_were_named(agent):
    make.published("newsletter")
    page = tell(agent)["Location"]
    assert ConsentEvent.objects.get().status == "unknown"
    assert make.reason(now=timezone.now()) == "consent-missing"
    assert agent.post(page, EVIDENCE).status_code == 200
    assert agent.post(page, {**EVIDENCE, "file": SimpleUploadedFile("form.pdf", PDF)}).status_code == 302
    assert make.reason(now=timezone.now()) == "+consent-given"
    assert agent.get(page).status_code == 404


def test_a_no_of_the_person_stands_whatever_others_show(agent):
    make.published("newsletter")
    page = tell(agent)["Location"]
    make.captured(form="newsletter", choices={"newsletter-email": False}, now=timezone.now())
    agent.post(page, {**EVIDENCE, "file": SimpleUploadedFile("form.pdf", PDF)})
    assert make.reason(now=timezone.now()) == "consent-refused"


def test_what_others_collected_too_long_ago_is_not_taken(agent):
    make.published("newsletter")
    page = tell(agent, days=190)["Location"]
    assert "too old to count: ask the person" in agent.get("/admin/consents-told/").content.decode()
    refused = agent.post(page, {**EVIDENCE, "file": SimpleUploadedFile("form.pdf", PDF)}).content.decode()
    assert "This was given too long ago to count" in refused
    assert set(ConsentEvent.objects.values_list("status", flat=True)) == {"unknown"}


def test_staff_see_until_when_it_counts_and_why(agent):
    make.published("newsletter")
    page = tell(agent)["Location"]
    assert "With its evidence it counts until" in agent.get(page).content.decode()
    agent.post(page, {**EVIDENCE, "file": SimpleUploadedFile("form.pdf", PDF)})
    person = agent.get(f"/admin/people/{ConsentEvent.objects.first().subject}/").content.decode()
    assert "and no longer, because somebody else collected it" in person
