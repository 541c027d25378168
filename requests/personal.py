"""Which of this app's data is personal, how it is exported, and what an erasure leaves.

A case file is the proof of how a request was answered (Art 5(2)): it keeps its own term, so erasing a person only cuts
the tie. An open request keeps its person, except the erasure that is being carried out.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.db.models import OuterRef, QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from core import prepared, vault
from core.arrays import Among, array
from requests import messages, untold
from requests.freeze import perhaps_meant
from requests.intake import LENGTHS, claim_of
from requests.models import CaseFile, Letter, RightsRequest
from subjects.blocks import register_freeze
from subjects.erasure import register_subject_guard
from subjects.models import DataSubject
from subjects.registry import register

# Asked of every batch of an erasure, where nearly nobody ever asked for anything.
ANY_CASE = "SELECT 1 FROM requests_casefile WHERE subject_id = ANY(%s::bigint[]) LIMIT 1"


def fields_of(model: str, names: str) -> list[str]:
    return [f"requests.{model}.{name}" for name in names.split()]


@register
class Cases:
    label: str | Promise = _("Requests you made to us")
    fields = [
        *fields_of("CaseFile", "uuid subject claim claim_blind channel locale received_at received_on confirmed_at"),
        *fields_of("CaseFile", "identified_at identified_how identity_note by_post"),
        *fields_of("RightsRequest", "uuid reference external_reference case right state facts result answered_at"),
        *fields_of("Decision", "note"),
        # Found documents go out in the package, as pictures; why something was left out, in the letter.
        *fields_of("Search", "sealed"),
        # By which ids a system that has not answered finds them: theirs, and gone with its answer.
        *fields_of("Task", "known_as"),
        *fields_of("FoundDocument", "uuid request name sealed fingerprint"),
        *fields_of("Exemption", "uuid request item sealed"),
        *fields_of("Asking", "uuid case request sealed given_on arrived_on answer"),
        *fields_of("Evidence", "uuid case kind sealed arrived_on"),
        *fields_of("Correction", "uuid request about what sealed"),
        *fields_of("RecipientNotice", "uuid request note"),
        *fields_of("DecisionScope", "request items"),
        *fields_of("DecisionReview", "uuid request asked sealed outcome"),
        *fields_of("Complaint", "uuid reference case received_on outcome findings"),
        *fields_of("ComplaintStep", "uuid complaint sealed"),
        *fields_of("Representation", "case note"),
    ]

    def export(self, subject: DataSubject) -> list[dict[str, Any]]:
        """Every right the person exercised with us, and what they wrote."""
        requests = RightsRequest.objects.filter(case__subject=subject).select_related("case").order_by("pk")
        return [
            {
                "reference": row.reference,
                "what": str(row.get_right_display()),
                "received": row.received_on.isoformat(),
                "how": str(row.case.get_channel_display()),
                "state": str(row.get_state_display()),
                "answered": row.answered_at.isoformat() if row.answered_at else None,
                "you_wrote": _written(row.case),
            }
            for row in requests
        ]

    def erase(self, subject: DataSubject) -> int:
        """The proof stays until its own term ends; only the tie to the person is cut."""
        return CaseFile.objects.filter(subject=subject).update(subject=None)


@register
class Conversation:
    """Of messages those only that came from, or went to, whoever showed the mailbox: see `_written`."""

    label: str | Promise = _("Messages and notes about your requests")
    fields = [
        *fields_of("Message", "uuid case sealed"),
        *fields_of("Attachment", "uuid message name sealed"),
        *fields_of("Comment", "uuid case sealed"),
    ]

    def export(self, subject: DataSubject) -> list[dict[str, Any]]:
        rows = []
        for case in CaseFile.objects.filter(subject=subject).order_by("pk"):
            for said in messages.said(case, proven=True):
                who, files = said.message.get_direction_display(), [name for _file, name in said.files]
                told = {"at": said.message.at.isoformat(), "who": who, "text": said.text, "files": files}
                rows.append({**told, "id": str(said.message.uuid)})
            # Staff note why, and a note would say what the answer must not (DPA 2018 Sch 2).
            notes = [] if untold.is_in(case) else messages.comments(case)
            ours = str(_("A note of ours"))
            rows += [
                {"at": note.at.isoformat(), "who": ours, "text": text, "files": [], "id": str(note.uuid)}
                for note, text in notes
            ]
        return rows

    def erase(self, subject: DataSubject) -> int:
        return 0


@register
class Letters:
    label: str | Promise = _("Letters we wrote to you")
    fields = [
        *fields_of("Letter", "uuid case request complaint sealed"),
        *fields_of("LetterDraft", "uuid case request complaint sealed"),
        *fields_of("Package", "uuid request"),
        *fields_of("PackageChunk", "package sealed"),
        *fields_of("Transfer", "uuid request sealed receipt"),
    ]

    def export(self, subject: DataSubject) -> list[dict[str, Any]]:
        """Packages are left out: they are copies of everything else in here."""
        from requests.letters import read  # letters reads the register, whose apps load after this module

        letters = Letter.objects.filter(case__subject=subject).select_related("case").order_by("pk")
        return [{"written": row.created_at.isoformat(), "text": read(row)["text"]} for row in letters]

    def erase(self, subject: DataSubject) -> int:
        return 0


NOT_PERSONAL = {
    *fields_of("CaseFile", "id rule_set confirm_hash confirm_expires_at reminded_at closed_at owner is_test"),
    *fields_of("RightsRequest", "id duplicate_of due_on extension_notice_by target_on created_at"),
    *fields_of("RequestEvent", "id request old new actor reason at entry"),
    *fields_of("Task", "id uuid request system outcome reason count answered_by answered_at entry"),
    *fields_of("Decision", "id request purpose purpose_version proposed proposed_reason outcome reason"),
    *fields_of("Decision", "decided_by decided_at"),
    *fields_of("Letter", "id kind template_version created_at sent_at given_by given_on bounced_at"),
    *fields_of("Letter", "outbox token_hash expires_at"),
    *fields_of("LetterDraft", "id kind updated_at updated_by"),
    *fields_of("Package", "id sha256 size token_hash made_at expires_at first_collected_at"),
    *fields_of("CollectionCode", "id package letter code_mac issued_at expires_at attempts used_at"),
    *fields_of("PackageChunk", "id position"),
    *fields_of("Search", "id task searched_from searched_to recorded_by recorded_at entry"),
    *fields_of("FoundDocument", "id system kind pages size added_by added_at checked_by checked_at"),
    *fields_of("Exemption", "id code scope document is_silent made_by made_at approved_by approved_at exception"),
    *fields_of("Box", "id exemption page left top right bottom"),
    *fields_of("Correction", "id target proposed_by proposed_at outcome reason decided_by decided_at applied_at"),
    *fields_of("RecipientNotice", "id recipient action channel sent_at mail acknowledged_at impossible_reason"),
    *fields_of("RecipientNotice", "recorded_by entry"),
    *fields_of("DecisionScope", "id purpose"),
    *fields_of("DecisionReview", "id system opened_at had_authority saw_everything heard_person reviewed_by"),
    *fields_of("DecisionReview", "reviewed_at"),
    *fields_of("Transfer", "id way state told instructed_at recorded_by token_hash expires_at sha256 error"),
    *fields_of("Transfer", "finished_at entry"),
    *fields_of("Complaint", "id about acknowledge_by acknowledged_at acknowledged_how acknowledged_message"),
    *fields_of("Complaint", "issues outcome_at"),
    *fields_of("Complaint", "remedies cause regulator_reference"),
    *fields_of("ComplaintStep", "id kind actor at"),
    *fields_of("Representation", "id capacity competence authority shown_at shown_by"),
    *fields_of("Comment", "id actor at"),
    *fields_of("Message", "id direction is_proven asks_again actor at handled_at handled_by"),
    *fields_of("Attachment", "id media_type size"),
    *fields_of("VisitCode", "id case code_mac issued_at expires_at attempts used_at"),
    *fields_of("Reminder", "id kind request complaint owner day at"),
    *fields_of(
        "Asking", "id kind reason is_late proposed_by proposed_at approved_by letter reminder token_hash ended ended_at"
    ),
    *fields_of("Evidence", "id media_type added_by added_at destroyed_at"),
}


def _written(case: CaseFile) -> str:
    """Everything they wrote about what they want, in the order in which they were asked.

    Not the messages left with the reference alone: somebody who lost the mailbox says there how to reach them, and this
    copy goes to whoever reads that mailbox now.
    """
    try:
        claim = claim_of(case)
    except vault.Unreadable:
        return ""
    return "\n\n".join(text for name, text in claim.items() if text and name not in {*LENGTHS, "messages"})


def _still_answering(people: Sequence[int]) -> Iterable[int]:
    """Those with an open request: an answer needs its person. An erasure that is carried out needs nobody any more."""
    if not prepared.fetch_one(ANY_CASE, [array(people)]):
        return ()
    return _open().filter(Among("case__subject", people)).values_list("case__subject_id", flat=True)


def _answering(now: datetime) -> QuerySet[Any]:
    return _open().filter(case__subject=OuterRef("pk"))


def _open() -> QuerySet[RightsRequest]:
    return RightsRequest.objects.open().exclude(right="erasure", result__has_key="executed_at")


register_subject_guard(_still_answering, _answering)
register_freeze(perhaps_meant)
