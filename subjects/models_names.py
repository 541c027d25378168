"""What names are found by. Apart from subjects/models.py for its length only."""

from django.db import models


class NameToken(models.Model):
    """A word of a name as a keyed hash (subjects/names.py). It is deleted with its item (subjects/deletes.py)."""

    item = models.ForeignKey("PersonalDataItem", models.CASCADE, related_name="name_tokens", db_index=False)
    token = models.BinaryField()
    token_key = models.CharField(max_length=16)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["item", "token"], name="subjects_nametoken_once")]
        indexes = [models.Index("token", "item", name="subjects_nametoken_word")]

    def __str__(self) -> str:
        return f"word {self.pk}"
