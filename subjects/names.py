"""Finding people by words of their name, without storing a readable word.

Each word of an item of the category "name" is kept as a keyed hash that leads to the item and goes with it. Words lose
their case, their accents and their apostrophes; hyphens divide. Whoever searches must name whole words.
"""

import json
import unicodedata
from collections.abc import Iterator
from typing import Any

from django.db.models import QuerySet

from core.keys import keyring
from core.models import Owner
from core.vault import keys_of
from subjects.models import DataSubject, NameToken, PersonalDataItem

CATEGORY = "name"
FIELD = "content"
LEAST, MOST = 2, 20
APOSTROPHES = frozenset("'`\u2019\u02bc\u00b4")


def words(text: str) -> list[str]:
    """The words of a name in their order, each once, as they are compared."""
    plain = "".join(
        "" if unicodedata.combining(char) or char in APOSTROPHES else char
        for char in unicodedata.normalize("NFKD", text).casefold()
    )
    parted = "".join(char if char.isalnum() else " " for char in plain).split()
    return [word for word in dict.fromkeys(parted) if len(word) >= LEAST][:MOST]


def token(word: str, key_id: str | None = None) -> bytes:
    """The keyed hash of a word that `words` gave. The prefix keeps it apart from the blind index of identifiers."""
    return keyring("BLIND_INDEX_KEYS").mac(f"name-word||{word}".encode(), key_id)


def remember(item: PersonalDataItem, content: str) -> None:
    """Store the words of this item, inside the caller's transaction."""
    NameToken.objects.bulk_create(tokens(item, content), ignore_conflicts=True)


def tokens(item: PersonalDataItem, content: str) -> list[NameToken]:
    """The unsaved rows of the words of this item, for whoever stores them."""
    current = keyring("BLIND_INDEX_KEYS").current
    found = words(" ".join(_texts(content)))
    return [NameToken(item=item, token=token(word), token_key=current) for word in found]


def people_named(text: str) -> QuerySet[DataSubject]:
    """Everybody whose name has all of these words. Nobody when there is none to look for."""
    wanted = words(text)
    found = DataSubject.objects.all() if wanted else DataSubject.objects.none()
    for word in wanted:
        hashes = [token(word, key_id) for key_id in keyring("BLIND_INDEX_KEYS").keys]
        holders = NameToken.objects.filter(token__in=hashes)
        found = found.filter(pk__in=holders.values("item__subject"))
    return found.order_by("pk")


def reindex(*, limit: int = 1000) -> int:
    """Index up to `limit` names that have no word under the current key yet; returns how many were looked at.

    After a change of keys, and once for what was taken in before names were indexed. Repeat until it answers 0.
    """
    current = keyring("BLIND_INDEX_KEYS").current
    rows = PersonalDataItem.objects.filter(category__slug=CATEGORY).exclude(name_tokens__token_key=current)
    items = list(rows.order_by("pk")[:limit])
    keys = keys_of(Owner.ITEM, (item.uuid for item in items))
    done = 0
    for item in items:
        NameToken.objects.filter(item=item).delete()
        if item.uuid in keys:
            remember(item, keys[item.uuid].open(FIELD, bytes(item.sealed)).decode())
            done += NameToken.objects.filter(item=item).exists()
    return done


def _texts(content: str) -> Iterator[str]:
    """Every text in the content, which is JSON; anything else is a name as it stands."""
    try:
        yield from _inside(json.loads(content))
    except ValueError:
        yield content


def _inside(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for part in value.values():
            yield from _inside(part)
    elif isinstance(value, list):
        for part in value:
            yield from _inside(part)
