"""What a connected system has to erase after a run, and its answer: each by its own key, about its own tasks alone."""

from typing import Any
from uuid import UUID

from django.db.models.query import QuerySet
from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from core.api import Cursor
from core.idempotency import replayable
from processing.connected import ForSystem
from retention import shares, systems
from retention.models import SystemTask
from subjects.api import IDEMPOTENCY, actor_of, parsed

OUTCOMES = [choice for choice in SystemTask.Outcome.choices if choice[0] != SystemTask.Outcome.PENDING]


class ErasureSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    purpose = serializers.CharField(allow_blank=True, help_text="Erase what you hold for it. Empty: for any of ours.")
    event = serializers.CharField(allow_blank=True, help_text="What the period is counted from.")
    before = serializers.DateField(allow_null=True, help_text="Due is what that event came before.")
    rows = serializers.IntegerField(help_text="How many links between records and purposes ended here.")
    people = serializers.IntegerField(help_text="Of how many people nothing is left here.")
    raised_at = serializers.DateTimeField()
    due_on = serializers.DateField(help_text="The last day for the answer.")
    outcome = serializers.CharField(help_text="pending or failed: it waits for an answer.")
    reason = serializers.CharField(allow_blank=True)
    receipt = serializers.UUIDField(allow_null=True, help_text="The ledger entry of the answer.")

    def to_representation(self, instance: SystemTask) -> dict[str, Any]:
        return shown(instance)


class RecordSerializer(serializers.Serializer[Any]):
    subject = serializers.UUIDField(help_text="The person, by the id that collect/ answered.")
    item = serializers.UUIDField(
        allow_null=True, help_text="The record, by the id that collect/ answered. None: all about the person."
    )
    known_as = serializers.ListField(
        child=serializers.CharField(), help_text="Your ids of the person, or our customer number if we know of none."
    )
    purpose = serializers.CharField(
        allow_blank=True, help_text="Erase it for this one alone, another one needs it still. Empty: as the task says."
    )


class RecordsSerializer(serializers.Serializer[Any]):
    records = RecordSerializer(many=True)
    listed = serializers.BooleanField(
        help_text="Whether we keep a list. False: the task is answered, or older than such lists; go by what it says."
    )
    next = serializers.CharField(help_text="Pass it as after, while there is more.")
    more = serializers.BooleanField()


class RecordsQuery(serializers.Serializer[Any]):
    after = serializers.IntegerField(required=False, default=0, min_value=0, max_value=2**63 - 1)


class AnswerSerializer(serializers.Serializer[Any]):
    outcome = serializers.ChoiceField(choices=OUTCOMES)
    reason = serializers.ChoiceField(
        choices=list(systems.REASONS),
        required=False,
        allow_blank=True,
        default="",
        help_text="Of retained, failed.",
    )


@extend_schema_view(get=extend_schema(operation_id="systems_erasures_list"))
class ErasureList(ForSystem, ListAPIView):
    """The tasks of the key's system that wait for its answer, oldest first."""

    serializer_class = ErasureSerializer
    pagination_class = Cursor
    queryset = SystemTask.objects.filter(outcome__in=systems.OPEN).select_related("run__rule__purpose")

    def filter_queryset(self, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(system=self.system)


class ErasureView(ForSystem):
    """One task: what is asked, and the answer. The same answer again changes nothing.

    Another one is a new receipt; `failed` after one that ended the task is refused (409 `answered`).
    """

    @extend_schema(operation_id="systems_erasure", responses=ErasureSerializer)
    def get(self, request: Request, task: UUID) -> Response:
        return Response(shown(self.find(task)))

    @extend_schema(
        operation_id="systems_erasure_answer",
        parameters=[IDEMPOTENCY],
        request=AnswerSerializer,
        responses=ErasureSerializer,
    )
    def post(self, request: Request, task: UUID) -> Response:
        asked = self.find(task)

        def make() -> UUID:
            given = parsed(AnswerSerializer, request)
            return systems.answer(asked, **given, actor=actor_of(request), now=timezone.now()).uuid

        return replayable(request, make=make, load=lambda uuid: shown(self.find(uuid)), status=200)

    def find(self, uuid: UUID) -> SystemTask:
        rows = SystemTask.objects.filter(system=self.system).select_related("run__rule__purpose", "system")
        return get_object_or_404(rows, uuid=uuid)


class RecordsView(ErasureView):
    """Which records the task is about. None is listed once it is answered."""

    http_method_names = ["get", "head", "options"]

    @extend_schema(
        operation_id="systems_erasure_records",
        parameters=[OpenApiParameter("after", int, description="The next of the answer before.")],
        responses=RecordsSerializer,
    )
    def get(self, request: Request, task: UUID) -> Response:
        query = RecordsQuery(data=request.query_params)
        query.is_valid(raise_exception=True)
        after, asked = query.validated_data["after"], self.find(task)
        found, more = shares.page(asked, after=after)
        records = [
            {name: getattr(one, name) for name in ("subject", "item", "known_as")}
            | {"purpose": one.purpose.slug if one.purpose else ""}
            for one in found
        ]
        told = {"records": records, "listed": bool(records) or shares.of(asked).exists()}
        return Response({**told, "next": str(found[-1].pk if found else after), "more": more})


def shown(task: SystemTask) -> dict[str, Any]:
    rule = task.run.rule
    return {
        "id": task.uuid,
        "purpose": rule.purpose.slug if rule else "",
        "event": rule.trigger if rule else "",
        "before": task.run.cutoff,
        "rows": task.needs,
        "people": task.people,
        "raised_at": task.raised_at,
        "due_on": task.due_on,
        "outcome": task.outcome,
        "reason": task.reason,
        "receipt": task.entry,
    }
