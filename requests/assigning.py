"""Who works on a case. Colleagues without an overview see what is theirs and what is nobody's."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from core.errors import DomainError
from core.models import User
from ledger.entries import record
from requests.models import CaseFile

ASSIGN = "requests.assign_casefile"
WORK = "requests.change_rightsrequest"


class Taken(DomainError):
    code = "case-taken"
    message = _("Somebody else works on this case. Whoever sees every case can hand it on.")


class NotACaseworker(DomainError):
    code = "not-a-caseworker"
    message = _("This person cannot work on requests.")


def workers() -> list[User]:
    """Everybody a case can be given to, by name."""
    staff = User.objects.filter(is_active=True, is_staff=True).order_by("username")
    return [user for user in staff if user.has_perm(WORK)]


@transaction.atomic
def assign(case: CaseFile, to: User | None, *, by: User, now: datetime) -> None:
    """Give a case to somebody, or back to all.

    Without the right to assign, one takes what is free or gives back one's own; else Taken is raised.
    """
    locked = CaseFile.objects.select_for_update().get(pk=case.pk)
    is_own = locked.owner_id == by.pk and to is None
    is_free = locked.owner_id is None and to == by
    if not (is_own or is_free or by.has_perm(ASSIGN)):
        raise Taken
    if to is not None and not (to.is_active and to.is_staff and to.has_perm(WORK)):
        raise NotACaseworker
    if locked.owner_id == (to.pk if to else None):
        return
    locked.owner = to
    locked.save(update_fields=["owner"])
    case.owner = to
    data = {"to": to.actor if to else None}
    record(kind="case.assigned", at=now, actor=by.actor, object=locked.uuid, data=data)
