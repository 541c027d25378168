"""Staff pages for consents that came on paper, by phone, in person, or through somebody else."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django import forms as inputs
from django.contrib import messages
from django.contrib.admin import AdminSite
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from consents import entered, evidence, forms, reminders
from consents.entered import Told
from consents.guardians import month_of
from consents.models import ConsentEvidence, ConsentFormVersion
from core import files
from core.desk import MomentField, actor_of, for_staff, page, refuse
from core.errors import DomainError, NotFound
from core.files import File
from core.models import Controller
from processing.models import Basis, Channel, Purpose, PurposeVersion
from subjects.identifiers import parse_identity

# Who may enter a person may enter what that person agreed to.
ENTER = "subjects.add_datasubject"
FOLDER = "consents/forms"
HOW = [
    (ConsentEvidence.Kind.PAPER.value, gettext_lazy("On paper")),
    (ConsentEvidence.Kind.PHONE.value, gettext_lazy("By phone")),
    (ConsentEvidence.Kind.IN_PERSON.value, gettext_lazy("In person")),
]
# The field of the page for what the domain is about.
FIELDS = {
    "files": "file", "identity": "email", "identity.email": "email", "of_age": "of_age",
    "guardian": "guardian_until", "guardian.until": "guardian_until", "guardian_words": "guardian_words",
}  # fmt: skip
FILE_HINT = gettext_lazy("PDF, JPEG, PNG, Word, Excel without macros, or plain text, up to 5 MB. It is kept sealed.")


class IdentityForm(inputs.Form):
    email = inputs.CharField(label=gettext_lazy("E-mail address"), max_length=254, required=False)
    phone = inputs.CharField(label=gettext_lazy("Telephone number"), max_length=40, required=False)

    @property
    def identity(self) -> dict[str, str]:
        given = self.cleaned_data
        return {name: given[name].strip() for name in ("email", "phone") if given[name].strip()}


class EnterForm(IdentityForm):
    how = inputs.ChoiceField(label=gettext_lazy("How they answered"), choices=HOW, widget=inputs.RadioSelect)
    given_at = MomentField(label=gettext_lazy("When: the date on the paper, or the time of the conversation"))
    choices = inputs.MultipleChoiceField(
        label=gettext_lazy("They said yes to"), widget=inputs.CheckboxSelectMultiple, required=False
    )
    of_age = inputs.BooleanField(label=gettext_lazy("They are old enough to answer alone"), required=False)
    guardian_until = inputs.CharField(
        help_text=gettext_lazy(
            "Month and year, for example May 2029 or 05 2029. The consent ends then; afterwards they answer alone."
        ),
        max_length=20,
        required=False,
    )
    guardian_words = inputs.CharField(
        label=gettext_lazy("How you know that it is their parent or guardian"),
        help_text=gettext_lazy("For example: signed beside the child at the open day, passport seen."),
        widget=inputs.Textarea(attrs={"rows": 2}),
        max_length=1000,
        required=False,
    )
    words = inputs.CharField(
        label=gettext_lazy("Who was spoken to, and which words were read out"),
        help_text=gettext_lazy("For a conversation: your note of it, and the version of the script."),
        widget=inputs.Textarea(attrs={"rows": 3}),
        max_length=2000,
        required=False,
    )
    volunteered = inputs.BooleanField(
        label=gettext_lazy("They brought it up themselves: nobody asked them"),
        help_text=gettext_lazy("Only needed where somebody has said no in the last six months."),
        required=False,
    )
    file = inputs.FileField(label=gettext_lazy("A copy of the paper"), help_text=FILE_HINT, required=False)

    def __init__(self, *args: Any, version: ConsentFormVersion, **given: Any) -> None:
        super().__init__(*args, **given)
        labels = [(control["key"], control["label"]) for control in version.controls]
        self.fields["choices"].choices = labels  # type: ignore[attr-defined]
        if version.minimum_age is None:
            for name in ("of_age", "guardian_until", "guardian_words"):
                del self.fields[name]
            return
        self.fields["guardian_until"].label = _(
            "If a parent or guardian answered for them: when they will be %(age)s"
        ) % {"age": version.minimum_age}


class TellForm(IdentityForm):
    purpose = inputs.ChoiceField(label=gettext_lazy("What they are said to have agreed to"))
    channels = inputs.MultipleChoiceField(
        label=gettext_lazy("For which channels"), choices=Channel.choices, widget=inputs.CheckboxSelectMultiple
    )
    given_at = MomentField(label=gettext_lazy("When they are said to have agreed"))

    def __init__(self, *args: Any, **given: Any) -> None:
        super().__init__(*args, **given)
        live = PurposeVersion.objects.filter(basis=Basis.CONSENT, status="live").order_by("title")
        self.fields["purpose"].choices = list(live.values_list("purpose__slug", "title"))  # type: ignore[attr-defined]


class AcceptForm(inputs.Form):
    """What must be held before the first use; the names are those of entered.NEEDED."""

    seller = inputs.CharField(label=gettext_lazy("Who collected it, and what they warrant"), max_length=500)
    named_as = inputs.CharField(
        label=gettext_lazy("The name by which we stood in it"),
        help_text=gettext_lazy("“Selected partners” is not us."),
        max_length=200,
    )
    told = inputs.CharField(
        label=gettext_lazy("What the person was told, and how they said yes"),
        widget=inputs.Textarea(attrs={"rows": 2}),
        max_length=2000,
    )
    chain = inputs.CharField(label=gettext_lazy("Through whose hands it came to us"), max_length=500)
    screened_on = inputs.CharField(label=gettext_lazy("When it was checked against suppression lists"), max_length=100)
    sampled = inputs.CharField(
        label=gettext_lazy("How we checked that it is true"),
        help_text=gettext_lazy("For example: asked five people of the list, or saw the records of the seller."),
        max_length=500,
    )
    informed_on = inputs.CharField(
        label=gettext_lazy("When we told the person that we have their data, and from whom"),
        help_text=gettext_lazy("Within a month, and with our first message at the latest (UK GDPR Art 14(3))."),
        max_length=100,
    )
    file = inputs.FileField(label=gettext_lazy("The screens or the paper that name us"), help_text=FILE_HINT)


@sensitive_post_parameters()
@require_http_methods(["GET", "POST"])
@for_staff(ENTER)
def enter(request: HttpRequest, slug: str) -> HttpResponse:
    """What somebody answered on paper or in a conversation, to the words that are on show in this language."""
    version = forms.current(slug, request.GET.get("locale") or forms.DEFAULT_LOCALE)
    form = EnterForm(request.POST or None, request.FILES or None, version=version)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        try:
            entered.enter(
                _answer(version, form),
                kind=given["how"],
                note=_note(version, form),
                file=_file(given["file"]),
                actor=actor_of(request),
                now=timezone.now(),
            )
        except DomainError as error:
            refuse(form, error, FIELDS)
        else:
            messages.success(request, _("Recorded, with what shows it."))
            return redirect("admin:consent-enter", slug)
    context = {"title": _("Enter a consent: %(form)s") % {"form": slug}, "version": version, "form": form}
    return page(request, f"{FOLDER}/enter.html", context)


@sensitive_post_parameters()
@require_http_methods(["GET", "POST"])
@for_staff(ENTER)
def told(request: HttpRequest) -> HttpResponse:
    """What other people say was agreed to, and still has to be shown."""
    form = TellForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        try:
            claims = parse_identity(form.identity)
            said = Told(claims, given["purpose"], given["channels"], given["given_at"])
            consent = entered.tell(said, actor=actor_of(request), now=timezone.now())
        except DomainError as error:
            refuse(form, error, {"identity": "email"})
        else:
            messages.success(request, _("Noted as unknown. It cannot be used before its evidence is here."))
            return redirect("admin:consent-accept", consent)
    events = entered.untold()
    titles = dict(Purpose.objects.filter(uuid__in={e.purpose for e in events}).values_list("uuid", "slug"))
    rows = [
        {"event": event, "purpose": titles.get(event.purpose, ""), "until": entered.counts_until(event.effective_at)}
        for event in events
    ]
    context = {"title": _("Consents from others"), "form": form, "rows": rows, "now": timezone.now()}
    return page(request, f"{FOLDER}/told.html", context)


@sensitive_post_parameters()
@require_http_methods(["GET", "POST"])
@for_staff(ENTER)
def accept(request: HttpRequest, consent: UUID) -> HttpResponse:
    """The evidence that names us. With it, the consent counts."""
    waiting = next((event for event in entered.untold() if event.consent == consent), None)
    if waiting is None:
        raise Http404
    form = AcceptForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        note = {name: given[name] for name in entered.NEEDED}
        file = _file(given["file"])
        try:
            if file:
                entered.accept(consent, note=note, file=file, actor=actor_of(request), now=timezone.now())
        except DomainError as error:
            refuse(form, error, {"files": "file"})
        else:
            messages.success(request, _("It counts from now on, unless the person has said no."))
            return redirect("admin:consents-told")
    until = entered.counts_until(waiting.effective_at)
    return page(request, f"{FOLDER}/accept.html", {"title": _("Evidence of a consent"), "form": form, "until": until})


@require_POST
@for_staff(ENTER)
def download(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """The file as it came. Looking is an event."""
    try:
        return evidence.download(uuid, actor=actor_of(request), now=timezone.now())
    except NotFound as error:
        raise Http404 from error


@require_GET
@for_staff(ENTER)
def children(request: HttpRequest) -> HttpResponse:
    """What a parent agreed to, which ends and of which no e-mail could ask the child."""
    rows = reminders.for_staff(now=timezone.now())
    with timezone.override(Controller.current().zone):
        return page(request, f"{FOLDER}/children.html", {"title": _("Consents of children that end"), "rows": rows})


def _answer(version: ConsentFormVersion, form: EnterForm) -> dict[str, Any]:
    given = form.cleaned_data
    at: datetime = given["given_at"]
    return {
        "form": version.form.slug,
        "version": version.number,
        "locale": version.locale,
        "identity": form.identity,
        "choices": {control["key"]: control["key"] in given["choices"] for control in version.controls},
        "source": {"channel": given["how"]},
        "given_at": at.isoformat(),
        **_guardian(form),
    }


def _note(version: ConsentFormVersion, form: EnterForm) -> dict[str, str]:
    given = form.cleaned_data
    note = {"words": given["words"], "form": f"{version.form.slug} {version.locale} {version.number}"}
    more = {"guardian": given.get("guardian_words"), "volunteered": "yes" if given["volunteered"] else ""}
    return note | {name: said for name, said in more.items() if said}


def _guardian(form: EnterForm) -> dict[str, Any]:
    """Who answered: the person, old enough, or somebody for them."""
    said = form.cleaned_data.get("guardian_until") or ""
    until = month_of(said)
    guardian = {"guardian": {"until": until.strftime("%Y-%m") if until else said}} if said else {}
    return {**guardian, **({"of_age": True} if form.cleaned_data.get("of_age") else {})}


def _file(given: Any) -> File | None:
    # One byte more than is allowed tells that it is too large.
    return File(given.name, given.read(files.LARGEST + 1)) if given else None


def urls(site: AdminSite) -> list[URLPattern]:
    found = [
        path("consents-told/", told, name="consents-told"),
        path("consents-told/children/", children, name="consents-children"),
        path("consents-told/<uuid:consent>/", accept, name="consent-accept"),
        path("consents-told/evidence/<uuid:uuid>/", download, name="consent-evidence"),
        path("consent-forms/<slug:slug>/enter/", enter, name="consent-enter"),
    ]
    for pattern in found:
        pattern.callback = site.admin_view(pattern.callback)
    return found
