"""What goes with an answer, over the REST API: recipients told, a restriction ended, data handed to somebody else."""

from typing import Any
from uuid import UUID

from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from core.errors import Invalid, NotFound
from core.idempotency import replayable
from processing.models import Purpose
from requests import recipients, restricting, transfers, ways
from requests.api import RequestOut
from requests.api_acts import step
from requests.api_work import ReleaseIn, Working, actor_of, read
from requests.models import RecipientNotice, RightsRequest, Transfer

Action = RecipientNotice.Action


class RecipientOut(serializers.Serializer[Any]):
    recipient = serializers.CharField()
    name = serializers.CharField()
    action = serializers.ChoiceField(choices=Action.choices)
    told_at = serializers.DateTimeField(allow_null=True)
    channel = serializers.CharField(allow_blank=True)
    replied_at = serializers.DateTimeField(allow_null=True)
    impossible = serializers.CharField(allow_blank=True)
    owed = serializers.BooleanField(help_text="It keeps the request from being answered in full.")


class RecipientsOut(serializers.Serializer[Any]):
    recipients = RecipientOut(many=True)


class RecipientIn(serializers.Serializer[Any]):
    action = serializers.ChoiceField(
        choices=Action.choices, required=False, allow_blank=True, default="", help_text="Where there is more than one."
    )


class ToldIn(RecipientIn):
    channel = serializers.ChoiceField(choices=RecipientNotice.Channel.choices)


class ImpossibleIn(RecipientIn):
    reason = serializers.ChoiceField(choices=RecipientNotice.Impossible.choices)
    note = serializers.CharField(max_length=recipients.NOTE_LENGTH, help_text="What was tried or weighed.")


class ScopeIn(serializers.Serializer[Any]):
    purpose = serializers.CharField(max_length=60)
    items = serializers.ListField(
        child=serializers.UUIDField(), max_length=restricting.SHOWN, help_text="None means all of the purpose."
    )


class AnnounceIn(serializers.Serializer[Any]):
    on = serializers.DateField(help_text="The first day on which it may end.")
    why = serializers.CharField(max_length=restricting.LENGTH, help_text="As the person will read it.")


class TransferIn(serializers.Serializer[Any]):
    name = serializers.CharField(max_length=transfers.LENGTHS["name"])
    address = serializers.CharField(max_length=transfers.LENGTHS["address"], help_text="An https address of theirs.")
    words = serializers.CharField(max_length=transfers.LENGTHS["words"], help_text="What the person told us.")
    told = serializers.ChoiceField(choices=[choice for choice in Transfer.Told.choices if choice[0] != "page"])


class TransferOut(serializers.Serializer[Any]):
    transfer = serializers.UUIDField()
    way = serializers.ChoiceField(choices=Transfer.Way.choices)
    state = serializers.ChoiceField(choices=Transfer.State.choices)
    instructed_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)
    sha256 = serializers.CharField(allow_blank=True, help_text="Of what was handed over.")
    error = serializers.CharField(allow_blank=True)


class TransfersOut(serializers.Serializer[Any]):
    transfers = TransferOut(many=True)


class RecipientsView(Working):
    """Who received what was corrected, erased or restricted, and whether they know of it (Art 19)."""

    @extend_schema(responses=RecipientsOut, operation_id="requests_recipients")
    def get(self, request: Request, reference: str) -> Response:
        lines = ways.others(self.find(reference), now=timezone.now())
        return Response({"recipients": [_recipient(line) for line in lines]})


class RecipientToldView(Working):
    """A recipient was told by other means than ours."""

    @extend_schema(request=ToldIn, responses=RequestOut, operation_id="requests_recipient_told")
    def post(self, request: Request, reference: str, recipient: str) -> Response:
        given, found, now = read(ToldIn, request), self.find(reference), timezone.now()
        line = ways.other(found, recipient, given["action"], now=now)
        recipients.record_told(found, line.recipient, line.action, given["channel"], actor=actor_of(request), now=now)
        return self.done(found)


class RecipientImpossibleView(Working):
    """Telling a recipient is impossible or takes disproportionate effort. The letter says so."""

    @extend_schema(request=ImpossibleIn, responses=RequestOut, operation_id="requests_recipient_impossible")
    def post(self, request: Request, reference: str, recipient: str) -> Response:
        given, found, now = read(ImpossibleIn, request), self.find(reference), timezone.now()
        line = ways.other(found, recipient, given["action"], now=now)
        why = (given["reason"], given["note"])
        recipients.record_impossible(found, line.recipient, line.action, *why, actor=actor_of(request), now=now)
        return self.done(found)


class RecipientRepliedView(Working):
    """A recipient confirmed that they did it too. A second confirmation changes nothing."""

    @extend_schema(request=RecipientIn, responses=RequestOut, operation_id="requests_recipient_replied")
    def post(self, request: Request, reference: str, recipient: str) -> Response:
        given, found, now = read(RecipientIn, request), self.find(reference), timezone.now()
        line = ways.other(found, recipient, given["action"], now=now)
        recipients.record_reply(found, line.recipient, line.action, actor=actor_of(request), now=now)
        return self.done(found)


def _limit(found: RightsRequest, *, purpose: str, items: list[UUID], **who: Any) -> None:
    row = Purpose.objects.filter(slug=purpose).first()
    if row is None:
        raise Invalid(fields={"purpose": NotFound.message})
    restricting.limit_to(found, row, items, **who)


@step("restriction_scope", _limit, ScopeIn)
class RestrictionScopeView(Working):
    """Only these items of a purpose are meant by the request, or all of them."""


@step("restriction_announce", restricting.announce, AnnounceIn)
class RestrictionAnnounceView(Working):
    """Tell the person that the restriction is going to end (Art 18(3)). It does not end by this."""


@step("restriction_lift", restricting.lift)
class RestrictionLiftView(Working):
    """End the restriction, once the person has been told and the day named to them has come."""


class TransfersView(Working):
    """Data that go straight to another controller because the person told us to (Art 20(2)). Names nobody."""

    @extend_schema(responses=TransfersOut, operation_id="requests_transfers")
    def get(self, request: Request, reference: str) -> Response:
        return Response({"transfers": [_transfer(row) for row in self.find(reference).transfers.order_by("pk")]})

    @extend_schema(request=TransferIn, responses={201: TransferOut}, operation_id="requests_transfer_instruct")
    def post(self, request: Request, reference: str) -> Response:
        found = self.find(reference)

        def make() -> UUID:
            given = read(TransferIn, request)
            return transfers.instruct(found, **given, actor=actor_of(request), now=timezone.now()).uuid

        return replayable(request, make=make, load=lambda uuid: _transfer(found.transfers.get(uuid=uuid)), status=201)


class TransferStartView(Working):
    """Send it there, as the set of data stands now. That is for whoever releases answers."""

    @extend_schema(request=ReleaseIn, responses=TransferOut, operation_id="requests_transfer_start")
    def post(self, request: Request, reference: str, transfer: UUID) -> Response:
        given, row = read(ReleaseIn, request), _transfer_of(self.find(reference), transfer)
        transfers.start(row, **given, actor=actor_of(request), now=timezone.now())
        row.refresh_from_db()
        return Response(_transfer(row))


class TransferCancelView(Working):
    """It is not to be sent any more, or its link is to close."""

    @extend_schema(request=None, responses=TransferOut, operation_id="requests_transfer_cancel")
    def post(self, request: Request, reference: str, transfer: UUID) -> Response:
        row = _transfer_of(self.find(reference), transfer)
        transfers.cancel(row, actor=actor_of(request), now=timezone.now())
        row.refresh_from_db()
        return Response(_transfer(row))


def _transfer_of(found: RightsRequest, uuid: UUID) -> Transfer:
    return get_object_or_404(found.transfers.select_related("request__case__subject"), uuid=uuid)


def _transfer(row: Transfer) -> dict[str, Any]:
    return {
        "transfer": str(row.uuid),
        "way": row.way,
        "state": row.state,
        "instructed_at": row.instructed_at.isoformat(),
        "finished_at": row.finished_at.isoformat() if row.finished_at else None,
        "sha256": row.sha256,
        "error": row.error,
    }


def _recipient(line: recipients.Line) -> dict[str, Any]:
    notice = line.notice or RecipientNotice()
    return {
        "recipient": line.recipient.slug,
        "name": line.recipient.name,
        "action": line.action.value,
        "told_at": notice.sent_at.isoformat() if notice.sent_at else None,
        "channel": notice.channel,
        "replied_at": notice.acknowledged_at.isoformat() if notice.acknowledged_at else None,
        "impossible": notice.impossible_reason,
        "owed": line.is_open,
    }
