"""The certificate of a run: true, checked with the published keys alone, and refused when anything was changed."""

import base64
import json
from datetime import date, timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse

from core import outbox
from core.models import Controller
from ledger import signing
from ledger.signing import BadSignature
from retention import certificate, evidence
from retention.certificate_check import check
from retention.models import Run
from retention.purge import purge
from tests.make_evidence import seal as sealed
from tests.make_retention import NOW, TODAY, applied, item, live, person, rule

pytestmark = pytest.mark.django_db(transaction=True)
OLD = date(2025, 1, 1)


@pytest.fixture
def run():
    for number in range(5):
        item(person(number), ["newsletter"], OLD)
    item(person(9), ["newsletter"], TODAY)
    purge(rule(live()), as_of=TODAY, commit=True, now=NOW, batch=2)
    return Run.objects.select_related("rule__purpose").get()


def test_it_says_what_happened_in_each_store_and_holds_offline(run, tmp_path, django_assert_num_queries):
    assert sealed()
    text = certificate.file(run)
    keys = tmp_path / "jwks.json"
    keys.write_text(json.dumps(signing.jwks()))
    (tmp_path / "run.json").write_text(text)
    out = StringIO()
    with django_assert_num_queries(0):
        signed, problems = check(text, published=signing.jwks())
        call_command("certificate", tmp_path / "run.json", "--keys", keys, stdout=out)
    assert problems == []
    assert "5 records and 5 people erased, 10 keys destroyed" in out.getvalue()
    assert signed["ledger"]["seal"]["root"] in out.getvalue()
    assert signed["cause"]["rule"] == "newsletter-collection"
    assert (signed["counts"]["batches"], signed["failures"]) == (3, {})
    stores = {(store["store"], store["outcome"]): store for store in signed["stores"]}
    until = runs_until()
    assert stores["keys", "destroyed"]["keys"] == 10
    assert stores["physical-backups", "still-in-until"]["until"] == until
    assert "example.org" not in text


def test_it_says_who_let_the_run_go_beside_who_put_the_rule_in_force(admin_client, tmp_path):
    item(person(1), ["newsletter"], OLD)
    applied(rule(live()), NOW)
    run = Run.objects.get()
    signed, problems = check(certificate.file(run))
    assert problems == []
    assert signed["let_go"] == {"by": "user:approver", "at": "2026-11-22T12:00:00.000000Z"}
    assert signed["cause"]["approved_by"] == "user:tester"
    (tmp_path / "run.json").write_text(certificate.file(run))
    out = StringIO()
    call_command("certificate", tmp_path / "run.json", stdout=out)
    assert "Let go by user:approver at 2026-11-22T12" in out.getvalue()
    page = admin_client.get(reverse("admin:forgetting-run", args=[run.uuid])).text
    assert "user:approver, 22 November 2026" in page


def test_where_nobody_had_to_look_it_names_nobody(run):
    assert certificate.certificate(run)["let_go"] is None


def runs_until():
    return (TODAY + timedelta(days=Controller.current().backup_days)).isoformat()


def test_the_bare_signature_holds_too_and_other_keys_do_not(run):
    token = certificate.signed(run)
    assert check(token)[1] == []
    other = signing.jwks()
    other["keys"][0]["x"] = base64.urlsafe_b64encode(bytes(31) + b"\x01").rstrip(b"=").decode()
    with pytest.raises(BadSignature):
        check(token, published=other)


def forged(run, change):
    """What somebody could sign who has our key and changes what the ledger says."""
    content = certificate.certificate(run)
    change(content)
    return signing.sign(json.dumps(content).encode(), typ=certificate.TYPE)


@pytest.mark.parametrize(
    "change",
    [
        lambda content: content["counts"].update(items=4),
        lambda content: content["batches"].pop(),
        lambda content: content["batches"].append(content["batches"][0]),
        lambda content: content.update(jti="0" * 36),
        lambda content: content.update(batches_root="0" * 64),
        lambda content: content["batches"].__setitem__(0, content["batches"][0].replace('"items":2', '"items":3')),
        lambda content: content["ledger"].update(index=content["ledger"]["index"] + 1),
        lambda content: content.update(run_entry=content["run_entry"].replace('"held":0', '"held":1')),
        lambda content: content["ledger"]["seal"].update(jws="x"),
        lambda content: content.pop("counts"),
    ],
)
def test_a_certificate_that_does_not_add_up_is_refused(run, change):
    assert sealed()
    assert check(forged(run, change))[1]


def test_a_changed_file_is_refused(run, tmp_path):
    text = certificate.file(run)
    shown = json.loads(text)
    shown["certificate"]["counts"]["items"] = 4
    header, payload, signature = shown["jws"].split(".")
    for number, changed in enumerate(
        [
            json.dumps(shown),
            f"{header}.{payload[:-8]}AAAAAAAA.{signature}",
            signing.sign(b"{}", typ="kraken-seal"),
            "{}",
        ]
    ):
        path = tmp_path / f"{number}.json"
        path.write_text(changed)
        with pytest.raises(CommandError):
            call_command("certificate", path, stderr=StringIO())


def test_a_run_under_way_has_none_and_one_that_failed_says_so(run, monkeypatch):
    item(person(20), ["newsletter"], OLD)
    with monkeypatch.context() as patch:
        patch.setattr(evidence, "leave", lambda *_args, **_more: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            purge(run.rule, as_of=TODAY, commit=True, now=NOW)
    left = Run.objects.get(status="running")
    with pytest.raises(certificate.NotFinished):
        certificate.signed(left)
    purge(left.rule, as_of=TODAY, commit=True, now=NOW)
    signed, problems = check(certificate.signed(Run.objects.get(pk=left.pk)))
    assert (signed["failures"], signed["counts"]["items"], problems) == ({"ZeroDivisionError": 1}, 1, [])


def test_staff_download_it_from_the_page_of_the_run(run, admin_client):
    shown = admin_client.get(f"/admin/forgetting/runs/{run.uuid}/")
    assert shown.status_code == 200
    assert "Download the certificate" in shown.content.decode()
    answer = admin_client.get(f"/admin/forgetting/runs/{run.uuid}/certificate/")
    assert answer["Content-Disposition"].startswith("attachment")
    assert check(answer.content.decode())[1] == []


def test_what_the_journal_does_not_have_yet_is_said_so(settings, tmp_path, admin_client):
    """Its disk is gone: a restore of now would bring back what went."""
    settings.JOURNAL_DIR = tmp_path / "file"
    settings.JOURNAL_DIR.write_text("")
    item(person(1), ["newsletter"], date(2025, 1, 1))
    purge(rule(live()), as_of=TODAY, commit=True, now=NOW)
    run, page = Run.objects.get(), reverse("admin:forgetting-run", args=[Run.objects.get().uuid])
    assert outbox.deliver_due(now=NOW + timedelta(hours=1)) == 0
    assert {"store": "journal", "outcome": "not-yet"} in certificate.certificate(run)["stores"]
    assert "a restore would bring it back" in admin_client.get(page).text
    settings.JOURNAL_DIR.unlink()
    assert outbox.deliver_due(now=NOW + timedelta(days=1)) == 2
    assert {"store": "journal", "outcome": "ids-kept"} in certificate.certificate(run)["stores"]
    assert "A restore erases it again" in admin_client.get(page).text
