"""The doors for other systems: what they collected about a person, and when the person turned to them."""

import json
from collections.abc import Iterator, Mapping
from typing import Any
from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from core import strict
from core.api import ApiView
from core.errors import Invalid, NotFound
from core.idempotency import replayable
from core.models import ApiKey
from ledger.models import Entry
from subjects import intake
from subjects.identifiers import parse_identity
from subjects.models import Organisation, PersonalDataItem, Relationship

IDEMPOTENCY = OpenApiParameter(
    "Idempotency-Key", OpenApiTypes.STR, OpenApiParameter.HEADER, description="Sent again, it makes nothing again."
)


@extend_schema_field(
    {
        "type": "object",
        "minProperties": 1,
        "additionalProperties": False,
        "properties": {
            "email": {"type": "string", "format": "email"},
            "phone": {"type": "string"},
            "customer_number": {"type": "string"},
            "external_id": {
                "type": "object",
                "required": ["system", "id"],
                "properties": {"system": {"type": "string"}, "id": {"type": "string"}},
            },
        },
    }
)
class IdentityField(serializers.Field):
    """`identity`, as every call spells it, read into claims."""

    def to_internal_value(self, data: Any) -> Any:
        try:
            return parse_identity(data)
        except Invalid as error:
            named = {name.removeprefix("identity").lstrip("."): str(text) for name, text in error.fields.items()}
            raise serializers.ValidationError(named) from error


@extend_schema_field({"type": "string"})
class NoticeField(serializers.Field):
    """The version of the notice that the person was shown; the object that `forms/` answers will do too."""

    def to_internal_value(self, data: Any) -> str:
        version = data.get("version") if isinstance(data, Mapping) else data
        if not isinstance(version, str):
            raise serializers.ValidationError(_("Give the version as text."))
        return version


class OrganisationSerializer(serializers.Serializer):
    name = serializers.CharField(max_length=200)
    legal_type = serializers.ChoiceField(Organisation.LegalType.choices, required=False)
    contract_started_on = serializers.DateField(required=False)
    contract_ended_on = serializers.DateField(required=False)


class RelationshipSerializer(serializers.Serializer):
    role = serializers.ChoiceField(Relationship.Role.choices)
    purpose = serializers.CharField(required=False)
    ground = serializers.CharField(max_length=40, required=False)
    note = serializers.CharField(max_length=2000, required=False)
    # A member of the body; DRF's metaclass keeps it apart from the attribute of the same name.
    source = serializers.CharField(max_length=40, required=False)  # type: ignore[assignment]
    started_on = serializers.DateField(required=False)


class ItemSerializer(serializers.Serializer):
    category = serializers.CharField()
    purposes = serializers.ListField(child=serializers.CharField(), allow_empty=False)
    content = serializers.JSONField()
    source = serializers.ChoiceField(PersonalDataItem.Source.choices)  # type: ignore[assignment]
    nature = serializers.ChoiceField(PersonalDataItem.Nature.choices, default=PersonalDataItem.Nature.PROVIDED.value)
    collected_at = serializers.DateTimeField()
    system = serializers.CharField(required=False)
    source_evidence = serializers.UUIDField(required=False)
    source_record = serializers.CharField(max_length=200, required=False)

    def validate_content(self, content: Any) -> str:
        return json.dumps(content, ensure_ascii=False)


class InteractionPartSerializer(serializers.Serializer):
    purpose = serializers.CharField()
    at = serializers.DateTimeField()
    channel = serializers.CharField()


class CollectSerializer(serializers.Serializer):
    identity = IdentityField()
    notice = NoticeField()
    organisation = OrganisationSerializer(required=False)
    relationship = RelationshipSerializer(required=False)
    items = ItemSerializer(many=True, required=False, max_length=1000)  # type: ignore[call-arg]
    # Each is the body of POST consents/ without identity and test, which stand here.
    consents = serializers.ListField(child=serializers.DictField(), required=False, max_length=50)
    interaction = InteractionPartSerializer(required=False)
    locale = serializers.RegexField(r"^[a-z]{2,3}(-[A-Z]{2})?$", required=False)
    test = serializers.BooleanField(default=False)


class CollectedSerializer(serializers.Serializer):
    subject = serializers.UUIDField()
    items = serializers.ListField(child=serializers.UUIDField())


class InteractionSerializer(InteractionPartSerializer):
    identity = IdentityField()
    test = serializers.BooleanField(default=False)


class InteractedSerializer(serializers.Serializer):
    subject = serializers.UUIDField()
    purpose = serializers.CharField()
    last_interaction_on = serializers.DateField()


class CollectView(ApiView):
    """Store what was collected about one person, all of it or nothing."""

    required_scope = "subjects:write"

    @extend_schema(
        operation_id="collect",
        parameters=[IDEMPOTENCY],
        request=CollectSerializer,
        responses={201: CollectedSerializer},
    )
    def post(self, request: Request) -> Response:
        def make() -> UUID:
            data = parsed(CollectSerializer, request)
            parcel = intake.Parcel(claims=data.pop("identity"), is_test=data.pop("test"), **data)
            return intake.collect(parcel, now=timezone.now(), actor=actor_of(request)).entry

        return replayable(request, make=make, load=collected, status=201)


class InteractionView(ApiView):
    """Note that a person turned to us for a purpose: retention counts from it."""

    required_scope = "subjects:write"

    @extend_schema(
        operation_id="interact",
        parameters=[IDEMPOTENCY],
        request=InteractionSerializer,
        responses={201: InteractedSerializer},
    )
    def post(self, request: Request) -> Response:
        def make() -> UUID:
            data = parsed(InteractionSerializer, request)
            claims, is_test = data.pop("identity"), data.pop("test")
            return intake.interacted(claims, is_test=is_test, **data, now=timezone.now(), actor=actor_of(request))

        return replayable(request, make=make, load=touched, status=201)


def actor_of(request: Request) -> str:
    """How the ledger names the caller."""
    return request.auth.actor if isinstance(request.auth, ApiKey) else "api"


def parsed(serializer: type[serializers.Serializer], request: Request) -> dict[str, Any]:
    """The validated body. Raises Invalid naming every field at fault, list members as in "items[2].category"."""
    form = serializer(data=request.data)
    errors = strict.unknown(form, request.data)
    if not form.is_valid() or errors:
        raise Invalid(fields={**errors, **dict(_named(form.errors))})
    return dict(form.validated_data)


def _named(errors: Any, field: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(errors, Mapping):
        for name, inner in errors.items():
            if isinstance(name, int):
                yield from _named(inner, f"{field}[{name}]")
            else:
                own = "" if name in ("", "non_field_errors") else name
                yield from _named(inner, ".".join(filter(None, (field, own))))
    elif isinstance(errors, list) and any(isinstance(inner, Mapping) for inner in errors):
        for number, inner in enumerate(errors):
            yield from _named(inner, f"{field}[{number}]")
    elif isinstance(errors, list):
        yield field, " ".join(str(text) for text in errors)
    else:
        yield field, str(errors)


def collected(entry: UUID) -> dict[str, Any]:
    """What a collection stored, from its evidence."""
    body = json.loads(Entry.objects.get(uuid=entry).body)
    return {"subject": body["subject"], "items": body["data"]["items"]}


def touched(relationship: UUID) -> dict[str, Any]:
    found = Relationship.objects.select_related("subject", "purpose").filter(uuid=relationship).first()
    if found is None:
        raise NotFound
    return {
        "subject": found.subject.uuid,
        "purpose": found.purpose.slug,
        "last_interaction_on": found.last_interaction_on,
    }
