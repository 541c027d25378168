"""Collecting an answer: the link opens nothing without a fresh code, and tries are counted in PostgreSQL."""

import io
import re
import zipfile
from datetime import timedelta
from threading import Barrier, Thread

import pytest
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from core import codes
from core.outbox import deliver_due
from ledger.models import Entry
from requests import answer, collection, decisions
from requests.clock import in_words
from requests.models import CollectionCode, Package
from tests import make_office as make
from tests import make_requests

pytestmark = pytest.mark.django_db
UNKNOWN = "u" * 43


def release(mailoutbox, right="access", now=None):
    now = now or timezone.now()
    make.register()
    make.person("newsletter", "contract-administration", token="TOKEN-OF-GRACE", now=now)
    rights_request = make.confirmed(right, mailbox=mailoutbox, now=now).requests.get()
    if right == "access":
        answer.release_access(rights_request, actor=make.OFFICER, now=now)
    else:
        decisions.confirm_all(rights_request, actor=make.OFFICER, now=now)
        answer.execute_erasure(rights_request, actor=make.OFFICER, now=now)
    deliver_due(now=now)
    return rights_request, re.search(r"/collect/([^/\s]+)/", mailoutbox[-1].body).group(1)


@pytest.fixture
def released(mailoutbox):
    return release(mailoutbox)


def url(token, name=""):
    return reverse(f"requests:collect{'-' if name else ''}{name}", args=[token])


def fresh_code(client, token, mailoutbox):
    client.post(url(token, "code"))
    deliver_due(now=timezone.now() + timedelta(seconds=1))
    return re.search(r"^\d{8}$", mailoutbox[-1].body, re.M).group(0)


def wrong(code):
    return f"{(int(code) + 1) % 10**8:08d}"


def test_the_whole_way(client, released, mailoutbox):
    rights_request, token = released
    assert client.get(url(token)).status_code == 200
    assert not CollectionCode.objects.exists()
    code = fresh_code(client, token, mailoutbox)
    spaced = f" {code[:4]} {code[4:]} "
    response = client.post(url(token, "check"), {"code": spaced}, follow=True)
    assert "Download my data" in response.content.decode()
    assert "Dear Grace Hopper" in client.post(url(token, "letter")).content.decode()
    response = client.post(url(token, "download"))
    assert response["Content-Type"] == "application/zip"
    assert "no-store" in response["Cache-Control"]
    archive = zipfile.ZipFile(io.BytesIO(response.getvalue()))
    assert b"TOKEN-OF-GRACE" in archive.read("index.html")
    assert Entry.objects.filter(kind="package.collected", object=rights_request.uuid).count() == 1
    assert Package.objects.get().first_collected_at


def test_the_answer_to_an_erasure_is_read_the_same_way(client, mailoutbox):
    _request, token = release(mailoutbox, "erasure")
    client.post(url(token, "check"), {"code": fresh_code(client, token, mailoutbox)})
    assert "What we keep, and why" in client.post(url(token, "letter")).content.decode()
    archive = zipfile.ZipFile(io.BytesIO(client.post(url(token, "download")).getvalue()))
    assert {"letter.html", "letter.txt", "manifest.json", "manifest.json.jws"} == set(archive.namelist())


@pytest.mark.parametrize("name", ["letter", "download"])
def test_nothing_opens_without_a_code(client, released, name):
    response = client.post(url(released[1], name))
    assert response.status_code == 302
    assert client.get(url(released[1], name)).status_code == 405


def test_every_page_is_never_stored(client, released):
    for name in ("", "check"):
        assert "no-store" in client.get(url(released[1], name))["Cache-Control"]


def test_a_get_sends_no_code(client, released, mailoutbox):
    sent = len(mailoutbox)
    client.get(url(released[1]))
    client.get(url(released[1], "check"))
    assert client.get(url(released[1], "code")).status_code == 405
    deliver_due(now=timezone.now())
    assert len(mailoutbox) == sent


def test_the_sixth_try_is_refused_even_if_right(client, released, mailoutbox):
    token = released[1]
    code = fresh_code(client, token, mailoutbox)
    for _try in range(5):
        assert "not right" in client.post(url(token, "check"), {"code": wrong(code)}).content.decode()
    assert "not right" in client.post(url(token, "check"), {"code": code}).content.decode()
    assert CollectionCode.objects.get().attempts == 5


def test_a_code_works_once(released):
    found = collection.find(released[1], now=timezone.now())
    code = issue(found)
    collection.check_code(found, code, now=timezone.now())
    with pytest.raises(codes.WrongCode):
        collection.check_code(found, code, now=timezone.now())


def issue(found):
    """A code whose digits are known: what a test reads from the mail elsewhere."""
    now = timezone.now()
    CollectionCode.objects.create(
        package=found,
        code_mac=codes._mac(found.uuid, "12345678"),
        issued_at=now,
        expires_at=now + codes.LIVES,
    )
    return "12345678"


def test_a_code_expires(released):
    found = collection.find(released[1], now=timezone.now())
    code = issue(found)
    with pytest.raises(codes.WrongCode):
        collection.check_code(found, code, now=timezone.now() + codes.LIVES)


def test_a_new_code_ends_the_one_before(released):
    found = collection.find(released[1], now=timezone.now())
    code = issue(found)
    collection.issue_code(found, now=timezone.now())
    with pytest.raises(codes.WrongCode):
        collection.check_code(found, code, now=timezone.now())


def test_codes_are_rationed_per_answer(client, released, mailoutbox):
    token = released[1]
    locations = [client.post(url(token, "code"))["Location"] for _time in range(codes.PER_HOUR + 1)]
    assert locations[-1].endswith("?wait=1")
    assert CollectionCode.objects.count() == codes.PER_HOUR


def test_the_grant_is_for_this_browser_and_a_short_time(client, released, mailoutbox, django_user_model):
    token = released[1]
    client.post(url(token, "check"), {"code": fresh_code(client, token, mailoutbox)})
    assert client.__class__().post(url(token, "download")).status_code == 302
    session = client.session
    session["collect"] = {**session["collect"], "until": timezone.now().timestamp() - 1}
    session.save()
    assert client.post(url(token, "download")).status_code == 302


def test_unknown_and_expired_links_look_the_same(client, released):
    token = released[1]
    Package.objects.update(expires_at=timezone.now() - timedelta(days=1))
    pages = [client.get(url(each)).content.decode().replace(each, "") for each in (token, UNKNOWN)]
    plain = [re.sub(r'name="csrfmiddlewaretoken" value="[^"]+"', "", page) for page in pages]
    assert plain[0] == plain[1]
    assert "does not work any more" in plain[0]


def test_an_expired_link_is_issued_anew_and_the_answer_is_neutral(client, released, mailoutbox):
    rights_request, token = released
    Package.objects.update(expires_at=timezone.now() - timedelta(days=1))
    known, unknown = (client.post(url(each, "renew")) for each in (token, UNKNOWN))
    assert known.content == unknown.content
    deliver_due(now=timezone.now() + timedelta(seconds=1))
    fresh = re.search(r"/collect/([^/\s]+)/", mailoutbox[-1].body).group(1)
    assert fresh != token
    assert client.get(url(fresh)).status_code == 200
    assert client.get(url(token)).status_code == 404
    assert Entry.objects.filter(kind="package.link-renewed", object=rights_request.uuid).count() == 1


def test_a_link_in_force_is_not_replaced_by_asking(client, released):
    token = released[1]
    client.post(url(token, "renew"))
    assert client.get(url(token)).status_code == 200


@pytest.mark.django_db(transaction=True)
def test_many_tries_at_once_count_as_many(mailoutbox):
    _request, token = release(mailoutbox)
    found = collection.find(token, now=timezone.now())
    issue(found)
    results, start = [], Barrier(12)

    def attempt():
        start.wait()
        try:
            collection.check_code(found, "00000000", now=timezone.now())
        except codes.WrongCode:
            results.append("refused")
        finally:
            connection.close()

    threads = [Thread(target=attempt) for _number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == ["refused"] * 12
    assert CollectionCode.objects.get().attempts == 5
    with pytest.raises(codes.WrongCode):
        collection.check_code(found, "12345678", now=timezone.now())


def test_the_status_page_leads_to_the_answer_and_says_how_long_it_is_kept(client, mailoutbox):
    rights_request, token = release(mailoutbox)
    confirm = [mail for mail in mailoutbox if "/rights/confirm/" in mail.body]
    link = make_requests.token_in(confirm, now=timezone.now())
    status, messages = (reverse(f"requests:{name}", args=[link]) for name in ("confirm", "messages"))
    page = client.get(status).text
    assert f'<a href="{messages}">Read our answer<span class="hidden">: {rights_request.reference}</span></a>' in page
    # It opens with a code, as ever, and tells nothing before.
    assert "Your answer is ready" not in client.get(messages).text
    client.post(reverse("requests:messages-code", args=[link]))
    deliver_due(now=timezone.now() + timedelta(seconds=1))
    code = re.search(r"^\d{8}$", mailoutbox[-1].body, re.M).group(0)
    opened = client.post(reverse("requests:messages-check", args=[link]), {"code": code}, follow=True).text
    assert "Open the link in our e-mail “Your answer is ready”" in opened
    code = fresh_code(client, token, mailoutbox)
    opened = client.post(url(token, "check"), {"code": code}, follow=True).text
    kept = in_words(timezone.localdate(Package.objects.get().made_at + timedelta(days=90)))
    assert f"After that this page sends you a new link, until the file is destroyed on {kept}." in opened


def test_the_status_page_has_no_answer_to_read_while_there_is_none(client, mailoutbox):
    make.register()
    make.confirmed("access", mailbox=mailoutbox, now=timezone.now())
    link = make_requests.token_in(mailoutbox, now=timezone.now())
    page = client.get(reverse("requests:confirm", args=[link])).text
    assert "We have it" in page
    assert "Read our answer" not in page
