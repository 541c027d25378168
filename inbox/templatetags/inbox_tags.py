"""Mail on pages of other apps: the case it belongs to, and Today. Those apps stand below and cannot ask for it."""

from typing import Any

from django import template
from django.contrib.auth.models import AnonymousUser

from core.models import User
from inbox import lists
from inbox.models import Mail
from inbox.rules import LABELS
from requests.models import CaseFile

register = template.Library()
HEAD = 6


@register.filter
def reason_in_words(code: str) -> str:
    return str(LABELS.get(code, code))


@register.simple_tag
def case_mail(case: CaseFile, user: User | AnonymousUser) -> list[Mail]:
    """What came about this case, oldest first."""
    rows = Mail.objects.visible_to(user).defer("raw", "digest").filter(case=case)
    return list(rows.order_by("pk")[:50])


@register.simple_tag
def waiting_mail(user: User | AnonymousUser) -> dict[str, Any]:
    """What is to be sorted or read, as far as this user may see it."""
    rows, has_more = lists.head(user, HEAD)
    return {"rows": rows, "has_more": has_more, "others": lists.others(user)}
