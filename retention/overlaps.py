"""Rules over the same data: each lets go what it finds due, whatever another keeps longer. So the first decides.

Nothing is refused: a shorter rule beside a longer one may be meant. Whoever writes one, or puts it in force, is told.
Which of two is the first can be said where both count from the same day; otherwise only that it is one of them.
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
        if rule.trigger != other.trigger:
            if _takes(rule, other) or _takes(other, rule):
                found.append(_whichever(rule, other))
        elif _takes(rule, other) and _is_before(rule, other):
            found.append(
                _(
                    "It takes %(what)s after %(mine)s, and the rule “%(rule)s” keeps it for %(theirs)s: then that one"
                    " keeps nothing. Give this rule the categories that it is for, one rule each, or a longer time."
                )
                % {**named, "what": _what(other)}
            )
        elif _takes(other, rule) and _is_before(other, rule):
            found.append(
                _(
                    "The rule “%(rule)s” takes %(what)s after %(theirs)s already: then this one, with %(mine)s, keeps"
                    " nothing. Give that rule the categories that it is for, one rule each, or a longer time."
                )
                % {**named, "what": _what(rule)}
            )
    return found


def _whichever(rule: RetentionRule, other: RetentionRule) -> str:
    both = rule if rule.category_id else other
    return _(
        "The rule “%(rule)s” is about %(what)s too and counts from another day: “%(their_day)s” and %(theirs)s, here"
        " “%(my_day)s” and %(mine)s. Whichever comes first decides. If one of them is to keep it longer, give each the"
        " categories that it is for."
    ) % {
        "rule": other.slug,
        "what": _what(both),
        "theirs": other.after,
        "mine": rule.after,
        "their_day": other.get_trigger_display(),
        "my_day": rule.get_trigger_display(),
    }


def _takes(one: RetentionRule, other: RetentionRule) -> bool:
    """Whether `one` deletes what `other` is about."""
    return one.action in TAKES and one.category_id in (None, other.category_id)


def _is_before(one: RetentionRule, other: RetentionRule) -> bool:
    # A fixed date is a day, the others are counted from one: of a month that is not short.
    begin = date(2000, 1, 1)
    return (one.fixed_on or begin) + length(one) < (other.fixed_on or begin) + length(other)


def _what(rule: RetentionRule) -> str:
    label = rule.category.label if rule.category else ""
    return f"“{label}”" if label else _("everything that the purpose holds")
