"""One mail server for the run, empty for each test that uses it."""

import pytest

from tests import make_inbox, make_office


@pytest.fixture(scope="session")
def running_server(tmp_path_factory):
    server = make_inbox.MailServer(tmp_path_factory.mktemp("mail"))
    yield server
    server.stop()


@pytest.fixture
def server(running_server, settings):
    running_server.empty()
    settings.MAILBOX_URL = running_server.url()
    settings.MAILBOX_OWN_DOMAINS = ["kraken.im"]
    return running_server


@pytest.fixture
def controller(db):
    return make_office.controller()
