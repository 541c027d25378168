"""The DPO sees the register, publishes drafts and cannot touch what was published."""

import pytest
from django.urls import reverse

from core.models import User
from processing import gates
from processing.models import PurposeVersion
from tests import make_register

pytestmark = pytest.mark.django_db


@pytest.fixture
def officer(client):
    user = User.objects.create_superuser("officer", password="a password of good length")
    client.force_login(user)
    return user


@pytest.fixture(autouse=True)
def no_gates(monkeypatch):
    monkeypatch.setattr(gates, "_checks", {basis: [] for basis in "abcdef"})


def change(version):
    return reverse("admin:processing_purposeversion_change", args=[version.pk])


def publish(client, *versions):
    url = reverse("admin:processing_purposeversion_changelist")
    return client.post(
        url, {"action": "publish", "_selected_action": [version.pk for version in versions]}, follow=True
    )


def test_every_page_of_the_register_opens(client, officer):
    version = make_register.draft()
    for model in ("purposeversion", "purpose", "processingactivity", "datacategory", "system", "recipient"):
        assert client.get(reverse(f"admin:processing_{model}_changelist")).status_code == 200
    assert client.get(change(version)).status_code == 200


def test_a_draft_is_published_by_name_of_the_officer(client, officer):
    version = make_register.draft()
    answer = publish(client, version)
    assert "newsletter is live." in answer.content.decode()
    version.refresh_from_db()
    assert version.status == "live"


def test_a_draft_that_is_not_ready_says_why(client, officer):
    gates._checks["a"] = [lambda purpose: "No form asks for it."]
    version = make_register.draft()
    assert "newsletter: No form asks for it." in publish(client, version).content.decode()
    assert not PurposeVersion.objects.filter(status="live").exists()


def test_a_published_version_can_only_be_read(client, officer):
    version = make_register.draft()
    version.publish(now=make_register.LONG_AGO, actor="user:1")
    page = client.get(change(version))
    assert page.status_code == 200
    assert b'name="_save"' not in page.content
    assert client.post(change(version), {"title": "Other"}).status_code == 404
    assert client.post(reverse("admin:processing_purposeversion_delete", args=[version.pk])).status_code == 404


def test_a_purpose_keeps_its_name(client, officer):
    purpose = make_register.draft().purpose
    url = reverse("admin:processing_purpose_change", args=[purpose.pk])
    client.post(url, {"slug": "other", "activity": purpose.activity_id})
    purpose.refresh_from_db()
    assert purpose.slug == "newsletter"


def test_notices_can_only_be_read(client, officer):
    assert client.get(reverse("admin:notices_privacynotice_changelist")).status_code == 200
    assert client.get(reverse("admin:notices_privacynotice_add")).status_code == 404
