"""A run that its worker left open is taken up within minutes, not in the next night."""

from datetime import timedelta

import pytest
from django.utils import timezone

from retention.models import Run
from retention.runs import join
from retention.tasks import resume
from subjects.models import PersonalDataItem
from tests.make_retention import item, person, rule

pytestmark = pytest.mark.django_db


def left_open(minutes):
    now = timezone.now()
    item(person(), ["newsletter"], now.date() - timedelta(days=800))
    made = rule(trigger="collection", period="P12M")
    began = now - timedelta(minutes=minutes)
    return join(made, as_of=now.date(), cutoff=now.date() - timedelta(days=365), now=began)


def test_an_abandoned_run_is_finished():
    run = left_open(minutes=30)
    resume()
    run.refresh_from_db()
    assert run.status == Run.Status.FINISHED
    assert not PersonalDataItem.objects.exists()


def test_a_run_that_somebody_works_on_is_left_to_them():
    run = left_open(minutes=1)
    resume()
    run.refresh_from_db()
    assert run.status == Run.Status.RUNNING
    assert PersonalDataItem.objects.count() == 1
