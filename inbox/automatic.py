"""What was sent by a machine (RFC 3834), and what came back undelivered (RFC 3464). Neither is ever answered."""

import re
from uuid import UUID

from inbox.models import Automatic
from inbox.reading import Message
from inbox.threads import ours_in

PERMANENT = re.compile(r"^(?:Action:\s*failed|Status:\s*5\.)", re.I | re.M)
DELAYED = re.compile(r"^(?:Action:\s*(?:delayed|delivered|relayed|expanded)|Status:\s*[24]\.)", re.I | re.M)
POSTMASTERS = re.compile(r"^(?:mailer-daemon|postmaster|mail-daemon)@", re.I)
# How servers that write no report begin their subject.
FAILED = re.compile(
    r"undeliver|delivery (?:status notification|failure|has failed)|returned mail|mail delivery (?:failed|system)|"
    r"failure notice",
    re.I,
)
WARNING = re.compile(r"\bdelay|\bwarning\b|will be retried|still trying", re.I)
AUTO_SUBJECT = re.compile(r"^(?:automatic reply|auto(?:matic)?[- ]?(?:reply|response)|out of (?:the )?office)\b", re.I)


def automatic(message: Message) -> str:
    """The kind of machine that sent it; empty for a person, or what must be taken for one."""
    if _is_report(message):
        return Automatic.BOUNCE
    submitted = message.header("auto-submitted").split(";")[0].strip().lower()
    precedence = message.header("precedence").strip().lower()
    if submitted == "auto-replied" or precedence == "auto_reply" or _says_auto_reply(message):
        return Automatic.REPLY
    if submitted not in ("", "no"):
        return Automatic.GENERATED
    # A shared mailbox that is a group puts "Precedence: list" on everything, so that says nothing.
    return Automatic.BULK if precedence in ("bulk", "junk") else ""


def failed_delivery(message: Message) -> UUID | None:
    """The outgoing message that this report says will never arrive. A delay is no failure."""
    told = "\n".join(message.reports)
    if message.reports:
        if not PERMANENT.search(told) or (DELAYED.search(told) and not PERMANENT.search(told)):
            return None
    elif WARNING.search(message.subject):
        return None
    # Anywhere in it: the original headers may be enclosed, quoted, or only referred to.
    return next(iter(ours_in([*message.references, *message.enclosed, message.text])), None)


def _is_report(message: Message) -> bool:
    kind = message.header("content-type").lower()
    if kind.startswith("multipart/report") and "disposition-notification" not in kind:
        return True
    if message.reports:
        return True
    is_nobody = message.header("return-path").strip() == "<>" or not message.address
    return bool(FAILED.search(message.subject)) and (is_nobody or bool(POSTMASTERS.search(message.address)))


def _says_auto_reply(message: Message) -> bool:
    named = ("x-autoreply", "x-autorespond", "x-autoresponse")
    yes = any(message.header(name).strip().lower() not in ("", "no", "false") for name in named)
    is_receipt = "disposition-notification" in message.header("content-type").lower()
    return yes or is_receipt or bool(AUTO_SUBJECT.match(message.subject))
