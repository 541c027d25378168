"""The door for a system that deals with staff: it says that an employment ended, and takes that back."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from core.api import ApiView
from subjects import employments
from subjects.api import IDEMPOTENCY
from subjects.api_applications import TieSerializer, answer, known


class LeavingSerializer(TieSerializer):
    on = serializers.DateField()


class EmploymentSerializer(serializers.Serializer):
    subject = serializers.UUIDField()
    purpose = serializers.CharField()
    ended_on = serializers.DateField(allow_null=True)


class EndView(ApiView):
    """Say on which day an employment ended. From it the time of what is kept of it counts."""

    required_scope = "subjects:write"

    @extend_schema(
        operation_id="employment_end",
        parameters=[IDEMPOTENCY],
        request=LeavingSerializer,
        responses={201: EmploymentSerializer},
    )
    def post(self, request: Request) -> Response:
        return answer(request, LeavingSerializer, employments.end, stands)


class ResumeView(ApiView):
    """Take that back: the employment goes on."""

    required_scope = "subjects:write"

    @extend_schema(
        operation_id="employment_resume",
        parameters=[IDEMPOTENCY],
        request=TieSerializer,
        responses={201: EmploymentSerializer},
    )
    def post(self, request: Request) -> Response:
        return answer(request, TieSerializer, employments.resume, stands)


def stands(relationship: UUID) -> Mapping[str, Any]:
    found = known(relationship)
    return {"subject": found.subject.uuid, "purpose": found.purpose.slug, "ended_on": found.contract_ended_on}
