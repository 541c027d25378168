"""What staff fill in about consent forms."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.conf import settings
from django.core.validators import RegexValidator
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from consents import notice_versions
from consents.forms_checklist import OLDEST_CHILD, Declaration
from consents.models import ConsentForm, ConsentFormVersion
from core.desk import DayField
from core.models import Controller
from core.periods import in_words
from processing.models import Basis, Channel, PurposeVersion, Status

WITHDRAWAL = _(
    "You can withdraw your consent at any time, as easily as you give it: through the link in each message, or on our "
    "privacy pages. What was done until then stays lawful."
)
# How long a "yes" may last; a form that says something else keeps it until somebody chooses.
PERIODS = {
    "P3M": _("3 months"),
    "P6M": _("6 months"),
    "P12M": _("1 year"),
    "P18M": _("18 months"),
    "P24M": _("2 years"),
    "P36M": _("3 years"),
    "P60M": _("5 years"),
}
# Empty rows below those that are filled in.
SPARE = 2
LOCALE = RegexValidator(r"^[a-z]{2}-[A-Z]{2}$", _("Give a language and a country, for example en-GB or cy-GB."))


class SettingsForm(forms.Form):
    double_opt_in = forms.BooleanField(
        label=_("Ask again by e-mail before a “yes” counts (double opt-in)"),
        help_text=_("The best evidence that whoever owns the address agreed. It needs an e-mail address."),
        required=False,
    )
    valid_for = forms.ChoiceField(
        label=_("A “yes” lasts"),
        help_text=_(
            "Then it expires, and silence renews nothing. What was agreed to before lasts as it was told then."
        ),
        initial="P24M",
        choices=PERIODS,
    )
    grace_days = forms.IntegerField(
        label=_("Days for which the version before is still taken"),
        help_text=_("A page that was cached may still show it."),
        min_value=0,
        max_value=365,
    )

    def __init__(self, *args: Any, form: ConsentForm | None = None, **given: Any) -> None:
        own = {name: getattr(form, name) for name in self.base_fields if hasattr(form, name)} if form else {}
        given["initial"] = {"grace_days": settings.CONSENT_FORM_GRACE_DAYS, **own}
        super().__init__(*args, **given)
        if form and form.valid_for not in PERIODS:
            mine = {form.valid_for: in_words(form.valid_for) or form.valid_for}
            self.fields["valid_for"].choices = [*mine.items(), *PERIODS.items()]  # type: ignore[attr-defined]


class NewForm(SettingsForm):
    slug = forms.SlugField(
        label=_("Name in addresses"),
        help_text=_("Short, in small letters, for example newsletter. It stays as it is."),
        max_length=50,
    )
    locale = forms.CharField(label=_("First language"), initial="en-GB", max_length=10, validators=[LOCALE])
    field_order = ["slug", "locale"]


class LanguageForm(forms.Form):
    locale = forms.CharField(
        label=_("Another language"), help_text=_("For example cy-GB."), max_length=10, validators=[LOCALE]
    )


class ControlForm(forms.Form):
    """One box. A row without a label is no box."""

    key = forms.CharField(required=False, widget=forms.HiddenInput)
    purpose = forms.ChoiceField(label=_("Purpose"), required=False)
    channel = forms.ChoiceField(label=_("Channel"), required=False)
    label = forms.CharField(
        label=_("What the box says"),
        help_text=_("One thing, as the person says it: Send me the newsletter by e-mail."),
        max_length=300,
        required=False,
    )
    hint = forms.CharField(label=_("What it means, in a sentence"), max_length=500, required=False)

    def __init__(self, *args: Any, purposes: list[tuple[str, str]], **given: Any) -> None:
        super().__init__(*args, **given)
        known = {slug for slug, _title in purposes}
        named = str((given.get("initial") or {}).get("purpose") or "")
        gone = [(named, named)] if named and named not in known else []
        self.fields["purpose"].choices = [("", _("Choose")), *purposes, *gone]  # type: ignore[attr-defined]
        self.fields["channel"].choices = [("", _("every way, or none")), *Channel.choices]  # type: ignore[attr-defined]

    def has_changed(self) -> bool:
        """A row that was left as it was is still a box: formsets would take it for an empty one."""
        return True

    @property
    def control(self) -> dict[str, str] | None:
        given = self.cleaned_data
        if not (given.get("label") or "").strip():
            return None
        words = "-".join(part for part in (given["purpose"], given["channel"]) if part)
        return {
            "key": given["key"] or words[:50],
            "purpose": given["purpose"],
            "channel": given["channel"],
            "label": given["label"].strip(),
            "hint": given["hint"].strip(),
        }


class DraftForm(forms.Form):
    title = forms.CharField(label=_("Title"), max_length=200, required=False)
    intro = forms.CharField(
        label=_("Introduction"),
        help_text=_("Who asks, and why, in a sentence or two."),
        widget=forms.Textarea(attrs={"rows": 3}),
        required=False,
    )
    controllers = forms.CharField(
        label=_("Every organisation that relies on it, one a line"),
        help_text=_("By name. “Selected partners” names nobody."),
        widget=forms.Textarea(attrs={"rows": 2}),
        required=False,
    )
    withdrawal = forms.CharField(
        label=_("How to withdraw"), widget=forms.Textarea(attrs={"rows": 2}), required=False, initial=WITHDRAWAL
    )
    notice_version = forms.CharField(
        label=_("Version of the privacy notice shown with it"), max_length=20, required=False
    )
    minimum_age = forms.TypedChoiceField(
        label=_("Children"),
        help_text=_(
            "Below that, a parent or guardian is asked by e-mail; their “yes” ends when the child is old enough."
        ),
        coerce=lambda text: int(text) if text else None,
        empty_value=None,
        required=False,
    )
    network_reason = forms.CharField(
        label=_("Why we keep the network from which somebody answers"),
        help_text=_(
            "Leave it empty unless you need it: then no address is kept. Otherwise people read this on the form, and "
            "the address is shortened (IPv4 to /24, IPv6 to /48) and sealed with their answer."
        ),
        max_length=300,
        required=False,
    )
    declared = forms.MultipleChoiceField(
        label=_("I stand for it that"),
        choices=Declaration.choices,
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )

    def __init__(self, *args: Any, start: ConsentFormVersion | None = None, **given: Any) -> None:
        given["initial"] = _initial(start)
        super().__init__(*args, **given)
        ages = [(str(age), _("From %(age)s on they answer alone") % {"age": age}) for age in _ages()]
        self.fields["minimum_age"].choices = [("", _("Not offered to children")), *ages]  # type: ignore[attr-defined]

    @property
    def is_ready(self) -> bool:
        return self.is_valid() and self.boxes.is_valid()

    @property
    def content(self) -> dict[str, Any]:
        given = self.cleaned_data
        return {
            **given,
            "controllers": [name.strip() for name in given["controllers"].splitlines() if name.strip()],
            "controls": [control for row in self.boxes if (control := row.control)],
            "declared": sorted(given["declared"]),
        }

    @classmethod
    def made(cls, data: Mapping[str, Any] | None, start: ConsentFormVersion | None) -> "DraftForm":
        """The texts with their boxes, which stand in `boxes`."""
        form = cls(data, start=start)
        rows = start.controls if start else []
        boxes: Any = forms.formset_factory(ControlForm, extra=SPARE, max_num=len(rows) + 12)
        form.boxes = boxes(data, initial=rows, prefix="box", form_kwargs={"purposes": _purposes()})
        return form

    boxes: Any = None


class PublishForm(forms.Form):
    change = forms.ChoiceField(
        label=_("What kind of change is it?"),
        choices=[
            ("editorial", _("Editorial: it says the same, better. Nobody is asked again.")),
            ("material", _("Material: it asks for more, or for something else. Those who said yes are asked again.")),
        ],
        widget=forms.RadioSelect,
    )
    again = forms.MultipleChoiceField(
        label=_("Who said yes to these is asked again"), widget=forms.CheckboxSelectMultiple, required=False
    )
    until = DayField(
        label=_("Until when the old “yes” goes on covering what it was given for"),
        help_text=_("On this day it ends for whoever has not answered. Begin with the new processing no earlier."),
        required=False,
    )

    def __init__(self, *args: Any, again: list[tuple[str, Any]], is_first: bool, **given: Any) -> None:
        super().__init__(*args, **given)
        self.fields["again"].choices = again  # type: ignore[attr-defined]
        if is_first or not again:
            for name in ("again", "until", "change"):
                del self.fields[name]

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if given.get("change") == "material" and not given.get("again"):
            self.add_error("again", _("Say which consents the change outgrows."))
        if given.get("change") == "editorial":
            given["again"] = []
        return given


def _initial(start: ConsentFormVersion | None) -> dict[str, Any]:
    if start is None:
        today = timezone.now().astimezone(Controller.current().zone).date()
        return {"controllers": Controller.current().name, "notice_version": notice_versions.in_force(today)}
    return {
        "title": start.title,
        "intro": start.intro,
        "controllers": "\n".join(start.controllers),
        "withdrawal": start.withdrawal or WITHDRAWAL,
        "notice_version": start.notice_version,
        "minimum_age": start.minimum_age or "",
        "network_reason": start.network_reason,
        "declared": start.declared if start.published_at is None else [],
    }


def _ages() -> range:
    return range(settings.CONSENT_AGE, OLDEST_CHILD + 1)


def _purposes() -> list[tuple[str, str]]:
    """What may be asked for: purposes on consent, and marketing that wants it for e-mail."""
    versions = PurposeVersion.objects.exclude(status=Status.RETIRED).select_related("purpose").order_by("number")
    latest = {version.purpose.slug: version for version in versions}
    asked = [version for version in latest.values() if version.basis == Basis.CONSENT or version.direct_marketing]
    return sorted(((version.purpose.slug, version.title) for version in asked), key=lambda pair: pair[1])
