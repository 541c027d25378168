"""What a key of the API may open, each scope with the sentence that whoever makes a key reads."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

SCOPES: dict[str, str | Promise] = {
    "forms:read": _("Read what consent forms and cookie banners ask."),
    "consents:write": _("Record what somebody chose in a form or a cookie banner."),
    "consents:withdraw": _("Take back consents, for anybody whose address the caller knows."),
    "consents:read": _("Get the receipt of a consent."),
    "consents:import": _("Bring in consents that were collected elsewhere, in bulk."),
    "permissions:read": _("Ask whether somebody may be written to, rung or have their data passed on."),
    "subjects:write": _("Put in data about people, and that somebody was in touch."),
    "requests:write": _("Hand in requests and complaints for people."),
    "requests:read": _("See how a request or a complaint stands."),
    "requests:letters": _("Read letters to people, to print and post them. Each reading is recorded."),
    "requests:work": _("Work requests and complaints to the end, as staff do: decide, release, refuse."),
    "systems:tasks": _("Be asked, as one system of the register, what to do there about people, and answer."),
    "events:read": _("Follow what changed, by ids and codes."),
    "ledger:read": _("Get the seals of the ledger and proofs of its entries."),
}
