"""What a person is found by: normalised by versioned rules, sealed under its own key, and found by a blind index.

Rules, version 1 (frozen as vectors in tests/subjects/identifier_vectors.json):

- e-mail: NFKC, invisible characters and spaces around it removed, local part case-folded, domain by UTS 46 (which
  folds its case) to A-labels. Case never tells two mailboxes apart in practice, so the whole address is folded although
  RFC 5321 would let the local part differ. A plus-tag is kept: it may be somebody else's mailbox.
- telephone: E.164; without a country code the controller's region is assumed. An extension is refused, because E.164
  would lose it and colleagues behind one switchboard would become one person.
- customer number: NFKC, without any spaces, upper case. External id, device and cookie: NFKC, trimmed, case kept.

A change of these rules needs a new version: what was blinded under the old one is found under the old one only.
"""

import re
import unicodedata
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any
from uuid import UUID

import idna
import phonenumbers
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from core.errors import Invalid, Text
from core.keys import keyring
from core.models import Owner
from core.vault import Key, keys_of, new_key
from subjects.models import Identifier

RULES_VERSION = 1
FIELD = "value"
REGION = "GB"
MAX_LENGTH = 254
# No part of an address as short as this is too long (RFC 1035 §2.3.4: 63 octets for a label).
_SHORT = 64
Type = Identifier.Type


@dataclass(frozen=True)
class Claim:
    """An identifier as somebody gave it. A claim proves nothing until it is verified."""

    type: str
    value: str
    system: str = ""

    @cached_property
    def normalised(self) -> str:
        return normalise(self.type, self.value, system=self.system)

    @cached_property
    def blind(self) -> bytes:
        return blind(self.type, self.normalised, self.system)

    @cached_property
    def blinds(self) -> list[bytes]:
        """Under every active key: what a look-up tries."""
        return blinds_all_keys(self.type, self.normalised, self.system)

    @property
    def masked(self) -> str:
        """Enough for its owner to know it again, too little to write to it."""
        if self.type == Type.EMAIL:
            local, _at, domain = self.normalised.rpartition("@")
            return f"{local[:1]}…@{domain}"
        return f"…{self.normalised[-2:]}" if len(self.normalised) > 4 else "…"


@dataclass(frozen=True)
class Sealed:
    """A new identifier, ready to be stored: the columns of its row, and its key, both unsaved."""

    uuid: UUID
    type: str
    system: str
    rules_version: int
    sealed: bytes
    blind: bytes
    blind_key: str
    key: Key

    def row(self) -> Identifier:
        """The unsaved row of this identifier, for whoever stores many."""
        columns = (field.name for field in fields(self) if field.name != "key")
        return Identifier(**{name: getattr(self, name) for name in columns})


def normalise(type: str, value: str, *, system: str = "", region: str = REGION) -> str:
    """The one form under which this identifier is stored. Raises Invalid naming the field, never the value."""
    if not isinstance(value, str):
        raise refused(type, _("Give this as text."))
    if type == Type.EMAIL and not system and len(value) <= _SHORT and _PLAIN_EMAIL.fullmatch(value):
        return value.lower()
    text = _trim(unicodedata.normalize("NFKC", value))
    if not text or len(text) > MAX_LENGTH or _has_controls(text):
        raise refused(type, _("This is empty, too long or not text."))
    if (type == Type.EXTERNAL_ID) != bool(system):
        raise refused(type, _("An id in another system, and only that, names its system."))
    match type:
        case Type.EMAIL:
            return _email(text)
        case Type.PHONE:
            return _phone(text, region)
        case Type.CUSTOMER_NUMBER:
            return _stable(text, lambda part: "".join(part.split()).upper())
        case Type.EXTERNAL_ID | Type.DEVICE | Type.COOKIE:
            return text
    raise refused(type, _("This kind of identifier is unknown."))


def refused(type: str, sentence: Text) -> Invalid:
    """The refusal of one part of an identity."""
    return Invalid(sentence, fields={f"identity.{type}": sentence})


def _trim(text: str) -> str:
    """Without spaces and invisible characters around it: they come along when somebody copies an address."""
    start, end = 0, len(text)
    while start < end and _is_padding(text[start]):
        start += 1
    while end > start and _is_padding(text[end - 1]):
        end -= 1
    return text[start:end]


def _has_controls(text: str) -> bool:
    return not text.isprintable() and any(unicodedata.category(char) in {"Cc", "Cs"} for char in text)


def _is_padding(char: str) -> bool:
    return char.isspace() or unicodedata.category(char) == "Cf"


def _stable(text: str, change: Any) -> str:
    """Apply `change` and NFKC until nothing moves: either can undo the other's work."""
    for _round in range(4):
        changed = unicodedata.normalize("NFKC", change(text))
        if changed == text:
            break
        text = changed
    return text


def _email(text: str) -> str:
    local, at, domain = text.rpartition("@")
    local = _stable(local, str.casefold)
    impossible = not at or not _is_dot_atom(local) or len(local.encode()) > 64
    try:
        ascii_domain = _a_labels(domain.rstrip("."))
    except (idna.IDNAError, UnicodeError):
        impossible = True
        ascii_domain = ""
    if impossible or "." not in ascii_domain or len(local.encode()) + len(ascii_domain) > MAX_LENGTH - 1:
        raise refused(Type.EMAIL, _("This is not a possible e-mail address."))
    return f"{local}@{ascii_domain}"


def _a_labels(domain: str) -> str:
    """UTS 46 also decides the folding of the domain: "straße" and "strasse" are two registrations."""
    if len(domain) <= MAX_LENGTH and _PLAIN_DOMAIN.fullmatch(domain):
        return domain.lower()
    return idna.encode(domain, uts46=True, std3_rules=True).decode()


# Letters, digits and single hyphens: what IDNA leaves as it is but for its case. Nearly every domain, ten times faster.
_PLAIN_LABEL = r"[A-Za-z0-9](?:-?[A-Za-z0-9]){0,31}"
_PLAIN_DOMAIN = re.compile(rf"{_PLAIN_LABEL}(?:\.{_PLAIN_LABEL})+")
# Of the whole address, what all the rules together leave as it is but for its case.
# The quantifiers are possessive: after each part only one thing can follow, so there is nothing to go back to.
_PLAIN_ATOM, _SHORT_LABEL = r"[A-Za-z0-9_+-]++", r"[A-Za-z0-9]++(?:-[A-Za-z0-9]++)*+"
_PLAIN_EMAIL = re.compile(rf"{_PLAIN_ATOM}(?:\.{_PLAIN_ATOM})*+@{_SHORT_LABEL}(?:\.{_SHORT_LABEL})++")


def _is_dot_atom(local: str) -> bool:
    """RFC 5322 §3.2.3, with RFC 6531's characters. Quoted local parts are refused: almost always they are mistakes."""
    return all(local.split(".")) and not any(
        char in '()<>[]:;@\\,"' or char.isspace() or unicodedata.category(char)[0] in "CZ" for char in local
    )


def _phone(text: str, region: str) -> str:
    if british := _PLAIN_BRITISH.fullmatch(text.replace(" ", "")):
        trunk, number = british.groups()
        if trunk == "+44" or region == "GB":
            return f"+44{number}"
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException as error:
        raise refused(Type.PHONE, _("This is not a possible telephone number.")) from error
    if number.extension:
        raise refused(Type.PHONE, _("Leave out the extension: it would name everybody behind one number."))
    if not phonenumbers.is_possible_number(number):
        raise refused(Type.PHONE, _("This is not a possible telephone number."))
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


# Ten digits behind the trunk prefix or the country's code: what all the rules together make of it is certain, and they
# take twelve times as long.
_PLAIN_BRITISH = re.compile(r"(0|\+44)([1-9][0-9]{9})")


def text_of(type: str, normalised: str, system: str = "") -> bytes:
    """What is hashed of an identifier, for a blind index and for a suppression alike."""
    return f"{type}|{system}|{normalised}".encode()


def texts_of(type: str, values: Iterable[str], *, system: str = "") -> list[bytes | None]:
    """The same of many as they were typed, in their order; nothing of what is no possible identifier."""
    is_plain = _PLAIN_EMAIL.fullmatch if type == Type.EMAIL and not system else None
    start = text_of(type, "", system).decode()
    return [
        f"{start}{value.lower()}".encode()
        if is_plain and len(value) <= _SHORT and is_plain(value)
        else _possible(type, value, system)
        for value in values
    ]


def _possible(type: str, value: str, system: str) -> bytes | None:
    try:
        return text_of(type, normalise(type, value, system=system), system)
    except Invalid:
        return None


def blind(type: str, normalised: str, system: str = "") -> bytes:
    """The blind index under the current key."""
    return keyring("BLIND_INDEX_KEYS").mac(text_of(type, normalised, system))


def blinds_all_keys(type: str, normalised: str, system: str = "") -> list[bytes]:
    """The blind index under every active key, the current one first."""
    ring = keyring("BLIND_INDEX_KEYS")
    return [ring.mac(text_of(type, normalised, system), key_id) for key_id in ring.keys]


def suppression_hash(type: str, normalised: str, system: str = "") -> bytes:
    """The keyed hash that survives erasure, for suppression and tombstones, under the current key."""
    return keyring("SUPPRESSION_KEYS").mac(text_of(type, normalised, system))


def suppression_hashes(type: str, normalised: str, system: str = "") -> list[bytes]:
    """The same under every active key: what a look-up tries."""
    ring = keyring("SUPPRESSION_KEYS")
    return [ring.mac(text_of(type, normalised, system), key_id) for key_id in ring.keys]


def seal(claim: Claim) -> Sealed:
    """A new identifier and its key, both unsaved, for whoever stores them."""
    key = new_key(Owner.IDENTIFIER, uuid.uuid4())
    return Sealed(
        uuid=key.owner_id,
        type=claim.type,
        system=claim.system,
        rules_version=RULES_VERSION,
        sealed=key.seal(FIELD, claim.normalised.encode()),
        blind=claim.blind,
        blind_key=keyring("BLIND_INDEX_KEYS").current,
        key=key,
    )


def reveal(identifiers: Iterable[Identifier]) -> dict[int, str]:
    """The readable values by primary key, in one query for the keys; absent where the key has been destroyed."""
    rows = list(identifiers)
    keys = keys_of(Owner.IDENTIFIER, (row.uuid for row in rows))
    return {row.pk: keys[row.uuid].open(FIELD, bytes(row.sealed)).decode() for row in rows if row.uuid in keys}


@transaction.atomic
def reblind(*, limit: int = 1000) -> int:
    """Move up to `limit` identifiers from an older blind-index key to the current one; returns how many moved.

    Repeat until it answers 0, then the old key may leave the setting.
    """
    current = keyring("BLIND_INDEX_KEYS").current
    old = Identifier.objects.exclude(blind_key=current).order_by("pk")
    # Whoever erases never waits for this, nor it for them.
    rows = list(old.select_for_update(skip_locked=True)[:limit])
    values = reveal(rows)
    for row in rows:
        if row.pk in values:
            row.blind = blind(row.type, values[row.pk], row.system)
            row.blind_key = current
    moved = [row for row in rows if row.pk in values]
    Identifier.objects.bulk_update(moved, ["blind", "blind_key"])
    return len(moved)


def parse_identity(identity: Mapping[str, Any]) -> list[Claim]:
    """The API's `identity` object as claims, the e-mail address first. Raises Invalid naming every part at fault."""
    if not isinstance(identity, Mapping):
        raise Invalid(fields={"identity": _("Give an object.")})
    errors: dict[str, Text] = {
        f"identity.{name}": _("This is not a part of an identity.") for name in identity if name not in _PARTS
    }
    claims: list[Claim] = []
    for name in _PARTS:
        if identity.get(name) is None:
            continue
        try:
            claim = _claim(name, identity[name])
            claim.normalised  # noqa: B018 - raises Invalid when impossible
            claims.append(claim)
        except Invalid as error:
            errors.update(error.fields)
    if not claims and not errors:
        errors["identity"] = _("Give at least one of e-mail, phone, customer number or external id.")
    if errors:
        raise Invalid(fields=errors)
    return claims


_PARTS: Sequence[str] = [Type.EMAIL.value, Type.CUSTOMER_NUMBER.value, Type.EXTERNAL_ID.value, Type.PHONE.value]


def _claim(name: str, value: Any) -> Claim:
    if name != Type.EXTERNAL_ID:
        return Claim(name, value)
    if (
        not isinstance(value, Mapping)
        or not isinstance(value.get("system"), str)
        or not isinstance(value.get("id"), str)
    ):
        raise refused(name, _("Give an object with system and id."))
    system = value["system"].strip()
    if not system or len(system) > 50 or not system.replace("-", "").replace("_", "").isalnum() or not system.isascii():
        raise refused(f"{name}.system", _("Name the system by its short name."))
    return Claim(name, value["id"], system)
