"""The companies, partnerships and sole traders that our contacts speak for."""

from datetime import date

from django.utils.translation import gettext_lazy as _

from core.errors import Invalid, Text
from subjects.models import DataSubject, Organisation


def represent(
    subject: DataSubject,
    *,
    name: str,
    legal_type: str = Organisation.LegalType.OTHER,
    contract_started_on: date | None = None,
    contract_ended_on: date | None = None,
) -> Organisation:
    """Note for whom the person speaks."""
    organisation = named(
        name=name,
        legal_type=legal_type,
        contract_started_on=contract_started_on,
        contract_ended_on=contract_ended_on,
    )
    subject.organisation = organisation
    subject.save(update_fields=["organisation"])
    return organisation


def named(
    *,
    name: str,
    legal_type: str = Organisation.LegalType.OTHER,
    contract_started_on: date | None = None,
    contract_ended_on: date | None = None,
) -> Organisation:
    """The organisation of this name and type, made if we know none, with the dates that are given."""
    errors: dict[str, Text] = {}
    name = " ".join(name.split())
    if not name or len(name) > 200:
        errors["organisation.name"] = _("Give a name of up to 200 characters.")
    if legal_type not in Organisation.LegalType.values:
        errors["organisation.legal_type"] = _("This legal type is unknown.")
    if errors:
        raise Invalid(fields=errors)
    # The oldest, since two calls at the same moment may both have made it.
    organisation = Organisation.objects.filter(name=name, legal_type=legal_type).order_by("pk").first()
    if organisation is None:
        organisation = Organisation.objects.create(name=name, legal_type=legal_type)
    dates = {"contract_started_on": contract_started_on, "contract_ended_on": contract_ended_on}
    given = {field: day for field, day in dates.items() if day}
    if given:
        Organisation.objects.filter(pk=organisation.pk).update(**given)
    return organisation
