"""How a case is found by its address, after a change of BLIND_INDEX_KEYS: under the current key, as identifiers are."""

from requests.intake import claim_of
from requests.models import CaseFile
from subjects.identifiers import Claim


def reblind(*, after: int = 0, limit: int = 500) -> tuple[int, int] | None:
    """(last case looked at, how many moved), or None when there are no more beyond `after`."""
    rows = list(CaseFile.objects.filter(pk__gt=after, claim_blind__isnull=False).order_by("pk")[:limit])
    if not rows:
        return None
    return rows[-1].pk, sum(map(_move, rows))


def _move(case: CaseFile) -> bool:
    email = claim_of(case).get("email", "")
    value = Claim("email", email).blind if email else None
    if value is None or value == bytes(case.claim_blind or b""):
        return False
    # Not over an address that was corrected meanwhile.
    return bool(CaseFile.objects.filter(pk=case.pk, claim_blind=case.claim_blind).update(claim_blind=value))
