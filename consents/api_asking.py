"""Whether a site may put a form before somebody it knows. Only for servers: a browser would learn who said no."""

from typing import Any

from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from consents import asking, forms
from consents.api import IdentitySerializer, body_of
from core.api import ApiView
from core.errors import Invalid
from subjects.identifiers import parse_identity


class AskingSerializer(serializers.Serializer[Any]):
    identity = IdentitySerializer()
    locale = serializers.CharField(required=False)


class QuestionSerializer(serializers.Serializer[Any]):
    key = serializers.CharField()
    may_ask = serializers.BooleanField()
    reason = serializers.CharField(
        help_text="may-be-asked; put-off: they want to be asked later; or a reason as permissions/check/ gives it."
    )
    not_before = serializers.DateTimeField(allow_null=True, help_text="From when on; null: not for now, or already.")


class AskedSerializer(serializers.Serializer[Any]):
    slug = serializers.SlugField()
    version = serializers.IntegerField()
    as_of = serializers.DateTimeField()
    may_ask = serializers.BooleanField(help_text="Whether there is anything left to ask.")
    controls = QuestionSerializer(many=True)


class AskingView(ApiView):
    # Whoever has it may ask about anybody's consent anyway; no key for browsers can have it (core/apikeys.py).
    required_scope = "permissions:read"

    @extend_schema(operation_id="forms_asking", request=AskingSerializer, responses={200: AskedSerializer})
    def post(self, request: Request, slug: str) -> Response:
        """Which controls of the form may be put before this person now. Changes nothing.

        After a "no" there are six months of peace, after an objection to marketing there is no asking at all. What
        somebody volunteers is taken at any time.
        """
        now = timezone.now()
        body = body_of(request.data, {"identity", "locale"})
        locale = body.get("locale", forms.DEFAULT_LOCALE)
        if not isinstance(locale, str):
            raise Invalid(fields={"locale": _("Give this as text.")})
        version = forms.current(slug, locale)
        questions = asking.questions(parse_identity(body.get("identity") or {}), version, now=now)
        return Response(
            {
                "slug": slug,
                "version": version.number,
                "as_of": now,
                "may_ask": any(question.may_ask for question in questions),
                "controls": [vars(question) for question in questions],
            }
        )
