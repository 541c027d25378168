"""Forms, consents and withdrawals over the API. The serializers describe; the domain validates."""

from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from consents import answers, capture, forms, opt_in, receipts_record, withdraw
from consents.models import Status
from core.api import ApiView
from core.cors import CrossOriginView
from core.errors import Invalid, Text
from core.idempotency import replayable
from core.models import ApiKey
from core.network import client_address
from core.recall import Changed
from core.recalled import RecallsKey
from subjects.identifiers import parse_identity
from subjects.late import PersonErased, brings_back

RECEIPTS = f"{settings.BASE_URL}/api/v1/consents/"
Fields = dict[str, serializers.Field[Any, Any, Any, Any]]
IDEMPOTENCY = OpenApiParameter(
    "Idempotency-Key", OpenApiTypes.STR, OpenApiParameter.HEADER, description="Sent again, it makes nothing again."
)

FULL = OpenApiParameter(
    "receipt", OpenApiTypes.STR, enum=["full"], description="full: the whole record of ISO/IEC TS 27560 as the receipt."
)


class ControlSerializer(serializers.Serializer[Any]):
    key = serializers.CharField()
    purpose = serializers.SlugField()
    channel = serializers.CharField(allow_blank=True)
    hint = serializers.CharField(allow_blank=True)

    def get_fields(self) -> Fields:
        # "label" and "source" are attributes of every serializer, so they cannot be declared as fields.
        return {**super().get_fields(), "label": serializers.CharField()}


class ShownNoticeSerializer(serializers.Serializer[Any]):
    version = serializers.CharField()
    url = serializers.URLField()


class WithdrawalSerializer(serializers.Serializer[Any]):
    text = serializers.CharField(allow_blank=True)
    url = serializers.URLField()


class FormSerializer(serializers.Serializer[Any]):
    slug = serializers.SlugField()
    version = serializers.IntegerField()
    locale = serializers.CharField()
    sha256 = serializers.CharField()
    title = serializers.CharField()
    intro = serializers.CharField(allow_blank=True)
    controls = ControlSerializer(many=True)
    controllers = serializers.ListField(child=serializers.CharField())
    notice = ShownNoticeSerializer()
    withdrawal = WithdrawalSerializer()
    network_reason = serializers.CharField(
        allow_blank=True, help_text="Why the shortened network address is kept with an answer. Empty: it is not."
    )
    minimum_age = serializers.IntegerField(
        allow_null=True, help_text="Below it a parent or guardian answers. Null: not offered to children."
    )
    double_opt_in = serializers.BooleanField()


class ExternalIdSerializer(serializers.Serializer[Any]):
    system = serializers.CharField()
    id = serializers.CharField()


class IdentitySerializer(serializers.Serializer[Any]):
    email = serializers.EmailField(required=False)
    phone = serializers.CharField(required=False)
    customer_number = serializers.CharField(required=False)
    external_id = ExternalIdSerializer(required=False)


class SourceSerializer(serializers.Serializer[Any]):
    channel = serializers.CharField(max_length=40)
    url = serializers.CharField(required=False, max_length=2000)
    ip = serializers.CharField(
        required=False,
        help_text="From servers: where the person answered. Kept as /24 or /48, if the form has a network_reason.",
    )


class GuardianSerializer(serializers.Serializer[Any]):
    email = serializers.EmailField()
    until = serializers.CharField(help_text="The month in which the child has the age of the form, such as 2029-05.")


class ConsentSerializer(serializers.Serializer[Any]):
    form = serializers.SlugField()
    version = serializers.IntegerField(min_value=1)
    locale = serializers.CharField()
    identity = IdentitySerializer()
    choices = serializers.DictField(child=serializers.BooleanField())
    given_at = serializers.DateTimeField(required=False)
    notice = serializers.JSONField(
        required=False,
        help_text="The published notice that the page showed: its version, or the object of the form.",
    )
    of_age = serializers.BooleanField(required=False, help_text="For a form with a minimum age: it is reached.")
    guardian = GuardianSerializer(required=False)
    test = serializers.BooleanField(required=False)

    def get_fields(self) -> Fields:
        return {**super().get_fields(), "source": SourceSerializer()}


class CapturedSerializer(serializers.Serializer[Any]):
    consent = serializers.UUIDField()
    subject = serializers.UUIDField(
        allow_null=True,
        help_text="Nobody yet, while a confirmation by e-mail is pending; and a key for browsers is told nobody.",
    )
    pending = serializers.BooleanField()
    states = serializers.DictField(child=serializers.ChoiceField(choices=Status.choices))
    receipt = serializers.CharField(
        allow_blank=True, help_text="A compact JWS; the keys are at /.well-known/jwks.json. Empty while pending."
    )


class WithdrawSerializer(serializers.Serializer[Any]):
    identity = IdentitySerializer()
    purposes = serializers.JSONField(help_text='A list of purposes, or "all-marketing".')
    test = serializers.BooleanField(required=False)


class WithdrawnSerializer(serializers.Serializer[Any]):
    states = serializers.DictField(child=serializers.ChoiceField(choices=Status.choices))
    receipt = serializers.CharField()


class FormView(CrossOriginView):
    required_scope = "forms:read"

    @extend_schema(
        operation_id="forms_read",
        parameters=[OpenApiParameter("locale", OpenApiTypes.STR, description="Such as en-GB.")],
        responses=FormSerializer,
    )
    def get(self, request: Request, slug: str) -> Response:
        """The form as it is to be shown, in the language asked for if there is one."""
        version = forms.current(slug, request.query_params.get("locale") or forms.DEFAULT_LOCALE)
        return Response(forms.public(version))


class ConsentView(RecallsKey, CrossOriginView):
    required_scope = "consents:write"

    @extend_schema(
        operation_id="consents_create",
        parameters=[IDEMPOTENCY, FULL],
        request=ConsentSerializer,
        responses={201: CapturedSerializer},
    )
    def post(self, request: Request) -> Response:
        """Record what a person answered to a form. An older published version is accepted for a grace period.

        The header `Link` names the whole record of ISO/IEC TS 27560, for keys with `consents:read`.
        """
        now = timezone.now()
        made: dict[UUID, capture.Captured] = {}
        is_full, is_public = _is_full(request), _is_public(request)

        def make() -> UUID:
            _is_answered_now(request)
            try:
                done = self._capture(request, now, recalled=True)
            except (Changed, Invalid):
                # Nobody is refused by what was recalled: a restored database can hold another form under that name.
                self.read_key(request)
                done = self._capture(request, now, recalled=False)
            made[done.consent] = done
            return done.consent

        def load(consent: UUID) -> dict[str, Any]:
            done = _captured(made.get(consent) or opt_in.stored(consent, is_public=is_public))
            if is_full and not done["pending"]:
                done["receipt"] = receipts_record.signed(consent, now=now, is_named=not is_public)
            return done

        answer = replayable(request, make=make, load=load, status=201)
        answer.headers["Link"] = f'<{RECEIPTS}{answer.data["consent"]}/receipt/>; rel="describedby"'
        return answer

    def _capture(self, request: Request, now: datetime, *, recalled: bool) -> capture.Captured:
        answer = self._read(request, now, recalled=recalled)
        if answer.given_at < now and brings_back(answer.claims, [answer.given_at], is_test=answer.is_test):
            raise PersonErased
        if opt_in.is_needed(answer):
            # What was recalled is only proved by the statement of a capture.
            answer = self._anew(request, now)
            if opt_in.is_needed(answer):
                return self._ask(request, answer, now)
        try:
            return self._count(request, answer, now)
        except capture.SaidNo:
            anew = self._anew(request, now)
            if anew.shown.versions != answer.shown.versions:
                # The "no" was looked for by what the form asked once.
                raise Changed from None
            return self._ask(request, anew, now, is_unseen=True)

    def _anew(self, request: Request, now: datetime) -> answers.Answer:
        """The answer against the key and the form as they stand."""
        self.read_key(request)
        return self._read(request, now, recalled=False)

    def _read(self, request: Request, now: datetime, *, recalled: bool) -> answers.Answer:
        is_public = _is_public(request)
        address = partial(client_address, request) if is_public else None
        return answers.read(request.data, now=now, recalled=recalled, address=address, unproven=is_public)

    def _ask(
        self, request: Request, answer: answers.Answer, now: datetime, *, is_unseen: bool = False
    ) -> capture.Captured:
        data, actor, unproven = dict(request.data), _actor(request), _is_public(request)
        return opt_in.ask(answer, data, now=now, actor=actor, is_unseen=is_unseen, unproven=unproven)

    def _count(self, request: Request, answer: answers.Answer, now: datetime) -> capture.Captured:
        return capture.capture(
            answer, now=now, actor=_actor(request), by=self.seen(request), unproven=_is_public(request)
        )


class WithdrawView(ApiView):
    required_scope = "consents:withdraw"

    @extend_schema(
        operation_id="consents_withdraw",
        parameters=[IDEMPOTENCY],
        request=WithdrawSerializer,
        responses={200: WithdrawnSerializer},
    )
    def post(self, request: Request) -> Response:
        """Withdraw, or object to all marketing. The answer does not show whether the person is known."""
        now = timezone.now()

        def make() -> UUID:
            body = body_of(request.data, {"identity", "purposes", "test"})
            claims, purposes, is_test = _withdrawal(body)
            actor = _actor(request)
            return withdraw.withdraw(claims, purposes=purposes, now=now, actor=actor, is_test=is_test).entry

        def load(entry: UUID) -> dict[str, Any]:
            done = withdraw.stored(entry)
            return {"states": done.states, "receipt": done.receipt}

        return replayable(request, make=make, load=load, status=200)


def _actor(request: Request) -> str:
    key = request.auth
    return key.actor if isinstance(key, ApiKey) else "api"


def _is_public(request: Request) -> bool:
    return isinstance(request.auth, ApiKey) and request.auth.kind == ApiKey.Kind.PUBLISHABLE


def _is_answered_now(request: Request) -> None:
    """A browser's key is public. With a date in the past, whoever reads it would be told what stands for anybody."""
    if _is_public(request) and isinstance(request.data, Mapping) and "given_at" in request.data:
        raise Invalid(fields={"given_at": _("A key for browsers records an answer as it is given, without a date.")})


def _is_full(request: Request) -> bool:
    # Most calls ask nothing, and taking that apart would take longer than looking.
    asked = request.query_params.get("receipt", "") if request.META.get("QUERY_STRING") else ""
    if asked not in ("", "full"):
        raise Invalid(fields={"receipt": _("Say full, or leave it out.")})
    return asked == "full"


def _captured(done: capture.Captured) -> dict[str, Any]:
    return {
        "consent": str(done.consent),
        "subject": str(done.subject) if done.subject else None,
        "pending": done.pending,
        "states": done.states,
        "receipt": done.receipt,
    }


def body_of(data: Any, members: set[str]) -> Mapping[str, Any]:
    if not isinstance(data, Mapping):
        raise Invalid(_("Send a JSON object."))
    if unknown := [name for name in data if name not in members]:
        raise Invalid(fields={name: _("This field is unknown.") for name in unknown})
    return data


def _withdrawal(body: Mapping[str, Any]) -> tuple[list[Any], Any, bool]:
    """(claims, purposes, whether it is a test), with every fault named at once."""
    errors: dict[str, Text] = {}
    claims: list[Any] = []
    try:
        claims = parse_identity(body.get("identity") or {})
    except Invalid as error:
        errors.update(error.fields)
    purposes = body.get("purposes")
    is_list = isinstance(purposes, list) and all(isinstance(slug, str) for slug in purposes)
    if purposes != withdraw.ALL_MARKETING and not is_list:
        errors["purposes"] = _('Give a list of purposes, or "all-marketing".')
    is_test = body.get("test", False)
    if not isinstance(is_test, bool):
        errors["test"] = _("Say true or false.")
    if errors:
        raise Invalid(fields=errors)
    return claims, purposes, bool(is_test)
