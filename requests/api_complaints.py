"""Complaints to the controller over the REST API: taken in, worked on, and answered (DPA 2018 s.164A)."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from core.api import ApiView, Cursor
from core.errors import Invalid, NotFound
from core.idempotency import replayable
from processing.models import Purpose
from requests import arriving, complaints, references
from requests.api import AskedForIn, capacity_field, child_field, late_field
from requests.api_work import LetterOut, actor_of, read
from requests.intake import DETAILS_LENGTH, LENGTHS
from requests.models import CaseFile, Complaint
from requests.models_complaints import Cause, Issue, Outcome, Remedy

# What may be done to an open complaint: the last part of the address of each call.
STEPS = ["description", "acknowledgement", "enquiries", "progress", "outcome"]
STATES = ("open", "closed")


class ComplainantIn(AskedForIn):
    address = serializers.CharField(max_length=LENGTHS["address"], required=False, allow_blank=True)


class ComplaintIn(serializers.Serializer[Any]):
    requester = ComplainantIn()
    capacity = capacity_field()
    is_child = child_field()
    complaint = serializers.CharField(max_length=DETAILS_LENGTH, help_text="In the person's words.")
    wish = serializers.CharField(max_length=DETAILS_LENGTH, required=False, allow_blank=True, default="")
    channel = serializers.ChoiceField(choices=CaseFile.Channel.choices, default=CaseFile.Channel.API)
    received_on = serializers.DateField(required=False, allow_null=True, default=None)
    late = late_field()
    locale = serializers.RegexField(r"^[a-z]{2,3}(-[A-Z]{2})?$", required=False, default="en-GB")
    test = serializers.BooleanField(required=False, default=False)


class DescribeIn(serializers.Serializer[Any]):
    issues = serializers.ListField(child=serializers.ChoiceField(choices=Issue.choices), max_length=len(Issue.choices))
    about = serializers.CharField(
        max_length=40, required=False, allow_blank=True, default="", help_text="Reference of the request complained of."
    )
    regulator_reference = serializers.CharField(max_length=60, required=False, allow_blank=True, default="")
    purposes = serializers.ListField(
        child=serializers.SlugField(),
        required=False,
        default=list,
        max_length=50,
        help_text="What it is about. The interests by which these are pursued are weighed again.",
    )


class AcknowledgeIn(serializers.Serializer[Any]):
    by_letter = serializers.BooleanField(
        required=False, default=True, help_text="False: it was acknowledged otherwise, on the telephone for instance."
    )


class EnquiryIn(serializers.Serializer[Any]):
    text = serializers.CharField(max_length=complaints.LENGTH, help_text="Whom we asked, and what they said.")


class ProgressIn(serializers.Serializer[Any]):
    text = serializers.CharField(max_length=complaints.LENGTH, help_text="How far we are, as the person will read it.")
    outcome_by = serializers.DateField(required=False, allow_null=True, default=None)


class OutcomeIn(serializers.Serializer[Any]):
    outcome = serializers.ChoiceField(choices=Outcome.choices)
    findings = serializers.CharField(max_length=complaints.LENGTH, help_text="On each issue, as the person reads it.")
    changes = serializers.CharField(max_length=complaints.LENGTH, help_text="What we change, as the person reads it.")
    remedies = serializers.ListField(
        child=serializers.ChoiceField(choices=Remedy.choices), required=False, default=list, max_length=9
    )
    cause = serializers.ChoiceField(choices=Cause.choices, required=False, allow_blank=True, default="")


class ComplaintOut(serializers.Serializer[Any]):
    reference = serializers.CharField()
    state = serializers.ChoiceField(choices=STATES)
    received_on = serializers.DateField()
    acknowledge_by = serializers.DateField()
    acknowledged_at = serializers.DateTimeField(
        allow_null=True, help_text="When a message, a letter or the outcome reached them. Null while it waits for post."
    )
    issues = serializers.ListField(child=serializers.CharField())
    about = serializers.CharField(allow_blank=True)
    regulator_reference = serializers.CharField(allow_blank=True)
    outcome = serializers.CharField(allow_blank=True)
    outcome_at = serializers.DateTimeField(allow_null=True)
    remedies = serializers.ListField(child=serializers.CharField())
    cause = serializers.CharField(allow_blank=True)
    letters = LetterOut(many=True)
    allowed_moves = serializers.ListField(child=serializers.CharField())

    def to_representation(self, instance: Complaint) -> dict[str, Any]:
        return shown(instance)


@extend_schema_view(
    get=extend_schema(
        operation_id="complaints_list",
        parameters=[OpenApiParameter("state", str, enum=STATES, description="Only these; all if not given.")],
        responses=ComplaintOut(many=True),
    )
)
class ComplaintsView(ApiView, ListAPIView):
    """Complaints, oldest first, without anybody's name or words; and the call that takes one in."""

    required_scope = {"GET": "requests:work", "POST": "requests:write"}
    serializer_class = ComplaintOut
    pagination_class = Cursor

    def get_queryset(self) -> QuerySet[Complaint]:
        rows = Complaint.objects.select_related("about").prefetch_related("letters").order_by("id")
        state = self.request.query_params.get("state", "")
        if state not in ("", *STATES):
            raise Invalid(fields={"state": complaints.CHOOSE})
        return rows.filter(outcome="") if state == "open" else rows.exclude(outcome="") if state else rows

    @extend_schema(request=ComplaintIn, responses={202: ComplaintOut}, operation_id="complaints_open")
    def post(self, request: Request) -> Response:
        return replayable(request, make=lambda: _open(request), load=_again, status=202)


class ComplaintView(ApiView):
    """How a complaint stands: its clock, what was told the person, and what came of it."""

    required_scope = "requests:read"

    @extend_schema(responses=ComplaintOut, operation_id="complaints_show")
    def get(self, request: Request, reference: str) -> Response:
        return Response(shown(_find(reference)))


def step(
    operation: str, func: Callable[..., object], given: type[serializers.Serializer[Any]]
) -> Callable[[type], type]:
    """Give a view its POST: the members of the body are the arguments of the function."""

    def decorate(view: type) -> type:
        @extend_schema(request=given, responses=ComplaintOut, operation_id=f"complaints_{operation}")
        def post(self: ApiView, request: Request, reference: str) -> Response:
            def make() -> UUID:
                found = _find(reference)
                func(found, **read(given, request), actor=actor_of(request), now=timezone.now())
                return found.uuid

            return replayable(request, make=make, load=_again, status=200)

        view.post = post  # type: ignore[attr-defined]
        return view

    return decorate


def _describe(found: Complaint, *, purposes: list[str], **given: Any) -> None:
    known = {purpose.slug: purpose for purpose in Purpose.objects.filter(slug__in=purposes)}
    if set(purposes) - set(known):
        raise Invalid(fields={"purposes": _("Name purposes that exist.")})
    complaints.describe(found, purposes=list(known.values()), **given)


def _acknowledge(found: Complaint, *, by_letter: bool, **who: Any) -> None:
    act = complaints.acknowledge_by_letter if by_letter else complaints.acknowledge
    act(found, **who)


class Step(ApiView):
    required_scope = "requests:work"


@step("describe", _describe, DescribeIn)
class DescriptionView(Step):
    """Say what it is about: issues to count it by, the request complained of, the Commissioner's reference."""


@step("acknowledge", _acknowledge, AcknowledgeIn)
class AcknowledgementView(Step):
    """Acknowledge it by letter, or note that it was acknowledged in another way."""


@step("enquire", complaints.enquire, EnquiryIn)
class EnquiriesView(Step):
    """Write down an enquiry. Only staff see it."""


@step("progress", complaints.tell_progress, ProgressIn)
class ProgressView(Step):
    """Tell the person how far we are, by letter."""


@step("close", complaints.close, OutcomeIn)
class OutcomeView(Step):
    """Give the outcome: the letter that says it goes out, and the complaint is closed."""


def _find(reference: str) -> Complaint:
    rows = Complaint.objects.select_related("case", "about").prefetch_related("letters")
    return get_object_or_404(rows, reference=references.tidy(reference))


def _again(uuid: UUID) -> dict[str, Any]:
    found = Complaint.objects.select_related("about").prefetch_related("letters").filter(uuid=uuid).first()
    if found is None:
        raise NotFound
    return shown(found)


def _open(request: Request) -> UUID:
    given, now = read(ComplaintIn, request), timezone.now()
    made = arriving.take_in_complaint(
        requester=given["requester"],
        capacity=given["capacity"],
        is_child=given["is_child"],
        answers={"complaint": given["complaint"], "wish": given["wish"]},
        channel=given["channel"],
        received_at=now,
        received_on=given["received_on"],
        late=given["late"],
        locale=given["locale"],
        actor=actor_of(request),
        now=now,
        is_test=given["test"],
    )
    return made.uuid


def shown(row: Complaint) -> dict[str, Any]:
    return {
        "reference": row.reference,
        "state": "open" if row.is_open else "closed",
        "received_on": row.received_on.isoformat(),
        "acknowledge_by": row.acknowledge_by.isoformat(),
        "acknowledged_at": row.acknowledged_at.isoformat() if row.acknowledged_at else None,
        "issues": row.issues,
        "about": row.about.reference if row.about else "",
        "regulator_reference": row.regulator_reference,
        "outcome": row.outcome,
        "outcome_at": row.outcome_at.isoformat() if row.outcome_at else None,
        "remedies": row.remedies,
        "cause": row.cause,
        "letters": [
            {
                "kind": letter.kind,
                "given_on": letter.given_on.isoformat() if letter.given_on else None,
                "came_back": letter.bounced_at is not None,
            }
            for letter in sorted(row.letters.all(), key=lambda letter: letter.pk)
        ],
        "allowed_moves": STEPS if row.is_open else [],
    }
