"""Words for the pages of staff."""

import re

from django import template
from django.utils.translation import gettext as _

register = template.Library()
# In this order: the later ones also name the earlier ones' engines.
BROWSERS = {"Edg": "Edge", "OPR": "Opera", "Firefox": "Firefox", "Chrom": "Chrome", "Safari": "Safari"}
SYSTEMS = {
    "iPhone": "iPhone", "iPad": "iPad", "Android": "Android", "Windows": "Windows", "Mac OS": "Mac", "Linux": "Linux",
}  # fmt: skip


@register.filter
def device(user_agent: str) -> str:
    """ "Firefox on Windows", as well as a browser's own words tell."""
    browser = next((name for sign, name in BROWSERS.items() if re.search(sign, user_agent)), "")
    system = next((name for sign, name in SYSTEMS.items() if sign in user_agent), "")
    if browser and system:
        return _("%(browser)s on %(system)s") % {"browser": browser, "system": system}
    return browser or system or user_agent[:80] or _("Unknown device")
