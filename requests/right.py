"""The rights that a person can exercise."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Right(models.TextChoices):
    """The rights of UK GDPR, named as the API names them."""

    ACCESS = "access", _("Get a copy of your data")
    RECTIFICATION = "rectification", _("Have your data corrected")
    ERASURE = "erasure", _("Have your data deleted")
    RESTRICTION = "restriction", _("Limit how your data is used")
    PORTABILITY = "portability", _("Take your data elsewhere")
    OBJECTION = "objection", _("Object to how your data is used")
    WITHDRAWAL = "withdrawal", _("Withdraw a consent")
    ADM_REVIEW = "adm_review", _("Have an automated decision reviewed")
    # Somebody's own words, which staff read for the right in them. Nobody needs to name one, so the time runs.
    GENERAL = "general", _("Look into what you wrote")
