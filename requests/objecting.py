"""Objecting (UK GDPR Art 21). Direct marketing ends when it is said; the rest is weighed by people."""

MARKETING_KIND = "marketing_stopped"
