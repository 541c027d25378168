"""Unsubscribe links for systems that send: one recipient or a hundred thousand at once."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from consents import unsubscribe
from core.api import ApiView
from core.errors import Invalid, Text


class LinksSerializer(serializers.Serializer[Any]):
    purpose = serializers.SlugField(help_text="The list: a purpose that rests on consent or is direct marketing.")
    values = serializers.ListField(child=serializers.CharField(), max_length=unsubscribe.MOST_VALUES)


class LinkSerializer(serializers.Serializer[Any]):
    url = serializers.URLField(help_text="For the visible link in the mail. Empty: the value is no e-mail address.")
    preferences = serializers.URLField(help_text="Every choice of this recipient.")
    headers = serializers.DictField(child=serializers.CharField(), help_text="RFC 8058; cover both by DKIM.")


class LinkedSerializer(serializers.Serializer[Any]):
    purpose = serializers.SlugField()
    results = LinkSerializer(many=True)


class LinksView(ApiView):
    required_scope = "permissions:read"

    @extend_schema(operation_id="unsubscribe_links", request=LinksSerializer, responses={200: LinkedSerializer})
    def post(self, request: Request) -> Response:
        """One-click unsubscribe headers and links for each recipient, in order (RFC 8058). Changes nothing."""
        purpose, values = _read(request.data)
        made = unsubscribe.links(purpose, values)
        results = [{"url": one.url, "preferences": one.preferences, "headers": dict(one.headers)} for one in made]
        return Response({"purpose": purpose, "results": results})


def _read(data: Any) -> tuple[str, list[str]]:
    if not isinstance(data, Mapping):
        raise Invalid(_("Send a JSON object."))
    errors: dict[str, Text] = {name: _("This field is unknown.") for name in data if name not in ("purpose", "values")}
    purpose, values = data.get("purpose"), data.get("values")
    if not isinstance(purpose, str):
        errors["purpose"] = _("Give this as text.")
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        errors["values"] = _("Give a list of texts.")
    if errors or not isinstance(purpose, str) or not isinstance(values, list):
        raise Invalid(fields=errors)
    return purpose, values
