"""Which of this app's data is personal, how it is exported, and what an erasure leaves.

A message is sealed. What became part of a case goes with the case file, which proves how a request was answered; the
rest is tied to nobody and goes after its own time (inbox/expiry.py).
"""

from collections.abc import Iterable
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from inbox.models import Mail
from subjects.models import DataSubject
from subjects.registry import register


def fields_of(model: str, names: str) -> list[str]:
    return [f"inbox.{model}.{name}" for name in names.split()]


@register
class PrivacyMail:
    label: str | Promise = _("E-mails to our privacy mailbox about your requests")
    fields = fields_of("Mail", "uuid raw digest fingerprint case complaint arrived_at kind")

    def export(self, subject: DataSubject) -> Iterable[dict[str, Any]]:
        """What came about their cases. Not the files in it: who wrote may not be who it is about."""
        from inbox.sealed import read  # it reads modules whose apps load after this one

        mails = Mail.objects.filter(case__subject=subject, digest__isnull=False).defer("raw").order_by("pk")
        for mail in mails.iterator(chunk_size=50):
            digest = read(mail)
            what = {"what": str(mail.get_kind_display()), "arrived": mail.arrived_at.isoformat()}
            yield {**what, "subject": digest.subject, "text": digest.text, "id": str(mail.uuid)}

    def erase(self, subject: DataSubject) -> int:
        """It proves how the request was answered, and goes with the case file."""
        return 0


NOT_PERSONAL = {
    *fields_of(
        "Mail", "id schema_version box taken_at size is_partial automatic is_forwarded suggested rights reasons"
    ),
    *fields_of("Mail", "written_on state settled_at settled_by holder holder_id breach bounced"),
    *fields_of("Location", "id mail place uid_validity uid"),
    *fields_of("Poll", "name lease leased_until tried_at done_at error"),
}
