"""Checking a certificate with nothing but the published keys: no database, no network. Pure."""

import json
from collections.abc import Mapping
from typing import Any

import rfc8785

from core.errors import DomainError
from ledger import merkle, signing
from retention.certificate import COUNTS, TYPE

COUNTED = [name for name in COUNTS if name != "batches"]
SEAL = "kraken-seal"


def check(text: str, *, published: Mapping[str, Any] | None = None) -> tuple[dict[str, Any], list[str]]:
    """What was signed, and what is wrong with it. Takes the downloaded file or the bare JWS. Raises BadSignature.

    `published`: the content of /.well-known/jwks.json; without it, the keys of this installation.
    """
    shown, token = _parts(text)
    signed = json.loads(signing.verify(token, typ=TYPE, published=published))
    problems = ["The text beside the signature is not what was signed."] if shown not in (None, signed) else []
    try:
        problems += _counts(signed) + _ledger(signed, published)
    except (KeyError, TypeError, ValueError):
        problems.append("The certificate is not in a form that this version knows.")
    return signed, problems


def _parts(text: str) -> tuple[dict[str, Any] | None, str]:
    try:
        file = json.loads(text)
        return file["certificate"], file["jws"]
    except ValueError:
        return None, text.strip()
    except (KeyError, TypeError) as error:
        raise signing.BadSignature from error


def _counts(signed: dict[str, Any]) -> list[str]:
    """Every batch is of this run, canonical, in the root, and together they are the total."""
    bodies = signed["batches"]
    batches, total = [json.loads(body) for body in bodies], json.loads(signed["run_entry"])
    problems = []
    if any(rfc8785.dumps(batch).decode() != body for batch, body in zip(batches, bodies, strict=True)):
        problems.append("A batch is not in canonical form.")
    if any(batch["object"] != signed["jti"] or batch["kind"] != "retention.batch" for batch in batches):
        problems.append("A batch is of another run.")
    if len({batch["id"] for batch in batches}) != len(batches):
        problems.append("A batch is there twice.")
    if merkle.root_of(merkle.leaf(body.encode()) for body in bodies).hex() != signed["batches_root"]:
        problems.append("The batches do not make the root.")
    sums = {name: sum(batch["data"][name] for batch in batches) for name in COUNTED} | {"batches": len(batches)}
    if sums != signed["counts"] or sums != {name: total["data"][name] for name in COUNTS}:
        problems.append("The counts of the batches do not add up to the total.")
    if total["object"] != signed["jti"] or total["kind"] != "retention.run":
        problems.append("The ledger's entry is of another run.")
    return problems


def _ledger(signed: dict[str, Any], published: Mapping[str, Any] | None) -> list[str]:
    """The entry of the run is in a seal that we signed."""
    proof = signed["ledger"]
    if proof is None:
        return []
    seal = proof["seal"]
    try:
        body = signing.verify(seal["jws"], typ=SEAL, published=published).decode()
    except DomainError:
        return ["The seal is not signed by these keys."]
    leaf, sealed = merkle.leaf(signed["run_entry"].encode()), json.loads(body)
    path = [bytes.fromhex(sibling) for sibling in proof["path"]]
    if merkle.is_included(leaf, proof["index"], sealed["count"], path, bytes.fromhex(sealed["root"])):
        return []
    return ["The ledger's seal does not hold the run."]
