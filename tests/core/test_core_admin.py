"""What officers see of the ground floor: everything that left, nothing of what it said."""

import uuid
from datetime import UTC, datetime

import pytest
from django.contrib.auth.models import Group
from django.test import Client
from django.urls import reverse

from core import outbox, roles
from core.models import BankHoliday, Outbox, RuleSet, User
from tests.make_evidence import entry

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
pytestmark = pytest.mark.django_db


def signed_in(*groups: str, **options) -> Client:
    user = User.objects.create_user(f"u{uuid.uuid4()}", is_staff=True, **options)
    user.groups.set(Group.objects.filter(name__in=groups))
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def dead() -> Outbox:
    row = outbox.post_mail(to="ada@example.org", subject="s", text="sesame", about=None, now=NOW)
    Outbox.objects.update(dead_at=NOW, error="SMTPRecipientsRefused", attempts=outbox.ATTEMPTS)
    return row


def act(client: Client, model: str, action: str, pk: int):
    return client.post(reverse(f"admin:core_{model}_changelist"), {"action": action, "_selected_action": [pk]})


def test_officer_replays_a_dead_letter(dead: Outbox) -> None:
    officer = signed_in(roles.DPO)
    page = officer.get(reverse("admin:core_outbox_changelist")).content.decode()
    assert "SMTPRecipientsRefused" in page
    assert act(officer, "outbox", "replay", dead.pk).status_code == 302
    dead.refresh_from_db()
    assert (dead.dead_at, dead.attempts) == (None, 0)
    act(officer, "outbox", "replay", dead.pk)
    dead.refresh_from_db()
    assert dead.dead_at is None


def test_auditor_sees_but_does_not_replay(dead: Outbox) -> None:
    auditor = signed_in(roles.AUDITOR)
    assert auditor.get(reverse("admin:core_outbox_changelist")).status_code == 200
    act(auditor, "outbox", "replay", dead.pk)
    dead.refresh_from_db()
    assert dead.dead_at == NOW


def test_content_is_on_no_page(dead: Outbox) -> None:
    root = signed_in(is_superuser=True)
    page = root.get(reverse("admin:core_outbox_change", args=[dead.pk])).content.decode()
    assert str(dead.uuid) in page
    for secret in ("sesame", "ada@", bytes(dead.payload).hex()):
        assert secret not in page


@pytest.mark.parametrize("verb", ["add", "delete"])
def test_nobody_adds_or_deletes_messages(dead: Outbox, verb: str) -> None:
    arguments = [dead.pk] if verb == "delete" else []
    assert signed_in(is_superuser=True).post(reverse(f"admin:core_outbox_{verb}", args=arguments)).status_code == 404


@pytest.mark.parametrize("model", ["ruleset", "bankholiday", "controller"])
def test_reference_data_is_shown(model: str) -> None:
    assert signed_in(roles.DPO).get(reverse(f"admin:core_{model}_changelist")).status_code == 200


def test_rule_sets_are_not_edited() -> None:
    pk = RuleSet.objects.first().pk
    answer = signed_in(is_superuser=True).post(reverse("admin:core_ruleset_change", args=[pk]), {"slug": "x"})
    assert answer.status_code == 404


def test_a_holiday_can_be_added() -> None:
    data = {"date": "2031-05-06", "division": "scotland", "title": "Jubilee", "source": "by proclamation"}
    assert signed_in(roles.DPO).post(reverse("admin:core_bankholiday_add"), data).status_code == 302
    assert BankHoliday.objects.filter(title="Jubilee").exists()


def test_evidence_is_listed_without_counting_it(django_assert_max_num_queries) -> None:
    row = entry()
    client = signed_in(roles.AUDITOR)
    client.get(reverse("admin:index"))  # the first page of a session notes that somebody is there
    with django_assert_max_num_queries(12) as queries:
        page = client.get(reverse("admin:ledger_entry_changelist")).content.decode()
    assert row.kind in page
    assert not any("COUNT(*)" in query["sql"] for query in queries.captured_queries)
    assert (
        row.body.replace('"', "&quot;")
        in client.get(reverse("admin:ledger_entry_change", args=[row.pk])).content.decode()
    )
    assert client.get(reverse("admin:ledger_seal_changelist")).status_code == 200


@pytest.mark.parametrize("model", ["entry", "seal"])
def test_evidence_cannot_be_added(model: str) -> None:
    assert signed_in(is_superuser=True).get(reverse(f"admin:ledger_{model}_add")).status_code == 404
