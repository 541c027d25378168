"""Where apps that may not import each other meet: rights ask the retention rules whether a period has run."""

from processing.models import Purpose
from requests import rights
from retention.models import RetentionRule, Trigger
from retention.rules import cutoff


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


def join() -> None:
    rights.register_term(term_over)
