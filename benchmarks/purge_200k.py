"""The same as `purge` with 200,000 people and 1,000,000 items, half of them due. Loading takes minutes."""

from benchmarks.measure import Plan, Result
from benchmarks.purge import measured


def run(_plan: Plan) -> Result:
    return measured("purge_200k", 100_000)
