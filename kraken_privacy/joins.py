"""Where apps that may not import each other meet: rights ask the retention rules whether a period has run, and rules
about closed cases find the files of those who keep them.
"""

from functools import partial

from dateutil.relativedelta import relativedelta
from django.db.models import Count, Max, OuterRef, Q, Subquery
from django.utils.translation import gettext_lazy as _

from breaches import expiry as breaches
from processing.models import Purpose
from requests import expiry, rights
from retention import cases
from retention.models import RetentionRule, Trigger
from retention.rules import cutoff, length
from subjects import blocks


def term_over(purpose: Purpose, facts: rights.Facts) -> bool | None:
    """Whether every active rule of the purpose has run out, counted from what has ended. None when none can say."""
    dates = {
        Trigger.CONTRACT_END: facts.contract_ended_on,
        Trigger.APPLICATION_CLOSED: facts.application_closed_on,
        Trigger.ENDED: facts.contract_ended_on,
    }
    active = RetentionRule.objects.filter(purpose=purpose, status=RetentionRule.Status.ACTIVE)
    known = [(rule, dates.get(Trigger(rule.trigger))) for rule in active]
    over = [ended < cutoff(rule, facts.today) for rule, ended in known if ended]
    return all(over) if over else None


def term_of_cases(purpose: str) -> relativedelta | None:
    """How long after its closing the rule in force lets go of a case file of this purpose; None without a rule."""
    active = RetentionRule.objects.filter(status=RetentionRule.Status.ACTIVE, trigger=Trigger.CASE_CLOSED)
    whole = active.filter(purpose__slug=purpose, category=None, action=RetentionRule.Action.ERASE)
    rule = whole.order_by("pk").first()
    return length(rule) if rule else None


def last_case_closed() -> Subquery:
    """Inside a query of rows with a subject: the day its last case was closed; none while one is open."""
    mine = expiry.kept_cases().filter(subject=OuterRef("subject")).order_by().values("subject")
    closed = mine.annotate(n_open=Count("pk", filter=Q(closed_at=None)), last=Max("since"))
    return Subquery(closed.filter(n_open=0).values("last"))


def join() -> None:
    rights.register_term(term_over)
    expiry.register_term(partial(term_of_cases, expiry.PURPOSE))
    breaches.register_rule(lambda: term_of_cases(breaches.PURPOSE) is not None)
    requests_and_complaints = cases.CaseFiles(
        purpose=expiry.PURPOSE,
        label=_("Files of requests and complaints"),
        rows=expiry.kept_cases,
        expire=expiry.expire_these,
        expire_again=expiry.expire_again,
        person=last_case_closed,
        waits=blocks.frozen,
    )
    cases.register(requests_and_complaints)
    cases.register(
        cases.CaseFiles(
            purpose=breaches.PURPOSE,
            label=_("What was written about breaches"),
            rows=breaches.kept_breaches,
            expire=breaches.expire_these,
            expire_again=breaches.expire_again,
        )
    )
