"""{% next_steps work rights_request today %}: what is to be done next, above everything else on the page.

{% complaint_next complaint letters today %}: the same of a complaint.

{% case_panels work rights_request may_write left_out_before as panels %}: the parts of the page.
"""

from datetime import date
from typing import Any

from django import template

from requests import complaint_panels, next_step, panels
from requests.casework import Work
from requests.models import Complaint, Exemption, Letter, RightsRequest

register = template.Library()


@register.inclusion_tag("requests/office/_next.html")
def next_steps(work: Work, rights_request: RightsRequest, today: date) -> dict[str, Any]:
    return {"steps": next_step.of(rights_request, work, today=today)}


@register.inclusion_tag("requests/office/_next.html")
def complaint_next(complaint: Complaint, letters: list[Letter], today: date) -> dict[str, Any]:
    return {"steps": complaint_panels.next_steps(complaint, letters, today=today)}


@register.simple_tag
def case_panels(
    work: Work, rights_request: RightsRequest, may_write: bool, before: list[Exemption]
) -> list[panels.Panel]:
    return panels.of(rights_request, work, may_write=may_write, left_out_before=len(before))
