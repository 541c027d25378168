"""What can go wrong in the domain, said once: a code for machines and a sentence for people."""

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Text = str | Promise


class DomainError(Exception):
    """A refusal with a reason. One place turns it into an RFC 9457 problem, another into a page.

    `code` is stable and machine-readable, `message` a lazy sentence without personal data, `status` the HTTP status,
    `fields` the inputs at fault (name → sentence).
    """

    code = "refused"
    message: Text = _("This cannot be done.")
    status = 409

    def __init__(
        self,
        message: Text | None = None,
        *,
        code: str | None = None,
        fields: Mapping[str, Text] | None = None,
    ) -> None:
        self.message = message if message is not None else self.message
        self.code = code or self.code
        self.fields = dict(fields or {})
        super().__init__(self.code)

    @property
    def sentences(self) -> list[str]:
        """The refusal in words, what is wrong with each part of it included."""
        return [str(text) for text in (self.message, *self.fields.values())]

    @property
    def sentence(self) -> str:
        return " ".join(self.sentences)

    def note(self) -> None:
        """What is kept although everything else was rolled back. The door calls it, after the transaction."""


class NotFound(DomainError):
    code = "not-found"
    message = _("There is no such thing here.")
    status = 404


class Invalid(DomainError):
    """The input cannot be accepted; `fields` says which part and why."""

    code = "invalid"
    message = _("Some of the information sent cannot be accepted.")
    status = 400

    @property
    def sentences(self) -> list[str]:
        """What is wrong with each part says more than that something is."""
        said = [str(text) for text in self.fields.values()]
        return said if said and self.message is Invalid.message else super().sentences
