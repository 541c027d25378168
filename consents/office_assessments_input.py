"""What staff fill in about assessments: each page made from its questions, and the steps around them."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from consents import assessments, assessments_problems
from consents.assessments_types import Part, Question, Shape
from consents.models import AssessmentReview, AssessmentVersion
from core.desk import DayField
from processing.models import Status

Cause = AssessmentReview.Cause
WORDS = forms.Textarea(attrs={"rows": 3})


class AssessedField(forms.ModelMultipleChoiceField):
    """Purposes on an interest, for the pages of what may have them weighed again."""

    def __init__(self, **given: Any) -> None:
        given.setdefault("widget", forms.CheckboxSelectMultiple)
        super().__init__(
            assessments.assessed(),
            label=_("Purposes on a legitimate interest that it is about"),
            required=False,
            help_text=_("Their assessments are weighed again. That is not taken back here."),
            **given,
        )

    def label_from_instance(self, obj: Any) -> str:
        title = obj.versions.filter(status=Status.LIVE).values_list("title", flat=True).first()
        return str(title or obj.slug)


class PartForm(forms.Form):
    """One page of the wizard. Nothing is required: what is missing is told when it is submitted."""

    def __init__(self, *args: Any, part: Part, version: AssessmentVersion, **given: Any) -> None:
        answers = assessments_problems.answers_of(version)
        given["initial"] = {question.key: answers.get(question.key) for question in part.questions}
        super().__init__(*args, **given)
        self.part = part
        for question in part.questions:
            self.fields[question.key] = _field(question)

    def groups(self) -> list[dict[str, Any]]:
        return [
            {"title": group.title, "intro": group.intro, "fields": [self[one.key] for one in group.questions]}
            for group in self.part.groups
        ]


class ApproveForm(forms.Form):
    review_due = DayField(
        label=_("To be looked at again by"),
        help_text=_("Within twelve months. Choose an earlier day where things change fast."),
        required=False,
    )
    sole_officer_reason = forms.CharField(
        label=_("Why nobody else could approve it"),
        help_text=_("You have written some of it yourself. The reason is kept, and the ledger says that it was so."),
        widget=WORDS,
        required=False,
    )

    def __init__(self, *args: Any, is_own: bool, **given: Any) -> None:
        super().__init__(*args, **given)
        if not is_own:
            del self.fields["sole_officer_reason"]


class ReturnForm(forms.Form):
    note = forms.CharField(
        label=_("What should be different"),
        help_text=_("Its author sees it on every page. It is not published."),
        widget=WORDS,
        max_length=2000,
        required=False,
    )


class AgainForm(forms.Form):
    """What nobody but staff can know. The other causes open a review by themselves."""

    cause = forms.ChoiceField(
        label=_("What happened"),
        choices=[(cause.value, cause.label) for cause in Cause if cause not in (Cause.OBJECTION, Cause.PURPOSE)],
    )


def _field(question: Question) -> forms.Field:
    """No answer is checked here: one function does that for every door (consents/assessments_drafts.py)."""
    about: dict[str, Any] = {"label": question.ask, "help_text": question.guidance, "required": False}
    choices = list(question.choices.items())
    if question.shape is Shape.SEVERAL:
        return forms.MultipleChoiceField(choices=choices, widget=forms.CheckboxSelectMultiple, **about)
    if question.choices:
        look = {"class": "of-inline"} if question.is_short else {}
        return forms.ChoiceField(choices=choices, widget=forms.RadioSelect(attrs=look), **about)
    return forms.CharField(widget=WORDS, **about)
