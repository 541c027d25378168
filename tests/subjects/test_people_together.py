"""Capturing, verifying, blocking and erasing the same few people at once: refusals are fine, orphans are not."""

import random
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, transaction

from core.errors import DomainError
from core.models import DataKey, Owner
from subjects import blocks, erasure, people
from subjects.models import Identifier, PersonalDataItem
from tests import make_subjects as make

pytestmark = pytest.mark.django_db(transaction=True)
EXPECTED = {"not-found", "ambiguous-identity", "busy"}


def claims(dice):
    known = [make.email(f"p{dice.randrange(3)}@example.com")]
    known += [make.number(f"C-{dice.randrange(4)}")] if dice.random() < 0.5 else []
    return dice.sample(known, len(known))


def capture(dice, two):
    with transaction.atomic():
        make.item(make.person(*claims(dice)), dice.choice(two).slug)


def verify(dice, two):
    named = claims(dice)
    if person := people.find(named):
        people.verify_identifier(person, named[0], how="mail", now=make.NOW, actor=make.ACTOR)


def block(dice, two):
    if person := people.find(claims(dice)):
        blocks.place(person, kind="hold", placed_for=person.uuid, now=make.NOW, actor=make.ACTOR)
        blocks.release(person.uuid, now=make.NOW, actor=make.ACTOR)


def end(dice, two):
    person = people.find(claims(dice))
    if person:
        pairs = [(person.pk, purpose.pk) for purpose in two]
        with transaction.atomic():
            erasure.end_needs(erasure.needs_of(person, two), now=make.NOW, pairs=pairs)


def work(seed, two):
    dice = random.Random(seed)  # noqa: S311
    refused = set()
    try:
        for _step in range(25):
            step = dice.choice([capture, capture, verify, block, end, end])
            try:
                step(dice, two)
            except DomainError as error:
                refused.add(error.code)
    finally:
        connection.close()
    return refused


def test_nothing_deadlocks_and_nothing_is_orphaned(monkeypatch):
    for name in ("_guards", "_cleaners"):
        monkeypatch.setattr(erasure, name, [])
    two = make.purposes("customer-support", "service-notices")
    with ThreadPoolExecutor(5) as pool:
        refused = [job.result(timeout=120) for job in [pool.submit(work, seed, two) for seed in range(5)]]
    assert set().union(*refused) <= EXPECTED
    assert not Identifier.objects.filter(subject_links=None).exists()
    for owner, model in ((Owner.IDENTIFIER, Identifier), (Owner.ITEM, PersonalDataItem)):
        keys = DataKey.objects.filter(owner=owner).values_list("owner_id", flat=True)
        assert set(keys) == set(model.objects.values_list("uuid", flat=True))
