"""Worked examples of the law with their dates, beyond those of the clock: each is one test, named by its number.

Which test shows which other rule of the law stands in tests/requests/test_rules_of_law.py.

| no. | example | what is shown |
|---|---|---|
| 1 | mixed request | three requests in one case; the copy before the deletion; reasons and every way to complain |
| 2 | erasure and backups | the last backup named by its day; a restore before that erases again |
| 3 | accuracy contested | restricted from that day, refused with a letter, told before it is lifted |
| 4 | marketing stopped by one click | in force at once; no letter, no due date |
| 5 | others' data in a copy | what was weighed, redacted or disclosed with a reason; their name as a source too |
| 6 | complaint answered early | the outcome acknowledges it |
| 7 | life of a consent | one reminder a month before; silence ends it, only an act renews it |
| 8 | double opt-in | an old link confirms nothing; what waited is destroyed |
| 9 | assessment of an interest | due again after a year; a new recipient has it looked at before |
| 10 | candidate | kept for a claim beyond the year, restricted, gone after the release |
| 11 | breach | 72 hours over a holiday, in phases, people told or the reason why not |
| 12 | browser signal | "1" alone is the signal, also beside another header |
"""

import io
import re
import zipfile
from datetime import UTC, date, datetime, timedelta

import pytest
from django.test import RequestFactory
from django.utils import timezone

from breaches import log
from breaches.models import Exemption as NotTold
from consents import answers, assessments, assessments_drafts, endings, opt_in, permission, renewing, unsubscribe
from consents import reminders as consent_reminders
from consents.models import ConsentForm, ConsentState, PendingConsent, Suppression
from consents.unsubscribe import Recipient
from cookies import gpc
from core.errors import DomainError
from core.models import DataKey, Outbox, Owner
from core.outbox import deliver_due
from inbox import rules
from inbox.reading import read
from processing.models import Recipient as RegisteredRecipient
from requests import (
    acknowledging,
    answer,
    complaints,
    decisions,
    leaving_out,
    letters,
    package,
    posting,
    proposing,
    rectifying,
    restricting,
)
from requests.leaving_out import Weighed, Why
from requests.models import RightsRequest
from retention import holds, replay
from retention.models import Batch, JournalMark, Run, Tombstone
from retention.purge import purge
from subjects.models import ItemPurpose, PersonalDataItem
from tests import make_complaints, make_consents, make_inbox, make_office, make_register, make_retention, make_subjects

pytestmark = pytest.mark.django_db
RECEIVED = datetime(2026, 11, 22, 9, tzinfo=UTC)
DUE = date(2026, 12, 22)
BY = {"actor": make_office.OFFICER}


def parts_of(rights_request):
    return letters.parts_of(letters.read(letters.latest(rights_request))["html"])


def files_of(access):
    archive = zipfile.ZipFile(io.BytesIO(b"".join(package.contents(access.package))))
    return "".join(archive.read(name).decode() for name in archive.namelist())


def test_1_mixed_request(mailoutbox):
    make_office.register()
    subject = make_office.person("newsletter", "contract-administration", "statutory-accounts")
    make_office.consent(subject)
    heard = rules.suggest(read(make_inbox.letter("Delete me and send me everything.").as_bytes()))
    assert set(heard.rights) == {"access", "erasure", "withdrawal"}
    case = make_office.confirmed(*heard.rights, mailbox=mailoutbox, now=RECEIVED)
    requests = {one.right: one for one in case.requests.all()}
    assert (requests["withdrawal"].state, requests["withdrawal"].due_on) == ("fulfilled", None)
    assert not make_consents.reason(make_office.EMAIL, now=RECEIVED).startswith("+")
    access, erasure = requests["access"], requests["erasure"]
    assert access.due_on == erasure.due_on == DUE
    later = RECEIVED + timedelta(days=9)
    decisions.confirm_all(erasure, now=later, **BY)
    with pytest.raises(DomainError) as refusal:
        answer.execute_erasure(erasure, now=later, **BY)
    assert refusal.value.code == "access-first"
    answer.prepare_access(access, now=later, **BY)
    answer.release_access(access, now=later, **BY)
    answer.execute_erasure(erasure, now=later, **BY)
    # The copy was frozen before, so it still holds what is gone.
    assert "Grace for newsletter" in files_of(access)
    needs = ItemPurpose.objects.filter(subject=subject).values_list("purpose__slug", flat=True)
    assert set(needs) == {"contract-administration", "statutory-accounts"}
    parts = parts_of(erasure)
    assert "Newsletter" in parts["erased"]
    assert "still need" in parts["kept"]
    assert "The law requires us to keep it" in parts["kept"]
    assert "164A" in parts["complain-to-us"]
    assert "165" in parts["complain-to-commissioner"]
    assert parts["court"]


def test_2_erasure_and_backups(mailoutbox, settings, tmp_path):
    settings.JOURNAL_DIR = tmp_path
    make_office.register()
    subject = make_office.person("newsletter", "contract-administration")
    erasure = make_office.confirmed("erasure", mailbox=mailoutbox, now=RECEIVED).requests.get()
    items = PersonalDataItem.objects.filter(subject=subject, needs__purpose__slug="newsletter")
    backup = [list(items), list(ItemPurpose.objects.filter(item__in=items))]
    backup.append(list(DataKey.objects.filter(owner=Owner.ITEM, owner_id__in=[item.uuid for item in backup[0]])))
    erased = datetime(2026, 12, 1, 10, tzinfo=UTC)
    decisions.confirm_all(erasure, now=erased, **BY)
    answer.execute_erasure(erasure, now=erased, **BY)
    while deliver_due(now=erased):
        pass
    answer.finish_waiting(now=erased)
    erasure.refresh_from_db()
    assert "Tuesday 5 January 2027" in parts_of(erasure)["backups"]
    assert "beyond use" in parts_of(erasure)["backups"]
    assert not items.all().exists()
    # A backup of before is restored: the journal outside it knows what has been erased since.
    for rows in backup:
        type(rows[0]).objects.bulk_create(rows)
    for model in (Outbox, JournalMark, Tombstone, Batch, Run):
        model.objects.all().delete()
    assert items.all().exists()
    replay.replay(now=datetime(2026, 12, 20, tzinfo=UTC))
    assert not PersonalDataItem.objects.filter(uuid=backup[0][0].uuid).exists()
    assert PersonalDataItem.objects.filter(subject=subject).count() == 1


def test_3_accuracy_contested(mailoutbox):
    make_office.register()
    subject = make_office.person("contract-administration")
    asked = make_office.confirmed("rectification", mailbox=mailoutbox, now=RECEIVED).requests.get()
    [item] = PersonalDataItem.objects.filter(subject=subject)
    [row] = proposing.propose(asked, kind="item", about=item.uuid, new="Grace Hopper", now=RECEIVED, **BY)
    assert rectifying.restrict(asked, now=RECEIVED, **BY) == 1
    assert item.restrictions.get().since == RECEIVED
    verified = datetime(2026, 12, 10, 10, tzinfo=UTC)
    proposing.decide(row, "accurate", "", now=verified, **BY)
    rectifying.release(asked, now=verified, **BY)
    asked.refresh_from_db()
    assert (asked.state, asked.due_on, asked.letters.get().given_on) == ("refused", DUE, verified.date())
    assert {"complain-to-us", "complain-to-commissioner", "court"} <= set(parts_of(asked))
    with pytest.raises(restricting.NotTold):
        restricting.lift(asked, now=verified, **BY)
    restricting.announce(asked, on=verified.date(), why="It is right as it is.", now=verified, **BY)
    deliver_due(now=verified)
    assert restricting.lift(asked, now=verified, **BY) == 1


def test_4_marketing_stopped_by_one_click():
    make_consents.live("direct-sales", "f")
    click = datetime(2026, 11, 22, 21, 10, tzinfo=UTC)
    assert unsubscribe.stop(Recipient("ada@example.com", "direct-sales"), now=click)
    assert Suppression.objects.get(lifted_at=None).since == click
    [verdict] = permission.check("direct-sales", "email", "email", ["ada@example.com"], now=click)
    assert not verdict.allowed
    assert not RightsRequest.objects.exists()
    assert not Outbox.objects.filter(kind="mail").exists()


def test_5_others_data_in_a_copy(mailoutbox):
    make_office.register()
    subject = make_office.person("newsletter")
    content = {"source": "Bob Builder", "text": "Bob Builder says that she left."}
    item = make_subjects.item(subject, "contract-administration", content=content, now=RECEIVED - timedelta(days=3))
    access = make_office.confirmed("access", mailbox=mailoutbox, now=RECEIVED).requests.get()
    refused = datetime(2026, 12, 3, 10, tzinfo=UTC)
    bare = Why("others-information", "He is named.", Weighed(consent="refused"))
    with pytest.raises(DomainError):
        leaving_out.record_out(access, item.uuid, bare, words=["Bob Builder"], now=refused, **BY)
    weighed = Weighed("refused", "Asked by e-mail, answered no", "Told in confidence", "Able to", is_reasonable=False)
    why = Why("others-information", "He is named, and said no.", weighed)
    leaving_out.record_out(access, item.uuid, why, words=["Bob Builder"], now=refused, **BY)
    answer.prepare_access(access, now=refused, **BY)
    answer.release_access(access, now=refused, **BY)
    files = files_of(access)
    assert "Bob Builder" not in files
    assert "says that she left" in files
    assert "somebody else" in parts_of(access)["withheld"]


def test_6_complaint_answered_early():
    complaint = make_complaints.complain(email="", now=RECEIVED)
    assert complaint.acknowledge_by == DUE
    outcome = datetime(2026, 12, 1, 10, tzinfo=UTC)
    letter = complaints.close(complaint, "upheld", **make_complaints.WORDING, now=outcome, **BY)
    posting.mark_posted(letter, day=outcome.date(), now=outcome, **BY)
    complaint.refresh_from_db()
    assert (complaint.acknowledged_how, complaint.letters.get().kind) == ("outcome", "complaint_outcome")
    said = " ".join(map(str, acknowledging.explained(complaint, today=outcome.date())))
    assert "no acknowledgement of its own is needed. That was in time." in said


def test_7_life_of_a_consent():
    make_consents.published()
    for email in ("silent@example.com", "acts@example.com"):
        make_consents.captured(email, now=RECEIVED)
    until, told = datetime(2028, 11, 22, 9, tzinfo=UTC), datetime(2028, 10, 23, 9, tzinfo=UTC)
    assert set(ConsentState.objects.values_list("valid_until", flat=True)) == {until}
    assert consent_reminders.remind_due(now=told - timedelta(seconds=1)) == 0
    assert consent_reminders.remind_due(now=told) == 2
    assert renewing.renew(Recipient("acts@example.com", ""), ["join:newsletter-email"], address=str, now=told)
    assert endings.expire_due(now=until - timedelta(seconds=1)) == 0
    assert endings.expire_due(now=until) == 1
    assert make_consents.reason("silent@example.com", now=until) == "consent-expired"
    assert make_consents.reason("acts@example.com", now=until) == "+consent-given"


def test_8_double_opt_in(mailoutbox):
    ConsentForm.objects.create(slug="join", double_opt_in=True)
    make_consents.published("join")
    body = make_consents.body()
    asked = opt_in.ask(answers.read(body, now=RECEIVED), body, now=RECEIVED, actor="test")
    deliver_due(now=RECEIVED)
    token = re.search(r"/consent/confirm/([^/\s]+)/", mailoutbox[-1].body)[1]
    with pytest.raises(opt_in.LinkOver):
        opt_in.confirm(token, now=datetime(2026, 11, 24, 10, tzinfo=UTC))
    assert opt_in.stored(asked.consent).states == {"newsletter": "requested"}
    kept = datetime(2026, 12, 22, 9, tzinfo=UTC)
    assert opt_in.forget(now=kept) == 0
    assert opt_in.forget(now=kept + timedelta(seconds=1)) == 1
    assert not PendingConsent.objects.exists()
    assert not DataKey.objects.filter(owner=Owner.CONSENT).exists()


def test_9_assessment_of_an_interest():
    purpose = make_register.purpose("direct-sales", "f")
    version = make_consents.assessment(purpose, approved=None)
    assessments_drafts.submit(purpose, now=RECEIVED, actor="user:a")
    assert assessments.approve(version, approver="user:b", now=RECEIVED).review_due == date(2027, 11, 22)
    # A purpose goes live only with an assessment that is in date on the day itself.
    now = timezone.now()
    make_consents.assessment(purpose, approved=now, due=now.date())
    draft = make_register.draft("direct-sales", "f")
    draft.recipients.add(RegisteredRecipient.objects.create(slug="caller", name="Caller Ltd", role="processor"))
    draft.publish(now=now, actor="test")
    assert assessments.open_reviews(purpose).get().cause == "purpose-changed"


def test_10_candidate():
    rejected = RECEIVED.date()
    one = make_retention.rule(
        make_retention.live("recruitment", "b"), trigger="application_closed", period="P12M", slug="candidates"
    )
    make_retention.item(make_retention.person(), ["recruitment"], rejected - timedelta(days=40))
    subject = make_retention.person()
    make_retention.dates(subject, one.purpose, application_closed_on=rejected)
    hold = holds.place(
        [subject],
        matter="2027-3",
        reason="claim",
        review_due=date(2027, 10, 30),
        actor="user:1",
        now=datetime(2027, 5, 1, tzinfo=UTC),
    )
    # A period of months ends with the last hour of its last day, so the run of the next day finds it.
    for day, items, held in ((date(2027, 11, 22), 0, 0), (date(2027, 11, 23), 0, 1)):
        report = purge(one, as_of=day, commit=True, now=make_retention.noon(day))
        assert (report.items, report.held) == (items, held)
    assert PersonalDataItem.objects.get().restrictions.get().ground == "hold"
    released = datetime(2028, 1, 15, 9, tzinfo=UTC)
    holds.release(hold, actor="user:1", now=released)
    assert purge(one, as_of=released.date(), commit=True, now=released).items == 1
    assert not PersonalDataItem.objects.exists()


def test_11_breach():
    aware = datetime(2026, 12, 24, 17, 30, tzinfo=UTC)
    texts = {"summary": "A laptop was lost; whether its disk was encrypted is not known."}
    breach = log.log(aware_at=aware, texts=texts, now=aware, **BY)
    assert breach.notify_by == datetime(2026, 12, 27, 17, 30, tzinfo=UTC)
    log.decide(breach, risk="high", reasoning="The disk may be readable.", now=aware, **BY)
    log.notified(breach, at=aware + timedelta(hours=60), reference="IC-1", now=aware + timedelta(hours=60), **BY)
    proven = datetime(2026, 12, 28, 10, tzinfo=UTC)
    # In phases: what is found out later completes it, and decides whether people are told.
    more = {"texts": {"facts": "The disk was encrypted."}, "details": {}, "categories": []}
    log.describe(breach, **more, now=proven, **BY)
    with pytest.raises(log.NotFinished):
        log.close(breach, lessons="", now=proven, **BY)
    log.told(breach, exemption=NotTold.UNINTELLIGIBLE, now=proven, **BY)
    log.decide(breach, risk="none", reasoning="The key was not lost with it.", now=proven, **BY)
    log.close(breach, lessons="Encrypt every disk.", now=proven, **BY)
    assert breach.texts["reasoning"] == "The key was not lost with it."


@pytest.mark.parametrize(("value", "is_signal"), [("true", False), ("0", False), ("1,0", True)])
def test_12_browser_signal(value, is_signal):
    assert gpc.is_on(RequestFactory().get("/", headers={"Sec-GPC": value})) == is_signal
