"""Forms of the pages about forgetting."""

from collections.abc import Sequence
from dataclasses import fields
from typing import Any

from django import forms
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from core.desk import DayField
from core.errors import Invalid
from processing.models import DataCategory, Purpose, PurposeVersion, System
from retention import recipes
from retention.holds import REASONS
from retention.holds_change import REASONS as CHANGE_REASONS
from retention.holds_scope import Scope
from retention.models import RetentionRule, Trigger
from retention.rules import dated, described, period
from subjects import exact
from subjects.models import DataSubject, Organisation, PersonalDataItem, Relationship

NOBODY = _("Line %(line)s: nobody here has this address, number or id.")
SEVERAL = _("Line %(line)s: more than one person has this. Give the id of the one that is meant.")


class PurposeChoice(forms.ModelChoiceField):
    """Purposes by what people call them."""

    def label_from_instance(self, purpose: Any) -> str:
        return f"{purpose.title or purpose.slug} ({purpose.slug})"


class PurposeChoices(forms.ModelMultipleChoiceField):
    def label_from_instance(self, purpose: Any) -> str:
        return str(purpose.title or purpose.slug)


class HoldForm(forms.Form):
    matter = forms.CharField(
        max_length=60,
        label=_("Number of the matter"),
        help_text=_("Not a person's name: everybody here can read it."),
        error_messages={"required": _("Give the number of the matter.")},
    )
    reason = forms.ChoiceField(choices=list(REASONS.items()), label=_("Why it must be kept"))
    review_due = DayField(
        label=_("Look at it again on"),
        help_text=_("Within six months. You are reminded by mail."),
        error_messages={"required": _("Choose a day within the next six months.")},
    )
    people = forms.CharField(
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
        label=_("People it is about"),
        help_text=_(
            "One on a line: an e-mail address, a telephone or customer number, or the id that their page shows. Leave"
            " it empty to hold by what you choose below: then whoever comes to it later is held as well."
        ),
    )
    purposes = PurposeChoices(
        Purpose.objects.none(),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        label=_("For which purposes"),
        help_text=_("None means every purpose."),
    )
    categories = forms.ModelMultipleChoiceField(
        DataCategory.objects.order_by("label"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        label=_("Which kinds of data"),
        help_text=_("None means every kind."),
    )
    systems = forms.ModelMultipleChoiceField(
        System.objects.order_by("name"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        label=_("What came from which systems"),
        help_text=_("None means every system."),
    )
    sources = forms.MultipleChoiceField(
        choices=PersonalDataItem.Source.choices,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        label=_("Which sources"),
        help_text=_("In the words of the person. None means every source."),
    )
    roles = forms.MultipleChoiceField(
        choices=Relationship.Role.choices,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        label=_("Of whom we deal with as"),
        help_text=_(
            "Only what is held because of that, for its purpose: the application of an applicant, not their newsletter."
        ),
    )
    organisation = forms.CharField(
        required=False,
        max_length=200,
        label=_("The people of which company"),
        help_text=_("Its name as the list of organisations has it."),
    )
    jurisdictions = forms.CharField(
        required=False,
        max_length=60,
        label=_("The people under the law of"),
        help_text=_("Codes of two letters as people have them here, such as UK or EU, with spaces between them."),
    )
    collected_from = DayField(required=False, label=_("Collected from"))
    collected_to = DayField(required=False, label=_("Collected until"))

    def __init__(self, *args: Any, may_search: bool, **given: Any) -> None:
        super().__init__(*args, **given)
        self.may_search = may_search
        self.fields["purposes"].queryset = purposes()  # type: ignore[attr-defined]

    def clean_people(self) -> list[DataSubject]:
        """Line by line. A line that fits nobody, or several, is named by its number: what it says is personal."""
        found, wrong = set(), []
        for number, line in enumerate(self.cleaned_data["people"].splitlines(), start=1):
            text = line.strip()
            if not text:
                continue
            fits = exact.with_id(text)
            # By address only for whoever may search for people by it.
            if not fits and self.may_search:
                fits = exact.people_of(text, exact.claims_of(text))
            found |= fits
            if len(fits) != 1:
                wrong.append((SEVERAL if fits else NOBODY) % {"line": number})
        if wrong:
            raise forms.ValidationError(wrong)
        return list(DataSubject.objects.filter(pk__in=found))

    def clean_jurisdictions(self) -> list[str]:
        return sorted(set(self.cleaned_data["jurisdictions"].replace(",", " ").upper().split()))

    def scope(self) -> dict[str, Any]:
        """What it is about, of a form that is valid."""
        return {
            field.name: list(value) if isinstance(value, QuerySet) else value
            for field in fields(Scope)
            if (value := self.cleaned_data[field.name]) is not None
        }

    def clean_organisation(self) -> Organisation | None:
        name = " ".join(self.cleaned_data["organisation"].split())
        if not name:
            return None
        found = list(Organisation.objects.filter(name=name)[:2])
        if len(found) != 1:
            raise forms.ValidationError(
                _("More than one organisation has this name. Correct one of them first.")
                if found
                else _("No organisation has this name.")
            )
        return found[0]


class HoldChangeForm(HoldForm):
    """What it is about and who answers for it, with why that changes."""

    matter = reason = review_due = None  # type: ignore[assignment]
    why = forms.ChoiceField(choices=list(CHANGE_REASONS.items()), label=_("Why it changes"), widget=forms.RadioSelect)
    custodian = forms.ChoiceField(
        label=_("Who answers for it"), help_text=_("They are reminded when it is to be looked at again.")
    )

    def __init__(self, *args: Any, keepers: Sequence[tuple[str, str]], company: Organisation | None, **given: Any):
        super().__init__(*args, **given)
        self.company = company
        self.fields["custodian"].choices = keepers  # type: ignore[attr-defined]

    def clean_organisation(self) -> Organisation | None:
        """The one that it is about is meant by its name, though another may have the same."""
        name = " ".join(self.cleaned_data["organisation"].split())
        return self.company if self.company and name == self.company.name else super().clean_organisation()


class ReviewForm(forms.Form):
    review_due = forms.DateField()
    # Of a hold that came back from the journal, whoever knows it completes the number.
    matter = forms.CharField(max_length=60, required=False)


class RuleForm(forms.ModelForm):
    """A draft of a retention rule. Whether it can be applied is asked of the domain (retention/rules.py)."""

    purpose = PurposeChoice(
        Purpose.objects.none(),
        label=_("Purpose"),
        empty_label=_("Choose one"),
        error_messages={"required": _("Choose the purpose whose data it is about.")},
    )
    fixed_on = DayField(
        required=False,
        label=_("The fixed date"),
        help_text=_("Only for a rule that counts from one. It is about what was collected until then."),
    )
    review_due = DayField(required=False, label=_("Look at the rule again on"))
    recipe = forms.CharField(
        required=False,
        widget=forms.Textarea(attrs={"rows": 14, "spellcheck": "false", "class": "of-written"}),
        label=_("How to anonymise"),
        help_text=_("Only for a rule that anonymises. Leave it empty, and it begins with every field that there is."),
    )

    class Meta:
        model = RetentionRule
        fields = ["slug", "purpose", "category", "trigger", "fixed_on", "period", "grace"]
        fields += ["action", "recipe", "legal_reason", "owner", "review_due"]
        labels = {
            "slug": _("Name"),
            "category": _("Only this category of data"),
            "trigger": _("Counted from"),
            "period": _("Kept for"),
            "grace": _("Time of grace"),
            "action": _("Then"),
            "legal_reason": _("Because"),
            "owner": _("Who answers for it"),
        }
        help_texts = {
            "slug": _("Small letters and hyphens, such as applicants. The same name makes the next version of a rule."),
            "category": _(
                "None means everything that the purpose holds, also what another rule keeps longer for one category."
            ),
            "period": _("P12M is twelve months, P6Y six years, P90D ninety days."),
            "grace": _("After that, before anything is done, such as P30D. May stay empty."),
            "legal_reason": _("The law, claim or need that asks for this length. The auditor reads it."),
            "owner": _("A role, not a name."),
        }
        error_messages = {
            "slug": {
                "required": _("Give it a name, such as applicants."),
                "invalid": _("Write the name in small letters, numbers and hyphens, such as job-applicants."),
            },
            "trigger": {"required": _("Choose the event that the period is counted from.")},
            "period": {"required": _("Say how long it is kept, such as P12M for twelve months.")},
            "legal_reason": {"required": _("Say which law, claim or need asks for this length.")},
        }
        widgets = {"legal_reason": forms.Textarea(attrs={"rows": 3})}

    def __init__(self, *args: Any, **given: Any) -> None:
        super().__init__(*args, **given)
        self.fields["purpose"].queryset = purposes()  # type: ignore[attr-defined]
        self.fields["category"].empty_label = _("Everything")  # type: ignore[attr-defined]
        self.fields["trigger"].choices = [("", _("Choose one")), *Trigger.choices]  # type: ignore[attr-defined]
        if self.instance.recipe:
            self.initial["recipe"] = recipes.text(self.instance.recipe)
        else:
            self.initial["recipe"] = ""

    def clean_period(self) -> str:
        return _period(self.cleaned_data["period"])

    def clean_grace(self) -> str:
        return _period(self.cleaned_data["grace"]) if self.cleaned_data["grace"] else ""

    def clean_recipe(self) -> dict[str, Any] | None:
        try:
            return recipes.read(self.cleaned_data["recipe"])
        except Invalid as error:
            raise forms.ValidationError(str(error.message)) from None

    def clean(self) -> dict[str, Any]:
        given = super().clean() or self.cleaned_data
        # What the database would refuse by the name of a constraint is asked of the domain before it.
        for ask, names in ((dated, ("trigger", "fixed_on")), (described, ("action", "recipe"))):
            if given.keys() >= set(names):
                try:
                    ask(*(given[name] for name in names))
                except Invalid as error:
                    for name, sentence in error.fields.items():
                        # A recipe has names of its own, also such as a field here has.
                        self.add_error(names[1], str(sentence) if name == names[1] else f"{name}: {sentence}")
        return given

    def offer(self, text: str) -> None:
        """A recipe to begin with, for whoever has none."""
        given = QueryDict(mutable=True)
        given.update(self.data)
        given["recipe"] = text
        self.data = given
        del self.errors["recipe"]
        self.add_error(
            "recipe",
            _("Say what becomes of each field. Here is every one of what is held for it, and none of them stays yet."),
        )


def _period(text: str) -> str:
    """Asked of the domain here, so that it is said at its field and before the database refuses it."""
    try:
        period(text)
    except Invalid as error:
        raise forms.ValidationError(str(error.fields["period"])) from None
    return text


def purposes() -> Any:
    """Every purpose with what it is called in the newest version of the register, by that."""
    newest = PurposeVersion.objects.filter(purpose=OuterRef("pk")).order_by("-number").values("title")[:1]
    return Purpose.objects.annotate(title=Subquery(newest)).order_by("title", "slug")
