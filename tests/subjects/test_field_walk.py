"""Every field of every model is declared: registered as personal, or said not to be."""

import pytest
from django.apps import apps

from subjects import registry


def fields():
    """Every stored field of our models, many-to-many ones included, as "app.Model.field"."""
    return {
        f"{app}.{model.__name__}.{field.name}"
        for app in registry.APPS
        for model in apps.get_app_config(app).get_models()
        for field in (*model._meta.local_fields, *model._meta.local_many_to_many)
        # Django's own part of User: rights of staff, granted by group.
        if field.name not in {"groups", "user_permissions"}
    }


def test_every_field_is_declared():
    personal, plain = registry.declared()
    missing = sorted(fields() - personal - plain)
    assert not missing, "declare these in the app's personal.py: " + ", ".join(missing)


def test_nothing_is_declared_twice_or_gone():
    personal, plain = registry.declared()
    assert not sorted(personal & plain)
    assert not sorted((personal | plain) - fields())


@pytest.mark.parametrize("category", registry.categories(), ids=lambda category: type(category).__name__)
def test_a_category_speaks_to_the_person_and_can_be_exported_and_erased(category):
    assert str(category.label)
    assert category.fields
    assert callable(category.export)
    assert callable(category.erase)
