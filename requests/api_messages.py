"""Writing to the person about their case over the REST API."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from core.idempotency import replayable
from requests import messages, replying
from requests.api_work import Working, actor_of, read
from requests.models import Message, RightsRequest


class MessageIn(serializers.Serializer[Any]):
    text = serializers.CharField(max_length=messages.LONGER)


class MessageOut(serializers.Serializer[Any]):
    message = serializers.UUIDField()
    sent_at = serializers.DateTimeField()


class MessagesView(Working):
    """Say something to the person: they get a link, and read it with a fresh code from their mailbox."""

    @extend_schema(request=MessageIn, responses={201: MessageOut}, operation_id="requests_message")
    def post(self, request: Request, reference: str) -> Response:
        found = self.find(reference)
        return replayable(request, make=_saying(request, found), load=_said, status=201)


def _saying(request: Request, found: RightsRequest) -> Callable[[], UUID]:
    def say() -> UUID:
        text = read(MessageIn, request)["text"]
        return replying.reply(found.case, text, actor=actor_of(request), now=timezone.now()).uuid

    return say


def _said(message: UUID) -> dict[str, Any]:
    row = Message.objects.get(uuid=message)
    return {"message": str(row.uuid), "sent_at": row.at.isoformat()}
