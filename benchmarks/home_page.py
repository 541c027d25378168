"""The office's home page with many people and cases, against the same page with few (benchmarks/pages.py)."""

from benchmarks import pages
from benchmarks.measure import Plan, Result


def run(plan: Plan) -> Result:
    return pages.run("home_page", plan)
