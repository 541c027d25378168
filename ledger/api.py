"""Evidence over the API: the chain of seals, and the proof of one entry."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from core.api import ApiView, Cursor
from ledger import feed, proofs, seals
from ledger.models import Seal


class SealSerializer(serializers.Serializer[Any]):
    epoch = serializers.IntegerField()
    xid_from = serializers.IntegerField()
    xid_to = serializers.IntegerField()
    count = serializers.IntegerField()
    root = serializers.CharField()  # type: ignore[assignment]  # the name is the seal's, not the parent's
    prev = serializers.CharField()
    at = serializers.CharField()
    hash = serializers.CharField()
    body = serializers.CharField(help_text="The exact text that was hashed and signed.")
    jws = serializers.CharField()

    def to_representation(self, instance: Seal | dict[str, Any]) -> dict[str, Any]:
        return instance if isinstance(instance, dict) else seals.public(instance)


class ProofSerializer(serializers.Serializer[Any]):
    entry = serializers.UUIDField()
    body = serializers.CharField()
    leaf = serializers.CharField()
    index = serializers.IntegerField()
    size = serializers.IntegerField()
    path = serializers.ListField(child=serializers.CharField())
    seal = SealSerializer()


class FeedQuery(serializers.Serializer[Any]):
    after = serializers.CharField(required=False, default="", max_length=100)
    limit = serializers.IntegerField(required=False, default=feed.PAGE, min_value=1, max_value=feed.LONGEST)


class EventSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    kind = serializers.ChoiceField(choices=feed.KINDS)
    at = serializers.DateTimeField()
    subject = serializers.UUIDField(allow_null=True)
    object = serializers.UUIDField(allow_null=True)
    purpose = serializers.CharField(allow_blank=True)
    test = serializers.BooleanField(help_text="Made by a call that only tried the API out.")

    def get_fields(self) -> dict[str, Any]:
        # "data" is an attribute of every serializer, so it cannot be declared as a field.
        return {**super().get_fields(), "data": serializers.DictField(help_text="Codes; which ones goes by the kind.")}


class FeedSerializer(serializers.Serializer[Any]):
    events = EventSerializer(many=True)
    next = serializers.CharField(help_text="Pass it as after, whether or not there is more yet.")
    more = serializers.BooleanField()


class EventFeed(ApiView):
    """What changed, for systems that ask from time to time. Nothing is ever left out or told out of order."""

    required_scope = "events:read"

    @extend_schema(
        operation_id="events_list",
        parameters=[
            OpenApiParameter("after", str, description="The next of the answer before; empty for the beginning."),
            OpenApiParameter("limit", int, description=f"At most {feed.LONGEST}; {feed.PAGE} if not given."),
        ],
        responses=FeedSerializer,
    )
    def get(self, request: Request) -> Response:
        query = FeedQuery(data=request.query_params)
        query.is_valid(raise_exception=True)
        page = feed.page(feed.place(query.validated_data["after"]), limit=query.validated_data["limit"])
        return Response({"events": page.events, "next": str(page.after), "more": page.more})


class SealList(ApiView, ListAPIView):
    """Every seal, oldest first."""

    required_scope = "ledger:read"
    queryset = Seal.objects.all()
    serializer_class = SealSerializer
    pagination_class = Cursor


class EntryProof(ApiView):
    """The proof of one entry (RFC 9162)."""

    required_scope = "ledger:read"

    @extend_schema(responses=ProofSerializer)
    def get(self, request: Request, entry: UUID) -> Response:
        return Response(proofs.proof(entry))
