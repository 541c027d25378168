"""Outgoing mail of a demo, readable in the browser. Exists in DEMO_MODE only: see urlpatterns below."""

from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import parsedate_to_datetime
from hashlib import sha256

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import URLPattern, path
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

# How Django's file backend separates the messages of one connection.
SEPARATOR = b"\n" + b"-" * 79 + b"\n"
# The message was written by templates of ours, but it is shown as if it came from a stranger: no script, no request.
SANDBOX = "sandbox allow-popups allow-popups-to-escape-sandbox allow-top-navigation-by-user-activation;"
POLICY = f"{SANDBOX} default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'none'"


@dataclass(frozen=True)
class Message:
    id: str
    sent: datetime | None
    to: str
    subject: str
    text: str
    html: str


@never_cache
@require_safe
def mailbox(request: HttpRequest) -> HttpResponse:
    return render(request, "requests/dev_mail.html", {"messages_sent": messages()})


@never_cache
@require_safe
def message_html(request: HttpRequest, message_id: str) -> HttpResponse:
    """The HTML part alone, in a sandbox."""
    for message in messages():
        if message.id == message_id and message.html:
            response = HttpResponse(message.html)
            response.headers["Content-Security-Policy"] = POLICY
            return response
    raise Http404


def messages() -> list[Message]:
    """Every message in MAIL_DIR, newest first; of the same second, the one that was written last."""
    folder = settings.MAIL_DIR
    files = sorted(folder.glob("*.log"), key=lambda file: file.stat().st_mtime_ns) if folder.is_dir() else []
    parts = [part for file in files for part in file.read_bytes().split(SEPARATOR) if part.strip()]
    found = [_read(part) for part in reversed(parts)]
    return sorted(found, key=lambda message: -message.sent.timestamp() if message.sent else 0)


def _read(raw: bytes) -> Message:
    message = message_from_bytes(raw.strip() + b"\n", policy=policy.default)
    try:
        sent = parsedate_to_datetime(str(message["Date"]))
    except ValueError:
        sent = None
    return Message(
        id=sha256(raw).hexdigest()[:16],
        sent=sent,
        to=str(message["To"] or ""),
        subject=str(message["Subject"] or ""),
        text=_part(message, "plain"),
        html=_part(message, "html"),
    )


def _part(message: EmailMessage, kind: str) -> str:
    body = message.get_body((kind,))
    return str(body.get_content()) if body else ""


urlpatterns: list[URLPattern] = []
if settings.DEMO_MODE:
    urlpatterns = [
        path("dev/mail/", mailbox, name="dev-mail"),
        path("dev/mail/<slug:message_id>/", message_html, name="dev-mail-html"),
    ]
