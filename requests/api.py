"""Rights requests over the REST API: taking them in, and asking how they stand."""

from collections.abc import Iterable
from datetime import date
from typing import Any, cast
from uuid import UUID

from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from core import strict
from core.api import ApiView
from core.apikeys import Seen
from core.errors import Invalid
from core.idempotency import replayable
from core.models import ApiKey
from core.recall import Changed
from core.recalled import RecallsKey
from requests import elsewhere, references
from requests.arriving import Late, take_in
from requests.deadlines import clock_of
from requests.facts import Facts
from requests.intake import DETAILS_LENGTH, LENGTHS
from requests.models import CaseFile, Representation, Right, RightsRequest


class RequesterIn(serializers.Serializer[Any]):
    name = serializers.CharField(max_length=200, required=False, allow_blank=True)
    email = serializers.CharField(max_length=254, required=False, allow_blank=True)
    phone = serializers.CharField(max_length=40, required=False, allow_blank=True)


def late_field() -> serializers.ChoiceField:
    words = "Why it is entered on a later day than it came. Needed with an earlier received_on."
    return serializers.ChoiceField(choices=Late.choices, required=False, allow_blank=True, default="", help_text=words)


def capacity_field() -> serializers.ChoiceField:
    words = "In which capacity somebody else asks. Nothing is disclosed before it is shown that they may."
    every = Representation.Capacity.choices
    return serializers.ChoiceField(choices=every, required=False, allow_blank=True, default="", help_text=words)


def child_field() -> serializers.BooleanField:
    words = "The person is a child; then it is said who asks."
    return serializers.BooleanField(required=False, default=False, help_text=words)


class AskedForIn(RequesterIn):
    representative = serializers.CharField(
        max_length=LENGTHS["representative"],
        required=False,
        allow_blank=True,
        help_text="Who asks for the person, and how to reach them. Name, e-mail and telephone above are the person's.",
    )


class RequestsIn(serializers.Serializer[Any]):
    rights = serializers.ListField(
        child=serializers.ChoiceField(choices=Right.choices), allow_empty=False, max_length=len(Right.choices)
    )
    requester = AskedForIn()
    capacity = capacity_field()
    is_child = child_field()
    details = serializers.CharField(max_length=DETAILS_LENGTH, required=False, allow_blank=True, default="")
    channel = serializers.ChoiceField(choices=CaseFile.Channel.choices, default=CaseFile.Channel.API)
    received_on = serializers.DateField(required=False, allow_null=True, default=None)
    late = late_field()
    stop = serializers.ListField(
        child=serializers.CharField(max_length=50),
        required=False,
        allow_null=True,
        default=None,
        max_length=50,
        help_text='What an objection or a withdrawal is about: purposes, or "all-marketing". Unknown: leave it out.',
    )
    locale = serializers.RegexField(r"^[a-z]{2,3}(-[A-Z]{2})?$", required=False, default="en-GB")
    test = serializers.BooleanField(required=False, default=False)


class OpenedOut(serializers.Serializer[Any]):
    reference = serializers.CharField()
    right = serializers.ChoiceField(choices=Right.choices)
    due = serializers.DateField(allow_null=True)


class CaseOut(serializers.Serializer[Any]):
    case = serializers.UUIDField()
    requests = OpenedOut(many=True)


class ClockOut(serializers.Serializer[Any]):
    status = serializers.ChoiceField(choices=["running", "not_started", "paused"])
    start = serializers.DateField(allow_null=True)
    extension_notice_by = serializers.DateField(allow_null=True)
    target = serializers.DateField(allow_null=True)
    explanation = serializers.ListField(child=serializers.CharField())


class ProtocolOut(serializers.Serializer[Any]):
    status = serializers.CharField()
    reason = serializers.CharField(allow_null=True)


class ElsewhereOut(serializers.Serializer[Any]):
    dpv = serializers.CharField(help_text="W3C DPV hasRequestStatus.")
    opendsr = serializers.CharField(help_text="OpenDSR request_status. It knows no refusal: cancelled.")
    drp = ProtocolOut(help_text="Data Rights Protocol.")


class RequestOut(serializers.Serializer[Any]):
    reference = serializers.CharField()
    right = serializers.ChoiceField(choices=Right.choices)
    state = serializers.CharField()
    received_on = serializers.DateField()
    due = serializers.DateField(allow_null=True)
    clock = ClockOut()
    elsewhere = ElsewhereOut(help_text="How it stands in the words of other systems.")
    allowed_moves = serializers.ListField(child=serializers.CharField())
    duplicate_of = serializers.CharField(
        allow_null=True, help_text="The request of the same person that answers this one, too."
    )


class RequestsView(RecallsKey):
    """Take in a rights request that arrived somewhere else: a web site's form, a letter, a telephone call."""

    required_scope = "requests:write"

    @extend_schema(request=RequestsIn, responses={202: CaseOut}, operation_id="requests_open")
    def post(self, request: Request) -> Response:
        made: dict[UUID, list[RightsRequest]] = {}

        def make() -> UUID:
            try:
                case = _open(request, self.seen(request))
            except Changed:
                self.read_key(request)
                case = _open(request, None)
            made[case.uuid] = case.opened
            return case.uuid

        return replayable(request, make=make, load=lambda case: _opened(case, made.get(case)), status=202)


class RequestView(ApiView):
    """How a request stands, and why it is due when it is."""

    required_scope = "requests:read"

    @extend_schema(responses=RequestOut, operation_id="requests_show")
    def get(self, request: Request, reference: str) -> Response:
        found = RightsRequest.objects.select_related("case__rule_set")
        return Response(shown(get_object_or_404(found, reference=references.tidy(reference))))


# One for all calls: it keeps nothing of them, and making the fields anew took a quarter of a call.
ASKED = RequestsIn()


def _open(request: Request, by: Seen | None) -> CaseFile:
    if unknown := strict.unknown(ASKED, request.data):
        raise Invalid(fields=unknown)
    data, now = ASKED.run_validation(request.data), timezone.now()
    return take_in(
        rights=data["rights"],
        requester=data["requester"],
        details=data["details"],
        channel=data["channel"],
        received_at=now,
        received_on=data["received_on"],
        late=data["late"],
        capacity=data["capacity"],
        is_child=data["is_child"],
        locale=data["locale"],
        actor=cast(ApiKey, request.auth).actor,
        now=now,
        is_test=data["test"],
        stop=data["stop"],
        by=by,
    )


def _opened(case: UUID, opened: Iterable[RightsRequest] | None) -> dict[str, Any]:
    """What was opened; read again for a call that is told again."""
    opened = opened or RightsRequest.objects.filter(case__uuid=case).order_by("pk")
    return {
        "case": str(case),
        "requests": [{"reference": row.reference, "right": row.right, "due": _iso(row.due_on)} for row in opened],
    }


def shown(row: RightsRequest) -> dict[str, Any]:
    facts = Facts.from_json(row.facts)
    clock = clock_of(facts, row.case.rule_set)
    return {
        "reference": row.reference,
        "right": row.right,
        "state": row.state,
        "received_on": row.received_on.isoformat(),
        "due": _iso(row.due_on),
        "clock": {
            "status": clock.status,
            "start": _iso(clock.start),
            "extension_notice_by": _iso(row.extension_notice_by),
            "target": _iso(row.target_on),
            "explanation": clock.explanation,
        },
        "elsewhere": elsewhere.stands(row.state, facts, clock.status),
        "allowed_moves": [move.value for move in row.allowed_moves],
        "duplicate_of": row.duplicate_of.reference if row.duplicate_of else None,
    }


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None
