"""The closed lists that the register is written in."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Basis(models.TextChoices):
    """The lawful bases of UK GDPR Art 6(1)."""

    CONSENT = "a", _("Consent")
    CONTRACT = "b", _("Contract")
    LEGAL_OBLIGATION = "c", _("Legal obligation")
    VITAL = "d", _("Vital interests")
    PUBLIC_TASK = "e", _("Public task")
    RECOGNISED = "ea", _("Recognised legitimate interest")
    LEGITIMATE_INTEREST = "f", _("Legitimate interests")


class Status(models.TextChoices):
    DRAFT = "draft", _("Draft")
    LIVE = "live", _("Live")
    SUSPENDED = "suspended", _("Suspended")
    RETIRED = "retired", _("Retired")


class Channel(models.TextChoices):
    """How a person can be reached, for direct marketing and for permission checks."""

    EMAIL = "email", _("E-mail")
    PHONE = "phone", _("Telephone")
    SMS = "sms", _("Text message")
    POST = "post", _("Post")


class Source(models.TextChoices):
    """How data reaches us, in the person's words (Art 14(2)(f))."""

    IN_PERSON = "in_person", _("From you, in person")
    CORRESPONDENCE = "correspondence", _("From you, in correspondence")
    PHONE = "phone", _("From you, by phone")
    SOCIAL_MEDIA = "social_media", _("Social media")
    WEBSITE = "website", _("From you, on our websites")
    PRODUCT = "product", _("Your use of our products and services")
    THIRD_PARTY = "third_party", _("A third party that can show that it may share them")
    PUBLIC_SOURCE = "public_source", _("A public source")


class Ground(models.TextChoices):
    """When a recipient may receive anything at all. Nothing is sold, rented or traded."""

    CONSENT = "consent", _("Only with your consent")
    INSTRUCTION = "instruction", _("Only on our instructions, under a contract")
    LAW = "required_by_law", _("Only where a law or a court requires it, or to defend our legal rights")
    ADVICE = "professional_advice", _("Only what their professional services to us need")


# What Arts 9(1) and 10 protect, and numbers that a state gives to everyone. The register refuses them by name.
REFUSED_CATEGORIES = [
    *("health", "racial-origin", "ethnic-origin", "political-opinions", "religion", "philosophical-beliefs"),
    *("trade-union", "genetic", "biometric", "sex-life", "sexual-orientation", "criminal-offences"),
    *("national-insurance-number", "passport-number"),
]
