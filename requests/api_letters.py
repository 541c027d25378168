"""Letters over the REST API, for whoever prints and posts them: what is owed, each as PDF, and that it is in the post.

A letter holds what we disclose, so this has a scope of its own, and reading one is a POST that leaves an event.
"""

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from core.api import ApiView, Cursor
from core.errors import Invalid
from core.idempotency import replayable
from requests import asking, casework, complaints, identity_doubt, letter_pdf, posting, references
from requests.api_acts import DayIn
from requests.api_work import Working, actor_of, read
from requests.letter_text import to_text
from requests.models import Letter
from requests.models_identity import Kind
from requests.models_letters import LetterQuerySet

SCOPE = "requests:letters"


class LetterRow(serializers.Serializer[Any]):
    letter = serializers.UUIDField()
    reference = serializers.CharField(help_text="Of the request or complaint that it is about.")
    kind = serializers.CharField()
    title = serializers.CharField()
    written_at = serializers.DateTimeField()
    given_by = serializers.ChoiceField(choices=Letter.Way.choices, allow_blank=True)
    given_on = serializers.DateField(allow_null=True)
    came_back = serializers.BooleanField()
    owed = serializers.BooleanField(help_text="The person does not have it: to be posted.")

    def to_representation(self, instance: Letter) -> dict[str, Any]:
        return shown(instance)


class PreviewOut(serializers.Serializer[Any]):
    kind = serializers.CharField()
    html = serializers.CharField()
    text = serializers.CharField()
    doubt = serializers.UUIDField(help_text="Name it when you approve.")


class Lettering(ApiView):
    required_scope = SCOPE

    def find(self, letter: UUID) -> Letter:
        return get_object_or_404(_rows(), uuid=letter)


@extend_schema_view(
    get=extend_schema(
        operation_id="letters_list",
        parameters=[
            OpenApiParameter("owed", bool, description="true: only what is to be posted, or came back."),
            OpenApiParameter("reference", str, description="Only those about this request or complaint."),
        ],
        responses=LetterRow(many=True),
    )
)
class LettersView(Lettering, ListAPIView):
    """Letters, oldest first, without a word of what stands in them."""

    serializer_class = LetterRow
    pagination_class = Cursor

    def get_queryset(self) -> QuerySet[Letter]:
        asked, reference = self.request.query_params.get("owed", ""), self.request.query_params.get("reference", "")
        if asked not in ("", "true", "false"):
            raise Invalid(fields={"owed": complaints.CHOOSE})
        rows = _rows().owed() if asked == "true" else _rows().given() if asked == "false" else _rows()
        rows = rows.about(references.tidy(reference)) if reference else rows
        return rows.order_by("id")


class LetterPdfView(Lettering):
    """The letter on paper, with the address for the window of an envelope where there is one. It is recorded."""

    @extend_schema(
        request=None,
        responses={(200, "application/pdf"): OpenApiResponse(OpenApiTypes.BINARY)},
        operation_id="letters_pdf",
    )
    def post(self, request: Request, letter: UUID) -> HttpResponse:
        found = self.find(letter)
        posting.opened(found, actor=actor_of(request), now=timezone.now())
        return letter_pdf.response(letter_pdf.of(found, for_post=True), found.reference)


class LetterPostedView(Lettering):
    """It was printed, and put into the post on that day. The first day counts; what waits for it begins with it."""

    @extend_schema(request=DayIn, responses=LetterRow, operation_id="letters_posted")
    def post(self, request: Request, letter: UUID) -> Response:
        def make() -> UUID:
            given, found = read(DayIn, request), self.find(letter)
            posting.mark_posted(found, **given, actor=actor_of(request), now=timezone.now())
            return found.uuid

        return replayable(request, make=make, load=lambda uuid: shown(self.find(uuid)), status=200)


class DoubtLetterView(Working):
    """The letter of a doubt that was raised late, as it will go when another key approves it. It is recorded."""

    required_scope = SCOPE

    @extend_schema(request=None, responses=PreviewOut, operation_id="requests_doubt_letter")
    def post(self, request: Request, reference: str) -> Response:
        found, now = self.find(reference), timezone.now()
        waits = asking.in_force(found, Kind.IDENTITY)
        html = identity_doubt.preview(found, now=now)
        casework.view(found, purpose="review", actor=actor_of(request), now=now)
        doubt = str(waits.uuid) if waits else None
        return Response({"kind": identity_doubt.LETTER, "html": html, "text": to_text(html), "doubt": doubt})


def shown(row: Letter) -> dict[str, Any]:
    return {
        "letter": str(row.uuid),
        "reference": row.reference,
        "kind": row.kind,
        "title": row.title,
        "written_at": row.created_at.isoformat(),
        "given_by": row.given_by,
        "given_on": row.given_on.isoformat() if row.given_on else None,
        "came_back": row.bounced_at is not None,
        "owed": row.is_owed,
    }


def _rows() -> LetterQuerySet:
    found = Letter.objects.filter(case__is_test=False).select_related("case", "request", "complaint")
    # A letter about a whole case has the reference of its first request.
    return found.prefetch_related("case__requests")
