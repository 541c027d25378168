"""References people read out on the telephone: KP-XXXX-XXXX without letters or digits that look or sound alike.

They are random, so that nobody learns from their own how many requests there are.
"""

import re
import secrets

ALPHABET = "23456789BCDFGHJKMNPQRSTVWXZ"
_NOISE = re.compile(r"[^0-9A-Z]")


def fresh() -> str:
    """A new reference: 27^8 possibilities, and the column is unique."""
    letters = "".join(secrets.choice(ALPHABET) for _ in range(8))
    return f"KP-{letters[:4]}-{letters[4:]}"


def tidy(text: str) -> str:
    """The reference a person meant: case, spaces and dashes do not matter. Empty when it cannot be one."""
    letters = _NOISE.sub("", text.upper()).removeprefix("KP")
    if len(letters) != 8 or not set(letters) <= set(ALPHABET):
        return ""
    return f"KP-{letters[:4]}-{letters[4:]}"
