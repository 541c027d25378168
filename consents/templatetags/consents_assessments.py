"""{% assessed version as found %}: where the assessment of a purpose stands, on the register's own page."""

from typing import Any

from django import template
from django.utils import timezone

from consents import assessments_overview
from consents.assessments_facts import ASSESSED
from consents.office_assessments_pages import verdict
from core.models import Controller
from processing.models import PurposeVersion

register = template.Library()


@register.simple_tag
def assessed(version: PurposeVersion) -> dict[str, Any] | None:
    """Nothing for a purpose that rests on something else."""
    today = timezone.now().astimezone(Controller.current().zone).date()
    line = assessments_overview.line(version.purpose, today) if version.basis in ASSESSED else None
    if line is None:
        return None
    return {"line": line, "screening": verdict(line.governing) if line.governing else None}
