"""Which kinds of evidence other systems are told of, and why the others are not.

Told is every change of what may be done with somebody's data: choices, a "no" and its lifting, pauses, restrictions,
objections, relationships, whose record is whose, and the forms, notices, purposes and assessments that all this rests
on. A kind that stands in neither table fails a test, so nobody forgets to decide.
"""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

TOLD: dict[str, str | Promise] = {
    "consent.given": _("Somebody said yes; what else they answered in the same act stands with it."),
    "consent.refused": _("Somebody answered with a no."),
    "consent.withdrawn": _("Somebody took consent back, or refused what they had never agreed to."),
    "consent.objected": _("Somebody objected: to all marketing, or to named purposes."),
    "consent.expired": _("The time of a consent ran out."),
    "consent.ended": _("A consent was outgrown by its form, or ended with the data it was about."),
    "consent.revoked": _("We ended a consent ourselves: staff did, or its purpose is pursued no more."),
    "consent.requested": _("A yes waits for the button in an e-mail. It counts for nothing yet."),
    "consent.told": _("Somebody else says that consent was given. It counts for nothing yet."),
    "consent.paused": _("Somebody wants to hear nothing until a day."),
    "consent.resumed": _("Somebody ended their pause."),
    "suppression.carried": _("A no under one address of a person stands under another of theirs, too."),
    "register.loaded": _("The register of numbers that may not be called was read in: ask again before you call."),
    "cookies.chosen": _("A browser chose about cookies. The object is its random number."),
    "cookies.objected": _("A browser sent Global Privacy Control."),
    "cookies.linked": _("A browser is known to be somebody's; what it chose is told as theirs."),
    "request.received": _("A rights request came in."),
    "request.moved": _("A rights request changed its state."),
    "complaint.received": _("A complaint came in."),
    "complaint.acknowledged": _("A complaint was acknowledged."),
    "complaint.closed": _("A complaint has its outcome."),
    "erasure.executed": _("Data of somebody were erased at their request."),
    "subject.created": _("A person is known from now on."),
    "subject.erased": _("Nothing is left of a person."),
    "item.erased": _("A record of somebody who stays ended for this purpose under a retention rule."),
    "person.merged": _("Two records were one person's; the object is the one that is gone. Changed choices follow."),
    "person.split": _("Two records are two people's again. What stands under each follows."),
    "relationship.established": _("There is a relationship with a person for a purpose, or a new ground for it."),
    "relationship.touched": _("A person turned to us for a purpose."),
    "relationship.ended": _("A relationship with a person ended."),
    "relationship.resumed": _("A relationship that had ended goes on."),
    "organisation.amended": _("What an organisation is, or its contract, changed: its contacts may be judged anew."),
    "restriction.placed": _("Data of a person may only be stored."),
    "restriction.lifted": _("A restriction ended."),
    "restriction.use-allowed": _("One use of restricted data is allowed until a day."),
    "restriction.use-ended": _("That use may be made no more."),
    "form.published": _("A version of a consent form is on show."),
    "notice.published": _("A version of the privacy notice is published."),
    "cookies.published": _("A version of a site's cookie register is on show."),
    "purpose.published": _("A version of a purpose is live."),
    "purpose.retired": _("A purpose is no longer pursued."),
    "assessment.approved": _("The interests of a purpose were weighed, and somebody else approved it."),
    "assessment.review-required": _("The interests of a purpose must be weighed again."),
}

_WORK = _("Work on a case inside the office. Its state is told by request.moved, what comes of it by its own kind.")
_LOOK = _("Somebody looked, and nothing changed.")
_DRAFT = _("Nothing counts before it is published or approved, and that is told.")
_SEALED = _("It concerns what is stored here, not what may be done.")
_HOUSE = _("The running of this installation: its staff, keys, backups, files and demo.")
# By kind, or by all kinds of a family ("case."). A family that touches choices has none: each of its kinds is decided.
KEPT: dict[str, str | Promise] = {
    **dict.fromkeys(
        (
            *("asking.", "case.", "clarification.", "complaint.", "correction.", "document.", "exemption."),
            *("exam.", "extension.", "fee.", "holidays.", "identity.", "letter.", "mail.", "package.", "recipient."),
            *("refusal.", "request.", "restriction.announced", "restriction.scoped", "review.", "task."),
            *("transfer.", "where."),
        ),
        _WORK,
    ),
    **dict.fromkeys(("consent.evidence-viewed", "person.viewed"), _LOOK),
    **dict.fromkeys(
        (
            *("form.changed", "form.created", "assessment.begun", "assessment.drafted", "assessment.submitted"),
            *("assessment.returned", "assessment.discarded", "assessment.review-reminded"),
        ),
        _DRAFT,
    ),
    "consent.evidenced": _("The consent that it shows is told by itself."),
    "consent.confirmed-in-part": _("It counts for nothing before the other button, and that is told."),
    "consent.mailbox-shared": _("Nothing has begun. It counts once the button works, and that is told."),
    "consent.guardian-ended": _("What the person agreed to themself goes on. Where anything ends, that is told."),
    "consent.deferred": _("It changes nothing: what was agreed to ends on its day."),
    "consent.reminded": _("A mail went out. What the person answers is told."),
    "consents.imported": _("Every row that was taken in is told by itself."),
    **dict.fromkeys(("block.", "hold.", "item.", "retention.", "restore.", "statistics."), _SEALED),
    "data.disclosed": _("Whoever received the data knows."),
    "application.": _("The relationships that it ends, begins and has go on are told by themselves."),
    "notice.given": _("That somebody was told of the notice changes nothing that may be done."),
    **dict.fromkeys(
        ("identifier.verified", "identifier.corrected", "identifier.unlinked"),
        _("Permission is asked for by address or number, which no event names."),
    ),
    "subject.language-chosen": _("The language of our mails allows and forbids nothing."),
    "breach.": _("The register of breaches is for the officer and the regulator."),
    **dict.fromkeys(("api-key.", "backup.", "demo.", "import.", "staff.", "webhook."), _HOUSE),
}


def why_kept(kind: str) -> str | Promise | None:
    """Why nobody is told of this kind; None for one that is told, or that nobody has decided about."""
    return None if kind in TOLD else KEPT.get(kind) or KEPT.get(kind.partition(".")[0] + ".")
