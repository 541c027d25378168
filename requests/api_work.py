"""Working a request over the REST API: the same functions as behind the office's buttons, and the same refusals."""

from datetime import date
from typing import Any, cast

from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from core import strict
from core.api import ApiView
from core.errors import Invalid, NotFound
from core.models import ApiKey
from processing.models import Purpose
from requests import (
    answer,
    asking_where,
    decisions,
    moves,
    porting,
    references,
    searching,
    systems,
    ways,
)
from requests.api import RequestOut, shown
from requests.models import Asking, Message, Package, Right, RightsRequest, Task
from requests.models_identity import Kind
from requests.reasons import reason
from requests.workflow import State
from subjects import restrictions


class MoveIn(serializers.Serializer[Any]):
    to = serializers.ChoiceField(choices=State.choices)


class SearchedIn(serializers.Serializer[Any]):
    terms = serializers.CharField(max_length=searching.LENGTH, required=False, allow_blank=True, default="")
    places = serializers.CharField(max_length=searching.LENGTH, required=False, allow_blank=True, default="")
    custodians = serializers.CharField(max_length=searching.LENGTH, required=False, allow_blank=True, default="")
    left_out = serializers.CharField(max_length=searching.LENGTH, required=False, allow_blank=True, default="")
    why = serializers.CharField(max_length=searching.LENGTH, required=False, allow_blank=True, default="")
    since = serializers.DateField(required=False, allow_null=True, default=None)
    until = serializers.DateField(required=False, allow_null=True, default=None)


class TaskIn(serializers.Serializer[Any]):
    outcome = serializers.ChoiceField(choices=[c for c in Task.Outcome.choices if c[0] != Task.Outcome.PENDING])
    reason = serializers.ChoiceField(
        choices=list(systems.GAPS), required=False, allow_blank=True, default="", help_text="For retained and failed."
    )
    count = serializers.IntegerField(min_value=0, max_value=99_999_999, required=False, allow_null=True, default=None)
    searched = SearchedIn(required=False, help_text="How it was searched: what nothing_found for access needs.")


class DecisionIn(serializers.Serializer[Any]):
    purpose = serializers.CharField(max_length=60)
    reason = serializers.CharField(max_length=60, help_text="A code of GET …/work/; it carries the outcome.")
    note = serializers.CharField(max_length=2000, required=False, allow_blank=True, default="")


class WhereIn(serializers.Serializer[Any]):
    complete = serializers.BooleanField(
        required=False, default=False, help_text="The request names other addresses, employer and period already."
    )


class ReleaseIn(serializers.Serializer[Any]):
    exception = serializers.CharField(
        max_length=40,
        required=False,
        allow_blank=True,
        default="",
        help_text="Why one person prepares and sends, where TWO_PERSON_RELEASE asks for two.",
    )


class TaskOut(serializers.Serializer[Any]):
    system = serializers.CharField()
    outcome = serializers.CharField()
    reason = serializers.CharField(allow_blank=True)
    count = serializers.IntegerField(allow_null=True)


class LineOut(serializers.Serializer[Any]):
    purpose = serializers.CharField()
    items = serializers.IntegerField()
    proposed = serializers.CharField()
    proposed_reason = serializers.CharField()
    outcome = serializers.CharField(allow_blank=True)
    reason = serializers.CharField(allow_blank=True)


class LetterOut(serializers.Serializer[Any]):
    kind = serializers.CharField()
    given_on = serializers.DateField(allow_null=True)
    came_back = serializers.BooleanField()


class AskedOut(serializers.Serializer[Any]):
    kind = serializers.CharField(help_text="identity, clarification, fee, extension, refusal, or where.")
    reason = serializers.CharField()
    given_on = serializers.DateField(allow_null=True, help_text="From this day it counts; none before its letter went.")
    arrived_on = serializers.DateField(allow_null=True)
    ended = serializers.CharField(allow_blank=True)


class WorkOut(serializers.Serializer[Any]):
    reference = serializers.CharField()
    state = serializers.CharField()
    confirmed = serializers.BooleanField()
    person_known = serializers.BooleanField()
    tasks = TaskOut(many=True)
    decisions = LineOut(many=True)
    prepared_at = serializers.DateTimeField(allow_null=True)
    letters = LetterOut(many=True)
    asked = AskedOut(many=True)
    restrictions = serializers.IntegerField(help_text="In force because of this request.")
    messages_waiting = serializers.IntegerField()


class Working(ApiView):
    required_scope = "requests:work"

    def find(self, reference: str) -> RightsRequest:
        rows = RightsRequest.objects.select_related("case__rule_set", "case__subject")
        return get_object_or_404(rows, reference=references.tidy(reference))

    def done(self, rights_request: RightsRequest) -> Response:
        return Response(shown(self.find(rights_request.reference)))


class WorkView(Working):
    """What a request still needs: what each system answered, what is decided, what was written. Names nobody."""

    @extend_schema(responses=WorkOut, operation_id="requests_work")
    def get(self, request: Request, reference: str) -> Response:
        return Response(_work(self.find(reference)))


class MovesView(Working):
    """Make a step by hand. What is answered by doing it is answered with release."""

    @extend_schema(request=MoveIn, responses=RequestOut, operation_id="requests_move")
    def post(self, request: Request, reference: str) -> Response:
        given, found = read(MoveIn, request), self.find(reference)
        moves.step(found, given["to"], actor=actor_of(request), now=timezone.now())
        return self.done(found)


class TasksView(Working):
    """Record what one system answered. Answering again is a new receipt."""

    @extend_schema(request=TaskIn, responses=RequestOut, operation_id="requests_task")
    def post(self, request: Request, reference: str, system: str) -> Response:
        given, found = read(TaskIn, request), self.find(reference)
        asked = get_object_or_404(found.tasks.select_related("system"), system__slug=system)
        searched = searching.Log(**given.pop("searched", {}))
        systems.answer(asked, **given, searched=searched, actor=actor_of(request), now=timezone.now())
        return self.done(found)


class DecisionsView(Working):
    """Decide about one purpose of the person."""

    @extend_schema(request=DecisionIn, responses=RequestOut, operation_id="requests_decide")
    def post(self, request: Request, reference: str) -> Response:
        given, found = read(DecisionIn, request), self.find(reference)
        purpose = Purpose.objects.filter(slug=given["purpose"]).first()
        if purpose is None:
            raise Invalid(fields={"purpose": NotFound.message})
        code, now = given["reason"], timezone.now()
        outcome = reason(code).outcome
        decisions.decide(found, purpose, outcome, code, given["note"], actor=actor_of(request), now=now)
        return self.done(found)


class WhereView(Working):
    """Ask somebody whom we do not know where else to look: what comes before "nothing found"."""

    @extend_schema(request=WhereIn, responses=RequestOut, operation_id="requests_where")
    def post(self, request: Request, reference: str) -> Response:
        given, found = read(WhereIn, request), self.find(reference)
        ask = asking_where.complete if given["complete"] else asking_where.ask
        ask(found, actor=actor_of(request), now=timezone.now())
        return self.done(found)


class PrepareView(Working):
    """Freeze the data that the person gets: the copy for access, the set to take along for portability."""

    @extend_schema(request=None, responses=RequestOut, operation_id="requests_prepare")
    def post(self, request: Request, reference: str) -> Response:
        found = self.find(reference)
        make = porting.prepare if found.right == Right.PORTABILITY else answer.prepare_access
        make(found, actor=actor_of(request), now=timezone.now())
        return self.done(found)


class ReleaseView(Working):
    """Carry out what was decided and send the answer. Releasing what has been released changes nothing."""

    @extend_schema(request=ReleaseIn, responses=RequestOut, operation_id="requests_release")
    def post(self, request: Request, reference: str) -> Response:
        given, found = read(ReleaseIn, request), self.find(reference)
        ways.release(found, **given, actor=actor_of(request), now=timezone.now())
        return self.done(found)


def _work(found: RightsRequest) -> dict[str, Any]:
    tasks = found.tasks.select_related("system").order_by("system__slug")
    made = Package.objects.filter(request=found).values_list("made_at", flat=True).first()
    waiting = found.case.messages.filter(direction=Message.Direction.IN, handled_at=None)
    return {
        "reference": found.reference,
        "state": found.state,
        "confirmed": found.case.is_confirmed,
        "person_known": found.case.subject is not None,
        "tasks": [{"system": t.system.slug, "outcome": t.outcome, "reason": t.reason, "count": t.count} for t in tasks],
        "decisions": [_line(line) for line in decisions.lines(found, now=timezone.now())],
        "prepared_at": made.isoformat() if made else None,
        "letters": [
            {"kind": row.kind, "given_on": _iso(row.given_on), "came_back": row.bounced_at is not None}
            for row in found.letters.defer("sealed").order_by("pk")
        ],
        "asked": [_asked(row) for row in Asking.objects.filter(case=found.case).order_by("pk") if _is_of(row, found)],
        "restrictions": restrictions.placed_for(found.uuid).count(),
        "messages_waiting": waiting.count(),
    }


def _is_of(row: Asking, found: RightsRequest) -> bool:
    """A doubt about who asks is one for the whole case."""
    return row.kind == Kind.IDENTITY or row.request_id == found.pk


def _asked(row: Asking) -> dict[str, Any]:
    days = {"given_on": _iso(row.given_on), "arrived_on": _iso(row.arrived_on)}
    return {"kind": row.kind, "reason": row.reason, **days, "ended": row.ended}


def _line(line: decisions.Line) -> dict[str, Any]:
    decided = line.decision if line.is_decided else None
    return {
        "purpose": line.purpose.slug,
        "items": line.items,
        "proposed": line.proposal.outcome,
        "proposed_reason": line.proposal.reason,
        "outcome": decided.outcome if decided else "",
        "reason": decided.reason if decided else "",
    }


def read(serializer: type[serializers.Serializer[Any]], request: Request) -> dict[str, Any]:
    given = serializer(data=request.data)
    if unknown := strict.unknown(given, request.data):
        raise Invalid(fields=unknown)
    given.is_valid(raise_exception=True)
    return cast(dict[str, Any], given.validated_data)


def actor_of(request: Request) -> str:
    return cast(ApiKey, request.auth).actor


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None
