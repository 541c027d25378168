"""What was published or released cannot be untold, also not by a database of before: after a restore it counts still.

Without it a year's epsilon would be spent twice, and a new table not weighed beside one that is out.
"""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from core import outbox
from core.models import Outbox
from ledger.entries import record
from ledger.models import Entry
from retention.models import Run
from retention.models_safety import EpsilonSpent

# In the ledger and in the journal.
RELEASED, PUBLISHED = "statistics.released", "statistics.published"


def note_released(made: EpsilonSpent) -> None:
    """In the ledger, and for a restore in the journal. In the transaction that entered it."""
    _record_released(made)
    told = {"release": str(made.uuid), "year": made.year, "name": made.name, "epsilon": str(made.epsilon)}
    line = {"action": RELEASED, **told, "at": made.at.isoformat(), "actor": made.actor}
    outbox.post(Outbox.Kind.JOURNAL, line, about=None, now=made.at)


def release_again(data: Mapping[str, Any]) -> bool:
    made = EpsilonSpent.objects.create(
        uuid=UUID(data["release"]),
        year=data["year"],
        name=data["name"],
        epsilon=Decimal(data["epsilon"]),
        at=datetime.fromisoformat(data["at"]),
        actor=data["actor"],
    )
    _record_released(made)
    return True


def has_released(data: Mapping[str, Any]) -> bool:
    return EpsilonSpent.objects.filter(uuid=data["release"]).exists()


def note_published(run: Run, told: Mapping[str, Any], *, actor: str, now: datetime) -> None:
    """The same of a table of this run's rows. `told`: by which fields, and the numbers of its cells."""
    _record_published(run, told, actor=actor, at=now)
    line = {"action": PUBLISHED, "run": str(run.uuid), "told": dict(told), "at": now.isoformat(), "actor": actor}
    outbox.post(Outbox.Kind.JOURNAL, line, about=None, now=now)


def publish_again(data: Mapping[str, Any]) -> bool:
    """False when the rows are lost that it was about: then no other table of them can be published either."""
    run = Run.objects.select_related("rule__purpose").filter(uuid=data["run"]).first()
    if run is None:
        return False
    _record_published(run, data["told"], actor=data["actor"], at=datetime.fromisoformat(data["at"]))
    return True


def has_published(data: Mapping[str, Any]) -> bool:
    found = Entry.objects.filter(kind=PUBLISHED, object=data["run"])
    return any(f'"table_sha256":"{data["told"]["table_sha256"]}"' in entry.body for entry in found)


def _record_released(made: EpsilonSpent) -> None:
    data = {"name": made.name, "epsilon": str(made.epsilon), "year": made.year}
    record(kind=RELEASED, at=made.at, actor=made.actor, object=made.uuid, data=data)


def _record_published(run: Run, told: Mapping[str, Any], *, actor: str, at: datetime) -> None:
    purpose = run.rule.purpose.slug if run.rule else ""
    record(kind=PUBLISHED, at=at, actor=actor, object=run.uuid, purpose=purpose, data=dict(told))
