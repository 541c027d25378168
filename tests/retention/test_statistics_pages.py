"""Staff see figures from anonymous rows, publish a table once, and spend of what a year may tell."""

import pytest
from django.urls import reverse

from ledger.models import Entry
from retention.models_safety import EpsilonSpent
from tests.make_retention import anonymous_rows

pytestmark = pytest.mark.django_db


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
    assert "This field is required" in admin_client.post(count, ask).text
    assert "at most 1" in admin_client.post(count, ask | {"sure": "on", "epsilon": "2"}).text
    assert not EpsilonSpent.objects.exists()
    page = admin_client.post(count, ask | {"sure": "on"}, follow=True).text
    assert "Epsilon spent: 1 of 4; left: 3." in page
    assert "score-2026" in page
    assert EpsilonSpent.objects.get().actor.startswith("user:")
