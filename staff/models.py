"""What is remembered of staff at the door. Who they are is core.models.User; their second factors are allauth's."""

from django.db import models


class Attempt(models.Model):
    """How often something was tried since `began_at`. The key is an HMAC: it names no account and no address."""

    key = models.BinaryField(primary_key=True)
    began_at = models.DateTimeField(db_index=True)
    count = models.PositiveIntegerField()

    def __str__(self) -> str:
        return "attempts"
