"""The request log as a spreadsheet: what came when, what was due, how it ended. Nobody's data is in it."""

import csv
from collections.abc import Iterator

from django.db.models import QuerySet

from core.models import Controller
from imports.reading import write_cell
from imports.staging import Echo
from requests.models import RightsRequest
from requests.workflow import CLOSED

COLUMNS = (
    *("reference", "right", "channel", "received_on", "due_on", "state", "outcome"),
    *("answered_on", "days_taken", "days_late", "is_test"),
)


def request_log(requests: QuerySet[RightsRequest]) -> Iterator[str]:
    """CSV text line by line, the oldest request first. References from elsewhere stay out: some are names."""
    zone = Controller.current().zone
    writer = csv.writer(Echo())
    yield "\ufeff" + writer.writerow(COLUMNS)
    for row in requests.select_related("case").order_by("case__received_on", "pk").iterator(chunk_size=500):
        answered = row.answered_at.astimezone(zone).date() if row.answered_at and row.state in CLOSED else None
        late = (answered - row.due_on).days if answered and row.due_on else 0
        cells = [
            row.reference,
            row.right,
            row.case.channel,
            row.case.received_on.isoformat(),
            row.due_on.isoformat() if row.due_on else "",
            row.state,
            row.state if answered else "",
            answered.isoformat() if answered else "",
            (answered - row.case.received_on).days if answered else "",
            max(late, 0) if answered else "",
            "yes" if row.case.is_test else "no",
        ]
        yield writer.writerow([write_cell(str(cell)) for cell in cells])
