"""The workflow table (requests/workflow.py) as a page of the documents, with a diagram in Mermaid."""

from requests.workflow import NEXT, OPEN, PAIRS, State

HEAD = """# The life of a request

Which state of the work may follow which. The table in `requests/workflow.py` is the only place that says it: the
buttons of the office, `allowed_moves` of the API, the trigger in the database and this page are made from it. A clock
that has not started, stands still or was extended is no state of its own, because it may be so in any of these.

Write this page anew with `manage.py workflow > docs/workflow.md`; a test compares the two.
"""


def page() -> str:
    return f"{HEAD}\n{mermaid()}\n\n{table()}\n"


def mermaid() -> str:
    """Who begins is received, and whatever is closed can be taken up again."""
    lines = [f'    state "{state.label}" as {state.value}' for state in State]
    lines.append(f"    [*] --> {State.RECEIVED.value}")
    lines += [f"    {old} --> {new}{_why(old)}" for old, new in PAIRS]
    return "\n".join(["```mermaid", "stateDiagram-v2", *lines, "```"])


def table() -> str:
    head = ["| state | what it says | it is | may become |", "|---|---|---|---|"]
    rows = [
        f"| `{state.value}` | {state.label} | {'open' if state in OPEN else 'closed'} | {_names(NEXT[state])} |"
        for state in State
    ]
    return "\n".join([*head, *rows])


def _why(old: str) -> str:
    return "" if State(old) in OPEN else ": taken up again"


def _names(after: set[State]) -> str:
    return ", ".join(f"`{state.value}`" for state in State if state in after)
