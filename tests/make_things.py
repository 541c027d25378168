"""What the addresses in docs/roles.md name: a row of each kind, for the tests that try its table."""

from datetime import timedelta
from uuid import uuid4

from django.utils import timezone

from breaches import log
from consents import assessments_drafts, entered, evidence, webhooks
from consents.models import ConsentState
from core import apikeys
from core.files import File
from office import merging
from processing.models import Purpose, System
from requests import answer, decisions, found, identity_doubt, leaving_out, letters, transfers
from requests.models import CaseFile, Evidence, RightsRequest
from retention import holds, runs
from retention.models import RetentionRule, Run, SystemTask
from subjects.identifiers import parse_identity
from subjects.models import Identifier, Organisation, PersonalDataItem
from tests import (
    make_consents,
    make_inbox,
    make_office,
    make_register,
    make_requests,
    make_retention,
    make_staff,
    make_subjects,
)
from tests.make_complaints import complain


class Things:
    """By name, made when first asked for."""

    def __init__(self, mailbox):
        self.mailbox, self.is_ready, self.made = mailbox, False, {}

    def __getitem__(self, name):
        if not self.is_ready:
            make_office.register(manual=True)
            self.is_ready = True
        if name not in self.made:
            self.made[name] = getattr(self, name)()
        return self.made[name]

    def request(self):
        return self.case("free@example.com").uuid

    def case(self, email):
        make_office.person("newsletter", email=email)
        return make_office.confirmed("access", email=email, mailbox=self.mailbox).requests.get()

    def taken(self):
        found = self.case("taken@example.com")
        CaseFile.objects.filter(pk=found.case_id).update(owner=make_staff.account("colleague", "caseworker"))
        return found.uuid

    def own(self):
        return self.case("own@example.com").uuid

    def portable(self):
        make_office.person("newsletter", email="portable@example.com")
        found = make_office.confirmed("portability", email="portable@example.com", mailbox=self.mailbox)
        return found.requests.get().uuid

    def ported(self):
        make_office.person("newsletter", email="ported@example.com")
        found = make_office.confirmed("portability", email="ported@example.com", mailbox=self.mailbox)
        return found.requests.get().uuid

    def transfer(self):
        given = {"name": "x", "address": "https://example.com/", "words": "x", "told": "request"}
        found = RightsRequest.objects.get(uuid=self["ported"])
        return transfers.instruct(found, **given, actor=make_office.OFFICER, now=make_office.NOW).uuid

    def objection(self):
        given = {"email": "objects@example.com", "stop": [], "answers": {"objection": "x"}}
        return make_requests.case("objection", now=make_office.NOW, **given).requests.get().uuid

    def prepared(self):
        found = self.case("prepared@example.com")
        answer.prepare_access(found, actor=make_office.OFFICER, now=make_office.NOW)
        return found.uuid

    def letter(self):
        return self.letter_in(self.request())

    def written(self):
        return self.letter_in(self["taken"])

    def letter_in(self, uuid):
        rights_request = RightsRequest.objects.get(uuid=uuid)
        return letters.write("general", rights_request, {"message": "x"}, now=make_office.NOW).uuid

    def file(self):
        return RightsRequest.objects.get(uuid=self["request"]).case.uuid

    def theirs(self):
        return RightsRequest.objects.get(uuid=self["taken"]).case.uuid

    def complaint(self):
        return complain(email="").uuid

    def grievance(self):
        found = complain(email="")
        CaseFile.objects.filter(pk=found.case_id).update(owner=make_staff.account("busy", "caseworker"))
        return found.uuid

    def doubted(self):
        found, now = self.case("doubted@example.com"), make_office.NOW
        given = {"reason": "details-differ", "doubt": "Another signature.", "ways": ["call-back"]}
        identity_doubt.ask(found, **given, actor=make_office.OFFICER, now=now)
        arrived = {"day": now.date(), "kind": "call-back", "words": "Called."}
        identity_doubt.arrived(found, **arrived, actor=make_office.OFFICER, now=now)
        return found.uuid

    def piece(self):
        return Evidence.objects.get(case__requests__uuid=self["doubted"]).uuid

    def task(self):
        return RightsRequest.objects.get(uuid=self["request"]).tasks.get(system__connector="manual").uuid

    def wrong(self):
        """A request to correct something."""
        make_office.person("newsletter", email="wrong@example.com")
        return (
            make_office.confirmed("rectification", email="wrong@example.com", mailbox=self.mailbox).requests.get().uuid
        )

    def limit(self):
        """A request to store and not use."""
        make_office.person("newsletter", email="limit@example.com")
        found = make_office.confirmed("restriction", email="limit@example.com", mailbox=self.mailbox)
        return found.requests.get().uuid

    def computed(self):
        """A request to look at the decision of a computer again."""
        make_office.person("newsletter", email="computed@example.com")
        found = make_office.confirmed("adm_review", email="computed@example.com", mailbox=self.mailbox)
        return found.requests.get().uuid

    def told(self):
        """A request to delete what somebody else has received."""
        make_office.person("newsletter", email="told@example.com")
        found = make_office.confirmed("erasure", email="told@example.com", mailbox=self.mailbox).requests.get()
        make_office.disclosed(found.case.subject, "newsletter")
        decisions.confirm_all(found, actor=make_office.OFFICER, now=make_office.NOW)
        return found.uuid

    def mail(self):
        return make_inbox.stored().uuid

    def item(self):
        request = RightsRequest.objects.get(uuid=self["request"])
        return PersonalDataItem.objects.filter(subject=request.case.subject).first().uuid

    def document(self):
        request, now = RightsRequest.objects.get(uuid=self["request"]), make_office.NOW
        system = request.tasks.get(system__connector="manual").system
        return found.add(request, system, "a.txt", b"About you.", actor=make_office.OFFICER, now=now).uuid

    def exemption(self):
        request, why = RightsRequest.objects.get(uuid=self["request"]), leaving_out.Why("privilege", "Advice.")
        now = make_office.NOW
        return leaving_out.record_out(request, self["item"], why, actor=make_office.OFFICER, now=now).uuid

    def person(self):
        return make_office.person("newsletter", email="person@example.com").uuid

    def agreeing(self):
        make_consents.published("agreeing", controllers=[make_office.controller().name])
        return make_consents.captured("agreeing@example.com", form="agreeing", now=timezone.now()).subject

    def agreed(self):
        return ConsentState.objects.get(subject=self["agreeing"]).event

    def other(self):
        return make_office.person("newsletter", email="other@example.com").uuid

    def applicant(self):
        make_register.purpose("recruitment", "b", subject_categories=["applicant"])
        subject = make_office.person(email="applicant@example.com")
        make_subjects.item(subject, "recruitment", role="applicant", now=make_office.NOW)
        self.made["applied"] = subject.relationships.get().uuid
        return subject.uuid

    def employee(self):
        make_register.purpose("employment", "b", subject_categories=["employee"])
        subject = make_office.person(email="employee@example.com")
        make_subjects.item(subject, "employment", role="employee", now=make_office.NOW)
        self.made["employed"] = subject.relationships.get().uuid
        return subject.uuid

    def merged(self):
        kept = make_office.person("newsletter", email="kept@example.com")
        gone = make_office.person("newsletter", email="gone@example.com")
        self.made["made"] = merging.merge(kept, gone, now=timezone.now(), actor=make_office.OFFICER).uuid
        return kept.uuid

    def address(self):
        return Identifier.objects.get(subjects__uuid=self["person"]).uuid

    def webhook(self):
        return webhooks.add("crm", "https://8.8.8.8/", now=timezone.now(), actor="test")[0].uuid

    def silent(self):
        """One that is switched off, so that a test of it goes nowhere."""
        made, now = webhooks.add("quiet", "https://8.8.8.8/", now=timezone.now(), actor="test")[0], timezone.now()
        webhooks.switch("quiet", on=False, now=now, actor="test")
        return made.uuid

    def message(self):
        return uuid4()

    def wording(self):
        """The name of a form in the making, and of one that is on show."""
        return make_consents.draft("wording").form.slug

    def worded(self):
        return make_consents.published("worded", controllers=[make_office.controller().name]).form.slug

    def hearsay(self):
        claims = parse_identity({"email": "hearsay@example.com"})
        told = entered.Told(claims, "newsletter", ["email"], make_office.NOW)
        return entered.tell(told, actor=make_office.OFFICER, now=make_office.NOW)

    def paper(self):
        about = {"subject": make_office.person("newsletter", email="paper@example.com").uuid, "note": {"words": "x"}}
        file = File("paper.pdf", b"%PDF-1.7 signed")
        return evidence.add(
            uuid4(), kind="paper", file=file, **about, actor=make_office.OFFICER, now=make_office.NOW
        ).uuid

    def key(self):
        return apikeys.create("crm", ["events:read"])[0].uuid

    def organisation(self):
        return Organisation.objects.create(name="Example Ltd").uuid

    def breach(self):
        return log.log(aware_at=timezone.now(), texts={"summary": "x"}, actor="test", now=timezone.now()).uuid

    def rule(self):
        return make_retention.rule().pk

    def run(self):
        made = RetentionRule.objects.get(pk=self["rule"])
        return runs.join(made, as_of=make_retention.TODAY, cutoff=make_retention.TODAY, now=timezone.now()).uuid

    def anonymous(self):
        return make_retention.anonymous_rows(("1980s", "good", 30), ("1980s", "bad", 30)).uuid

    def ended(self):
        made = runs.start(uuid4(), as_of=make_retention.TODAY, now=timezone.now())
        runs.finish(made, held=0, indeterminate=0, now=timezone.now())
        return made.uuid

    def reviewed(self):
        return make_retention.rule(slug="looked-at", action="review").pk

    def asked(self):
        """What another system owes a run."""
        crm, _made = System.objects.get_or_create(slug="crm", defaults={"name": "CRM"})
        at = {"raised_at": make_retention.NOW, "due_on": make_retention.TODAY}
        run = Run.objects.get(uuid=self["run"])
        return SystemTask.objects.create(run=run, system=crm, needs=1, people=0, **at).uuid

    def draft(self):
        return RetentionRule.objects.create(
            slug="draft", purpose=make_retention.live(), trigger="collection", period="P1M", legal_reason="-"
        ).pk

    def weighed(self):
        """The name of a purpose whose assessment is approved, of one in the making, and of one that waits."""
        return make_consents.assessment(self.interest("fraud-screening")).assessment.purpose.slug

    def drafted(self):
        return make_consents.assessment(self.interest("contact-enquiries"), approved=None).assessment.purpose.slug

    def submitted(self):
        purpose = self.interest("security-and-legal-claims")
        make_consents.assessment(purpose, approved=None)
        return assessments_drafts.submit(purpose, now=make_consents.NOW, actor="user:a").assessment.purpose.slug

    def interest(self, slug):
        return Purpose.objects.filter(slug=slug).first() or make_register.purpose(slug, "f")

    def recipe(self):
        fields = {"email": {"strategy": "keep"}, "phone": {"strategy": "keep"}}
        made = {"slug": "recipe", "purpose": make_retention.live(), "trigger": "collection", "period": "P9Y"}
        how = {"fields": fields, "quasi": ["email"], "sensitive": ["phone"]}
        return RetentionRule.objects.create(**made, legal_reason="-", action="anonymise", recipe=how).pk

    def hold(self):
        now, person = timezone.now(), make_retention.person()
        until = now.date() + timedelta(days=30)
        return holds.place([person], matter="1", reason="claim", review_due=until, actor="test", now=now).uuid
