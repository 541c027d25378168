"""What a form must be before it may ask anybody, and that what was shown stays provable."""

import pytest
from django.db import DatabaseError, transaction

from consents import forms, gates
from consents.forms import NotPublishable, UnknownForm
from consents.models import ConsentForm, ConsentFormVersion
from ledger.models import Entry
from tests import make_consents as make
from tests import make_register

pytestmark = pytest.mark.django_db


def refused(**fields):
    make.live()
    with pytest.raises(NotPublishable) as error:
        forms.publish(make.draft(**fields), now=make.NOW, actor=make.ACTOR)
    assert not Entry.objects.filter(kind="form.published").exists()
    return set(error.value.fields)


@pytest.mark.parametrize(
    "controls",
    [
        {},
        "text",
        ["text"],
        [make.control(checked=True)],
        [make.control(required="yes")],
        [make.control(label=" ")],
        [make.control(label=3)],
        [make.control(key="")],
        [make.control(key="with space")],
        [make.control(purpose="nonsense")],
        [make.control(channel="pigeon")],
        [make.control(channel="")],
        [make.control(), make.control()],
        [make.control(), make.control("other")],
        [{"key": "newsletter"}],
    ],
)
def test_controls_are_granular_and_cannot_be_ticked_beforehand(controls):
    make.live()
    version = make.draft()
    ConsentFormVersion.objects.filter(pk=version.pk).update(controls=controls)
    with pytest.raises(NotPublishable) as error:
        forms.publish(version, now=make.NOW, actor=make.ACTOR)
    assert set(error.value.fields) == {"controls"}


@pytest.mark.parametrize(
    ("field", "value"), [("title", " "), ("controllers", []), ("controllers", [" "]), ("notice_version", " ")]
)
def test_a_form_names_what_who_and_which_notice(field, value):
    assert refused(**{field: value}) == {field}


def test_consent_is_not_asked_where_it_is_not_relied_on():
    make.live("contract-administration", "b")
    assert refused(controls=[make.control(purpose="contract-administration")]) == {"controls"}


def test_settings_of_the_form_that_cannot_be_kept_are_refused():
    make.live()
    ConsentForm.objects.create(slug="join", double_opt_in=True, valid_for="two years")
    assert refused() == {"valid_for"}


def test_publishing_hashes_what_is_shown_and_supersedes_the_version_before():
    first = make.published()
    second = make.published(title="Stay in closer touch", now=make.NOW)
    first.refresh_from_db()
    assert first.superseded_at == make.NOW
    assert second.number == 2
    assert len({first.sha256, second.sha256, ""}) == 3
    assert forms.digest(second) == second.sha256
    assert forms.current("join").pk == second.pk
    entry = Entry.objects.filter(kind="form.published").last()
    assert second.sha256 in entry.body


def test_the_hash_covers_every_word():
    version = make.published()
    version.refresh_from_db()
    for field in ("title", "intro", "notice_version", "controllers", "controls", "locale"):
        before, changed = forms.digest(version), ConsentFormVersion.objects.get(pk=version.pk)
        setattr(changed, field, ["x"] if field.startswith("control") else "x")
        assert forms.digest(changed) != before


def test_a_published_version_is_never_changed_or_deleted():
    version = make.published()
    rows = ConsentFormVersion.objects.filter(pk=version.pk)
    for change in (lambda: rows.update(title="Other"), rows.delete):
        with pytest.raises(DatabaseError), transaction.atomic():
            change()
    with pytest.raises(NotPublishable):
        forms.publish(version, now=make.NOW, actor=make.ACTOR)


def test_a_draft_is_not_shown():
    make.draft()
    with pytest.raises(UnknownForm):
        forms.current("join")


def test_languages_are_published_apart():
    english = make.published()
    make.published(locale="de-DE", now=make.NOW)
    english.refresh_from_db()
    assert english.superseded_at is None


def test_a_purpose_on_consent_goes_live_only_with_a_form_that_asks():
    version = make_register.draft("newsletter", "a", direct_marketing=True, channels=["email"])
    assert gates.form_missing(version.purpose)
    forms.publish(make.draft(), now=make.NOW, actor=make.ACTOR)
    assert gates.form_missing(version.purpose) is None
    version.publish(now=make.NOW, actor=make.ACTOR)
