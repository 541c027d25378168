"""What shows who asks, over the REST API: what is held, what came as a file, and its destruction. No file goes out."""

from typing import Any
from uuid import UUID

from django.core.files.uploadedfile import UploadedFile
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from core.api import ApiView
from core.errors import NotFound
from core.idempotency import replayable
from requests import identity_doubt, identity_evidence
from requests.api_acts import ArrivedIn
from requests.api_work import Working, actor_of, read
from requests.models import Evidence


class FileIn(ArrivedIn):
    file = serializers.FileField(help_text="PDF, PNG or JPEG of up to 8 MB; told by its content, not its name.")


class EvidenceOut(serializers.Serializer[Any]):
    evidence = serializers.UUIDField()
    kind = serializers.CharField()
    media_type = serializers.CharField(allow_blank=True, help_text="Empty: described, without a file.")
    arrived_on = serializers.DateField()
    destroyed_at = serializers.DateTimeField(allow_null=True)


class EvidencesOut(serializers.Serializer[Any]):
    evidence = EvidenceOut(many=True)


class EvidencesView(Working):
    """What came as proof of who asks, destroyed pieces included; and the call that hands in a file.

    It is sealed under a key of its own and destroyed as soon as the doubt is decided.
    """

    parser_classes = [*ApiView.parser_classes, MultiPartParser]

    @extend_schema(responses=EvidencesOut, operation_id="requests_evidence")
    def get(self, request: Request, reference: str) -> Response:
        rows = Evidence.objects.filter(case=self.find(reference).case).defer("sealed").order_by("pk")
        return Response({"evidence": [_shown(row) for row in rows]})

    @extend_schema(
        request={"multipart/form-data": FileIn}, responses={201: EvidenceOut}, operation_id="requests_evidence_add"
    )
    def post(self, request: Request, reference: str) -> Response:
        found = self.find(reference)

        def make() -> UUID:
            given, now = read(FileIn, request), timezone.now()
            file: UploadedFile = given.pop("file")
            content = file.read(identity_evidence.LARGEST + 1)
            kept = identity_doubt.arrived(found, **given, content=content, actor=actor_of(request), now=now)
            return kept.uuid

        return replayable(request, make=make, load=lambda uuid: _shown(Evidence.objects.get(uuid=uuid)), status=201)


class EvidenceView(Working):
    @extend_schema(responses={204: None}, operation_id="requests_evidence_destroy")
    def delete(self, request: Request, reference: str, evidence: UUID) -> Response:
        """Destroy a piece that is not needed. That it was destroyed stays in the ledger; the doubt stays as it is."""
        case = self.find(reference).case
        who: dict[str, Any] = {"actor": actor_of(request), "now": timezone.now()}
        if not identity_evidence.destroy(case, because="not-needed", only=evidence, **who):
            raise NotFound
        return Response(status=204)


def _shown(row: Evidence) -> dict[str, Any]:
    return {
        "evidence": str(row.uuid),
        "kind": row.kind,
        "media_type": row.media_type,
        "arrived_on": row.arrived_on.isoformat(),
        "destroyed_at": row.destroyed_at.isoformat() if row.destroyed_at else None,
    }
