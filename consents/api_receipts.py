"""The whole receipt of a consent over the API."""

from typing import Any
from uuid import UUID

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from consents import receipts_record
from core.api import ApiView


class ReceiptSerializer(serializers.Serializer[Any]):
    receipt = serializers.CharField(help_text="A compact JWS over JSON-LD (docs/receipt.schema.json).")


class ReceiptView(ApiView):
    required_scope = "consents:read"

    @extend_schema(operation_id="consents_receipt", responses=ReceiptSerializer)
    def get(self, request: Request, consent: UUID) -> Response:
        """The record of one consent with everything that ISO/IEC TS 27560 demands, for its person to keep."""
        return Response({"receipt": receipts_record.signed(consent, now=timezone.now())})
