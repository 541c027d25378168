"""The page of a person's choices, and the two steps that lead to it without a mail of ours. A GET only shows."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from consents import braking, browsers, pausing, preferences_door, preferences_receipts, preferences_words
from consents import preferences as choices
from consents import unsubscribe as one_click
from consents.forms_public import AddressForm, CodeForm, LanguageForm, PauseForm
from consents.preferences import Change
from consents.unsubscribe import Recipient
from consents.views import receipt_file
from core.desk import refuse
from core.errors import DomainError, NotFound
from core.models import Controller
from core.network import network_of

page = require_http_methods(["GET", "HEAD", "POST"])


class TooMany(DomainError):
    code = "too-many"
    message = gettext_lazy("That was too often. Wait a minute, then choose again.")
    status = 429


@dataclass
class Done:
    """What a press of a button did, for the panel that says so."""

    changes: list[Change] = field(default_factory=list)
    words: str = ""
    # What was filled in and is wrong.
    pause: PauseForm | None = None
    language: LanguageForm | None = None

    @property
    def wrong(self) -> PauseForm | LanguageForm | None:
        return self.pause or self.language


@never_cache
@page
def preferences(request: HttpRequest, token: str) -> HttpResponse:
    """Every choice of the address that the link was mailed to."""
    recipient = one_click.read(token)
    if recipient is None:
        return render(request, "consents/preferences_unusable.html", status=404)
    now, done = timezone.now(), None
    if request.method == "POST":
        _brake(token)
        done = ACTS.get(request.POST.get("act", ""), _save)(request, recipient, now)
    locale = preferences_words.language_of(recipient.claim)
    with translation.override(preferences_words.page_language(locale)), timezone.override(Controller.current().zone):
        response = render(
            request, "consents/preferences.html", _context(recipient, locale, done, now) | {"token": token}
        )
    if done:
        browsers.end(request, response, recipient.claim, choices.ended(done.changes), now)
    return response


@never_cache
@require_safe
def receipt(request: HttpRequest, token: str, proof: UUID) -> HttpResponse:
    """What proves a choice, as a file. Only for whoever holds the link of the address that chose."""
    recipient = one_click.read(token)
    try:
        if recipient is None:
            raise NotFound
        text = preferences_receipts.text(recipient, proof, now=timezone.now())
    except NotFound as error:
        raise Http404 from error
    return receipt_file(proof, text)


@never_cache
@page
def ask(request: HttpRequest) -> HttpResponse:
    """For somebody who kept no mail: a code is sent to the address they give."""
    form = AddressForm(request.POST if request.method == "POST" else None)
    if request.method == "POST":
        _brake(network_of(request))
    if request.method == "POST" and form.is_valid():
        try:
            sealed = preferences_door.send_code(form.cleaned_data["email"], now=timezone.now())
        except DomainError as error:
            form.add_error("email", str(next(iter(error.fields.values()), error.message)))
        else:
            return redirect("consents:preferences-code", sealed)
    return render(request, "consents/preferences_ask.html", {"form": form})


@never_cache
@page
def code(request: HttpRequest, sealed: str) -> HttpResponse:
    """The code from the mail opens the choices. A page that we did not make looks like any other and opens nothing."""
    now = timezone.now()
    if request.method == "POST" and "again" in request.POST:
        preferences_door.again(sealed, now=now)
        return render(request, "consents/preferences_code.html", {"form": CodeForm(), "is_again": True})
    form = CodeForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            return redirect(
                "consents:preferences", preferences_door.open_with(sealed, form.cleaned_data["code"], now=now)
            )
        except DomainError as error:
            form.add_error("code", str(error.message))
    return render(request, "consents/preferences_code.html", {"form": form})


def _brake(who: str) -> None:
    """Each change is evidence that stays for years, each address is mailed to: nobody needs so many in a minute."""
    if braking.is_too_often("choices", who, settings.FORM_POSTS_PER_CLIENT):
        raise TooMany


def _save(request: HttpRequest, recipient: Recipient, now: datetime) -> Done:
    # Only what differs from what the page showed was chosen on it: a tab may be older than a "no" said elsewhere. So a
    # "yes" is one in a box that was shown empty. A box that was shown and is not sent was left empty.
    empty = set(request.POST.getlist("empty"))
    wanted = {name: name in request.POST for name in request.POST.getlist("shown")}
    chosen = {name: is_on for name, is_on in wanted.items() if is_on == (name in empty)}
    return Done(choices.save(recipient, chosen, now=now))


def _undo(request: HttpRequest, recipient: Recipient, now: datetime) -> Done:
    return Done(_save(request, recipient, now).changes, _("It is as it was before."))


def _stop(request: HttpRequest, recipient: Recipient, now: datetime) -> Done:
    return Done(choices.stop_marketing(recipient, now=now))


def _pause(request: HttpRequest, recipient: Recipient, now: datetime) -> Done:
    form = _pause_form(choices.of(recipient, now=now), now, request)
    if form.is_valid():
        try:
            until = pausing.until(form.cleaned_data["until"], now=now)
            choices.pause(recipient, form.cleaned_data["topic"], until=until, now=now)
        except DomainError as error:
            refuse(form, error)
        else:
            return Done(words=_("Paused. It goes on by itself on the day you gave, and you can end the pause before."))
    return Done(pause=form)


def _resume(request: HttpRequest, recipient: Recipient, now: datetime) -> Done:
    choices.resume(recipient, now=now)
    return Done(words=_("The pause has ended. What you chose counts again."))


def _speak(request: HttpRequest, recipient: Recipient, now: datetime) -> Done:
    form = LanguageForm(request.POST, languages=preferences_words.languages())
    if not form.is_valid():
        return Done(language=form)
    preferences_words.choose_language(recipient.claim, form.cleaned_data["language"], now=now)
    return Done(words=_("From now on we write to you in that language, as far as a text exists in it."))


ACTS: dict[str, Callable[[HttpRequest, Recipient, datetime], Done]] = {
    **{"stop": _stop, "undo": _undo, "pause": _pause},
    **{"resume": _resume, "language": _speak},
}


def _pause_form(shown: choices.Choices, now: datetime, request: HttpRequest | None = None) -> PauseForm:
    topics = [(topic.slug, topic.title) for topic in choices.pausable(shown)]
    today = timezone.localtime(now, Controller.current().zone).date()
    return PauseForm(request.POST if request else None, topics=topics, today=today)


def _context(recipient: Recipient, locale: str, done: Done | None, now: datetime) -> dict[str, object]:
    shown, languages = choices.of(recipient, now=now, locale=locale), preferences_words.languages()
    language = LanguageForm(languages=languages, initial={"language": locale})
    before = {name: on for change in (done.changes if done else []) for name, on in change.before.items()}
    return {
        "choices": shown,
        "done": done,
        "before": before,
        "masked": recipient.claim.masked,
        "pause_form": (done and done.pause) or _pause_form(shown, now),
        "can_pause": bool(choices.pausable(shown)),
        "pauses": [topic for topic in shown.all if topic.pause],
        "language_form": ((done and done.language) or language) if len(languages) > 1 else None,
        "necessary": [(version, preferences_words.why(version)) for version in shown.necessary],
        "on_contract": shown.on_contract,
    }
