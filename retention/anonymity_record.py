"""The record that a set of anonymous rows needs before anything of it is published, and whether it is fit to be.

Numbers are necessary and not sufficient. Somebody says who could try to find a person in the rows (singling out,
linking, inferring), tries it as a motivated intruder would, decides whether the risk is remote, and says when it is
looked at again: what others publish meanwhile may make it easier. The record names the rows by their hash, so it is of
no use for others.
"""

import json
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from hashlib import sha256
from typing import Any

from dateutil.relativedelta import relativedelta
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from core.errors import DomainError, Invalid, Text
from core.models import Controller
from ledger.entries import record
from retention.anonymise import recipe
from retention.anonymity import Thresholds
from retention.models import Run
from retention.models_anonymous import AnonymityRecord

REVIEWED = "statistics.reviewed"
# For everybody to read; within the house the thresholds of the recipe are enough. The regulator sets no number.
PUBLIC = Thresholds(k=10, l=3, t=0.2)
LONGEST = relativedelta(years=1)


class NotFit(DomainError):
    code = "not-fit-to-publish"
    message = _("Nothing of these rows can be published.")

    def __init__(self, reasons: list[Text]) -> None:
        super().__init__(" ".join(map(str, (self.message, *reasons))))


def hash_of(run: Run) -> str:
    """SHA-256 over the rows and how many there are of each, in an order of their own."""
    rows = run.anonymous_rows.values_list("values", "times").iterator(chunk_size=2000)
    lines = sorted(json.dumps([values, times], sort_keys=True, ensure_ascii=False) for values, times in rows)
    return sha256("\n".join(lines).encode()).hexdigest()


def current(run: Run) -> AnonymityRecord | None:
    return AnonymityRecord.objects.filter(run=run).order_by("-pk").first()


@transaction.atomic
def review(
    run: Run, *, attacker: str, tried: str, decision: str, review_due: date, actor: str, now: datetime
) -> AnonymityRecord:
    """Record what was looked at, who could try what, and the decision. Raises Invalid naming the field."""
    Run.objects.select_for_update(of=("self",)).get(pk=run.pk)
    _check(attacker, tried, decision, review_due, now)
    by = recipe((run.rule.recipe if run.rule else None) or {})
    numbers = {name: (run.measured or {}).get(name) for name in ("rows", "k", "l", "t")}
    made = AnonymityRecord.objects.create(
        run=run,
        attacker=attacker.strip(),
        tried=tried.strip(),
        decision=decision,
        quasi=list(by.quasi),
        sensitive=list(by.sensitive),
        measured=numbers,
        data_sha256=hash_of(run),
        reviewed_by=actor,
        reviewed_at=now,
        review_due=review_due,
    )
    told: dict[str, Any] = {"record": str(made.uuid), "data_sha256": made.data_sha256, "decision": decision}
    words = sha256(json.dumps([made.attacker, made.tried]).encode()).hexdigest()
    told |= {"words_sha256": words, "review_due": review_due.isoformat()}
    told |= {name: str(value) if isinstance(value, float) else value for name, value in numbers.items()}
    purpose = run.rule.purpose.slug if run.rule else ""
    record(kind=REVIEWED, at=now, actor=actor, object=run.uuid, purpose=purpose, data=told)
    return made


def fit(run: Run, *, now: datetime) -> AnonymityRecord:
    """The record under which something may be published. Raises NotFit with every reason against it."""
    found, reasons = current(run), list(against(run, now=now))
    if reasons or found is None:
        raise NotFit(reasons)
    return found


def against(run: Run, *, now: datetime) -> Iterator[Text]:
    """What stands against publishing anything of these rows."""
    yield from _missed(run.measured or {})
    found = current(run)
    if found is None:
        yield _("There is no anonymity record: nobody has said who could try to find a person in these rows.")
        return
    if found.decision != AnonymityRecord.Decision.REMOTE:
        yield _("Who looked at it last says that somebody may be found in these rows.")
    if found.review_due <= now.astimezone(Controller.current().zone).date():
        yield _("The anonymity record is due to be looked at again.")
    if found.data_sha256 != hash_of(run):
        yield _("The anonymity record is of other rows than these.")


def _missed(measured: Mapping[str, Any]) -> Iterator[Text]:
    k, least, t = measured.get("k"), measured.get("l"), measured.get("t")
    if k is None or k < PUBLIC.k:
        yield _("The smallest class has %(k)s people (k); for everybody to read it needs %(least)d.") % {
            "k": k or 0,
            "least": PUBLIC.k,
        }
    if least is None or least < PUBLIC.l:
        yield _("A class has only %(l)s different sensitive values (l); it needs %(least)d.") % {
            "l": least or 0,
            "least": PUBLIC.l,
        }
    if t is None or t > PUBLIC.t:
        yield _("A class is too different from all rows (t is %(t)s); at most %(most)s is allowed.") % {
            "t": "?" if t is None else round(t, 3),
            "most": PUBLIC.t,
        }


def _check(attacker: str, tried: str, decision: str, review_due: date, now: datetime) -> None:
    today = now.astimezone(Controller.current().zone).date()
    errors: dict[str, Text] = {}
    if not attacker.strip():
        errors["attacker"] = _("Say who could try to find a person, and with what.")
    if not tried.strip():
        errors["tried"] = _("Say what was tried, and what came of it.")
    if decision not in AnonymityRecord.Decision.values:
        errors["decision"] = _("Choose what you decide.")
    if not today < review_due <= today + LONGEST:
        errors["review_due"] = _("Choose a day within the next year.")
    if errors:
        raise Invalid(fields=errors)
