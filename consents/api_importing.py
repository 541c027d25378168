"""Choices from another tool over the API: the rows of a file, in pieces that fit into a call."""

from typing import IO, Any, cast

from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.parsers import BaseParser
from rest_framework.request import Request
from rest_framework.response import Response

from consents import importing
from core.api import ApiView
from core.errors import Invalid
from core.models import ApiKey
from core.parsers import bounded


class RowsParser(BaseParser):
    """The body as it is: it is read line by line, and a line that is wrong does not refuse the others."""

    media_type = "application/x-ndjson"

    def parse(self, stream: IO[bytes], media_type: str | None = None, parser_context: Any = None) -> Any:
        return bounded(stream)


class CsvParser(RowsParser):
    media_type = "text/csv"


class FaultSerializer(serializers.Serializer[Any]):
    line = serializers.IntegerField()
    field = serializers.CharField(allow_blank=True)
    message = serializers.CharField()


class RowCountsSerializer(serializers.Serializer[Any]):
    stored = serializers.IntegerField()
    known = serializers.IntegerField(help_text="Taken in before.")
    outdone = serializers.IntegerField(help_text='Not taken in: a "no" stands.')
    wrong = serializers.IntegerField()


class ImportedSerializer(serializers.Serializer[Any]):
    rows = RowCountsSerializer()

    def get_fields(self) -> dict[str, Any]:
        # "errors" is an attribute of every serializer, so it cannot be declared as a field.
        return {**super().get_fields(), "errors": FaultSerializer(many=True)}


class ImportView(ApiView):
    required_scope = "consents:import"
    parser_classes = [RowsParser, CsvParser]

    @extend_schema(
        operation_id="consents_import",
        parameters=[OpenApiParameter("dry_run", OpenApiTypes.BOOL, description="Say what would happen, keep nothing.")],
        request={"application/x-ndjson": OpenApiTypes.BINARY, "text/csv": OpenApiTypes.BINARY},
        responses={200: ImportedSerializer},
    )
    def post(self, request: Request) -> Response:
        """Take in choices that another tool collected. Sent again, a row is known and makes nothing again."""
        dry_run = request.query_params.get("dry_run", "false")
        if dry_run not in ("true", "false"):
            raise Invalid(fields={"dry_run": _("Say true or false.")})
        actor = request.auth.actor if isinstance(request.auth, ApiKey) else "api"
        is_csv = (request.content_type or "").startswith(CsvParser.media_type)
        report = importing.take_rows(
            cast("IO[bytes]", request.data), is_csv=is_csv, actor=actor, now=timezone.now(), dry_run=dry_run == "true"
        )
        return Response(importing.as_json(report))
