"""What staff want to see of the queue: read from an address, kept under a name, turned into a condition."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from core.errors import DomainError, Invalid
from core.models import User
from office.models import SavedView
from requests.models import Right
from requests.workflow import CLOSED, State

WITHIN = (3, 7, 14, 30)
MINE, NOBODY = "me", "nobody"
# Every closed state; without a state, what is open is meant.
ANY_CLOSED = "closed"
MOST_VIEWS = 20
# Nobody has shown yet who asks, by the link or to staff, and a link was or can be mailed.
UNCONFIRMED = Q(case__confirmed_at=None, case__identified_at=None, case__by_post=False)


@dataclass(frozen=True)
class Filters:
    """Codes only. What is not one is read as nothing, so an old address still opens the queue."""

    right: str = ""
    state: str = ""
    within: str = ""
    owner: str = ""
    unconfirmed: str = ""
    overdue: str = ""

    @classmethod
    def read(cls, given: Mapping[str, Any]) -> "Filters":
        owner = str(given.get("owner", ""))
        state = _one_of(given.get("state"), [ANY_CLOSED, *State.values])
        is_closed = _is_closed(state)
        return cls(
            right=_one_of(given.get("right"), Right.values),
            state=state,
            # What is closed is due no more.
            within="" if is_closed else _one_of(given.get("within"), map(str, WITHIN)),
            owner=owner if owner in (MINE, NOBODY) or (owner.isascii() and owner.isdigit() and len(owner) < 10) else "",
            unconfirmed=_one_of(given.get("unconfirmed"), ["1"]),
            overdue="" if is_closed else _one_of(given.get("overdue"), ["1"]),
        )

    @property
    def chosen(self) -> dict[str, str]:
        return {name: value for name, value in asdict(self).items() if value}

    @property
    def query(self) -> str:
        return urlencode(self.chosen)

    @property
    def is_closed(self) -> bool:
        return _is_closed(self.state)

    @property
    def narrows(self) -> bool:
        """Whether it shows less than everything open, or everything closed."""
        return bool(self.chosen.keys() - {"state"}) or self.state not in ("", ANY_CLOSED)

    def where(self, user: User, today: date) -> Q:
        found = Q()
        if self.right:
            found &= Q(right=self.right)
        if self.state and self.state != ANY_CLOSED:
            found &= Q(state=self.state)
        if self.within:
            found &= Q(due_on__lte=today + timedelta(days=int(self.within)))
        if self.overdue:
            found &= Q(due_on__lt=today)
        if self.unconfirmed:
            found &= UNCONFIRMED
        if self.owner:
            owners = {MINE: Q(case__owner=user.pk), NOBODY: Q(case__owner=None)}
            found &= owners.get(self.owner) or Q(case__owner=int(self.owner))
        return found


def _is_closed(state: str) -> bool:
    return state == ANY_CLOSED or state in CLOSED


def _one_of(value: Any, known: Any) -> str:
    return str(value) if str(value) in set(known) else ""


def save(user: User, name: str, filters: Filters) -> SavedView:
    """Keep these filters under a name; a name used before is used anew."""
    name = " ".join(name.split())
    if not name or len(name) > 40:
        raise Invalid(_("Give the view a name of up to 40 characters."))
    if not filters.chosen:
        raise Invalid(_("Choose at least one filter before you save it."))
    if user.saved_views.count() >= MOST_VIEWS:
        raise DomainError(_("You have twenty saved views. Remove one first."), code="too-many-views")
    try:
        with transaction.atomic():
            view, _new = SavedView.objects.update_or_create(owner=user, name=name, defaults={"filters": filters.chosen})
    except IntegrityError as error:
        raise DomainError(_("This was saved at the same moment. Look again."), code="busy") from error
    return view
