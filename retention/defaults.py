"""Periods to begin with, where nobody has thought of better ones. Offered, never in force by themselves.

They are the customary answers to how long a claim, a tax inspector or a complaint can follow in the United Kingdom.
Each is keyed by the kind of data, and says for which purposes of the register it is meant. What has no rule because
nothing is to be deleted on schedule, or because another part of the system sees to it, stands in ELSEWHERE.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from core.errors import Text
from processing.models import DataCategory, Purpose
from retention import rules
from retention.models import RetentionRule, Trigger

CLAIMS = _("Claims under a simple contract can be brought for six years (Limitation Act 1980 s.5).")
PROOF = _(
    "Proof of consent for as long as a claim about it can be brought: for its life and six years after it (Art 7(1)"
    " UK GDPR, Limitation Act 1980 s.9). What does not prove it may go earlier, by a rule for its category."
)


@dataclass(frozen=True)
class Default:
    """One answer. `purposes` maps each purpose to the name its rule gets; `category` is the only one it is about."""

    title: Text
    purposes: dict[str, str]
    trigger: Trigger
    period: str
    reason: Text
    category: str = ""


DEFAULTS = {
    "contract": Default(
        _("Contract and customer records"),
        {
            "contract-administration": "contract-records",
            "product-information": "product-information",
            "customer-support": "support-records",
            "account-access": "accounts-of-customers",
            "service-notices": "service-notices",
            "supplier-management": "supplier-records",
        },
        Trigger.CONTRACT_END,
        "P6Y",
        CLAIMS,
    ),
    "accounting": Default(
        _("Accounts and tax"),
        {"statutory-accounts": "statutory-accounts"},
        Trigger.COLLECTION,
        "P7Y",
        _("Tax law asks for six years from the end of the accounting period (Finance Act 1998 Sch 18 para 21)."),
    ),
    "applicants": Default(
        _("Applicants, whatever the outcome"),
        {"recruitment": "applicants"},
        Trigger.APPLICATION_CLOSED,
        "P12M",
        _(
            "Time to answer a claim about the selection (Equality Act 2010 s.123, with conciliation), then no need is"
            " left. What an employment needs of a successful application is handed over to it when it is closed."
        ),
    ),
    "employees": Default(
        _("What is kept of a successful application"),
        {"employment": "employees"},
        Trigger.CONTRACT_END,
        "P6Y",
        _("Claims under the contract of employment can be brought for six years (Limitation Act 1980 s.5)."),
    ),
    "talent-pool": Default(
        _("Later vacancies"),
        {"talent-pool": "talent-pool"},
        Trigger.CONSENT_ENDED,
        "P1M",
        _("Consent is the only ground (Art 6(1)(a)) and is asked for again each year; one month to delete."),
        category="application",
    ),
    "talent-pool-proof": Default(
        _("That somebody agreed to be told of later vacancies"),
        {"talent-pool": "talent-pool-consent"},
        Trigger.CONSENT_ENDED,
        "P6Y",
        PROOF,
    ),
    "prospects": Default(
        _("Prospects and enquiries"),
        {"direct-sales": "prospects", "contact-enquiries": "enquiries"},
        Trigger.LAST_INTERACTION,
        "P12M",
        _("An interest that nobody acted on for a year has lapsed (Art 5(1)(e))."),
    ),
    "subscribers": Default(
        _("Subscribers and survey answers"),
        {
            "newsletter": "newsletter-profiles",
            "partner-promotions": "partner-profiles",
            "surveys": "survey-answers",
        },
        Trigger.CONSENT_ENDED,
        "P6Y",
        PROOF,
    ),
    "visitors": Default(
        _("Visitors of the websites"),
        {"website-analytics": "analytics"},
        Trigger.COLLECTION,
        "P12M",
        _("A year lets one season be compared with the one before (Art 5(1)(e))."),
    ),
    "device-logs": Default(
        _("Logs that fraud is found with"),
        {"fraud-screening": "fraud-signals"},
        Trigger.COLLECTION,
        "P90D",
        _("Attacks are found and followed up within three months (Art 5(1)(e))."),
    ),
    "cases": Default(
        _("Requests and complaints"),
        {"rights-requests": "rights-cases"},
        Trigger.CASE_CLOSED,
        "P6Y",
        _("Claims about how a right was answered (Limitation Act 1980 s.9, DPA 2018 s.168)."),
    ),
    "breaches": Default(
        _("The breach log"),
        {"security-and-legal-claims": "breach-log"},
        Trigger.CASE_CLOSED,
        "P6Y",
        _("The regulator may ask how a breach was dealt with (Art 33(5)), and claims can follow for six years."),
    ),
    "claims": Default(
        _("Legal claims"),
        {"security-and-legal-claims": "legal-claims"},
        Trigger.ENDED,
        "P6Y",
        _("Claims under contract and tort (Limitation Act 1980 ss.2 and 5)."),
    ),
    "proof": Default(
        _("Proof that the rules were kept"),
        {"evidence-ledger": "evidence"},
        Trigger.ENDED,
        "P6Y",
        _("Accountability (Art 5(2)) for as long as claims can be brought."),
    ),
}
ELSEWHERE = (
    _("Refusals of marketing are kept for good, as hashes: otherwise the next import would undo them (Art 21(3))."),
    _("Copies of data that wait to be collected go after 90 days at most, evidence of identity with the decision."),
    _("Deeds can be sued upon for twelve years (Limitation Act 1980 s.8): write a rule of your own for them."),
)


@dataclass(frozen=True)
class Offer:
    """A default for one purpose of this register, and the rule that is there already, if one is."""

    key: str
    default: Default
    purpose: Purpose
    slug: str
    category: DataCategory | None
    taken: RetentionRule | None

    def rule(self) -> RetentionRule:
        """The rule as it would be drafted. Not saved."""
        return RetentionRule(
            slug=self.slug,
            purpose=self.purpose,
            category=self.category,
            trigger=self.default.trigger,
            period=self.default.period,
            legal_reason=str(self.default.reason),
            owner=self.purpose.activity.owner[:80],
        )


def offers() -> list[Offer]:
    """Every default for the purposes that are live."""
    live = {purpose.slug: purpose for purpose in Purpose.objects.live().select_related("activity")}
    known = RetentionRule.objects.exclude(status=RetentionRule.Status.RETIRED).select_related("purpose")
    taken = {(rule.purpose_id, rule.trigger, rule.category_id): rule for rule in known}
    return list(_offered(live, taken))


def _offered(live: dict[str, Purpose], taken: dict[tuple[int, str, int | None], RetentionRule]) -> Iterator[Offer]:
    categories = {one.slug: one for one in DataCategory.objects.all()}
    for key, default in DEFAULTS.items():
        category = categories.get(default.category)
        if default.category and category is None:
            continue
        for slug, name in default.purposes.items():
            if purpose := live.get(slug):
                of = (purpose.pk, default.trigger, category.pk if category else None)
                yield Offer(key, default, purpose, name, category, taken.get(of))


@transaction.atomic
def draft_all(*, by: str, now: datetime) -> list[RetentionRule]:
    """Drafts of every default that has no rule yet. Somebody looks at each and puts it in force."""
    return [rules.draft(offer.rule(), by=by, now=now) for offer in offers() if offer.taken is None]
