"""What a letter has to report, gathered from the decisions, the systems' answers and the register."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _

from core.models import Controller
from processing.models import PurposeVersion, Recipient, System
from requests import access, exempting, notice, recipients, searching, systems, untold
from requests.clock import in_words
from requests.decisions import Line, note_of
from requests.models import Decision, Package, RecipientNotice, Right, RightsRequest, Task
from requests.reasons import reason
from requests.rights import MATRIX

# A link to a copy can be issued anew until then; afterwards it is gone and a new request makes a new one.
COPY_KEPT = timedelta(days=90)


def of_access(rights_request: RightsRequest, made: Package) -> dict[str, Any]:
    """Art 15(1) for the purposes that were in the copy, what was searched, what is missing or left out."""
    purposes = rights_request.result.get("purposes", [])
    sources = set(rights_request.result.get("sources", []))
    versions = PurposeVersion.objects.filter(pk__in=purposes).prefetch_related(
        "categories", "recipients", "purpose__decision_systems"
    )
    return {
        **systems_of(rights_request),
        "available_until": in_words(made.expires_at.astimezone(Controller.current().zone).date()),
        "is_posted": not notice.address_of(rights_request.case),
        "purposes": [access.facts_of(version, sources) for version in versions.order_by("pk")],
        "withheld": withheld(rights_request),
    }


def withheld(rights_request: RightsRequest) -> list[dict[str, str]]:
    """What a copy goes without and why, by purpose and item by item."""
    return [*_decided(rights_request, Decision.Outcome.REFUSE), *exempting.report(rights_request)]


def of_erasure(rights_request: RightsRequest, *, expected: Sequence[Recipient] = (), now: datetime) -> dict[str, Any]:
    """What went, what stays and why, and until when a backup may still hold what went. Before it is done: as of now.

    `expected`: who will be told when it is done.
    """
    controller = Controller.current()
    noted = rights_request.result.get("executed_at")
    executed = (datetime.fromisoformat(noted) if noted else now).astimezone(controller.zone).date()
    found = systems_of(rights_request)
    others = recipients.report(rights_request, expected, RecipientNotice.Action.ERASED)
    kept = _decided(rights_request, Decision.Outcome.REFUSE)
    return {
        **found,
        **others,
        "gaps": [*found["gaps"], *others["owed"]],
        "erased": exempting.without(rights_request, _decided(rights_request, Decision.Outcome.GRANT)),
        "kept": [
            *kept,
            *exempting.told(rights_request),
            *(_kept_in(task) for task in systems.kept(_tasks(rights_request))),
        ],
        "erased_on": in_words(executed),
        "copy_until": _copy_until(rights_request),
        "backups_until": in_words(until) if (until := controller.backups_until(executed)) else "",
    }


def of_objection(rights_request: RightsRequest, *, stopped: list[str], not_for: set[str]) -> dict[str, Any]:
    """What ended, what goes on and on which compelling grounds, and where there was nothing to object to (Art 21).

    `not_for` are the reasons (codes) that say that the right does not reach a purpose at all.
    """
    refused = _decided(rights_request, Decision.Outcome.REFUSE)
    return {
        **systems_of(rights_request),
        "stopped": stopped,
        "upheld": exempting.without(rights_request, _decided(rights_request, Decision.Outcome.GRANT)),
        "not_upheld": [*(line for line in refused if line["code"] not in not_for), *exempting.told(rights_request)],
        "not_for": [line for line in refused if line["code"] in not_for],
    }


def of_portability(
    rights_request: RightsRequest, made: Package, *, left_out: Sequence[Line], sent: Sequence[dict[str, str]]
) -> dict[str, Any]:
    """What was made to take along, in which form; what was left out and why; to whom else it went (Art 20)."""
    found = systems_of(rights_request)
    titles = PurposeVersion.objects.filter(pk__in=rights_request.result.get("purposes", [])).order_by("title")
    refused = {decision["title"]: decision for decision in _decided(rights_request, Decision.Outcome.REFUSE)}
    no_right = [line for line in left_out if MATRIX[Right.PORTABILITY][line.version.basis] == "N"]
    kept = [refused[line.version.title] for line in left_out if line not in no_right and line.version.title in refused]
    return {
        **found,
        "available_until": in_words(made.expires_at.astimezone(Controller.current().zone).date()),
        "is_posted": not notice.address_of(rights_request.case),
        "rows": rights_request.result.get("rows", 0),
        "inferred": rights_request.result.get("inferred", 0),
        "titles": list(titles.values_list("title", flat=True)),
        "not_for": [{"title": line.version.title, "sentence": str(line.proposed.sentence)} for line in no_right],
        "withheld": [*kept, *exempting.told(rights_request)],
        "transfers": [one for one in sent if not one["gap"]],
        "gaps": [*found["gaps"], *({"name": one["name"], "sentence": one["gap"]} for one in sent if one["gap"])],
    }


def of_restriction(
    rights_request: RightsRequest, *, expected: Sequence[Recipient], sizes: Mapping[str, int]
) -> dict[str, Any]:
    """What is stored and not used, and what is not limited. `sizes`: how many items of a purpose, where not all; none
    means that nothing of it is reached."""
    found = systems_of(rights_request)
    others = recipients.report(rights_request, expected, RecipientNotice.Action.RESTRICTED)
    granted = _decided(rights_request, Decision.Outcome.GRANT)
    limited = [{**one, "items": sizes.get(one["purpose"], 0)} for one in granted if sizes.get(one["purpose"]) != 0]
    return {
        **found,
        **others,
        # Where nothing is restricted here, nothing is owed by other systems either.
        "gaps": [*found["gaps"], *others["owed"]] if limited else [],
        "limited": limited,
        "not_limited": [*_decided(rights_request, Decision.Outcome.REFUSE), *exempting.told(rights_request)],
    }


def of_nothing(rights_request: RightsRequest) -> dict[str, Any]:
    asked = {f"is_{right.value}": rights_request.right == right for right in Right}
    return {**systems_of(rights_request), **asked, "has_ended": bool(rights_request.result.get("stopped"))}


def _tasks(rights_request: RightsRequest) -> list[Task]:
    return list(rights_request.tasks.select_related("system").order_by("system__name"))


def _copy_until(rights_request: RightsRequest) -> str:
    """Until when the copy is kept that was made for the same person before the deletion; empty if there is none."""
    made = Package.objects.kept().filter(request__case=rights_request.case, request__right=Right.ACCESS).first()
    return in_words((made.made_at + COPY_KEPT).astimezone(Controller.current().zone).date()) if made else ""


def searches(rights_request: RightsRequest) -> list[dict[str, str]]:
    """Where we looked for a copy, as of now."""
    tasks: list[dict[str, str]] = systems_of(rights_request)["tasks"]
    return tasks


def systems_of(rights_request: RightsRequest) -> dict[str, Any]:
    tasks = _tasks(rights_request)
    for task in tasks:
        # This database answers in the same step that sends the letter; until then a preview must not call it silent.
        if task.system.connector == System.Connector.BUILTIN and task.outcome == Task.Outcome.PENDING:
            task.outcome = Task.Outcome.DONE
    return {
        "tasks": searched(rights_request, tasks),
        "gaps": [{"name": task.system.name, "sentence": systems.sentence(task)} for task in systems.gaps(tasks)],
    }


def searched(rights_request: RightsRequest, tasks: Sequence[Task]) -> list[dict[str, str]]:
    """Where we looked, what came of it, and how it was searched, in the person's words."""
    silent = untold.systems_of(rights_request)
    logs = searching.logs(rights_request) if rights_request.right == Right.ACCESS else {}
    return [
        {
            "name": task.system.name,
            "answer": _("Nothing found") if task.system_id in silent else _answer(rights_request, task),
            "how": searching.told(logs[task.pk]) if task.pk in logs else _how(rights_request, task),
        }
        for task in tasks
    ]


def _how(rights_request: RightsRequest, task: Task) -> str:
    is_builtin = task.system.connector == System.Connector.BUILTIN
    return searching.builtin() if is_builtin and rights_request.right == Right.ACCESS else ""


def _answer(rights_request: RightsRequest, task: Task) -> str:
    """What a system answered, in the person's words."""
    if task.outcome != Task.Outcome.DONE:
        return str(task.get_outcome_display())
    return _("We found data about you") if rights_request.right == Right.ACCESS else _("Dealt with as described here")


def _kept_in(task: Task) -> dict[str, str]:
    return {
        "title": task.system.name,
        "sentence": systems.sentence(task),
        "article": "Art 17(3)",
        "retention": "",
        "note": "",
    }


def _decided(rights_request: RightsRequest, outcome: Decision.Outcome) -> list[dict[str, str]]:
    """The decisions with this outcome as the letter tells them. The purpose is quoted as it was decided on."""
    decisions = rights_request.decisions.filter(outcome=outcome).select_related("purpose").order_by("purpose_id")
    versions = _versions(decisions)
    return [
        {
            "title": versions[decision.purpose_id].title,
            "sentence": str(reason(decision.reason).sentence),
            "article": reason(decision.reason).article,
            "code": decision.reason,
            "purpose": decision.purpose.slug,
            "retention": versions[decision.purpose_id].retention_summary,
            "note": note_of(rights_request, decision),
        }
        for decision in decisions
    ]


def _versions(decisions: Iterable[Decision]) -> dict[int, PurposeVersion]:
    wanted = {(decision.purpose_id, decision.purpose_version) for decision in decisions}
    found = PurposeVersion.objects.filter(purpose__in={purpose for purpose, _number in wanted})
    return {version.purpose_id: version for version in found if (version.purpose_id, version.number) in wanted}
