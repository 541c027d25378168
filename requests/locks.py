"""The order in which the rows of a case are taken: its requests, the oldest first, and then the case.

Whoever answers takes the request first, and the case last, when the request closes: the other way round, two who work
on one case would wait for each other for ever.
"""

from requests.models import CaseFile, RightsRequest


def take(case: int) -> CaseFile:
    """A case (its primary key) with all its requests, inside the caller's transaction."""
    list(RightsRequest.objects.select_for_update().filter(case=case).order_by("pk").values_list("pk"))
    return CaseFile.objects.select_for_update(of=("self",)).select_related("rule_set").get(pk=case)
