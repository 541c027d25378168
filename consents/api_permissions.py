"""Permission checks over the API: one value or a hundred thousand."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from consents import disclosing, permission
from consents.api import body_of
from consents.verdicts import Opinion, Verdict
from core.api import ApiView
from core.errors import Invalid, Text
from core.undisturbed import undisturbed
from processing.models import Channel
from subjects.models import Identifier


class CheckSerializer(serializers.Serializer[Any]):
    purpose = serializers.SlugField()
    channel = serializers.ChoiceField(choices=Channel.choices, required=False)
    type = serializers.ChoiceField(choices=Identifier.Type.choices)
    system = serializers.CharField(required=False, help_text="For external ids only.")
    values = serializers.ListField(child=serializers.CharField(), max_length=permission.MOST_VALUES)
    use = serializers.UUIDField(
        required=False, help_text="A recorded use of what may only be stored; it is allowed, and nothing beyond it."
    )
    explain = serializers.BooleanField(required=False, help_text="Also say why in words, and what each law says.")


class OpinionSerializer(serializers.Serializer[Any]):
    allowed = serializers.BooleanField()
    reason = serializers.CharField()
    evidence = serializers.UUIDField(allow_null=True)
    valid_until = serializers.DateTimeField(allow_null=True)


class ResultSerializer(OpinionSerializer):
    sentence = serializers.CharField(required=False)
    data_protection = OpinionSerializer(required=False)
    e_privacy = OpinionSerializer(required=False, allow_null=True, help_text="Null where PECR says nothing.")


class CheckedSerializer(serializers.Serializer[Any]):
    purpose = serializers.SlugField()
    as_of = serializers.DateTimeField()
    results = ResultSerializer(many=True)


class Written(list[str]):
    """Results that are JSON already: as objects, a hundred thousand take longer to write than to find."""


class CheckRenderer(JSONRenderer):
    def render(self, data: Any, *args: Any, **kwargs: Any) -> Any:
        if not isinstance(data.get("results"), Written):
            return super().render(data, *args, **kwargs)
        rest = super().render({**data, "results": []}, *args, **kwargs)
        return rest.removesuffix(b"]}") + ",".join(data["results"]).encode() + b"]}"


class CheckView(ApiView):
    required_scope = "permissions:read"
    renderer_classes = [CheckRenderer]

    @extend_schema(operation_id="permissions_check", request=CheckSerializer, responses={200: CheckedSerializer})
    def post(self, request: Request) -> Response:
        """Whether each value may be used for the purpose now, in the order of the values. Changes nothing."""
        now = timezone.now()
        body = body_of(request.data, {"purpose", "channel", "type", "system", "values", "use", "explain"})
        writer = Writer()
        with undisturbed():
            verdicts = permission.check(**_question(body), now=now, told=None if body.get("explain") else writer.write)
            results = _results(verdicts, body, writer)
        return Response({"purpose": body["purpose"], "as_of": now, "results": results})


class DisclosureSerializer(CheckSerializer):
    # One that it does not take: nobody is written to.
    channel = None  # type: ignore[assignment]
    recipient = serializers.SlugField(help_text="As the register names them.")
    purpose = serializers.SlugField(required=False, help_text="Not needed where the law demands it.")
    categories = serializers.ListField(
        child=serializers.SlugField(), required=False, help_text="What is given; all that the purpose needs if none."
    )
    power = serializers.CharField(required=False, help_text="Where the law demands it: the power that is cited.")
    approved_by = serializers.CharField(required=False, help_text="And who approved that it is given.")


class DisclosureCheckedSerializer(CheckedSerializer):
    recipient = serializers.SlugField()
    purpose = serializers.SlugField(allow_blank=True)


class DisclosureView(ApiView):
    required_scope = "permissions:read"
    renderer_classes = [CheckRenderer]

    @extend_schema(
        operation_id="permissions_disclosure",
        request=DisclosureSerializer,
        responses={200: DisclosureCheckedSerializer},
    )
    def post(self, request: Request) -> Response:
        """Whether the data of each may be given to this recipient now, in the order of the values. Changes nothing."""
        now, members = timezone.now(), {"recipient", "purpose", "categories", "power", "approved_by"}
        body = body_of(request.data, members | {"type", "system", "values", "use", "explain"})
        question = _question({"purpose": "", **body})
        question.pop("channel")
        plan = _plan(body, question.pop("purpose"))
        with undisturbed():
            results = _results(disclosing.check(plan, **question, now=now), body, Writer())
        return Response({"recipient": plan.recipient, "purpose": plan.purpose, "as_of": now, "results": results})


def _plan(body: Mapping[str, Any], purpose: str) -> disclosing.Plan:
    names = ("recipient", "power", "approved_by")
    texts = {name: body.get(name, "") for name in names}
    errors: dict[str, Text] = {name: _("Give this as text.") for name in names if not isinstance(texts[name], str)}
    categories = body.get("categories", [])
    if not isinstance(categories, list) or not all(isinstance(one, str) for one in categories):
        errors["categories"] = _("Give a list of texts.")
    if not texts["recipient"]:
        errors["recipient"] = _("Name the recipient as the register does.")
    if errors:
        raise Invalid(fields=errors)
    return disclosing.Plan(purpose=purpose, categories=categories, **texts)


def _results(verdicts: list[Verdict], body: Mapping[str, Any], writer: "Writer") -> Written | list[dict[str, Any]]:
    return [_explained(one) for one in verdicts] if body.get("explain") else writer.all(verdicts)


def _explained(verdict: Verdict) -> dict[str, Any]:
    """With the reason in words and the opinion of each law."""
    return {
        **_result(verdict),
        "sentence": verdict.sentence,
        "data_protection": _result(verdict.data_protection),
        "e_privacy": _result(verdict.e_privacy) if verdict.e_privacy else None,
    }


def _result(verdict: Verdict | Opinion) -> dict[str, Any]:
    return {
        "allowed": verdict.allowed,
        "reason": verdict.reason.value,
        "evidence": str(verdict.evidence) if verdict.evidence else None,
        "valid_until": _instant(verdict.valid_until),
    }


class Writer:
    """Writes what many share once, and keeps it: an object that is gone leaves its number to another."""

    def __init__(self) -> None:
        self._done: dict[int, tuple[str, Verdict]] = {}

    def write(self, verdict: Verdict) -> str:
        done = self._done.get(id(verdict))
        if done is None:
            done = self._done[id(verdict)] = (_written(verdict), verdict)
        return done[0]

    def all(self, verdicts: list[Verdict]) -> Written:
        return Written(map(self.write, verdicts))


def _written(verdict: Verdict) -> str:
    """The same as JSON. Reasons, ids and times have nothing in them that JSON escapes."""
    allowed, reason, evidence, until, *_opinions = verdict
    said = f'"{evidence!s}"' if evidence else "null"
    ends = f'"{_instant(until)}"' if until else "null"
    may = "true" if allowed else "false"
    # An enumeration's own way of being formatted takes longer than all the rest.
    return f'{{"allowed":{may},"reason":"{reason!s}","evidence":{said},"valid_until":{ends}}}'


def _instant(at: datetime | None) -> str | None:
    """As the renderer writes it, which for a hundred thousand of them takes as long as finding them."""
    return at.isoformat().replace("+00:00", "Z") if at else None


def _question(body: Mapping[str, Any]) -> dict[str, Any]:
    errors: dict[str, Text] = {}
    texts = {"purpose": body.get("purpose"), "type": body.get("type")}
    texts |= {name: "" if body.get(name) is None else body[name] for name in ("channel", "system")}
    for name, text in texts.items():
        if not isinstance(text, str):
            errors[name] = _("Give this as text.")
    values = body.get("values")
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        errors["values"] = _("Give a list of texts.")
    if not isinstance(body.get("explain", False), bool):
        errors["explain"] = _("Say true or false.")
    use = body.get("use")
    try:
        named = UUID(use) if isinstance(use, str) else None
    except ValueError:
        named = None
    if use is not None and named is None:
        errors["use"] = _("Give the number of the use as it was recorded.")
    if errors:
        raise Invalid(fields=errors)
    return {**texts, "values": values, "use": named}
