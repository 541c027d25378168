"""Staff see figures from anonymous rows, publish a table once, and spend of what a year may tell."""

import json
from datetime import timedelta

import pytest
from django.db import DatabaseError, transaction
from django.urls import reverse
from django.utils import timezone

from ledger.models import Entry
from retention import anonymity_record
from retention.models import AnonymousRow
from retention.models_anonymous import AnonymityRecord
from retention.models_safety import EpsilonSpent
from tests.make_retention import anonymous_rows

pytestmark = pytest.mark.django_db


def record(client, run, **changes):
    given = {"attacker": "A neighbour.", "tried": "Searched the web: nobody found.", "decision": "remote"}
    given |= {"review_due": timezone.localdate() + timedelta(days=300)} | changes
    return client.post(reverse("admin:statistics-review", args=[run.uuid]), given, follow=True)


def test_a_record_says_who_could_try_and_is_kept(admin_client, admin_user):
    run = anonymous_rows(("1970s", "good", 30), ("1970s", "bad", 12))
    assert "Choose a day within the next year" in record(admin_client, run, review_due="2100-01-01").text
    assert "Say what was tried" in record(admin_client, run, tried="").text
    assert not AnonymityRecord.objects.exists()
    assert "Somebody may be found in these rows" not in record(admin_client, run).text
    page = record(admin_client, run, decision="found", attacker="A colleague.").text
    assert "Who looked at it last says that somebody may be found" in page
    assert "A colleague." in page
    assert AnonymityRecord.objects.count() == 2
    told = json.loads(Entry.objects.filter(kind="statistics.reviewed", object=run.uuid).latest("pk").body)["data"]
    assert (told["decision"], told["k"], told["l"], told["t"]) == ("found", 20, 3, "0.1")
    assert told["data_sha256"] == AnonymityRecord.objects.latest("pk").data_sha256
    with pytest.raises(DatabaseError), transaction.atomic():
        AnonymityRecord.objects.update(decision="remote")


def test_what_stands_against_publishing_is_told(admin_client):
    run = anonymous_rows(("1970s", "good", 30), ("1970s", "bad", 12))
    record(admin_client, run)
    fit = anonymity_record.fit
    assert fit(run, now=timezone.now())
    with pytest.raises(anonymity_record.NotFit, match="not-fit"):
        fit(run, now=timezone.now() + timedelta(days=301))
    AnonymousRow.objects.filter(run=run, times=12).update(times=13)
    assert ["of other rows" in str(one) for one in anonymity_record.against(run, now=timezone.now())] == [True]
    run.measured |= {"k": 9, "l": 2, "t": 0.3}
    assert len(list(anonymity_record.against(run, now=timezone.now()))) == 4


def test_a_table_is_looked_at_and_published_once_and_counts_spend_of_the_year(admin_client):
    assert "There are no anonymous rows yet" in admin_client.get(reverse("admin:statistics")).text
    run = anonymous_rows(("1970s", "good", 30), ("1970s", "bad", 12), ("1980s", "good", 44), ("1980s", "bad", 4))
    assert "surveys-collection v1" in admin_client.get(reverse("admin:statistics")).text
    shown = reverse("admin:statistics-set", args=[run.uuid])
    page = admin_client.get(shown).text
    assert "1 cell is left out (c) because it holds fewer than 10 people" in page
    assert "With what is left out beside them it is 4 cells" in page
    by = {"down": "feedback.born", "across": "feedback.score"}
    file = reverse("admin:statistics-table", args=[run.uuid])
    assert admin_client.get(file, by).status_code == 302, "not published yet"
    assert not Entry.objects.filter(kind="statistics.published").exists()
    assert "There is no anonymity record" in page
    refused = admin_client.post(reverse("admin:statistics-publish", args=[run.uuid]), by, follow=True)
    assert "Nothing of these rows can be published. There is no anonymity record" in refused.text
    assert not Entry.objects.filter(kind="statistics.published").exists()
    record(admin_client, run)
    for _click in range(2):
        admin_client.post(reverse("admin:statistics-publish", args=[run.uuid]), by)
    # The other way round it is the same table, and not another one beside it.
    turned = {"down": by["across"], "across": by["down"]}
    admin_client.post(reverse("admin:statistics-publish", args=[run.uuid]), turned)
    assert Entry.objects.filter(kind="statistics.published", object=run.uuid).count() == 1
    assert admin_client.get(file, turned).text == admin_client.get(file, by).text
    assert admin_client.get(file, by).text.splitlines()[1:] == ["1970s,c,c,42", "1980s,c,c,48", "total,16,74,90"]

    count = reverse("admin:statistics-count", args=[run.uuid])
    ask = {"field": "feedback.score", "values": "good\nbad", "epsilon": "1", "name": "score-2026"}
    assert "Say that you know it" in admin_client.post(count, ask).text
    assert "at most 1" in admin_client.post(count, ask | {"sure": "on", "epsilon": "2"}).text
    assert not EpsilonSpent.objects.exists()
    page = admin_client.post(count, ask | {"sure": "on"}, follow=True).text
    assert "Epsilon spent: 1 of 4; left: 3." in page
    assert "score-2026" in page
    assert EpsilonSpent.objects.get().actor.startswith("user:")
