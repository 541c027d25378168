"""The office's queue page with 200,000 cases, against the same page with 2,000 (benchmarks/pages.py)."""

from benchmarks import pages
from benchmarks.measure import Plan, Result


def run(plan: Plan) -> Result:
    return pages.run_sized("queue_page", plan, few=(1_000, 2_000), many=(1_000, 200_000))
