"""Old data of people who are gone: an import, a sync or a connector that still has it must not bring them back.

What somebody newly gives is of a later date, and whoever has come back may be written about as before.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import datetime

from django.utils.translation import gettext_lazy as _

from core.errors import DomainError
from subjects.identifiers import Claim, suppression_hashes
from subjects.people import find

# Answers whether somebody of one of these identifiers (keyed hashes) was erased after this moment, unless one of these
# source records (keyed hashes) was let back.
PersonGuard = Callable[[Collection[bytes], Collection[bytes], datetime], bool]
_guards: list[PersonGuard] = []
# The same for thousands: the places of those pairs (keyed hash of an identifier, moment) whose person was erased since.
CrowdGuard = Callable[[Sequence[tuple[bytes, datetime]]], set[int]]
_crowd_guards: list[CrowdGuard] = []


class PersonErased(DomainError):
    code = "erased-person"
    message = _("This person was erased here after this was collected. It must not come back.")


def register_person_guard(guard: PersonGuard) -> None:
    if guard not in _guards:
        _guards.append(guard)


def register_crowd_guard(guard: CrowdGuard) -> None:
    if guard not in _crowd_guards:
        _crowd_guards.append(guard)


def erased_since(pairs: Sequence[tuple[bytes, datetime]]) -> set[int]:
    """The places of those (keyed hash of an identifier, moment) whose person was erased after that moment."""
    return set[int]().union(*(guard(pairs) for guard in _crowd_guards)) if pairs else set()


def brings_back(
    claims: Sequence[Claim], moments: Iterable[datetime], *, records: Collection[bytes] = (), is_test: bool = False
) -> bool:
    """Whether taking in what was collected at these moments would make somebody again who was erased since."""
    latest = max(moments, default=None)
    if latest is None:
        return False
    hashes = [value for claim in claims for value in suppression_hashes(claim.type, claim.normalised, claim.system)]
    return any(guard(hashes, records, latest) for guard in _guards) and find(claims, is_test=is_test) is None
