"""Lawful uses of what may only be stored, over the REST API (UK GDPR Art 18(2))."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from core.idempotency import replayable
from requests import restricted_use, restricting
from requests.api_work import Working, actor_of, read
from subjects.models import RestrictedUse
from subjects.models_limits import LawfulUse


class UseIn(serializers.Serializer[Any]):
    purpose = serializers.CharField(max_length=60)
    ground = serializers.ChoiceField(choices=LawfulUse.choices)
    what = serializers.CharField(max_length=restricted_use.LENGTH, help_text="What exactly is done with the data.")
    evidence = serializers.CharField(max_length=restricted_use.LENGTH, help_text="What shows that the ground is met.")
    until = serializers.DateField(help_text="The last day of the use, within a year.")
    items = serializers.ListField(
        child=serializers.UUIDField(),
        max_length=restricting.SHOWN,
        required=False,
        default=list,
        help_text="None means all of the purpose that is restricted.",
    )


class UseOut(serializers.Serializer[Any]):
    use = serializers.UUIDField(help_text="What permissions/check is told.")
    purpose = serializers.CharField()
    ground = serializers.ChoiceField(choices=LawfulUse.choices)
    items = serializers.ListField(child=serializers.UUIDField())
    since = serializers.DateTimeField()
    until = serializers.DateTimeField()
    ended_at = serializers.DateTimeField(allow_null=True)
    in_force = serializers.BooleanField()


class UsesOut(serializers.Serializer[Any]):
    uses = UseOut(many=True)


class UsesView(Working):
    """The lawful uses of what is restricted, without the words about them; and the call that records one."""

    @extend_schema(responses=UsesOut, operation_id="requests_restriction_uses")
    def get(self, request: Request, reference: str) -> Response:
        now = timezone.now()
        found = restricted_use.shown(self.find(reference), now=now)
        return Response({"uses": [_use(one.use, now=now) for one in found]})

    @extend_schema(request=UseIn, responses={201: UseOut}, operation_id="requests_restriction_use_allow")
    def post(self, request: Request, reference: str) -> Response:
        found, now = self.find(reference), timezone.now()

        def make() -> UUID:
            return restricted_use.allow(found, **read(UseIn, request), actor=actor_of(request), now=now).uuid

        return replayable(request, make=make, load=lambda uuid: _use_of(uuid, now=now), status=201)


class UseEndView(Working):
    """It may be made no more. Ending what has ended changes nothing."""

    @extend_schema(request=None, responses=UseOut, operation_id="requests_restriction_use_end")
    def post(self, request: Request, reference: str, use: UUID) -> Response:
        now = timezone.now()
        restricted_use.end(self.find(reference), use, actor=actor_of(request), now=now)
        return Response(_use_of(use, now=now))


def _use_of(uuid: UUID, *, now: datetime) -> dict[str, Any]:
    return _use(RestrictedUse.objects.select_related("purpose").get(uuid=uuid), now=now)


def _use(row: RestrictedUse, *, now: datetime) -> dict[str, Any]:
    return {
        "use": str(row.uuid),
        "purpose": row.purpose.slug,
        "ground": row.ground,
        "items": [str(item) for item in row.items],
        "since": row.since.isoformat(),
        "until": row.until.isoformat(),
        "ended_at": row.ended_at.isoformat() if row.ended_at else None,
        "in_force": row.is_in_force(now),
    }
