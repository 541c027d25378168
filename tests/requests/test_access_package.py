"""The copy of the data: exactly this person's, with every fact of Art 15, provably ours."""

import csv
import io
import json
import zipfile
from datetime import timedelta
from hashlib import sha256
from uuid import uuid4

import pytest

from core.errors import DomainError
from core.outbox import deliver_due
from ledger import signing
from processing.models import Purpose
from requests import answer, collection, letter_kinds, letters, package
from requests.models import Letter
from subjects import relationships
from subjects.models import ErasureBlock
from tests import make_office as make
from tests import make_subjects

pytestmark = pytest.mark.django_db


@pytest.fixture
def released(mailoutbox):
    make.register()
    subject = make.person("newsletter", "contract-administration", token="TOKEN-OF-GRACE")
    make.consent(subject)
    make.person("newsletter", email="other@example.com", token="TOKEN-OF-OTHER")
    case = make.confirmed("access", mailbox=mailoutbox)
    make.confirmed("access", mailbox=mailoutbox, email="other@example.com", details="WORDS-OF-OTHER")
    rights_request = case.requests.get()
    answer.release_access(rights_request, actor=make.OFFICER, now=make.NOW)
    return rights_request


def opened(rights_request):
    content = b"".join(package.contents(rights_request.package))
    return content, zipfile.ZipFile(io.BytesIO(content))


def everything(archive):
    return "\n".join(archive.read(name).decode() for name in archive.namelist())


def test_exactly_their_data_and_nobody_elses(released):
    _content, archive = opened(released)
    text = everything(archive)
    assert "TOKEN-OF-GRACE for newsletter" in text
    assert "TOKEN-OF-GRACE for contract-administration" in text
    assert "grace@example.com" in text
    assert "Please send me everything." in text
    assert "TOKEN-OF-OTHER" not in text
    assert "other@example.com" not in text
    assert "WORDS-OF-OTHER" not in text


def test_manifest_lists_every_file_with_its_hash_and_is_signed(released):
    content, archive = opened(released)
    manifest = json.loads(archive.read("manifest.json"))
    listed = {entry["path"]: entry["sha256"] for entry in manifest["files"]}
    assert set(listed) == set(archive.namelist()) - {"manifest.json", "manifest.json.jws"}
    assert all(sha256(archive.read(path)).hexdigest() == digest for path, digest in listed.items())
    assert signing.verify(archive.read("manifest.json.jws").decode()) == archive.read("manifest.json")
    assert sha256(content).hexdigest() == released.package.sha256


def test_every_fact_of_art_15_is_on_the_page_and_in_the_letter(released):
    page = opened(released)[1].read("index.html").decode()
    letter = letters.read(Letter.objects.get(request=released))["html"]
    for text in (page, letter):
        parts = letters.parts_of(text)
        wanted = {*letter_kinds.REQUIRED["access_response"]} - {"reference", "received", "copy", "searched"}
        assert wanted <= set(parts)
        assert "164A" in parts["complain-to-us"]
        assert "165" in parts["complain-to-commissioner"]
        assert "Newsletter" in parts["purposes"]
        assert "12 months" in parts["retention"]


def test_csv_is_harmless_in_a_spreadsheet_and_json_is_unchanged(mailoutbox):
    make.register()
    make.person("newsletter", token='=HYPERLINK("http://evil")')
    rights_request = make.confirmed("access", mailbox=mailoutbox).requests.get()
    answer.prepare_access(rights_request, actor=make.OFFICER, now=make.NOW)
    archive = opened(rights_request)[1]
    rows = list(csv.DictReader(io.StringIO(archive.read("data/what-we-hold-about-you.csv").decode())))
    assert rows[0]["content"].startswith("'=HYPERLINK")
    held = json.loads(archive.read("data/what-we-hold-about-you.json"))
    assert held[0]["content"].startswith("=HYPERLINK")


@pytest.mark.parametrize("value", ["=1", "+1", "-1", "@x", "\tx", "\rx"])
def test_every_formula_start_is_disarmed(value):
    assert package.csv_safe(value) == f"'{value}"


def test_the_letter_travels_as_a_link_only(released, mailoutbox):
    deliver_due(now=make.NOW)
    notice = mailoutbox[-1]
    assert notice.subject.startswith("Your answer is ready")
    assert "/collect/" in notice.body
    assert not notice.attachments
    assert "TOKEN-OF-GRACE" not in notice.body
    assert "Grace" not in notice.body


def test_releasing_twice_is_harmless(released):
    before = released.package.token_hash
    answer.release_access(released, actor=make.OFFICER, now=make.NOW)
    released.refresh_from_db()
    assert Letter.objects.filter(request=released).count() == 1
    assert bytes(released.package.token_hash) == bytes(before)
    assert released.state == "fulfilled"


def test_an_unconfirmed_case_cannot_be_released(mailoutbox):
    make.register()
    make.person("newsletter")
    case = make.make_requests.case("access", now=make.NOW)
    with pytest.raises(DomainError) as refusal:
        answer.release_access(case.requests.get(), actor=make.OFFICER, now=make.NOW)
    assert refusal.value.code == "unconfirmed"


def test_a_stranger_is_told_that_nothing_was_found_and_what_would_help(mailoutbox):
    make.register()
    rights_request = make.confirmed("access", mailbox=mailoutbox, email="nobody@example.com").requests.get()
    make.looked(rights_request)
    answer.release_access(rights_request, actor=make.OFFICER, now=make.NOW)
    letter = Letter.objects.get(request=rights_request)
    assert letter.kind == "nothing_found"
    assert "customer number" in letters.read(letter)["text"]
    assert rights_request.state == "fulfilled"


def test_silence_never_closes_and_the_letter_names_the_gap(mailoutbox):
    make.register(manual=True)
    make.person("newsletter")
    rights_request = make.confirmed("access", mailbox=mailoutbox).requests.get()
    answer.release_access(rights_request, actor=make.OFFICER, now=make.NOW)
    assert rights_request.state == "partly_answered"
    parts = letters.parts_of(letters.read(letters.latest(rights_request))["html"])
    assert "crm" in parts["gaps"]
    answer.release_access(rights_request, actor=make.OFFICER, now=make.NOW)
    assert rights_request.letters.count() == 1
    make.answered(rights_request)
    answer.release_access(rights_request, actor=make.OFFICER, now=make.NOW)
    assert rights_request.state == "fulfilled"
    assert "gaps" not in letters.parts_of(letters.read(letters.latest(rights_request))["html"])


def test_the_block_against_deletion_ends_when_the_copy_is_sent(mailoutbox):
    make.register()
    subject = make.person("newsletter")
    rights_request = make.confirmed("access", mailbox=mailoutbox).requests.get()
    active = ErasureBlock.objects.filter(subject=subject, released_at=None)
    assert active.exists()
    answer.prepare_access(rights_request, actor=make.OFFICER, now=make.NOW)
    assert active.exists()
    assert rights_request.state == "ready"
    answer.release_access(rights_request, actor=make.OFFICER, now=make.NOW)
    assert not active.exists()


def test_old_packages_are_emptied(released):
    assert package.drop_old(now=make.NOW + package.KEPT) == 0
    assert package.drop_old(now=make.NOW + package.KEPT * 2) == 1
    released.package.refresh_from_db()
    with pytest.raises(DomainError):
        collection.collect(released.package, now=make.NOW)


def test_what_is_left_out_is_not_in_the_copy_and_the_letter_says_why(mailoutbox):
    make.register()
    make.person("newsletter", "contract-administration", token="TOKEN-OF-GRACE")
    rights_request = make.confirmed("access", mailbox=mailoutbox).requests.get()
    answer.prepare_access(rights_request, actor=make.OFFICER, now=make.NOW)
    purpose = Purpose.objects.get(slug="contract-administration")
    later = make.NOW + timedelta(minutes=1)
    answer.decide(rights_request, purpose, "refuse", "unfounded-or-excessive", actor=make.OFFICER, now=later)
    with pytest.raises(DomainError) as refusal:
        answer.release_access(rights_request, actor=make.OFFICER, now=later)
    assert refusal.value.code == "stale-copy"
    answer.prepare_access(rights_request, actor=make.OFFICER, now=later)
    answer.release_access(rights_request, actor=make.OFFICER, now=later)
    text = everything(opened(rights_request)[1])
    assert "TOKEN-OF-GRACE for newsletter" in text
    assert "TOKEN-OF-GRACE for contract-administration" not in text
    assert rights_request.state == "partly_fulfilled"
    parts = letters.parts_of(letters.read(letters.latest(rights_request))["html"])
    assert "Contract administration" in parts["withheld"]
    assert "manifestly unfounded" in parts["withheld"]


def test_codes_become_words_nothing_contradicts_its_source_and_no_row_is_empty(mailoutbox):
    purposes = make.register()
    subject = make.person()
    given = {"source": "third_party", "source_evidence": uuid4(), "now": make.NOW}
    make_subjects.item(subject, "contract-administration", content="From a directory", **given)
    role = {"role": "customer_contact", "now": make.NOW, "actor": make.OFFICER}
    relationships.establish(subject, purposes["contract-administration"], ground="mutual-interest", **role)
    relationships.establish(subject, purposes["direct-sales"], ground="met-at-fair", **role)
    rights_request = make.confirmed("access", mailbox=mailoutbox).requests.get()
    answer.prepare_access(rights_request, actor=make.OFFICER, now=make.NOW)
    archive = opened(rights_request)[1]
    held = json.loads(archive.read("data/what-we-hold-about-you.json"))
    assert [(row["source"], row["nature"]) for row in held] == [("A third party", "Provided by others")]
    ties = json.loads(archive.read("data/our-relationship-with-you.json"))
    assert [row["ground"] for row in ties] == ["A mutual interest", "Met at fair"]
    page = archive.read("index.html").decode()
    # The register knows websites only as the source of these purposes, and nothing that is held came from one.
    assert "<dt>Where we got it</dt><dd>As each record says</dd>" in page
    assert "<dd></dd>" not in page
