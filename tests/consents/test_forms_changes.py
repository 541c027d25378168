"""The validity checklist, and what a change of a form means for those who said yes before."""

import re
from datetime import timedelta

import pytest
from django.test import override_settings

from consents import answers, forms, forms_compare, forms_drafts, opt_in, renewals, renewals_mail, withdraw
from consents.forms import NotPublishable, Unchanged
from consents.models import ConsentEvent, ConsentFormVersion, ConsentRenewal
from core.errors import Invalid
from core.models import Controller
from core.outbox import deliver_due
from ledger.models import Entry
from processing.models import Recipient
from subjects.identifiers import Claim
from tests import make_consents as make
from tests import make_register

pytestmark = pytest.mark.django_db
SMS = make.control("newsletter-sms", channel="sms", label="Text me.")


def faults(**fields):
    make.live()
    with pytest.raises(NotPublishable) as error:
        forms.publish(make.draft(**fields), now=make.NOW, actor=make.ACTOR)
    return {name: str(text) for name, text in error.value.fields.items()}


@pytest.mark.parametrize(
    ("fields", "field", "word"),
    [
        ({"withdrawal": " "}, "withdrawal", "withdraw at any time"),
        ({"declared": ["free", "plain", "separate"]}, "declared", "stand for"),
        ({"minimum_age": 9}, "minimum_age", "between 13 and 16"),
        ({"controllers": ["Example Ltd", "our trusted partners"]}, "controllers", "names nobody"),
        ({"controllers": ["Example Ltd", "Associated partners who sell"]}, "controllers", "names nobody"),
        ({"controls": [make.control(label="Do not e-mail me.")]}, "controls", "backwards"),
        ({"controls": [make.control(label="I accept the terms and the newsletter.")]}, "controls", "terms"),
        ({"controls": [make.control(), {**SMS, "label": "E-mail me. "}]}, "controls", "alike"),
    ],
)
def test_the_checklist_says_what_is_wrong(fields, field, word):
    found = faults(**fields)
    assert set(found) == {field}
    assert word in found[field]


def test_who_asks_and_who_receives_are_named():
    Controller.objects.create(pk=1, name="Example Ltd", dpo_contact="privacy@example.com")
    assert "Example Ltd asks" in faults(controllers=["Somebody Ltd"])["controllers"]
    partner = Recipient.objects.create(slug="partner", name="Other Ltd", role="controller", ground="consent")
    version = make_register.draft("partner-promotions", "a", direct_marketing=True, channels=["email"])
    version.recipients.add(partner)
    controls = [make.control("offers", "partner-promotions")]
    assert "Other Ltd" in faults(slug="offers", controls=controls)["controllers"]
    named = make.draft(slug="more-offers", controls=controls, controllers=["Example Ltd", "Other Ltd"])
    with pytest.raises(NotPublishable) as error:
        forms.publish(named, now=make.NOW, actor=make.ACTOR)
    assert "Enter Other Ltd under Recipients" in str(error.value.fields["controllers"])
    Recipient.objects.update(address="2 Example Street", contact="privacy@other.example.com")
    assert forms.publish(named, now=make.NOW, actor=make.ACTOR).published_at
    # Nor does anybody whom only the form names, or whom the register knows by half.
    for said in ("address", "contact"):
        Recipient.objects.create(slug=said, name="Third Ltd", role="controller", **{said: "third@example.com"})
        found = faults(slug=said, controllers=["Example Ltd", "Third Ltd", "Other Ltd"])
        assert "Enter Third Ltd under Recipients" in found["controllers"]


def test_what_says_the_same_is_no_version():
    first = make.published()
    draft = make.draft(intro=first.intro)
    with pytest.raises(Unchanged):
        forms.publish(draft, now=make.NOW, actor=make.ACTOR)
    content = {name: getattr(first, name) for name in (*forms.CONTENT, "declared")}
    assert forms_drafts.save(first.form, "en-GB", content) is None
    assert ConsentFormVersion.objects.count() == 1
    kept = forms_drafts.save(first.form, "en-GB", {**content, "title": "Closer"})
    assert (kept.number, kept.published_at) == (2, None)
    assert forms_drafts.save(first.form, "en-GB", {**content, "title": "Closest"}).pk == kept.pk


def test_an_editorial_change_asks_nobody_again():
    make.published()
    make.captured()
    second = make.published(title="Stay in closer touch", now=make.days(1))
    assert (second.change, second.affected) == ("editorial", 0)
    assert not ConsentRenewal.objects.exists()
    assert make.reason(now=make.days(2)) == "+consent-given"


def test_a_material_change_asks_exactly_those_who_said_yes(mailoutbox):
    make.published(controls=[make.control(), SMS])
    both = {"newsletter-email": True, "newsletter-sms": True}
    make.captured("both@example.com", choices=both)
    make.captured("one@example.com")
    make.captured("no@example.com", choices={"newsletter-email": False})
    make.captured("gone@example.com", choices={"newsletter-email": True, "newsletter-sms": False})
    make.captured("gone@example.com", choices={"newsletter-email": False}, now=make.days(1))
    draft = make.draft(controls=[make.control(label="E-mail me, and share it with the shop."), SMS])
    now = make.days(2)
    assert renewals.counts(draft, now=now) == {"newsletter-email": 2, "newsletter-sms": 1}
    assert renewals.people(draft, ["newsletter-email", "newsletter-sms"], now=now) == 2
    second = forms.publish(draft, now=now, actor=make.ACTOR, asks_again=["newsletter-email"])
    assert (second.change, second.affected) == ("material", 2)
    assert set(ConsentRenewal.objects.values_list("channel", flat=True)) == {"email"}
    assert renewals_mail.ask_due(now=now) == 2
    assert renewals_mail.ask_due(now=now) == 0
    deliver_due(now=now)
    assert sorted(mail.to[0] for mail in mailoutbox) == ["both@example.com", "one@example.com"]
    assert "share it with the shop" in mailoutbox[0].body
    # A mail that asks for marketing is marketing: it has a way out.
    assert "/preferences/" in mailoutbox[0].body
    assert "/u/" in mailoutbox[0].message()["List-Unsubscribe"]
    assert '"affected":2' in Entry.objects.filter(kind="form.published").last().body
    # The old "yes" counts until its day; a new one settles the mark, and silence renews nothing.
    assert make.reason("one@example.com", now=make.days(20)) == "+consent-given"
    make.captured("one@example.com", version=2, now=make.days(21))
    end = now + timedelta(days=renewals.DAYS)
    assert renewals.end_due(now=end) == 1
    assert make.reason("one@example.com", now=end) == "+consent-given"
    assert make.reason("both@example.com", now=end) == "consent-missing"
    assert make.reason("both@example.com", channel="sms", now=end) == "+consent-given"
    assert renewals.end_due(now=end) == 0
    assert ConsentEvent.objects.filter(status="invalidated").count() == 1


def test_late_answers_to_what_is_outgrown_are_asked_again_too(mailoutbox):
    form = make.published(controls=[make.control(), SMS]).form
    forms_drafts.change_settings(
        form,
        settings={"double_opt_in": True, "grace_days": 60, "valid_for": "P24M"},
        actor=make.ACTOR,
        now=make.PUBLISHED,
    )
    both = make.body(choices={"newsletter-email": True, "newsletter-sms": True})
    opt_in.ask(answers.read(both, now=make.NOW), both, now=make.NOW, actor=make.ACTOR)
    deliver_due(now=make.NOW)
    token = re.search(r"/confirm/([^/\s]+)", mailoutbox[0].body)[1]
    draft = make.draft(controls=[make.control(label="E-mail me, and share it with the shop."), SMS])
    until = make.days(20)
    forms.publish(draft, now=make.days(1), actor=make.ACTOR, asks_again=["newsletter-email"], until=until)
    opt_in.confirm(token, now=make.days(1) + timedelta(hours=1))
    make.captured("bob@example.com", now=make.days(2))
    make.captured("new@example.com", version=2, now=make.days(2))
    assert [renewals.mark_late(now=make.days(2)) for _sweep in range(2)] == [2, 0]
    assert set(ConsentRenewal.objects.values_list("channel", "until")) == {("email", until)}
    assert renewals_mail.ask_due(now=make.days(2)) == 2
    assert renewals.end_due(now=until) == 2
    for email, said in (("ada@", "consent-missing"), ("bob@", "consent-missing"), ("new@", "+consent-given")):
        assert make.reason(f"{email}example.com", now=until) == said
    assert make.reason(channel="sms", now=until) == "+consent-given"
    # Said after that day to a page that still shows it, it ends at once.
    make.captured("eve@example.com", now=until)
    assert (renewals.mark_late(now=until), renewals.end_due(now=until)) == (1, 1)


def test_a_change_that_is_evidently_material_is_not_called_editorial():
    make.published()
    place = {"address": "2 Example Street", "contact": "privacy@other.example.com"}
    Recipient.objects.create(slug="other", name="Other Ltd", role="controller", **place)
    more = {"controllers": ["Example Ltd", "Other Ltd"]}
    draft = make.draft(**more)
    with pytest.raises(NotPublishable) as error:
        forms.publish(draft, now=make.NOW, actor=make.ACTOR)
    assert "Other Ltd" in str(error.value.fields["change"])
    assert forms.publish(draft, now=make.NOW, actor=make.ACTOR, asks_again=["newsletter-email"]).change == "material"


def test_whoever_we_may_not_write_to_is_not_asked():
    make.published()
    make.captured()
    draft = make.draft(title="More")
    forms.publish(draft, now=make.days(1), actor=make.ACTOR, asks_again=["newsletter-email"])
    ada = [Claim("email", "ada@example.com")]
    withdraw.withdraw(ada, purposes="all-marketing", now=make.days(1), actor=make.ACTOR)
    assert renewals_mail.ask_due(now=make.days(1)) == 1
    assert ConsentRenewal.objects.get().kept_back


def test_a_new_box_was_agreed_to_by_nobody():
    make.published()
    make.captured()
    draft = make.draft(controls=[make.control(), SMS])
    with pytest.raises(NotPublishable):
        forms.publish(draft, now=make.NOW, actor=make.ACTOR, asks_again=["newsletter-sms"])
    assert forms.publish(draft, now=make.NOW, actor=make.ACTOR).change == "editorial"


def test_differences_are_told_box_by_box():
    first = make.published()
    second = make.draft(title="Closer", controls=[make.control(label="Write to me."), SMS])
    told = [(str(one.what), one.before, one.after) for one in forms_compare.differences(first, second)]
    assert ("Title", "Stay in touch", "Closer") in told
    assert ("Box", "E-mail me.", "Write to me.") in told
    assert ("New box", "", "Text me.") in told


@override_settings(CONSENT_AGE=14)
def test_the_youngest_age_is_a_setting():
    assert "between 14 and 16" in faults(minimum_age=13)["minimum_age"]


def test_settings_of_a_form_are_checked_and_recorded():
    form = make.published().form
    given = {"double_opt_in": True, "grace_days": 10, "valid_for": "P12M"}
    assert forms_drafts.change_settings(form, settings=given, actor=make.ACTOR, now=make.NOW)
    assert not forms_drafts.change_settings(form, settings=given, actor=make.ACTOR, now=make.NOW)
    assert Entry.objects.filter(kind="form.changed").count() == 1
    with pytest.raises(Invalid):
        forms_drafts.change_settings(form, settings={**given, "valid_for": "long"}, actor=make.ACTOR, now=make.NOW)
