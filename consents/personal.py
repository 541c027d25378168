"""Which of this app's data is personal, how it is exported and what may be erased."""

from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from consents import address_mail, dpv, evidence, forget, pending, permission, suppression
from consents.models import (
    ConsentEvent,
    ConsentReminder,
    ConsentRenewal,
    ConsentState,
    MailboxCheck,
    Pause,
    Suppression,
)
from consents.states import states_of
from core.models import Owner
from core.vault import keys_of
from processing.models import PurposeVersion
from subjects.identifiers import Claim
from subjects.models import DataSubject
from subjects.registry import register


def fields_of(model: str, names: str) -> list[str]:
    return [f"consents.{model}.{name}" for name in names.split()]


def _not_theirs_alone(subject: DataSubject) -> list[Claim]:
    """What others are known by as well. Of what is said there their copy has what stops something for this person, and
    neither what went before nor that there is anybody else.
    """
    return [claim for claim, _is_shared in suppression.known_by(subject, is_shared=True)]


def _stops(subject: DataSubject, said: Suppression | Pause, channel: str) -> bool:
    """Whether that does: a later "yes" of theirs may have answered it for them alone."""
    if said.purpose is None or not channel:
        return True
    return not permission.may_process(subject, said.purpose.slug, channel, now=timezone.now()).allowed


@register
class Choices:
    label: str | Promise = _("Your choices and where they stand")
    fields = fields_of("ConsentState", "subject purpose channel status effective_at valid_until event entry")

    def export(self, subject: DataSubject) -> list[dict[str, Any]]:
        return [
            {
                "purpose": standing.title,
                "channel": standing.channel,
                "status": standing.status,
                "dpv:hasConsentStatus": dpv.STATUS[standing.status],
                "since": standing.since.isoformat(),
                "valid_until": standing.valid_until.isoformat() if standing.valid_until else None,
            }
            for standing in states_of(subject)
        ]

    def erase(self, subject: DataSubject) -> int:
        return ConsentState.objects.filter(subject=subject.uuid).delete()[0]


@register
class Answers:
    """The events are evidence that we acted lawfully (Arts 5(2), 7(1)): they stay under a pseudonym, the proof goes."""

    label: str | Promise = _("The answers you gave, and what you typed when you gave them")
    fields = fields_of(
        "ConsentEvent", "consent subject purpose channel status effective_at valid_until recorded_at proof"
    )

    def export(self, subject: DataSubject) -> list[dict[str, Any]]:
        events = list(ConsentEvent.objects.filter(subject=subject.uuid).order_by("effective_at", "id"))
        keys = keys_of(Owner.CONSENT, {event.consent for event in events})
        versions = PurposeVersion.objects.filter(purpose__uuid__in={event.purpose for event in events})
        titles = dict(versions.order_by("number").values_list("purpose__uuid", "title"))
        return [
            {
                "purpose": titles.get(event.purpose, str(event.purpose)),
                "channel": event.channel,
                "answer": event.status,
                "dpv:hasConsentStatus": dpv.STATUS[event.status],
                "at": event.effective_at.isoformat(),
                "given_as": keys[event.consent].open("proof", bytes(event.proof)).decode()
                if event.proof and event.consent in keys
                else None,
            }
            for event in events
        ]

    def erase(self, subject: DataSubject) -> int:
        return forget.destroy_proofs([subject.uuid])


@register
class Refusals:
    """Kept on erasure: without it the next import would write to the person again (Arts 17(3)(b) and 21(3))."""

    label: str | Promise = _("Objections and withdrawals that we keep to for you, kept as a code")
    fields = fields_of("Suppression", "hash hash_key purpose channel reason since lifted_at")

    def export(self, subject: DataSubject) -> list[dict[str, Any]]:
        every = Suppression.objects.select_related("purpose")
        rows = list(every.filter(hash__in=suppression.hashes_of(suppression.claims_of(subject))))
        for claim in _not_theirs_alone(subject):
            there = every.filter(hash__in=suppression.hashes_of([claim]), lifted_at=None)
            reaching = [no for said in there for no in suppression.narrowed(said, claim.type)]
            rows += [no for no in reaching if _stops(subject, no, no.channel)]
        return [
            {
                "purpose": row.purpose.slug if row.purpose else "all-marketing",
                "channel": row.channel,
                "reason": row.reason,
                "since": row.since.isoformat(),
                "lifted_at": row.lifted_at.isoformat() if row.lifted_at else None,
            }
            for row in sorted(rows, key=lambda row: row.since)
        ]

    def erase(self, subject: DataSubject) -> int:
        return 0


@register
class Pauses:
    """Kept until they are over, an erasure or not: they say when somebody wants to hear nothing."""

    label: str | Promise = _("Pauses that we keep to for you")
    fields = fields_of("Pause", "hash hash_key purpose since until ended_at")

    def export(self, subject: DataSubject) -> list[dict[str, Any]]:
        every = Pause.objects.select_related("purpose")
        own = every.filter(hash__in=suppression.hashes_of(suppression.claims_of(subject)))
        rows = [(pause, "") for pause in own]
        for claim in _not_theirs_alone(subject):
            there = every.filter(hash__in=suppression.hashes_of([claim]), ended_at=None)
            reaching = [(pause, channel) for pause in there for channel in suppression.REACHES.get(claim.type, ())]
            rows += [(pause, channel) for pause, channel in reaching if _stops(subject, pause, channel)]
        return [
            {
                "purpose": pause.purpose.slug if pause.purpose else "all-marketing",
                "channel": channel,
                "since": pause.since.isoformat(),
                "until": (pause.ended_at or pause.until).isoformat(),
            }
            for pause, channel in sorted(rows, key=lambda row: row[0].since)
        ]

    def erase(self, subject: DataSubject) -> int:
        return 0


@register
class Codes:
    """Whoever typed an address to see its choices: gone after a day."""

    label: str | Promise = _("When a code that opens your choices was asked for")
    fields = [
        *fields_of("MailboxCheck", "about asked_at"),
        *fields_of("MailboxCode", "check_of code_mac issued_at expires_at attempts used_at"),
    ]

    def export(self, subject: DataSubject) -> list[dict[str, Any]]:
        return [{"at": row.asked_at.isoformat()} for row in self._rows(subject).order_by("asked_at")]

    def erase(self, subject: DataSubject) -> int:
        return self._rows(subject).delete()[0]

    def _rows(self, subject: DataSubject) -> QuerySet[MailboxCheck]:
        hashes = suppression.hashes_of(suppression.claims_of(subject))
        return MailboxCheck.objects.filter(about__in=[address_mail.about(value) for value in hashes])


@register
class Waiting:
    """Answers that their owner has not confirmed: sealed, and of nobody yet. They go within a month."""

    label: str | Promise = _("Answers that you have not confirmed yet")
    fields = fields_of(
        "PendingConsent", "sealed blinds states choices requested_at expires_at confirmed_at parent_at own_at shared_at"
    )

    def export(self, subject: DataSubject) -> list[dict[str, Any]]:
        own = suppression.claims_of(subject)
        rows = pending.waiting_for(own) if own else pending.naming_only(_not_theirs_alone(subject))
        return [
            {"asked": row.states, "at": row.requested_at.isoformat(), "until": row.expires_at.isoformat()}
            for row in rows
        ]

    def erase(self, subject: DataSubject) -> int:
        return pending.forget_people([subject.pk])


@register
class Evidence:
    """Papers and notes of consents that were given elsewhere: sealed under the proof's key, so they end with it."""

    label: str | Promise = _("What shows that you consented on paper, by phone or through somebody else")
    fields = fields_of("ConsentEvidence", "consent kind note name sealed media_type size added_at")

    def export(self, subject: DataSubject) -> list[dict[str, Any]]:
        return [
            {"kind": found.kind, "file": found.name, "added_at": found.added_at.isoformat(), **found.note}
            for found in evidence.of(subject)
        ]

    def erase(self, subject: DataSubject) -> int:
        return forget.drop_evidence([subject.uuid])


@register
class Renewals:
    label: str | Promise = _("Consents that we asked you to renew, because what we ask has changed")
    fields = fields_of("ConsentRenewal", "subject purpose channel event until asked_at kept_back ended_at")

    def export(self, subject: DataSubject) -> list[dict[str, Any]]:
        rows = ConsentRenewal.objects.filter(subject=subject.uuid).select_related("purpose").order_by("id")
        return [
            {
                "purpose": row.purpose.slug,
                "channel": row.channel,
                "until": row.until.isoformat(),
                "asked_at": row.asked_at.isoformat() if row.asked_at else None,
            }
            for row in rows
        ]

    def erase(self, subject: DataSubject) -> int:
        return ConsentRenewal.objects.filter(subject=subject.uuid).delete()[0]


@register
class Reminders:
    label: str | Promise = _("Consents of which we told you that they end soon")
    fields = fields_of(
        "ConsentReminder", "subject purpose channel event until decided_at told_at kept_back again_at asked_again_at"
    )

    def export(self, subject: DataSubject) -> list[dict[str, Any]]:
        rows = ConsentReminder.objects.filter(subject=subject.uuid).select_related("purpose").order_by("id")
        return [
            {
                "purpose": row.purpose.slug,
                "channel": row.channel,
                "until": row.until.isoformat(),
                "told_at": row.told_at.isoformat() if row.told_at else None,
                # They wanted to be asked again.
                "again_at": row.again_at.isoformat() if row.again_at else None,
            }
            for row in rows
        ]

    def erase(self, subject: DataSubject) -> int:
        return ConsentReminder.objects.filter(subject=subject.uuid).delete()[0]


NOT_PERSONAL = {
    # Files and lines by number, and addresses of other systems: nobody is named.
    *fields_of("ConsentImport", "id uuid sha256 offset line counts actor started_at finished_at"),
    *fields_of("ImportFault", "id job line field reason"),
    *fields_of("Webhook", "id uuid name url kinds secret former_secret former_until after created_at ended_at"),
    *fields_of("Webhook", "disabled_at tried_at taken_at status failures"),
    *fields_of("Pause", "id uuid schema_version entry"),
    *fields_of("MailboxCheck", "id"),
    *fields_of("MailboxCode", "id"),
    *fields_of("ConsentEvidence", "id uuid added_by entry"),
    *fields_of("ConsentRenewal", "id uuid form_version"),
    *fields_of("ConsentReminder", "id uuid"),
    *fields_of(
        "PendingConsent",
        "id uuid form_version token_hash own_token_hash actor collected_by entry is_test is_unseen",
    ),
    # What is asked, of everybody alike.
    *fields_of("ConsentForm", "id uuid slug double_opt_in grace_days valid_for"),
    *fields_of(
        "ConsentFormVersion",
        "id form number locale title intro controls controllers notice_version withdrawal minimum_age network_reason"
        " declared change affected outgrown outgrown_until sha256 published_at superseded_at",
    ),
    # Assessments weigh a purpose; author and approver are staff, by id.
    *fields_of("Assessment", "id uuid purpose"),
    *fields_of(
        "AssessmentVersion",
        "id assessment number basis answers decision justification facts screening author writers begun_at saved_at"
        " submitted_at returned_note approver sole_officer_reason approved_at review_due",
    ),
    # Why an assessment is looked at again: the request is named by its id, the person not at all.
    *fields_of("AssessmentReview", "id uuid assessment cause caused_by opened_at entry closed_at closed_by"),
    # How an answer was kept, not what it says of anybody.
    *fields_of("ConsentEvent", "id uuid schema_version form_version origin collected_by actor entry"),
    *fields_of("ConsentState", "id"),
    *fields_of("Suppression", "id uuid schema_version entry lifted_by"),
}
