"""A document and the answer that ends its task, at the same moment."""

import threading

import pytest
from django.db import connection, transaction

from requests import systems
from requests.models import RightsRequest
from requests.searching import Log
from tests import make_office as make
from tests.requests.test_systems_asked import crm, handed_in, waiting  # noqa: F401 - a fixture
from tests.waiting import PATIENCE, others_wait

pytestmark = pytest.mark.django_db(transaction=True)


def test_nothing_comes_in_behind_the_answer_that_ends_the_task(crm, mailoutbox):  # noqa: F811
    make.person("newsletter")
    asked = make.confirmed("access", mailbox=mailoutbox).requests.get()
    [told] = waiting(crm)
    task = asked.tasks.get(uuid=told["id"])
    answers = []

    def hand_in():
        try:
            answers.append(handed_in(crm, told, b"Met Bob.").status_code)
        finally:
            connection.close()

    other = threading.Thread(target=hand_in)
    with transaction.atomic():
        RightsRequest.objects.select_for_update().get(pk=asked.pk)
        other.start()
        others_wait()
        looked = Log(terms="Grace Hopper", places="contacts")
        systems.answer(task, outcome="done", count=1, searched=looked, actor=make.OFFICER, now=make.NOW)
    other.join(PATIENCE)
    assert answers == [409]
    assert not asked.documents.exists()
