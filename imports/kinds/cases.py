"""Rights requests from before: open ones go on here, past ones stand as they were answered."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _

from core.errors import DomainError
from core.models import Controller
from imports.fields import Field, Kind, Reader, Values, tidy, words_of
from requests.history import take_over
from requests.models import CaseFile, Right
from requests.workflow import CLOSED, State

RIGHTS = words_of(
    Right,
    sar="access", dsar="access", subject_access="access", subject_access_request="access", copy="access",
    deletion="erasure", delete="erasure", to_be_forgotten="erasure", correction="rectification", object="objection",
    opt_out="objection", unsubscribe="withdrawal", transfer="portability",
)  # fmt: skip
CHANNELS = words_of(CaseFile.Channel, website="web", form="web", mail="email", post="letter", call="phone",
                    tel="phone", personally="in_person")  # fmt: skip
STATES = words_of(
    State,
    open="received", new="received", pending="in_progress", working="in_progress", in_work="in_progress",
    closed="fulfilled", done="fulfilled", completed="fulfilled", complete="fulfilled", answered="fulfilled",
    granted="fulfilled", partly="partly_fulfilled", partial="partly_fulfilled", rejected="refused",
    denied="refused", declined="refused", cancelled="withdrawn", canceled="withdrawn",
)  # fmt: skip
# A request comes in as received, being worked on, or answered: "ready" is a draft that is not here.
# A duplicate names another request of ours, which a list of old ones cannot.
TAKEN = [state for state in (State.RECEIVED, State.IN_PROGRESS, *CLOSED) if state != State.DUPLICATE]
NAMES = {
    "requester": "name",
    "requester.name": "name",
    "requester.email": "email",
    "requester.phone": "phone",
    "received_on": "received",
    "answered_on": "answered",
    "extended_on": "extended",
    "external_reference": "reference",
}
FIELDS = [
    Field("reference", _("Their or our old reference"), is_own=True,
          guesses=("ref", "reference", "case", "case number", "ticket")),
    Field("rights", _("Right"), hint=_("Access, erasure, objection … Several are cut by semicolons."), is_needed=True,
          guesses=("right", "type", "request type", "request")),
    Field("name", _("Name"), guesses=("name", "requester", "data subject", "full name"), is_own=True),
    Field("email", _("E-mail address"), guesses=("email", "mail", "requester email"), is_own=True),
    Field("phone", _("Telephone number"), guesses=("phone", "telephone"), is_own=True),
    Field("details", _("What they wrote"), guesses=("details", "notes", "description", "message"), is_own=True),
    Field("channel", _("How it came"), is_needed=True, guesses=("channel", "via", "method")),
    Field("received", _("Received on"), is_needed=True, guesses=("received", "date", "date received", "opened")),
    Field("state", _("State or outcome"), hint=_("Open, in progress, answered, partly, refused or withdrawn."),
          guesses=("state", "status", "outcome", "result")),
    Field("answered", _("Answered on"), guesses=("answered", "closed", "completed", "date closed", "response date")),
    Field("extended", _("Notice of more time given on"), guesses=("extended", "extension")),
]  # fmt: skip


def read(values: Values, *, now: datetime) -> dict[str, Any]:
    """One case as the domain takes it over. Raises Invalid."""
    reader = Reader(values, today=now.astimezone(Controller.current().zone).date())
    answered = reader.day("answered")
    found = {
        "external_reference": reader.text("reference", longest=60),
        "rights": reader.choices("rights", RIGHTS, needed=True),
        "requester": {name: reader.text(name, longest=254) for name in ("name", "email", "phone")},
        "details": reader.text("details", longest=5000),
        "channel": reader.choice("channel", CHANNELS, needed=True),
        "received_on": reader.day("received", needed=True),
        "state": State(reader.choice("state", STATES, default="fulfilled" if answered else "received")),
        "answered_on": answered,
        "extended_on": reader.day("extended"),
    }
    if found["state"] not in TAKEN:
        reader.errors["state"] = _("A request comes in open, in progress, or with its final outcome.")
    reader.done()
    return found


def store(read: Mapping[str, Any], *, actor: str, now: datetime) -> CaseFile:
    """Raises DomainErrors by the names of the file."""
    try:
        return take_over(**read, actor=actor, now=now)
    except DomainError as error:
        error.fields = {NAMES.get(name, name): text for name, text in error.fields.items()}
        raise


def about(values: Values) -> str:
    """Two rows with one reference must not be about the same right."""
    reference = values.get("reference", "")
    return f"{tidy(reference)}|{tidy(values.get('rights', ''))}" if reference else ""


KIND = Kind(
    slug="cases",
    label=_("Rights requests"),
    teaser=_(
        "The old request log: open requests with their true dates, past ones with their outcome. No mail is sent."
    ),
    permission="requests.add_rightsrequest",
    fields=lambda: FIELDS,
    read=read,
    store=store,
    about=about,
    names={"received": "received_on", "answered": "answered_on", "extended": "extended_on"},
)
