"""How long parts of a case are kept: said on its page, and obeyed for everything that is sealed."""

import inspect
from datetime import date

import pytest
from django.apps import apps
from django.db.models import BinaryField
from django.urls import reverse

from requests import answer, expiry
from tests import make_office as make
from tests import make_staff

pytestmark = pytest.mark.django_db
# Of these nothing can be read back: they only recognise.
RECOGNISE = {"claim_blind", "confirm_hash", "token_hash", "code_mac"}


def test_the_page_says_what_is_destroyed_when(mailoutbox):
    make.register()
    make.person("newsletter")
    case = make.confirmed("access", mailbox=mailoutbox)
    request = case.requests.get()
    assert [kept.until for kept in expiry.kept(case)] == [None]
    answer.release_access(request, actor=make.OFFICER, now=make.NOW)
    case.refresh_from_db()
    assert [kept.until for kept in expiry.kept(case)] == [date(2032, 11, 22), date(2027, 2, 20)]
    client = make_staff.client_of(make_staff.account("officer", "dpo"))
    page = client.get(reverse("admin:rights-request", args=[request.uuid])).text
    assert "will be destroyed on Monday 22 November 2032" in page
    assert "will be destroyed on Saturday 20 February 2027" in page
    expiry.expire_case(case, now=make.NOW)
    case.refresh_from_db()
    assert expiry.kept(case) == []


def test_whatever_is_sealed_in_a_case_goes_with_it():
    """Each table with sealed words is named where a case is forgotten, or hangs on a row that goes there."""
    source = inspect.getsource(expiry)
    for model in apps.get_app_config("requests").get_models():
        sealed = [field.name for field in model._meta.fields if isinstance(field, BinaryField)]
        if set(sealed) <= RECOGNISE:
            continue
        parents = {field.related_model.__name__ for field in model._meta.fields if field.many_to_one}
        names = {model.__name__} | (parents - {"CaseFile", "RightsRequest", "Complaint", "System", "Purpose"})
        assert any(name in source for name in names), model.__name__
