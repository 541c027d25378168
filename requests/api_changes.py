"""Corrections and reviews of decisions over the REST API, as in the office; answered by release."""

from typing import Any
from uuid import UUID

from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from core.idempotency import replayable
from requests import proposing, reviewing
from requests.api import RequestOut
from requests.api_work import Working, actor_of, read
from requests.models import Correction, DecisionReview, RightsRequest


class CorrectionIn(serializers.Serializer[Any]):
    kind = serializers.ChoiceField(choices=["item", "identifier", "other"])
    about = serializers.UUIDField(
        required=False, allow_null=True, default=None, help_text="The item's or the identifier's id. None for other."
    )
    part = serializers.CharField(
        max_length=100, required=False, allow_blank=True, default="", help_text="The member of the content, if any."
    )
    new = serializers.CharField(max_length=proposing.LENGTH)
    everywhere = serializers.BooleanField(required=False, default=False)


class CorrectionsOut(serializers.Serializer[Any]):
    corrections = serializers.ListField(child=serializers.UUIDField())


class CorrectionDecisionIn(serializers.Serializer[Any]):
    reason = serializers.CharField(max_length=60, help_text="A reason code for rectification; it carries the outcome.")
    note = serializers.CharField(max_length=2000, required=False, allow_blank=True, default="")


class ReviewIn(serializers.Serializer[Any]):
    system = serializers.SlugField(required=False, allow_blank=True, default="")
    asked = serializers.ListField(
        child=serializers.ChoiceField(choices=DecisionReview.Asked.choices), allow_empty=False, max_length=4
    )
    decision = serializers.CharField(max_length=reviewing.LENGTH)
    said = serializers.CharField(max_length=reviewing.LENGTH, required=False, allow_blank=True, default="")


class ReviewOut(serializers.Serializer[Any]):
    review = serializers.UUIDField()


class ReviewDecisionIn(serializers.Serializer[Any]):
    outcome = serializers.ChoiceField(choices=DecisionReview.Outcome.choices)
    reasons = serializers.CharField(max_length=reviewing.LENGTH)
    meant = serializers.ListField(
        child=serializers.ChoiceField(choices=list(reviewing.MEANINGFUL)), required=False, default=list, max_length=3
    )


class CorrectionsView(Working):
    """Propose what would change. What we do not seem to hold is kind "other", and can only be denied."""

    @extend_schema(request=CorrectionIn, responses={201: CorrectionsOut}, operation_id="requests_correction_propose")
    def post(self, request: Request, reference: str) -> Response:
        found = self.find(reference)
        return replayable(request, make=lambda: _propose(found, request), load=_proposed, status=201)


class CorrectionView(Working):
    """Accept or deny one correction."""

    @extend_schema(request=CorrectionDecisionIn, responses=RequestOut, operation_id="requests_correction_decide")
    def post(self, request: Request, reference: str, correction: UUID) -> Response:
        given, found = read(CorrectionDecisionIn, request), self.find(reference)
        row = get_object_or_404(found.corrections.select_related("request__case"), uuid=correction)
        proposing.decide(row, given["reason"], given["note"], actor=actor_of(request), now=timezone.now())
        return self.done(found)


class ReviewsView(Working):
    """Say which decision of a computer is meant, and what the person asks about it."""

    @extend_schema(request=ReviewIn, responses={201: ReviewOut}, operation_id="requests_review_begin")
    def post(self, request: Request, reference: str) -> Response:
        found = self.find(reference)

        def make() -> UUID:
            given = read(ReviewIn, request)
            return reviewing.begin(found, **given, actor=actor_of(request), now=timezone.now()).uuid

        return replayable(request, make=make, load=lambda uuid: {"review": str(uuid)}, status=201)


class ReviewView(Working):
    """What a person decided about it, and that they were meaningfully involved."""

    @extend_schema(request=ReviewDecisionIn, responses=RequestOut, operation_id="requests_review_decide")
    def post(self, request: Request, reference: str, review: UUID) -> Response:
        given, found = read(ReviewDecisionIn, request), self.find(reference)
        row = get_object_or_404(found.reviews.select_related("system__purpose", "request__case"), uuid=review)
        reviewing.conclude(row, **given, actor=actor_of(request), now=timezone.now())
        return self.done(found)


def _propose(found: RightsRequest, request: Request) -> UUID:
    """One proposal may be for several places; any of its rows stands for all."""
    given = read(CorrectionIn, request)
    about = given.pop("about") or found.uuid
    return proposing.propose(found, about=about, **given, actor=actor_of(request), now=timezone.now())[0].uuid


def _proposed(correction: UUID) -> dict[str, Any]:
    row = get_object_or_404(Correction, uuid=correction)
    together = Correction.objects.filter(request=row.request_id, proposed_at=row.proposed_at).order_by("pk")
    return {"corrections": [str(one.uuid) for one in together]}
