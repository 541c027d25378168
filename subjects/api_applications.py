"""The door for a system that deals with applications: it closes one with its outcome, and takes that back."""

from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from core.api import ApiView
from core.errors import NotFound
from core.idempotency import replayable
from subjects import applications, people
from subjects.api import IDEMPOTENCY, IdentityField, actor_of, parsed
from subjects.models import Relationship


class TieSerializer(serializers.Serializer):
    """Which relationship it is about."""

    identity = IdentityField()
    purpose = serializers.CharField()
    test = serializers.BooleanField(default=False)


class ClosingSerializer(TieSerializer):
    outcome = serializers.ChoiceField(Relationship.Outcome.choices)
    on = serializers.DateField()
    # Of somebody who is hired: the purpose that takes over, and which categories it needs (all that it declares).
    employment = serializers.CharField(required=False)
    categories = serializers.ListField(child=serializers.CharField(), required=False)


class ClosedSerializer(serializers.Serializer):
    subject = serializers.UUIDField()
    purpose = serializers.CharField()
    outcome = serializers.CharField(allow_blank=True)
    closed_on = serializers.DateField(allow_null=True)
    handed_over = serializers.IntegerField()


class CloseView(ApiView):
    """Close an application, whatever its outcome. Who is hired is handed over to their employment."""

    required_scope = "subjects:write"

    @extend_schema(
        operation_id="application_close",
        parameters=[IDEMPOTENCY],
        request=ClosingSerializer,
        responses={201: ClosedSerializer},
    )
    def post(self, request: Request) -> Response:
        return answer(request, ClosingSerializer, applications.close, stands)


class ReopenView(ApiView):
    """Take a wrong outcome back, as long as nothing of the application is gone."""

    required_scope = "subjects:write"

    @extend_schema(
        operation_id="application_reopen",
        parameters=[IDEMPOTENCY],
        request=TieSerializer,
        responses={201: ClosedSerializer},
    )
    def post(self, request: Request) -> Response:
        return answer(request, TieSerializer, applications.reopen, stands)


def answer(
    request: Request,
    body: type[TieSerializer],
    act: Callable[..., Relationship],
    load: Callable[[UUID], Mapping[str, Any]],
) -> Response:
    """Have `act` done to the relationship that the body names; the answer is what `load` says of it."""

    def make() -> UUID:
        data = parsed(body, request)
        tie = _tie(data)
        return act(tie, **data, now=timezone.now(), actor=actor_of(request)).uuid

    return replayable(request, make=make, load=load, status=201)


def _tie(data: dict[str, Any]) -> Relationship:
    """Takes from `data` what says which. The same refusal, whether the person or the relationship is unknown."""
    subject = people.find(data.pop("identity"), is_test=data.pop("test"))
    ties = Relationship.objects.filter(subject=subject, purpose__slug=data.pop("purpose"))
    found = ties.first() if subject else None
    if found is None:
        raise NotFound
    return found


def known(relationship: UUID) -> Relationship:
    found = Relationship.objects.select_related("subject", "purpose").filter(uuid=relationship).first()
    if found is None:
        raise NotFound
    return found


def stands(relationship: UUID) -> Mapping[str, Any]:
    found = known(relationship)
    return {
        "subject": found.subject.uuid,
        "purpose": found.purpose.slug,
        "outcome": found.application_outcome,
        "closed_on": found.application_closed_on,
        "handed_over": len(applications.handed(found)),
    }
