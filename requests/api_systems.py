"""What a connected system has to do for people who exercised a right, and its answer: by its own key, its tasks alone.

A task is told once we know whose request it is. What a decision changes is told once it was carried out here: until
then a doubt, a second person or a hold may still stop it, and nothing shall go anywhere. For a copy it hands in what it
holds, as documents that staff look through like any other that was found.
"""

from typing import Any
from uuid import UUID

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.db.models.query import QuerySet
from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.generics import ListAPIView
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from core.api import ApiView, Cursor
from core.idempotency import replayable
from processing.connected import ForSystem
from processing.models import System
from requests import found, searching, systems
from requests.api_work import TaskIn, actor_of, read
from requests.models import Correction, FoundDocument, Right, RightsRequest, Task
from subjects.api import IDEMPOTENCY

KNOWN = Q(request__case__subject__isnull=False) | Q(known_as__isnull=False)
# These are granted purpose by purpose, and what of it each system is asked is noted with the deed (systems.asked_of).
BY_PURPOSE = (Right.ERASURE, Right.RESTRICTION, Right.OBJECTION)
CORRECTED = Exists(Correction.objects.filter(request=OuterRef("request"), applied_at__isnull=False))


class SystemTaskSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    right = serializers.ChoiceField(choices=Right.choices)
    subject = serializers.UUIDField(allow_null=True, help_text="The person, by the id that collect/ answered.")
    known_as = serializers.ListField(
        child=serializers.CharField(), help_text="Your ids of the person, or our customer number if we know of none."
    )
    purposes = serializers.ListField(
        child=serializers.CharField(),
        help_text="Of a deletion, restriction or objection: for which of your purposes, at least one. Else none.",
    )
    due_on = serializers.DateField(allow_null=True, help_text="When the person must have our answer.")
    outcome = serializers.CharField(help_text="pending or failed: it waits for an answer.")
    reason = serializers.CharField(allow_blank=True)
    receipt = serializers.UUIDField(allow_null=True, help_text="The ledger entry of the answer.")

    def to_representation(self, instance: Task) -> dict[str, Any]:
        return shown(instance)


class DocumentIn(serializers.Serializer[Any]):
    file = serializers.FileField(
        help_text="Text (CSV and JSON are), PDF, Word, an e-mail or a picture of up to 9 MB; told by its content."
    )


class DocumentOut(serializers.Serializer[Any]):
    id = serializers.UUIDField(source="uuid")
    kind = serializers.CharField()
    pages = serializers.IntegerField()


@extend_schema_view(get=extend_schema(operation_id="systems_requests_list"))
class RequestTaskList(ForSystem, ListAPIView):
    """The tasks of the key's system that wait for its answer, oldest first."""

    serializer_class = SystemTaskSerializer
    pagination_class = Cursor
    queryset = Task.objects.none()

    def filter_queryset(self, queryset: QuerySet[Any]) -> QuerySet[Any]:
        waiting = told(self.system).filter(KNOWN, outcome__in=systems.OPEN)
        return waiting.filter(request__in=RightsRequest.objects.open())


class RequestTaskView(ForSystem):
    """One task, and the answer. The same answer again changes nothing."""

    @extend_schema(operation_id="systems_request", responses=SystemTaskSerializer)
    def get(self, request: Request, task: UUID) -> Response:
        return Response(shown(self.find(task)))

    @extend_schema(
        operation_id="systems_request_answer",
        parameters=[IDEMPOTENCY],
        request=TaskIn,
        responses=SystemTaskSerializer,
    )
    def post(self, request: Request, task: UUID) -> Response:
        asked = self.find(task)

        def make() -> UUID:
            given = read(TaskIn, request)
            log = given.pop("searched", None)
            searched = searching.Log(**log) if log else None
            systems.answer(asked, **given, searched=searched, actor=actor_of(request), now=timezone.now())
            return asked.uuid

        return replayable(request, make=make, load=lambda uuid: shown(self.find(uuid)), status=200)

    def find(self, uuid: UUID) -> Task:
        return get_object_or_404(told(self.system), uuid=uuid)


class TaskDocumentsView(RequestTaskView):
    """What the system holds about the person who asked for a copy. Nothing of it is read back here."""

    parser_classes = [*ApiView.parser_classes, MultiPartParser]
    http_method_names = ["post", "options"]

    @extend_schema(
        operation_id="systems_request_document",
        parameters=[IDEMPOTENCY],
        request={"multipart/form-data": DocumentIn},
        responses={201: DocumentOut},
    )
    def post(self, request: Request, task: UUID) -> Response:
        """Hand in a document, before the answer that ends the task. Staff look through it before it goes to anybody."""
        asked = self.find(task)

        @transaction.atomic
        def make() -> UUID:
            systems.still_open(asked)
            file: UploadedFile = read(DocumentIn, request)["file"]
            name, content, who = file.name or "", file.read(found.LARGEST + 1), actor_of(request)
            return found.add(asked.request, self.system, name, content, actor=who, now=timezone.now()).uuid

        def load(uuid: UUID) -> dict[str, Any]:
            # Staff may have taken it out since.
            return dict(DocumentOut(get_object_or_404(FoundDocument, uuid=uuid)).data)

        return replayable(request, make=make, load=load, status=201)


def told(system: System) -> QuerySet[Task]:
    """What this system may know of: whose it is is known, or it answered before; and it was done here, too."""
    known = KNOWN | ~Q(outcome=Task.Outcome.PENDING)
    granted = Q(request__right__in=BY_PURPOSE, request__result__asked_of__has_key=system.slug)
    corrected = Q(CORRECTED, request__right=Right.RECTIFICATION)
    asked_first = ~Q(request__right__in=[*BY_PURPOSE, Right.RECTIFICATION])
    rows = Task.objects.filter(known, granted | corrected | asked_first, system=system, request__case__is_test=False)
    return rows.select_related("system", "request__case__subject")


def shown(task: Task) -> dict[str, Any]:
    subject, ids = systems.whom(task) or (None, [])
    return {
        "id": task.uuid,
        "right": task.request.right,
        "subject": subject,
        "known_as": ids,
        "purposes": _purposes(task),
        "due_on": task.request.due_on,
        "outcome": task.outcome,
        "reason": task.reason,
        "receipt": task.entry,
    }


def _purposes(task: Task) -> list[str]:
    noted: dict[str, list[str]] = task.request.result.get("asked_of", {})
    return noted.get(task.system.slug, [])
