"""By when something must have happened about a message, counted from its arrival, before anybody has sorted it."""

from dataclasses import dataclass, field
from datetime import date, datetime

from core.errors import DomainError
from core.models import Controller
from inbox.models import Kind, Mail
from requests.clock import acknowledge_by, compute, notify_by
from requests.deadlines import cached, regime_of
from requests.facts import Facts
from requests.models import Right

AT_ONCE = (Kind.WITHDRAWAL,)
NEVER = (Kind.SPAM, Kind.NOT_OURS, Kind.AUTOMATIC, Kind.OWN, Kind.BOUNCE, Kind.AUTHORITY, Kind.PROCESSOR)


@dataclass
class Due:
    """The day, and for a breach the hour."""

    day: date | None = None
    at: datetime | None = None


@dataclass
class Reckoner:
    """For a page of messages: rules and holidays are looked up once."""

    controller: Controller = field(default_factory=Controller.current)

    def __post_init__(self) -> None:
        self.holidays, self.rules = cached()

    def of(self, mail: Mail) -> Due:
        """The first thing that will be due if it is what it seems to be; a question may turn out to be a request."""
        kind = Kind(mail.kind or mail.suggested)
        arrived = mail.arrived_at.astimezone(self.controller.zone).date()
        arrived = min(arrived, mail.written_on or arrived)
        if kind in NEVER:
            return Due()
        if kind in AT_ONCE:
            return Due(arrived)
        regime = regime_of(self.controller)
        try:
            rules = self.rules(regime, arrived)
            if kind == Kind.BREACH:
                at = notify_by(mail.arrived_at, params=rules.params)
                return Due(at.astimezone(self.controller.zone).date(), at)
            holidays = self.holidays(self.controller.division)
            if kind == Kind.COMPLAINT:
                return Due(acknowledge_by(arrived, params=rules.params, holidays=holidays))
            right = mail.rights[0] if mail.rights else Right.ACCESS.value
            facts = Facts(right=right, received=arrived, regime=regime, division=self.controller.division)
            return Due(compute(facts, params=rules.params, holidays=holidays).due)
        except DomainError:
            # Before there was such a law. Staff see the date and decide.
            return Due()
