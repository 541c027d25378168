"""The carrier of e-mail."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection

from core import outbox
from core.models import Outbox

# Well below the outbox's lease, so that a hanging server does not make a second sender start.
TIMEOUT = 30


def host() -> str:
    """What stands behind the @ in the Message-ID of everything that we send."""
    return urlsplit(settings.BASE_URL).hostname or "localhost"


def send(row: Outbox, payload: Mapping[str, Any]) -> None:
    """Send one message. Its Message-ID is the row's, so a receiver can tell a repeated delivery."""
    payload = outbox.written(payload)
    message = EmailMultiAlternatives(
        subject=" ".join(payload["subject"].split()),
        body=payload["text"],
        from_email=settings.DEFAULT_FROM_EMAIL,
        to=[payload["to"]],
        headers={
            # What waited while this was upgraded has none of its own.
            **payload.get("headers", {}),
            "Message-ID": f"<{row.uuid}@{host()}>",
            "Auto-Submitted": "auto-generated",
        },
        connection=get_connection(timeout=TIMEOUT),
    )
    if payload["html"]:
        message.attach_alternative(payload["html"], "text/html")
    message.send()
