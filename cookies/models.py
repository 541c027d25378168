"""Cookies and what is like them: what each site stores or reads, on which ground, and what each browser chose."""

import uuid

import pgtrigger
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from processing.models import Purpose


class Paragraph(models.TextChoices):
    """Why something may be stored on, or read from, somebody's device (PECR reg 6(1), Schedule A1)."""

    CONSENT = "2", _("They consented (paragraph 2)")
    TRANSMISSION = "3", _("It does nothing but carry a message (paragraph 3)")
    NECESSARY = "4", _("What they asked for does not work without it (paragraph 4)")
    STATISTICS = "5", _("Our own statistics, to improve the site (paragraph 5)")
    APPEARANCE = "6", _("The site looks or works as they prefer (paragraph 6)")
    EMERGENCY = "7", _("Help in an emergency that they asked for (paragraph 7)")


class Need(models.TextChoices):
    """What a person must be given before, or beside, the use of it."""

    CONSENT = "consent", _("Only if you say yes")
    OPT_OUT = "opt-out", _("On until you say no")
    INFORMATION = "information", _("Always on")


# Paragraphs 3, 4 and 7 ask for nothing; we say what is used all the same.
NEEDS = {Paragraph.CONSENT: Need.CONSENT, Paragraph.STATISTICS: Need.OPT_OUT, Paragraph.APPEARANCE: Need.OPT_OUT}


class Kind(models.TextChoices):
    COOKIE = "cookie", _("Cookie")
    LOCAL = "local", _("Local storage")
    SESSION = "session", _("Session storage")
    BEACON = "beacon", _("Invisible picture on a page")
    EMBED = "embed", _("Content of another site")
    MAIL_BEACON = "mail-beacon", _("Invisible picture in an e-mail")
    TRACKED_LINK = "tracked-link", _("Link in an e-mail that tells us it was followed")


class GoogleType(models.TextChoices):
    """The types of Google's consent mode, version 2. Security is always granted, so it is not mapped."""

    ANALYTICS = "analytics_storage", "analytics_storage"
    ADS = "ad_storage", "ad_storage"
    AD_DATA = "ad_user_data", "ad_user_data"
    AD_PERSONAL = "ad_personalization", "ad_personalization"
    FUNCTIONS = "functionality_storage", "functionality_storage"
    PERSONAL = "personalization_storage", "personalization_storage"


class Site(models.Model):
    """A website whose visitors choose. What they are shown is in its published versions."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    slug = models.SlugField(unique=True, max_length=40)
    name = models.CharField(max_length=100, help_text=_("As visitors know it, such as www.example.com."))
    origins = ArrayField(
        models.CharField(max_length=200),
        help_text=_("Where its pages are, with commas between: https://www.example.com, https://shop.example.com"),
    )
    cookie_domain = models.CharField(
        max_length=200,
        blank=True,
        help_text=_("The domain that its subdomains share, such as example.com. Empty: each host asks by itself."),
    )
    intro = models.TextField(
        max_length=500,
        default=_("Some cookies are needed. The others we use only if you allow it; the site works without them."),
        help_text=_("What the banner says, in plain words."),
    )
    valid_days = models.PositiveSmallIntegerField(default=365, help_text=_("After so many days we ask again."))
    quiet_days = models.PositiveSmallIntegerField(
        default=183, help_text=_("So many days nobody who refused everything is asked again, whatever is new.")
    )

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(valid_days__gte=F("quiet_days"), quiet_days__gte=1), name="cookies_site_leaves_in_peace"
            )
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def cookie_name(self) -> str:
        """The cookie that remembers the choice."""
        return f"kp_cookies_{self.slug}"


class Cookie(models.Model):
    """One line of a site's register: something stored, read or reported, why, by whom, and for how long."""

    site = models.ForeignKey(Site, models.PROTECT, related_name="cookies")
    kind = models.CharField(max_length=12, choices=Kind, default=Kind.COOKIE)
    pattern = models.CharField(_("name"), max_length=100, help_text=_("A star at the end stands for anything: _ga_*"))
    purpose = models.ForeignKey(Purpose, models.PROTECT, related_name="+")
    paragraph = models.CharField(_("allowed because"), max_length=1, choices=Paragraph)
    what_for = models.CharField(_("what it does"), max_length=300, help_text=_("For visitors, in plain words."))
    provider = models.CharField(max_length=200, help_text=_("The organisation that receives what it tells."))
    domain = models.CharField(
        max_length=200,
        blank=True,
        help_text=_("Empty for the site's own. Of another domain, nobody here can delete it."),
    )
    duration = models.CharField(_("how long it stays"), max_length=60, help_text=_("In words, such as 12 months."))
    is_http_only = models.BooleanField(_("hidden from scripts"), default=False)
    google = ArrayField(
        models.CharField(max_length=24, choices=GoogleType),
        default=list,
        blank=True,
        verbose_name=_("Google consent mode"),
        help_text=_("Types that are granted with it, with commas between, such as analytics_storage."),
    )

    class Meta:
        verbose_name = _("line of the register")
        verbose_name_plural = _("cookie register")
        constraints = [
            models.UniqueConstraint(fields=["site", "kind", "pattern", "domain"], name="cookies_cookie_named_once"),
            models.CheckConstraint(condition=Q(paragraph__in=Paragraph.values), name="cookies_cookie_has_a_ground"),
            models.CheckConstraint(
                condition=Q(pattern__regex=r"^[^*]+\*?$"), name="cookies_cookie_pattern_names_something"
            ),
        ]

    def __str__(self) -> str:
        return self.pattern

    @property
    def need(self) -> Need:
        return NEEDS.get(Paragraph(self.paragraph), Need.INFORMATION)


class SiteVersion(models.Model):
    """Exactly what the visitors of a site are told and asked, under one hash. Never changed."""

    site = models.ForeignKey(Site, models.PROTECT, related_name="versions")
    number = models.PositiveSmallIntegerField()
    # As cookies/publishing.py `content` makes it: intro, and the purposes with their lines.
    content = models.JSONField()
    sha256 = models.CharField(max_length=64)
    published_at = models.DateTimeField()
    superseded_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["site", "number"], name="cookies_version_numbered_once"),
            models.UniqueConstraint(
                fields=["site"], condition=Q(superseded_at=None), name="cookies_version_one_current"
            ),
        ]
        triggers = [
            pgtrigger.Protect(
                name="published_is_frozen",
                operation=pgtrigger.Update,
                condition=pgtrigger.Condition(
                    "to_jsonb(NEW) - 'superseded_at' IS DISTINCT FROM to_jsonb(OLD) - 'superseded_at'"
                ),
            ),
            pgtrigger.Protect(name="published_is_kept", operation=pgtrigger.Delete),
        ]

    def __str__(self) -> str:
        return f"site {self.site_id} v{self.number}"


class How(models.TextChoices):
    """Which act it was. A signal of the browser (GPC) objects and never consents."""

    ACCEPT = "accept", _("Accept all")
    REJECT = "reject", _("Reject all")
    CHOOSE = "choose", _("Chosen one by one")
    EMBED = "embed", _("Allowed at the place of an embedded content")
    PAGE = "page", _("Chosen on the cookie page")
    GPC = "gpc", _("Objection by Global Privacy Control")


class CookieChoice(models.Model):
    """One choice of one browser, under a random number. Append-only; nobody's, unless somebody says it is theirs."""

    # Made by the browser, so that a proof which is sent twice is stored once.
    uuid = models.UUIDField(unique=True, editable=False)
    schema_version = models.PositiveSmallIntegerField(default=1)
    consent_id = models.UUIDField(help_text="The random number that the browser keeps.")
    site = models.UUIDField()
    version = models.PositiveSmallIntegerField()
    sha256 = models.CharField(max_length=64)
    how = models.CharField(max_length=8, choices=How)
    is_gpc = models.BooleanField(help_text="Whether the browser sent the signal when it was chosen.")
    # Slugs of purposes. What needs no consent and was not objected to stands in neither.
    granted = ArrayField(models.CharField(max_length=50), default=list)
    denied = ArrayField(models.CharField(max_length=50), default=list)
    chosen_at = models.DateTimeField(help_text="By the browser's clock, if it waited to be sent.")
    recorded_at = models.DateTimeField()
    actor = models.CharField(max_length=60)
    entry = models.UUIDField(help_text="The ledger entry that proves it.")

    class Meta:
        indexes = [
            models.Index("consent_id", "chosen_at", name="cookies_choice_of_browser"),
            models.Index("recorded_at", name="cookies_choice_recorded"),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(how__in=How.values), name="cookies_choice_act_known"),
            models.CheckConstraint(
                condition=~Q(how__in=["gpc", "reject"]) | Q(granted=[]), name="cookies_choice_no_is_no"
            ),
            models.CheckConstraint(condition=~Q(how="gpc") | Q(is_gpc=True), name="cookies_choice_gpc_was_sent"),
            models.CheckConstraint(
                condition=Q(chosen_at__lte=F("recorded_at")), name="cookies_choice_made_before_recorded"
            ),
        ]
        triggers = [
            pgtrigger.Protect(name="choices_are_kept", operation=pgtrigger.Update),
            # cookies/choices.py `forget` deletes later.
            pgtrigger.Protect(
                name="choices_stay_three_years",
                operation=pgtrigger.Delete,
                condition=pgtrigger.Condition("OLD.recorded_at > now() - interval '3 years'"),
            ),
        ]

    def __str__(self) -> str:
        return f"choice {self.uuid}"
