"""After a change of keys everything moves to the first of them, and the old one may leave the setting."""

import json
from io import StringIO
from uuid import uuid4

import pytest
from allauth.mfa.models import Authenticator
from django.core.management import CommandError, call_command

from consents import answers, opt_in, pending
from consents.models import ConsentForm
from core import keys, vault
from core.models import DataKey, Owner, User
from requests.models import CaseFile
from staff.sealing import seal, unseal
from subjects import identifiers, items, people
from subjects.identifiers import Claim
from tests import make_consents
from tests import make_office as make
from tests.make_consents import NOW
from tests.plugin import key_ring

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def fresh_keys():
    yield
    keys.keyring.cache_clear()


def change(settings, ring, letter):
    """A new key in front; what is left when the old one goes."""
    old = getattr(settings, ring)
    new = key_ring(letter).replace("t1:", "t2:")
    setattr(settings, ring, f"{new},{old}")
    keys.keyring.cache_clear()

    def drop():
        setattr(settings, ring, new)
        keys.keyring.cache_clear()

    return drop


def told(action):
    out, err = StringIO(), StringIO()
    call_command("keys", action, stdout=out, stderr=err)
    return out.getvalue(), err.getvalue()


def test_rewrap_lets_the_old_master_key_go(settings):
    make.register()
    one = make.person("newsletter")
    user = User.objects.create(username="officer")
    step = Authenticator.objects.create(user=user, type="totp", data={"secret": seal("JBSWY3DP"), "n": 1})
    stored = DataKey.objects.count()
    drop = change(settings, "MASTER_KEYS", "x")
    assert json.loads(told("status")[0])["data_keys"] == {"t1": stored}
    out, err = told("rewrap")
    assert f"{stored} data keys and 1 second steps" in out
    assert not err
    drop()
    assert set(items.contents(one.items.all()).values())
    step.refresh_from_db()
    assert unseal(step.data["secret"]) == "JBSWY3DP"
    assert "0 data keys and 0 second" in told("rewrap")[0]


def test_what_was_wrapped_under_a_lost_key_is_counted_and_left(settings):
    vault.create_key(Owner.ITEM, uuid4())
    drop = change(settings, "MASTER_KEYS", "x")
    drop()
    assert "1 data keys are under master keys that are not in MASTER_KEYS" in told("rewrap")[1]
    assert DataKey.objects.get().master_key == "t1"


def test_reblind_lets_the_old_blind_index_key_go(settings, mailoutbox):
    make.register()
    make.person("newsletter")
    make.confirmed("access", mailbox=mailoutbox)
    drop = change(settings, "BLIND_INDEX_KEYS", "y")
    told("reblind")
    found = json.loads(told("status")[0])
    assert (found["identifiers"], found["words_of_names"]) == (0, 0)
    drop()
    grace = Claim("email", "grace@example.com")
    assert people.find([grace])
    assert CaseFile.objects.filter(claim_blind=grace.blind).exists()


def test_an_erasure_finds_what_waits_before_while_and_after_identifiers_move(settings):
    make_consents.published()
    for letter in "abc":
        make_consents.captured(f"{letter}@example.com", choices={"newsletter-email": False})
    ConsentForm.objects.update(double_opt_in=True)
    wait("a@example.com", "b@example.com")
    drop = change(settings, "BLIND_INDEX_KEYS", "y")
    wait("c@example.com")
    assert pending.forget_people([person("c@example.com")]) == 1
    assert "2 unconfirmed answers were indexed anew" in told("reblind")[0]
    assert pending.forget_people([person("a@example.com")]) == 1
    drop()
    assert pending.forget_people([person("b@example.com")]) == 1


def wait(*emails):
    for email in emails:
        data = make_consents.body(email)
        opt_in.ask(answers.read(data, now=NOW), data, now=NOW, actor="test")


def person(email):
    return people.find([Claim("email", email)]).pk


def test_what_somebody_has_locked_is_said_and_fails(settings, monkeypatch):
    make.register()
    make.person("newsletter")
    change(settings, "BLIND_INDEX_KEYS", "y")
    monkeypatch.setattr(identifiers, "reblind", lambda: 0)
    with pytest.raises(CommandError, match="identifiers were in use"):
        told("reblind")
