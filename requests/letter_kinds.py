"""The kinds of letters, and what each must contain (UK GDPR Arts 12, 12A, 15, 18 and 19; DPA 2018 s.164A).

A part is an element marked `data-part` in the template; the words, if any, must stand in it. One table, so that the
law's list can be read in one place. A new kind needs a row here, a title below, a template, and a sample in
requests/letter_samples.py.
"""

from django.utils.translation import gettext_lazy as _

from core.errors import Text

VERSION = 1
Required = dict[str, tuple[str, ...]]

# Art 12(4) as amended by DUAA Sch 10: complain to us, to the Commissioner, go to court.
ROUTES: Required = {"complain-to-us": ("164A",), "complain-to-commissioner": ("165",), "court": ("court",)}
_COMMISSIONER: Required = {"complain-to-commissioner": ("165",)}
_HEAD: Required = {"reference": (), "received": ()}
# What these say in the Union: Arts 77 and 79 GDPR. Its law knows no complaint to the controller itself.
_UNION: Required = {"complain-to-commissioner": ("Art 77",), "court": ("Art 79",)}


def _parts(names: str) -> Required:
    return dict.fromkeys(names.split(), ())


# Art 15(1)(a) to (h) and (2).
_FACTS = _parts(
    "confirmation copy purposes categories recipients transfers retention your-rights source automated-decisions"
    " searched"
)
REQUIRED: dict[str, Required] = {
    "acknowledgement": {
        **_HEAD,
        **_parts("understood due needed contact"),
        "complain-to-us": ("164A",),
        **_COMMISSIONER,
    },
    "id_request": {**_HEAD, **_parts("doubt evidence delayed channel destroyed")},
    "clarification": {**_HEAD, **_parts("unclear paused everything")},
    "asked_again": {**_HEAD, **_parts("asked next channel")},
    "extension": {**_HEAD, **_parts("reasons new-due")},
    "fee_notice": {**_HEAD, **_parts("reasons amount basis payment"), **ROUTES},
    "refusal": {**_HEAD, **_parts("outcome reasons"), **ROUTES},
    "restriction_lifting": {**_HEAD, **_parts("lifted-on reasons"), **ROUTES},
    "access_response": {**_HEAD, **_FACTS, **ROUTES},
    "erasure_answer": {**_HEAD, **_parts("outcome recipients record searched"), **ROUTES},
    "rectification_answer": {**_HEAD, **_parts("outcome recipients searched"), **ROUTES},
    "restriction_answer": {**_HEAD, **_parts("outcome recipients searched"), **ROUTES},
    "adm_answer": {**_HEAD, **_parts("outcome searched"), **ROUTES},
    "nothing_found": {**_HEAD, **_parts("outcome searched next"), **ROUTES},
    "portability_answer": {**_HEAD, **_parts("outcome files format scope searched"), **ROUTES},
    "objection_answer": {**_HEAD, **_parts("outcome searched"), **ROUTES},
    "withdrawal_confirmation": {**_HEAD, **_parts("outcome stopped effect record proof before more")},
    "marketing_stopped": {**_HEAD, **_parts("outcome stopped effect record proof more")},
    "duplicate": {**_HEAD, **_parts("outcome due more"), "complain-to-us": ("164A",), **_COMMISSIONER},
    "general": {**_HEAD, **_parts("message contact")},
    "complaint_acknowledgement": {**_HEAD, **_parts("acknowledged next"), **_COMMISSIONER},
    "complaint_progress": {**_HEAD, **_parts("progress next"), **_COMMISSIONER},
    "complaint_outcome": {**_HEAD, **_parts("outcome findings changes"), **_COMMISSIONER},
}
# Needed as soon as the letter has something to say about it.
WHEN: dict[str, tuple[str, ...]] = {
    "withheld": ("withheld",),
    "gaps": ("gaps",),
    "erased": ("erased", "backups"),
    "kept": ("kept",),
    "corrected": ("corrected", "backups"),
    "supplemented": ("supplemented",),
    "denied": ("denied",),
    "still_restricted": ("restriction",),
    "limited": ("limited", "effect"),
    "reviewed": ("information", "representations", "human-review", "result"),
    "not_automated": ("not-automated",),
    "not_limited": ("not-limited",),
    "stopped": ("stopped",),
    "upheld": ("upheld",),
    "not_upheld": ("not-upheld", "restriction"),
    "not_for": ("not-for",),
    "transfers": ("handed-over",),
    "not_sent": ("not-sent",),
}
# What the letter is called on lists, by staff and by the person.
TITLES: dict[str, Text] = {
    "acknowledgement": _("We received your request"),
    "id_request": _("We need to be sure who you are"),
    "clarification": _("A question about your request"),
    "asked_again": _("We are waiting for your answer"),
    "extension": _("We need more time"),
    "fee_notice": _("A fee before we go on"),
    "refusal": _("We have refused your request"),
    "restriction_lifting": _("We are about to use your data again"),
    "access_response": _("Your data"),
    "erasure_answer": _("Your request to have your data deleted"),
    "rectification_answer": _("Your request to have your data corrected"),
    "restriction_answer": _("Your request to have your data stored and not used"),
    "adm_answer": _("The decision that you asked us to look at again"),
    "nothing_found": _("What came of our search"),
    "portability_answer": _("Your data to take elsewhere"),
    "objection_answer": _("Your objection"),
    "withdrawal_confirmation": _("Your consent is withdrawn"),
    "marketing_stopped": _("We have stopped marketing to you"),
    "duplicate": _("One answer to two of your requests"),
    "general": _("About your request"),
    "complaint_acknowledgement": _("We received your complaint"),
    "complaint_progress": _("How far we are with your complaint"),
    "complaint_outcome": _("The outcome of your complaint"),
    "request_received": _("We have received your request"),
    "complaint_received": _("We have received your complaint"),
}
# These hold nothing that we disclose, so the mail may say it all.
IN_MAIL = {
    *("acknowledgement", "complaint_acknowledgement", "duplicate", "withdrawal_confirmation", "marketing_stopped"),
}
# These went as a mail as soon as something came in, by its template: the case keeps a copy (requests/told_at_once.py).
AT_ONCE = {"acknowledgement": "request_received", "complaint_acknowledged": "complaint_received"}
# Staff write and send these by themselves, from a draft; the others are sent where what they report is done.
BY_STAFF = {
    *("general", "acknowledgement", "clarification", "id_request", "extension", "fee_notice"),
    *("complaint_acknowledgement", "complaint_progress", "complaint_outcome"),
}


def required_in(jurisdiction: str, kind: str) -> Required:
    """What a letter of this kind must contain under the law of the place."""
    if jurisdiction == "UK":
        return dict(REQUIRED[kind])
    return {part: _UNION.get(part, words) for part, words in REQUIRED[kind].items() if part != "complain-to-us"}


def title(kind: str) -> str:
    return str(TITLES.get(kind, kind.replace("_", " ").capitalize()))
