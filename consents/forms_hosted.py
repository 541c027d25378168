"""Answers from pages without scripts: our own, and plain forms on other people's sites."""

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from django import forms as inputs
from django.core import signing
from django.core.validators import MaxLengthValidator
from django.utils.translation import gettext_lazy as _

from consents import answers, capture, opt_in
from consents.capture import Captured
from consents.guardians import month_of
from consents.models import ConsentFormVersion
from core import apikeys
from core.errors import DomainError, Text
from core.models import ApiKey
from core.recall import Changed

OLDER, YOUNGER = "older", "younger"
# Fields of a plain form post that are no box.
KEY, RETURN = "key", "return"
SCOPE = "consents:write"
WAY_BACK = "consents.way_back"


class NotFromHere(DomainError):
    """No key for browsers, or not from a page of a site that the key was made for."""

    code = "not-from-here"
    message = _("This form was not sent from a page that may send it. Use our own page instead.")
    status = 403


class HostedForm(inputs.Form):
    """One published version, to be answered without scripts. Nothing is ticked; only an address is needed."""

    use_required_attribute = False
    version = inputs.IntegerField(widget=inputs.HiddenInput)
    locale = inputs.CharField(max_length=10, widget=inputs.HiddenInput)
    email = inputs.CharField(
        label=_("Your e-mail address"),
        widget=inputs.EmailInput({"autocomplete": "email", "spellcheck": "false", "autocapitalize": "none"}),
        validators=[MaxLengthValidator(254, _("The e-mail address must be 254 characters or fewer"))],
        error_messages={
            "required": _("Enter your e-mail address"),
            "null_characters_not_allowed": _("Enter text only"),
        },
    )
    age = inputs.ChoiceField(label=_("How old are you?"), widget=inputs.RadioSelect, required=False)
    guardian_email = inputs.CharField(
        label=_("If you are younger: the e-mail address of a parent or guardian"),
        help_text=_("We ask them. Nothing begins before they agree."),
        widget=inputs.EmailInput({"autocomplete": "off", "spellcheck": "false", "autocapitalize": "none"}),
        max_length=254,
        required=False,
    )
    guardian_until = inputs.CharField(
        help_text=_("Month and year, for example May 2029 or 05 2029."), max_length=20, required=False
    )
    website = inputs.CharField(label=_("Leave this empty"), required=False)

    def __init__(self, *args: Any, shown: ConsentFormVersion, **given: Any) -> None:
        given["initial"] = {"version": shown.number, "locale": shown.locale}
        super().__init__(*args, **given)
        self.shown = shown
        if shown.minimum_age is None:
            for name in ("age", "guardian_email", "guardian_until"):
                del self.fields[name]
            return
        age = {"age": shown.minimum_age}
        self.fields["age"].choices = [  # type: ignore[attr-defined]
            (OLDER, _("%(age)s or older") % age),
            (YOUNGER, _("younger than %(age)s") % age),
        ]
        self.fields["guardian_until"].label = _("If you are younger: when will you be %(age)s?") % age

    def clean_website(self) -> str:
        """People do not see this field, and simple robots fill in whatever there is."""
        if self.cleaned_data["website"]:
            raise inputs.ValidationError(_("Leave this field empty"))
        return ""

    @property
    def boxes(self) -> list[dict[str, Any]]:
        """Each control with whether it was ticked a moment ago. Never before."""
        return [{**control, "is_on": bool(self.data.get(box(control["key"])))} for control in self.shown.controls]

    @property
    def problems(self) -> list[tuple[str, str]]:
        """(id of the input, message), for the summary above the form."""
        target = {"age": "id_age_0", "__all__": "main"}
        return [(target.get(name, f"id_{name}"), str(messages[0])) for name, messages in self.errors.items()]

    def refuse(self, error: DomainError) -> None:
        """Say what the domain refused, at the field it is about."""
        own = {
            "identity": "email", "identity.email": "email", "of_age": "age", "guardian": "guardian_email",
            "guardian.email": "guardian_email", "guardian.until": "guardian_until",
        }  # fmt: skip
        for name, sentence in (error.fields or {"": error.message}).items():
            field = own.get(name)
            self.add_error(field if field in self.fields else None, str(sentence))


def box(key: str) -> str:
    """The name of a control's check box: apart from the fields that every form has."""
    return f"choice-{key}"


def answer_of(slug: str, posted: Mapping[str, Any], keys: list[str], *, url: str) -> dict[str, Any]:
    """A form post as the API would have it. A box that is not sent was left empty, which is a "no"."""
    data: dict[str, Any] = {
        "form": slug,
        "version": _number(posted.get("version")),
        "locale": posted.get("locale", ""),
        "identity": {"email": (posted.get("email") or "").strip()},
        "choices": {key: box(key) in posted for key in keys},
        "source": {"channel": "website", "url": url},
    }
    if posted.get("age") == OLDER:
        data["of_age"] = True
    elif posted.get("age") == YOUNGER:
        until = month_of(posted.get("guardian_until"))
        month = until.strftime("%Y-%m") if until else posted.get("guardian_until")
        data["guardian"] = {"email": (posted.get("guardian_email") or "").strip(), "until": month}
    return data


def asked(version: ConsentFormVersion, data: Mapping[str, Any]) -> str:
    """Who is asked by e-mail whether an answer counts that waits: `own`, `parent` or `both`."""
    if "guardian" not in data:
        return "own"
    return "both" if version.form.double_opt_in else "parent"


def submit(
    data: dict[str, Any], *, address: Callable[[], str], collected_by: str, actor: str, now: datetime
) -> Captured:
    """Record an answer, or ask somebody to confirm it by e-mail (`pending`). Raises Invalid."""
    try:
        return _submit(data, address, collected_by=collected_by, actor=actor, now=now)
    except Changed:
        # The form was published anew between reading and writing. Once more is enough.
        return _submit(data, address, collected_by=collected_by, actor=actor, now=now)


def _submit(
    data: dict[str, Any], address: Callable[[], str], *, collected_by: str, actor: str, now: datetime
) -> Captured:
    answer = answers.read(data, now=now, address=address, unproven=True)
    if opt_in.is_needed(answer):
        return opt_in.ask(answer, data, now=now, actor=actor, collected_by=collected_by, unproven=True)
    try:
        return capture.capture(answer, now=now, actor=actor, collected_by=collected_by, unproven=True)
    except capture.SaidNo:
        return opt_in.ask(answer, data, now=now, actor=actor, collected_by=collected_by, is_unseen=True, unproven=True)


def key_for(text: str, origin: str | None, *, now: datetime) -> ApiKey:
    """The browsers' key of a plain form, used on a page that it was made for. Raises NotFromHere.

    A browser says in `Origin` which site a form was sent from, and no page can change that (WHATWG Fetch).
    """
    key = apikeys.find(text, now=now)
    if key is None or key.kind != ApiKey.Kind.PUBLISHABLE or SCOPE not in key.scopes or origin not in key.origins:
        raise NotFromHere
    apikeys.used(key, now=now)
    return key


def way_back(address: str, key: ApiKey) -> str:
    """Where the person goes afterwards: only to a site of the key, so nobody can be led elsewhere from here."""
    try:
        parts = urlsplit(address)
        origin = f"{parts.scheme}://{parts.netloc}"
    except ValueError:
        return ""
    is_clean = not re.search(r"[\s\\\x00-\x1f]", address) and "@" not in parts.netloc
    return address if is_clean and parts.scheme in ("http", "https") and origin in key.origins else ""


def sign_way_back(address: str) -> str:
    """The same for a link, so that nobody can make a page of ours lead anywhere else."""
    return signing.Signer(salt=WAY_BACK).sign(address)


def signed_way_back(text: str) -> str:
    """Empty for whatever was not signed here."""
    try:
        return signing.Signer(salt=WAY_BACK).unsign(text)
    except signing.BadSignature:
        return ""


def _number(text: Any) -> int | Text | None:
    return int(text) if isinstance(text, str) and text.isascii() and text.isdigit() and len(text) < 6 else None
