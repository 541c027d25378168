"""The words of the page of choices: the controls of the forms on show, and why some messages leave no choice."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import to_locale

from consents.forms import DEFAULT_LOCALE
from consents.models import ConsentEvent, ConsentFormVersion
from consents.states import YES, Key, Standing
from core.errors import Invalid
from ledger import entries
from processing.models import Basis, Channel, Purpose, PurposeVersion
from subjects import people
from subjects.identifiers import Claim
from subjects.models import DataSubject

# In their own words: whoever looks for a language reads that one.
NAMES = {
    **{"en-GB": "English", "cy-GB": "Cymraeg", "gd-GB": "Gàidhlig", "ga-IE": "Gaeilge", "fr-FR": "Français"},
    **{"de-DE": "Deutsch", "es-ES": "Español", "it-IT": "Italiano", "nl-NL": "Nederlands", "pl-PL": "Polski"},
}


@dataclass(frozen=True)
class Control:
    """What a form on show asks about one purpose and channel, in one language."""

    form: str
    key: str
    purpose: str
    channel: str
    label: str
    # Without the age: it is not said beside what a parent agreed to for somebody younger.
    plain_hint: str
    locale: str
    minimum_age: int | None = None

    @property
    def hint(self) -> str:
        return " ".join(part for part in (self.plain_hint, _only_from(self.minimum_age)) if part)

    def said_to(self, given: Mapping[Key, Standing]) -> list[Key]:
        """The consents that its box stands for: one to it, one to every channel, or one to each of them."""
        for key in ((self.purpose, self.channel), (self.purpose, "")):
            if key in given:
                return [key]
        every = [(self.purpose, channel) for channel in Channel.values]
        return every if not self.channel and all(key in given for key in every) else []

    def left_out(self, given: Mapping[Key, Standing]) -> str:
        """Of what is asked for every channel and goes on by some: by which it does not."""
        off = [str(Channel(channel).label) for channel in Channel.values if (self.purpose, channel) not in given]
        is_partly_on = not self.channel and not self.said_to(given) and len(off) < len(Channel.values)
        return ", ".join(off) if is_partly_on else ""


@dataclass(frozen=True)
class Answered:
    """To which form (by its name) each purpose and channel was said: what stands, and what was said last."""

    standing: Mapping[tuple[str, str], str]
    last: Mapping[tuple[str, str], str]

    def choose(self, asked: tuple[str, str], by_form: Mapping[str, Control]) -> Control | None:
        """Of what several forms ask: what stands in the words of its own form or of none, because nobody has agreed to
        what another form says; the rest as they answered it before, so that it can be set back, or in any.
        """
        stands = self.standing.get(asked, self.standing.get((asked[0], "")))
        if stands is not None:
            return by_form.get(stands)
        return by_form.get(self.last.get(asked, "")) or next(iter(by_form.values()))


def controls(locale: str, answered: Answered) -> list[Control]:
    """Every control of the forms on show, each purpose and channel once, in this language where it is there."""
    rows = ConsentFormVersion.objects.filter(published_at__isnull=False, superseded_at=None)
    by_form: dict[str, dict[str, ConsentFormVersion]] = {}
    for row in rows.filter(locale__in=[locale, DEFAULT_LOCALE]).select_related("form").order_by("form__slug"):
        by_form.setdefault(row.form.slug, {})[row.locale] = row
    found: dict[tuple[str, str], dict[str, Control]] = {}
    for slug, versions in by_form.items():
        version = versions.get(locale) or versions[DEFAULT_LOCALE]
        for one in version.controls:
            control = Control(
                *(slug, one["key"], one["purpose"], one["channel"], one["label"], one["hint"], version.locale),
                version.minimum_age,
            )
            found.setdefault((control.purpose, control.channel), {})[slug] = control
    chosen = (answered.choose(asked, every) for asked, every in found.items())
    return [control for control in chosen if control]


def answered(subject: DataSubject | None, standing: Sequence[Standing]) -> Answered:
    if subject is None:
        return Answered({}, {})
    said = ConsentEvent.objects.filter(subject=subject.uuid, status__in=YES).order_by("effective_at", "id")
    events = list(said.values_list("uuid", "purpose", "channel", "form_version"))
    names = ConsentFormVersion.objects.filter(pk__in={number for *_rest, number in events if number})
    forms = dict(names.values_list("pk", "form__slug"))
    slugs = dict(
        Purpose.objects.filter(uuid__in={purpose for _event, purpose, *_rest in events}).values_list("uuid", "slug")
    )
    of_event = {event: forms.get(number or 0, "") for event, _purpose, _channel, number in events}
    return Answered(
        standing={(one.purpose, one.channel): of_event.get(one.event, "") for one in standing},
        last={(slugs[purpose], channel): of_event[event] for event, purpose, channel, _number in events},
    )


def agreed(channel: str) -> str:
    """The label of a consent that no form on show asks for any more, or that was given elsewhere."""
    if not channel:
        return _("I have agreed to this.")
    return _("I have agreed to this: %(channel)s.") % {"channel": Channel(channel).label}


def is_necessary(version: PurposeVersion) -> bool:
    """Messages that somebody gets whether or not they like it."""
    if version.direct_marketing or version.basis not in (Basis.CONTRACT, Basis.LEGAL_OBLIGATION):
        return False
    return version.is_service_message or bool(version.channels)


def why(version: PurposeVersion) -> str:
    if version.basis == Basis.LEGAL_OBLIGATION:
        return _("The law obliges us to.")
    return _("A contract with you needs it, or you asked for it. It ends when that ends.")


def languages() -> list[tuple[str, str]]:
    """(code, name) of the languages that a form is on show in, the default one first."""
    rows = ConsentFormVersion.objects.filter(published_at__isnull=False, superseded_at=None)
    found = set(rows.values_list("locale", flat=True)) - {DEFAULT_LOCALE}
    return [(code, NAMES.get(code, code)) for code in (DEFAULT_LOCALE, *sorted(found))]


def language_of(claim: Claim) -> str:
    """What this person reads; of nobody, the default language."""
    subject = people.find([claim])
    return subject.locale if subject else DEFAULT_LOCALE


def page_language(locale: str) -> str:
    """The language of our own sentences: where they do not exist in somebody's, the default."""
    known = {to_locale(code).lower().replace("_", "-"): code for code, _name in settings.LANGUAGES}
    return known.get(locale.lower(), settings.LANGUAGE_CODE)


@transaction.atomic
def choose_language(claim: Claim, locale: str, *, now: datetime) -> UUID | None:
    """Store what this person reads: mails and pages follow. Of nobody, nothing is stored."""
    if locale not in dict(languages()):
        raise Invalid(fields={"language": _("Choose one of the languages.")})
    subject = people.find([claim])
    if subject is None or not people.hold(subject) or subject.locale == locale:
        return None
    DataSubject.objects.filter(pk=subject.pk).update(locale=locale)
    return entries.record(
        kind="subject.language-chosen", at=now, actor="public", subject=subject.uuid, data={"locale": locale}
    )


def _only_from(age: int | None) -> str:
    return _("Only if you are %(age)s or older.") % {"age": age} if age else ""
