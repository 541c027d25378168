"""Rules over the same data: each lets go what it finds due, whatever another keeps longer. So the shortest decides.

Nothing is refused: a shorter rule beside a longer one may be meant. Whoever writes one, or puts it in force, is told.
"""

from datetime import date

from django.utils.translation import gettext as _

from retention.due import TAKES
from retention.models import RetentionRule
from retention.rules import length


def sentences(rule: RetentionRule) -> list[str]:
    """What this rule takes that another in force keeps longer, and what another takes that this one keeps, in words."""
    others = RetentionRule.objects.filter(purpose=rule.purpose_id, status=RetentionRule.Status.ACTIVE)
    found = []
    for other in others.exclude(slug=rule.slug).select_related("category").order_by("slug"):
        named = {"rule": other.slug, "mine": rule.after, "theirs": other.after}
        if _takes_first(rule, other):
            found.append(
                _(
                    "It takes %(what)s after %(mine)s, and the rule “%(rule)s” keeps it for %(theirs)s: then that one"
                    " keeps nothing. Give this rule the categories that it is for, one rule each, or a longer time."
                )
                % {**named, "what": _what(other)}
            )
        elif _takes_first(other, rule):
            found.append(
                _(
                    "The rule “%(rule)s” takes %(what)s after %(theirs)s already: then this one, with %(mine)s, keeps"
                    " nothing. Give that rule the categories that it is for, one rule each, or a longer time."
                )
                % {**named, "what": _what(rule)}
            )
    return found


def _takes_first(one: RetentionRule, other: RetentionRule) -> bool:
    """Whether `one` deletes what `other` is about before its time is over, if both count from about the same day."""
    if one.action not in TAKES or one.category_id not in (None, other.category_id):
        return False
    # Of a month that is not short.
    begin = date(2000, 1, 1)
    return begin + length(one) < begin + length(other)


def _what(rule: RetentionRule) -> str:
    label = rule.category.label if rule.category else ""
    return f"“{label}”" if label else _("everything that the purpose holds")
