"""The ground floor: who runs this installation, who may call it, what leaves it, and the keys of what it seals."""

import uuid
from datetime import date, timedelta, tzinfo
from zoneinfo import ZoneInfo

from django.contrib.auth.models import AbstractUser
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from core.constraints import one_of
from core.once import once


class User(AbstractUser):
    """A member of staff. People whose data we hold are data subjects and never have an account here."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)

    def __str__(self) -> str:
        return f"user {self.pk}"

    @property
    def actor(self) -> str:
        """How the ledger names this person: an id, never a name."""
        return f"user:{self.uuid}"


class Controller(models.Model):
    """The one controller of this installation (UK GDPR Art 4(7))."""

    name = models.CharField(max_length=200)
    address = models.TextField()
    website = models.URLField(blank=True)
    dpo_contact = models.EmailField()
    phone = models.CharField(max_length=40, blank=True)
    regulator_name = models.CharField(max_length=200, default="Information Commissioner's Office")
    regulator_url = models.URLField(default="https://ico.org.uk/make-a-complaint/")
    regulator_address = models.TextField(blank=True)
    jurisdiction = models.CharField(max_length=2, default="UK")
    division = models.CharField(max_length=30, default="england-and-wales")
    time_zone = models.CharField(max_length=50, default="Europe/London")
    languages = ArrayField(models.CharField(max_length=10), default=list)
    backup_days = models.PositiveSmallIntegerField(
        default=35, help_text=_("After how many days the last backup that may contain an erased person expires.")
    )

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(pk=1), name="core_controller_is_one")]

    def __str__(self) -> str:
        return self.name

    @classmethod
    def current(cls) -> "Controller":
        """The controller, or an unsaved placeholder before one is entered. Read once in a request."""
        return once("controller", cls._read)

    @classmethod
    def _read(cls) -> "Controller":
        return cls.objects.filter(pk=1).first() or cls.placeholder()

    @classmethod
    def placeholder(cls) -> "Controller":
        return cls(pk=1, name="Kraken Privacy", dpo_contact="privacy@localhost")

    @property
    def zone(self) -> tzinfo:
        return ZoneInfo(self.time_zone)

    def backups_until(self, day: date) -> date | None:
        """When the last backup that may hold what was deleted on this day is destroyed; None where none is kept."""
        return day + timedelta(days=self.backup_days) if self.backup_days else None


class Owner(models.TextChoices):
    """What kind of row a data key belongs to."""

    ITEM = "item", _("personal data item")
    IDENTIFIER = "identifier", _("identifier")
    CONSENT = "consent", _("consent proof")
    CASE = "case", _("case file")
    OUTBOX = "outbox", _("outgoing message")
    RELATIONSHIP = "relationship", _("relationship")
    IMPORT = "import", _("rows of a file being imported")
    BREACH = "breach", _("breach")
    IDENTITY = "identity", _("evidence of identity")
    MAIL = "mail", _("message in the privacy mailbox")
    WEBHOOK = "webhook", _("webhook")
    SHARE = "share", _("what another system has to erase")


class DataKey(models.Model):
    """The wrapped key of one owner row. It points to its owner; nothing refers to it, so it can always be destroyed."""

    owner = models.CharField(max_length=12, choices=Owner)
    owner_id = models.UUIDField()
    master_key = models.CharField(max_length=16)
    wrapped = models.BinaryField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["owner_id", "owner"], name="core_datakey_one_per_owner"),
            models.CheckConstraint(condition=one_of("owner", Owner.values), name="core_datakey_owner_known"),
        ]

    def __str__(self) -> str:
        return f"key of {self.owner} {self.owner_id}"


class ApiKey(models.Model):
    """A caller of the REST API. The secret is 256 random bits, so a plain SHA-256 is enough to store it."""

    class Kind(models.TextChoices):
        SECRET = "secret", _("secret, for servers")
        PUBLISHABLE = "publishable", _("publishable, for browsers")

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    name = models.CharField(max_length=100)
    kind = models.CharField(max_length=12, choices=Kind, default=Kind.SECRET)
    prefix = models.CharField(max_length=12, unique=True, editable=False)
    digest = models.BinaryField(editable=False)
    scopes = ArrayField(models.CharField(max_length=40), default=list)
    origins = ArrayField(models.CharField(max_length=200), default=list, blank=True)
    # The short name of the system that calls with it. Lower than the register, so by its name.
    system = models.CharField(max_length=50, blank=True, default="", db_default="")
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True, editable=False)
    last_used_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=["secret", "publishable"]), name="core_apikey_kind_known")
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"

    @property
    def actor(self) -> str:
        return f"api:{self.uuid}"


class Idempotency(models.Model):
    """What a POST with an Idempotency-Key made: the id of the object, never the answer's body. Kept for 24 hours."""

    api_key = models.ForeignKey(ApiKey, models.CASCADE)
    method = models.CharField(max_length=8)
    path = models.CharField(max_length=200)
    key = models.CharField(max_length=255)
    body_mac = models.BinaryField()
    object_id = models.UUIDField()
    created_at = models.DateTimeField(db_default=Now(), db_index=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["api_key", "method", "path", "key"], name="core_idempotency_key_is_unique")
        ]

    def __str__(self) -> str:
        return f"idempotency {self.pk}"


class Outbox(models.Model):
    """Everything that leaves goes through here: at least once, in a lease, with a stable Message-ID.

    The payload is sealed under the row's own key; payload and key go once it has been delivered.
    """

    class Kind(models.TextChoices):
        MAIL = "mail", _("e-mail")
        JOURNAL = "journal", _("erasure journal")
        WEBHOOK = "webhook", _("webhook")
        TRANSFER = "transfer", _("data for another controller")

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    schema_version = models.PositiveSmallIntegerField(default=1)
    kind = models.CharField(max_length=10, choices=Kind)
    about = models.UUIDField(null=True, help_text="The case, person or consent this message concerns.")
    payload = models.BinaryField(null=True)
    created_at = models.DateTimeField()
    due_at = models.DateTimeField()
    attempts = models.PositiveSmallIntegerField(default=0)
    lease = models.UUIDField(null=True)
    leased_until = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True)
    dead_at = models.DateTimeField(null=True)
    error = models.CharField(max_length=100, blank=True, help_text="The kind of the last failure, never its text.")

    class Meta:
        verbose_name_plural = "outbox"
        indexes = [
            models.Index("due_at", name="core_outbox_due", condition=Q(sent_at=None, dead_at=None)),
            models.Index("dead_at", name="core_outbox_dead", condition=Q(dead_at__isnull=False)),
            # What was sent to a webhook, the latest first, also where that is long ago.
            models.Index("about", "id", name="core_outbox_about", condition=Q(about__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.uuid}"


class Heartbeat(models.Model):
    """When a kind of work was last done: a process that is gone cannot say so itself."""

    name = models.CharField(max_length=20, primary_key=True)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name


class RuleSet(models.Model):
    """The law as data with dates. A case keeps the rule set that it was computed under."""

    jurisdiction = models.CharField(max_length=2)
    slug = models.SlugField(unique=True)
    effective_from = models.DateField()
    effective_to = models.DateField(null=True, blank=True)
    params = models.JSONField()
    source = models.TextField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["jurisdiction", "effective_from"], name="core_ruleset_one_from_each_date"),
            models.CheckConstraint(
                condition=Q(effective_to=None) | Q(effective_to__gt=models.F("effective_from")),
                name="core_ruleset_ends_after_it_starts",
            ),
        ]

    def __str__(self) -> str:
        return self.slug


class BankHoliday(models.Model):
    """A public holiday (Reg 1182/71 Art 3(4)), frozen from a library and open to overrides."""

    date = models.DateField()
    division = models.CharField(max_length=30)
    title = models.CharField(max_length=100)
    source = models.CharField(max_length=60)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["division", "date"], name="core_bankholiday_once_a_day")]

    def __str__(self) -> str:
        return f"{self.date} {self.title}"
