"""Cookies over the API: a site's register, the proof of a choice, and whose browser it was."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from cookies import banner, choices, gpc, linking, publishing
from cookies.choices import Proof
from cookies.models import How, Need, SiteVersion
from core.api import ApiView
from core.cors import CrossOriginView
from core.errors import Invalid, Text
from core.models import ApiKey
from subjects.identifiers import parse_identity

MEMBERS = {"choice", "consent_id", "version", "choices", "how", "gpc", "chosen_at"}
Fields = dict[str, serializers.Field[Any, Any, Any, Any]]


class CookieLineSerializer(serializers.Serializer[Any]):
    kind = serializers.CharField()
    pattern = serializers.CharField()
    what_for = serializers.CharField()
    provider = serializers.CharField()
    duration = serializers.CharField()
    stored = serializers.BooleanField()
    deletable = serializers.BooleanField(help_text="Whether a script of the site can delete it.")

    def get_fields(self) -> Fields:
        # "label" is an attribute of every serializer, so it cannot be declared as a field.
        return {**super().get_fields(), "label": serializers.CharField()}


class CookieGroupSerializer(serializers.Serializer[Any]):
    id = serializers.SlugField(help_text="The purpose.")
    title = serializers.CharField()
    description = serializers.CharField()
    need = serializers.ChoiceField(choices=Need.choices)
    since = serializers.IntegerField(help_text="A yes to an earlier version does not cover it.")
    google = serializers.ListField(child=serializers.CharField())
    cookies = CookieLineSerializer(many=True)


class CookieRegisterSerializer(serializers.Serializer[Any]):
    site = serializers.SlugField()
    name = serializers.CharField(help_text="Of the cookie that remembers the choice.")
    version = serializers.IntegerField()
    sha256 = serializers.CharField()
    domain = serializers.CharField(allow_blank=True)
    valid_days = serializers.IntegerField()
    quiet_days = serializers.IntegerField()
    page = serializers.URLField()
    api = serializers.URLField()
    purposes = CookieGroupSerializer(many=True)
    texts = serializers.DictField(child=serializers.CharField())


class CookieChoiceSerializer(serializers.Serializer[Any]):
    choice = serializers.UUIDField(help_text="Made by the caller: sent again, nothing is made again.")
    consent_id = serializers.UUIDField(help_text="The random number of the browser.")
    version = serializers.IntegerField(min_value=1)
    choices = serializers.DictField(child=serializers.BooleanField())
    how = serializers.ChoiceField(choices=How.choices)
    gpc = serializers.BooleanField(required=False)
    chosen_at = serializers.DateTimeField(required=False)


class CookieChosenSerializer(serializers.Serializer[Any]):
    choice = serializers.UUIDField()
    consent_id = serializers.UUIDField()
    entry = serializers.UUIDField(help_text="The ledger entry that proves it.")
    receipt = serializers.CharField(help_text="A compact JWS; the keys are at /.well-known/jwks.json.")


class CookieIdentitySerializer(serializers.Serializer[Any]):
    email = serializers.EmailField(required=False)
    phone = serializers.CharField(required=False)
    customer_number = serializers.CharField(required=False)
    external_id = serializers.DictField(child=serializers.CharField(), required=False)


class CookieLinkSerializer(serializers.Serializer[Any]):
    consent_id = serializers.UUIDField()
    identity = CookieIdentitySerializer()


class CookieLinkedSerializer(serializers.Serializer[Any]):
    consent_id = serializers.UUIDField()


class CookieStandingSerializer(serializers.Serializer[Any]):
    ended = serializers.ListField(
        child=serializers.SlugField(), help_text="Purposes. Empty for a number that nobody knows."
    )


class RegisterView(CrossOriginView):
    required_scope = "forms:read"

    @extend_schema(operation_id="cookies_read", responses=CookieRegisterSerializer)
    def get(self, request: Request, slug: str) -> Response:
        """What the site's visitors are told and asked now."""
        return Response(banner.configuration(publishing.current(slug)))


class ChoicesView(CrossOriginView):
    required_scope = "consents:write"

    @extend_schema(
        operation_id="cookies_choose", request=CookieChoiceSerializer, responses={201: CookieChosenSerializer}
    )
    def post(self, request: Request, slug: str) -> Response:
        """Store the proof of a choice, which may have waited in a browser that could not reach us."""
        version, proof = _read(request, slug)
        assert isinstance(request.auth, ApiKey)  # noqa: S101 - the scope has been asked for
        row = choices.record(version, proof, now=timezone.now(), actor=request.auth.actor)
        answer = {"choice": row.uuid, "consent_id": row.consent_id, "entry": row.entry}
        return Response({**answer, "receipt": choices.receipt(row)}, status=201)


class StandingView(CrossOriginView):
    required_scope = "consents:write"

    @extend_schema(
        operation_id="cookies_standing", request=CookieLinkedSerializer, responses={200: CookieStandingSerializer}
    )
    def post(self, request: Request, slug: str) -> Response:
        """What the person of this browser has ended elsewhere since it chose. Changes nothing.

        A POST, so that the number stands in no address and no log.
        """
        body = request.data
        if not isinstance(body, Mapping) or set(body) - {"consent_id"}:
            raise Invalid(_("Send an object with consent_id."))
        errors: dict[str, Text] = {}
        consent_id = _uuid(body, "consent_id", errors)
        if consent_id is None:
            raise Invalid(fields=errors)
        return Response({"ended": linking.ended_elsewhere(publishing.current(slug).site, consent_id)})


class LinkView(ApiView):
    required_scope = "subjects:write"

    @extend_schema(operation_id="cookies_link", request=CookieLinkSerializer, responses={200: CookieLinkedSerializer})
    def post(self, request: Request) -> Response:
        """Somebody has identified themselves: the choices of this browser are theirs. The same answer for everybody."""
        body = request.data
        if not isinstance(body, Mapping) or set(body) - {"consent_id", "identity"}:
            raise Invalid(_("Send an object with consent_id and identity."))
        errors: dict[str, Text] = {}
        consent_id = _uuid(body, "consent_id", errors)
        claims = []
        try:
            claims = parse_identity(body.get("identity") or {})
        except Invalid as error:
            errors.update(error.fields)
        if errors or consent_id is None:
            raise Invalid(fields=errors)
        assert isinstance(request.auth, ApiKey)  # noqa: S101 - the scope has been asked for
        linking.link(consent_id, claims, now=timezone.now(), actor=request.auth.actor)
        return Response({"consent_id": consent_id})


def _read(request: Request, slug: str) -> tuple[SiteVersion, Proof]:
    """Raises Invalid naming every field at fault."""
    body, now = request.data, timezone.now()
    if not isinstance(body, Mapping):
        raise Invalid(_("Send a JSON object."))
    errors: dict[str, Text] = {str(name): _("This field is unknown.") for name in body if name not in MEMBERS}
    choice, consent_id = _uuid(body, "choice", errors), _uuid(body, "consent_id", errors)
    number, wanted, how = body.get("version"), body.get("choices"), body.get("how")
    if not isinstance(number, int) or isinstance(number, bool) or not 0 < number < 32768:
        errors["version"] = _("Give the number of the version that was shown.")
    is_plain = isinstance(wanted, Mapping) and all(isinstance(one, bool) for one in wanted.values())
    if not is_plain:
        errors["choices"] = _("Give true or false for each purpose that leaves a choice.")
    if not isinstance(how, str):
        errors["how"] = _("Say how it was chosen.")
    signal = body.get("gpc", False)
    if not isinstance(signal, bool):
        errors["gpc"] = _("Say true or false.")
    at = body.get("chosen_at")
    try:
        chosen_at = parse_datetime(at) if isinstance(at, str) else now if at is None else None
    except ValueError:
        chosen_at = None
    if chosen_at is None or chosen_at.tzinfo is None:
        errors["chosen_at"] = _("Give date, time and time zone as in 2026-11-22T09:00:00Z.")
    if errors or not choice or not consent_id or not chosen_at or not isinstance(wanted, Mapping):
        raise Invalid(fields=errors)
    version = publishing.shown(slug, int(str(number)))
    is_gpc = bool(signal) or gpc.is_on(request)
    return version, Proof(choice, consent_id, dict(wanted), str(how), is_gpc, chosen_at)


def _uuid(body: Mapping[str, Any], name: str, errors: dict[str, Text]) -> UUID | None:
    try:
        return UUID(str(body.get(name, "")))
    except ValueError:
        errors[name] = _("Give a UUID.")
        return None
