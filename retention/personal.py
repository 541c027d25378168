"""Of this app only what other systems still have to erase is about a person. Rules are policy; runs, batches and
tombstones hold ids, counts and hashes.
"""

from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from retention import shares
from subjects.models import DataSubject
from subjects.registry import register


def _fields(model: str, names: str) -> list[str]:
    return [f"retention.{model}.{name}" for name in names.split()]


@register
class ToEraseElsewhere:
    """Also after the person is gone, until the system has said what it did."""

    label: str | Promise = _("What our other systems still have to erase about you")
    fields = _fields("SystemRecord", "subject item known_as")

    def export(self, subject: DataSubject) -> list[dict[str, Any]]:
        return shares.about(subject)

    def erase(self, subject: DataSubject) -> int:
        return 0


NOT_PERSONAL = {
    # Policy. Approvers are named by the id of their account.
    *_fields(
        "RetentionRule",
        "id slug version status purpose category trigger period grace action legal_reason owner review_due drafted_by"
        " approved_by approved_at fixed_on recipe retire_because retire_asked_by retire_asked_at retired_by retired_at",
    ),
    *_fields(
        "Run",
        "id uuid rule request as_of cutoff status started_at heartbeat_at finished_at paused_at expected held"
        " indeterminate entry measured failures stopped case_files",
    ),
    # Whom a hold is about stands in subjects' blocks. Its reason is a code, its matter a number.
    *_fields("LegalHold", "id uuid matter reason purposes placed_by placed_at review_due reviewed_at"),
    *_fields("LegalHold", "released_by released_at systems organisation collected_from collected_to reminded_for"),
    *_fields("LegalHold", "custodian changed_at categories roles sources jurisdictions"),
    # About nobody any more: a row comes here only when its run was measured and found anonymous.
    *_fields("AnonymousRow", "id run values times"),
    # Words about a method: who could try what. They name nobody.
    *_fields("AnonymityRecord", "id uuid run attacker tried decision quasi sensitive measured data_sha256"),
    *_fields("AnonymityRecord", "reviewed_by reviewed_at review_due"),
    *_fields("Approval", "id uuid rule as_of fingerprint rows why approved_by approved_at expires_at run refused_at"),
    *_fields("WaitingSet", "id rule as_of rows why since fingerprint came left"),
    *_fields("SystemTask", "id uuid run system needs people raised_at due_on outcome reason answered_by answered_at"),
    *_fields("SystemTask", "entry reminded_at"),
    *_fields("SystemRecord", "id run system purpose"),
    *_fields("KeptRow", "id rule need until reason kept_by kept_at"),
    # Numbers of rows, until they went.
    *_fields("ApprovedRow", "pk approval kind row"),
    *_fields("Batch", "id run at needs items keys identifiers subjects relationships restricted entry"),
    # Keyed hashes that recognise, and say nothing; they expire with the last backup.
    *_fields("Tombstone", "id schema_version scope hash hash_key run erased_at expires_on"),
    *_fields("JournalMark", "id seq hash moved_at replay"),
    # The same keyed hash, of a record that came back; staff are named by the id of their account.
    *_fields(
        "WriteBack",
        "id uuid hash system category collected_on erased_at first_at last_at times decision decided_by decided_at",
    ),
    "retention.WriteBack.expires_on",
    *_fields("EpsilonSpent", "id uuid year name epsilon at actor"),
}
