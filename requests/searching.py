"""How a system was searched, so that we can show that it was reasonable and proportionate (UK GDPR Art 15(1A)).

"No match" alone is no answer, and "done" none either: whoever looked says for what, where, and what they left out.
"""

from dataclasses import asdict, dataclass
from datetime import date, datetime

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core import vault
from core.errors import DomainError, Invalid, Text
from ledger.entries import record
from requests import sealed
from requests.clock import in_words
from requests.models import Right, RightsRequest, Search, Task

LENGTH = 2000
# These say that somebody looked: what they found goes with the copy, or there was nothing.
SEARCHED = (Task.Outcome.DONE, Task.Outcome.NOTHING_FOUND)


class NotSearched(DomainError):
    code = "not-searched"
    message = gettext_lazy("This is an answer only with a record of the search: say what was looked for, and where.")


@dataclass(frozen=True)
class Log:
    """`terms`: what was looked for. `places`: in which mailboxes, folders or tables. `why`: of what was left out."""

    terms: str = ""
    places: str = ""
    custodians: str = ""
    left_out: str = ""
    why: str = ""
    since: date | None = None
    until: date | None = None

    @property
    def is_empty(self) -> bool:
        return not any(vars(self).values())


@transaction.atomic
def note(task: Task, log: Log, *, actor: str, now: datetime) -> Search:
    """Write down how a system was searched. Doing so again replaces it, with a new receipt. Raises Invalid."""
    _check(log)
    words = {name: text.strip() for name, text in asdict(log).items() if isinstance(text, str)}
    case = task.request.case
    entry = record(
        kind="task.searched",
        at=now,
        actor=actor,
        object=task.request.uuid,
        data={"task": task.uuid, "system": task.system.slug, "left_out": bool(words["left_out"])},
        test=case.is_test,
    )
    values = {
        "sealed": sealed.put(case, _field(task), words),
        "searched_from": log.since,
        "searched_to": log.until,
        "recorded_by": actor,
        "recorded_at": now,
        "entry": entry,
    }
    return Search.objects.update_or_create(task=task, defaults=values)[0]


def check(task: Task, outcome: str) -> None:
    """Raises NotSearched where the outcome would be all there is. A builtin database says itself how it looked; what
    could not be searched, or is kept with a reason, says that instead.
    """
    is_builtin = task.system.connector == task.system.Connector.BUILTIN
    if task.request.right != Right.ACCESS or is_builtin or outcome not in SEARCHED:
        return
    if not Search.objects.filter(task=task).exists():
        raise NotSearched


def logs(rights_request: RightsRequest) -> dict[int, Log]:
    """What was recorded, by task. Empty once the case is forgotten."""
    found = Search.objects.filter(task__request=rights_request, sealed__isnull=False).select_related("task")
    try:
        return {
            search.task_id: Log(
                **sealed.get(rights_request.case, _field(search.task), search.sealed),
                since=search.searched_from,
                until=search.searched_to,
            )
            for search in found
        }
    except vault.Unreadable:
        return {}


def told(log: Log) -> str:
    """What the person reads about a search. Whose mailbox it was is for us, not for the letter."""
    parts = [_("We looked for: %(terms)s. In: %(places)s.") % {"terms": _open(log.terms), "places": _open(log.places)}]
    if log.since and log.until:
        days = {"since": in_words(log.since), "until": in_words(log.until)}
        parts.append(_("From %(since)s to %(until)s.") % days)
    elif log.since:
        parts.append(_("From %(since)s on.") % {"since": in_words(log.since)})
    elif log.until:
        parts.append(_("Up to %(until)s.") % {"until": in_words(log.until)})
    if log.left_out:
        words = {"what": _open(log.left_out), "why": _open(log.why)}
        parts.append(_("We did not search: %(what)s. The reason: %(why)s.") % words)
    return " ".join(parts)


def builtin() -> str:
    """How this database was searched: by key, so nothing is left to judgement."""
    return _("We took everything that is kept under the addresses and numbers that are known to be yours.")


def _open(text: str) -> str:
    """Without a full stop of its own, because it stands inside a sentence."""
    return text.strip().rstrip(".")


def _check(log: Log) -> None:
    errors: dict[str, Text] = {}
    if not log.terms.strip():
        errors["terms"] = _("Say what was looked for.")
    if not log.places.strip():
        errors["places"] = _("Say where it was looked for.")
    if log.left_out.strip() and not log.why.strip():
        errors["why"] = _("Say why a part was not searched: searching it must be out of proportion.")
    if log.since and log.until and log.since > log.until:
        errors["until"] = _("The last day lies before the first.")
    for name, text in asdict(log).items():
        if isinstance(text, str) and len(text) > LENGTH:
            errors[name] = _("This is too long: %(n)d characters at most.") % {"n": LENGTH}
    if errors:
        raise Invalid(fields=errors)


def _field(task: Task) -> str:
    return f"search:{task.uuid}"
