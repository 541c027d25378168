"""Evidence over the API: the chain of seals, and the proof of one entry."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from core.api import ApiView, Cursor
from ledger import proofs, seals
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
