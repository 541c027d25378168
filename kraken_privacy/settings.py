"""Settings, by concern. Everything that differs between machines comes from the environment (NAME or NAME_FILE)."""

from ipaddress import ip_network
from pathlib import Path

import environ
from celery.schedules import crontab
from csp.constants import NONE, SELF
from django.urls import reverse_lazy

from core import logs

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.FileAwareEnv()

# --- What kind of installation this is -------------------------------------------------------------------------------
DEBUG = env.bool("DEBUG", default=False)
SECRET_KEY = env.str("SECRET_KEY")
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1"])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
BASE_URL = env.str("BASE_URL", default="http://localhost:8000").rstrip("/")
# True only under `make run` and in tests: outgoing mail is kept in MAIL_DIR and shown at /dev/mail/.
DEMO_MODE = env.bool("DEMO_MODE", default=False)

# --- Applications ----------------------------------------------------------------------------------------------------
INSTALLED_APPS = [
    "unfold.apps.BasicAppConfig",  # the other one would put its own site in the place of ours
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "kraken_privacy.apps.KrakenAdminConfig",
    "csp",
    "pgtrigger",
    # Never its socialaccount, which imports the PyPI library called requests (docs/adr/0001).
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "core.apps.CoreConfig",
    "ledger.apps.LedgerConfig",
    "staff.apps.StaffConfig",
    "processing.apps.ProcessingConfig",
    "subjects.apps.SubjectsConfig",
    "consents.apps.ConsentsConfig",
    "requests.apps.RequestsConfig",
    "retention.apps.RetentionConfig",
    "notices.apps.NoticesConfig",
    "office.apps.OfficeConfig",
    "breaches.apps.BreachesConfig",
    "inbox.apps.InboxConfig",
    "imports.apps.ImportsConfig",
    "cookies.apps.CookiesConfig",
    "kraken_privacy.apps.KrakenConfig",
    "rest_framework",
    "drf_spectacular",
]
MIDDLEWARE = [
    "core.accesslog.AccessLogMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "core.middleware.ProblemMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "staff.middleware.IdleTimeout",
    "staff.middleware.SecondFactor",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
ROOT_URLCONF = "kraken_privacy.urls"
WSGI_APPLICATION = "kraken_privacy.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "core.context.controller",
                "staff.context.idle",
            ]
        },
    }
]

# --- PostgreSQL: the only truth ---------------------------------------------------------------------------------------
# DATABASE_URL is the runtime role's. Migrations run with the owner's address in the same variable; the role named here
# is then given exactly what it needs (core/roles.py).
DATABASES = {"default": env.db_url("DATABASE_URL")}
DATABASES["default"]["ATOMIC_REQUESTS"] = False
RUNTIME_DB_ROLE = env.str("RUNTIME_DB_ROLE", default="kraken_app")
# A pool in web processes only: Celery rebuilds one at every task. Each of four threads may need two (core/prepared.py).
if env.bool("DB_POOL", default=False):
    DATABASES["default"].setdefault("OPTIONS", {})["pool"] = {"min_size": 2, "max_size": 8, "timeout": 10}
    # A connection that the database has dropped is noticed before it is used, not by the person whose request it was.
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
AUTH_USER_MODEL = "core.User"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]

# --- Redis protocol: may vanish at any moment ------------------------------------------------------------------------
REDIS_URL = env.str("REDIS_URL", default="redis://localhost:6379/0")
CELERY_BROKER_URL = REDIS_URL.replace("unix://", "redis+socket://").replace("?db=", "?virtual_host=")  # for kombu
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TIMEZONE = "Europe/London"
CELERY_BROKER_TRANSPORT_OPTIONS = {"visibility_timeout": 600, "socket_timeout": 5, "socket_connect_timeout": 2}
# Publishing is only a hint: a sweep finds what a lost message left behind, so never make a request wait for Redis.
CELERY_TASK_PUBLISH_RETRY = False
# Every entry is a sweep over rows that say what is due: a missed beat is made up for by the next one.
CELERY_BEAT_SCHEDULE = {
    "outbox": {"task": "core.tasks.sweep_outbox", "schedule": 10.0, "options": {"expires": 10}},
    "idempotency": {"task": "core.tasks.sweep_idempotency", "schedule": 3600.0, "options": {"expires": 3600}},
    "seal": {"task": "ledger.tasks.seal", "schedule": 30.0, "options": {"expires": 30}},
    "answers": {"task": "requests.tasks.finish", "schedule": 20.0, "options": {"expires": 20}},
    "reminders": {"task": "requests.tasks.remind", "schedule": 600.0, "options": {"expires": 600}},
    "expiry": {"task": "requests.tasks.expire", "schedule": crontab(hour=1, minute=30)},
    "dead-notices": {"task": "requests.tasks.note_dead_notices", "schedule": 600.0, "options": {"expires": 600}},
    "holidays": {"task": "requests.tasks.recount", "schedule": crontab(hour=0, minute=20)},
    "unconfirmed": {"task": "requests.tasks.unconfirmed", "schedule": crontab(hour=7, minute=15)},
    "attempts": {"task": "staff.tasks.sweep", "schedule": crontab(hour=1, minute=50)},
    "drafts": {"task": "requests.tasks.forget_drafts", "schedule": crontab(hour=1, minute=45)},
    "cookies": {"task": "cookies.tasks.forget", "schedule": crontab(hour=1, minute=10)},
    "consents": {"task": "consents.tasks.expire", "schedule": crontab(hour=1, minute=0)},
    "ending-consents": {"task": "consents.tasks.remind", "schedule": crontab(hour="9-17", minute="*/10")},
    "webhooks": {"task": "consents.tasks.tell_webhooks", "schedule": 5.0, "options": {"expires": 5}},
    "outgrown-consents": {"task": "consents.tasks.renew", "schedule": 600.0, "options": {"expires": 600}},
    "unconfirmed-consents": {"task": "consents.tasks.forget_unconfirmed", "schedule": crontab(hour=1, minute=5)},
    "resume": {"task": "retention.tasks.resume", "schedule": 60.0, "options": {"expires": 60}},
    "breaches": {"task": "breaches.tasks.forget", "schedule": crontab(hour=1, minute=40)},
    "imports": {"task": "imports.tasks.sweep", "schedule": 60.0, "options": {"expires": 60}},
    "mailbox": {"task": "inbox.tasks.poll", "schedule": 60.0, "options": {"expires": 60}},
    "mailbox-expiry": {"task": "inbox.tasks.expire", "schedule": crontab(hour=1, minute=55)},
    "merges": {"task": "office.tasks.sweep", "schedule": crontab(hour=1, minute=40)},
    "sharing": {"task": "subjects.tasks.put_sharing_right", "schedule": crontab(hour=1, minute=20)},
    "retention": {"task": "retention.tasks.nightly", "schedule": crontab(hour=2, minute=30)},
}

# --- Keys ("id:base64" pairs, comma separated; the first is used for new values, the others still open old ones) -----
MASTER_KEYS = env.str("MASTER_KEYS")
BLIND_INDEX_KEYS = env.str("BLIND_INDEX_KEYS")
SUPPRESSION_KEYS = env.str("SUPPRESSION_KEYS")
SIGNING_KEYS = env.str("SIGNING_KEYS")

# --- Mail -------------------------------------------------------------------------------------------------------------
EMAIL_CONFIG = env.email_url("EMAIL_URL", default="smtp://localhost:25")
vars().update(EMAIL_CONFIG)
MAIL_DIR = Path(env.str("MAIL_DIR", default=str(BASE_DIR / "var" / "mail")))
if DEMO_MODE:
    EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    EMAIL_FILE_PATH = str(MAIL_DIR)
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default="privacy@kraken.im")

# The privacy mailbox: imaps://user:password@host/?inbox=INBOX&junk=Junk&done=Processed (docs/mailbox.md). Empty: none.
MAILBOX_URL = env.str("MAILBOX_URL", default="")
# Whose mail is a colleague's. Empty: the domain of DEFAULT_FROM_EMAIL.
MAILBOX_OWN_DOMAINS = env.list("MAILBOX_OWN_DOMAINS", default=[])
MAILBOX_MAX_BYTES = env.int("MAILBOX_MAX_BYTES", default=25 * 1024 * 1024)
# How long a message that became part of no case is kept, and how long spam and what was not ours.
MAILBOX_KEEP_DAYS = env.int("MAILBOX_KEEP_DAYS", default=365)
MAILBOX_REJECTED_DAYS = env.int("MAILBOX_REJECTED_DAYS", default=14)

# --- Evidence outside PostgreSQL --------------------------------------------------------------------------------------
JOURNAL_DIR = Path(env.str("JOURNAL_DIR", default=str(BASE_DIR / "var" / "journal")))
# Sealed dumps and, apart from them, the keys of what is in them (docs/backup.md). Without a key there is no backup.
BACKUP_DIR = Path(env.str("BACKUP_DIR", default=str(BASE_DIR / "var" / "backups")))
BACKUP_KEYS = env.str("BACKUP_KEYS", default="")
# A second place for the seals of the ledger, best on a machine whose owner is somebody else. Empty: none.
WITNESS_DIR = env.str("WITNESS_DIR", default="")
# How long evidence may wait for its seal before the log says so: a transaction left open holds all of them back.
UNSEALED_WARNING_SECONDS = env.int("UNSEALED_WARNING_SECONDS", default=900)

# --- Requests that nobody confirmed -----------------------------------------------------------------------------------
# After so many days a reminder; after so many, or when the answer is due, closing with the letter of Art 12(4).
UNCONFIRMED_REMINDER_DAYS = env.int("UNCONFIRMED_REMINDER_DAYS", default=7)
UNCONFIRMED_WAIT_DAYS = env.int("UNCONFIRMED_WAIT_DAYS", default=30)
# Proof or an answer that we asked for and never got: after so many days we ask again, so many days after that we close.
ASKING_REMINDER_DAYS = env.int("ASKING_REMINDER_DAYS", default=14)
ASKING_WAIT_DAYS = env.int("ASKING_WAIT_DAYS", default=30)
# So long somebody has to say where else to look before they are told that nothing was found.
WHERE_ELSE_WAIT_DAYS = env.int("WHERE_ELSE_WAIT_DAYS", default=14)

# --- Statistics with noise --------------------------------------------------------------------------------------------
# How much one release, and all of a year together, may tell at most about anybody (differential privacy).
EPSILON_PER_RELEASE = env.float("EPSILON_PER_RELEASE", default=1.0)
EPSILON_PER_YEAR = env.float("EPSILON_PER_YEAR", default=4.0)

# --- Language and time: UTC in the database, statutory dates in the controller's zone --------------------------------
LANGUAGE_CODE = "en-gb"
# Only what the texts exist in: a browser that prefers another language must not get half a page in it.
LANGUAGES = [("en-gb", "English")]
TIME_ZONE = "UTC"
USE_TZ = True
LOCALE_PATHS = [BASE_DIR / "locale"]

# --- Static files -----------------------------------------------------------------------------------------------------
STATIC_URL = "static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = Path(env.str("STATIC_ROOT", default=str(BASE_DIR / "var" / "static")))
WHITENOISE_USE_FINDERS = True
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}

# --- Security headers -------------------------------------------------------------------------------------------------
SECURE_TLS = env.bool("SECURE_TLS", default=not (DEBUG or DEMO_MODE))
SECURE_SSL_REDIRECT = SECURE_TLS
SECURE_HSTS_SECONDS = 31_536_000 if SECURE_TLS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_TLS
SECURE_HSTS_PRELOAD = SECURE_TLS
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if env.bool("BEHIND_TLS_PROXY", default=False) else None
# Networks of the proxies in front of us: what they say about where a request comes from is believed (core/network.py).
TRUSTED_PROXIES = [ip_network(network) for network in env.list("TRUSTED_PROXIES", default=[])]
# Networks besides the public internet that data may be sent to, and over plain http: for trying it out.
OUTGOING_NETWORKS = [ip_network(network) for network in env.list("OUTGOING_NETWORKS", default=[])]
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
SESSION_COOKIE_SECURE = SECURE_TLS
CSRF_COOKIE_SECURE = SECURE_TLS
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_USE_SESSIONS = False
CSRF_FAILURE_VIEW = "kraken_privacy.pages.csrf_failure"
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 10 * 1024 * 1024
# A file of people is never written to the disk: an upload of up to this size stays in memory, a larger one is refused.
FILE_UPLOAD_MAX_MEMORY_SIZE = 10 * 1024 * 1024

# --- REST API ---------------------------------------------------------------------------------------------------------
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["core.access.ApiKeyAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["core.access.HasScope"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "core.problems.exception_handler",
    "UNAUTHENTICATED_USER": None,
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
# Calls per minute: of one key, and of one client (an address) that uses a key in a browser or none (core/throttle.py).
API_CALLS_PER_KEY = env.int("API_CALLS_PER_KEY", default=60_000)
API_CALLS_PER_CLIENT = env.int("API_CALLS_PER_CLIENT", default=120)
# Answers to a consent form, a minute, from one client: on our own pages and by plain form posts of other sites.
FORM_POSTS_PER_CLIENT = env.int("FORM_POSTS_PER_CLIENT", default=20)
# Days for which the version before is still taken from a cached page; each form may say otherwise.
CONSENT_FORM_GRACE_DAYS = env.int("CONSENT_FORM_GRACE_DAYS", default=30)
# Whoever said no is not asked again for so many months, and never for fewer than six (consents/asking.py).
CONSENT_REASK_MONTHS = max(6, env.int("CONSENT_REASK_MONTHS", default=6))
# A consent that somebody else collected counts for so many months from the day it was given (consents/entered.py).
CONSENT_INDIRECT_MONTHS = max(1, min(24, env.int("CONSENT_INDIRECT_MONTHS", default=6)))
# The age from which a child consents to an online service alone (DPA 2018 s.9; EU states have up to 16).
CONSENT_AGE = env.int("CONSENT_AGE", default=13)
SPECTACULAR_SETTINGS = {
    "TITLE": "Kraken Privacy API",
    "VERSION": "1.0.0",
    "OAS_VERSION": "3.1.1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SERVE_AUTHENTICATION": [],
    "ENUM_NAME_OVERRIDES": {
        "RightEnum": "requests.models.Right",
        "CookieHowEnum": "cookies.models.How",
        "ChannelEnum": "requests.models.CaseFile.Channel",
        "ToldByEnum": "requests.models.RecipientNotice.Channel",
        "ProofEnum": "requests.api_acts.PROOFS",
    },
}

# --- Logs: one line per event on stderr, never a person's data --------------------------------------------------------
# LOG_FORMAT=json for machines. Requests are one line each, by route and never by address (core/logs.py).
LOGGING = logs.configuration(format=env.str("LOG_FORMAT", default="line"), level=env.str("LOG_LEVEL", default="INFO"))

# --- Admin ------------------------------------------------------------------------------------------------------------
UNFOLD = {
    "SITE_TITLE": "Kraken Privacy",
    "SITE_HEADER": "Kraken Privacy",
    "SITE_SUBHEADER": "Privacy operations",
    "SHOW_HISTORY": False,
    "SHOW_VIEW_ON_SITE": True,
    "STYLES": [lambda request: f"/{STATIC_URL}idle.css"],
    "SCRIPTS": [lambda request: f"/{STATIC_URL}idle.js", lambda request: f"/{STATIC_URL}menu.js"],
    "ACCOUNT": {
        "navigation": [
            {"title": "Sign-in and security", "link": reverse_lazy("mfa_index")},
            {"title": "Sessions", "link": reverse_lazy("usersessions_list")},
        ]
    },
    "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": lambda request: f"/{STATIC_URL}mark.svg"}],
    # The teal of the public pages, dark enough for white text from 600 on (WCAG 2.2 SC 1.4.3).
    "COLORS": {
        "primary": {
            "50": "oklch(98.4% .014 180.7)",
            "100": "oklch(95.3% .051 180.8)",
            "200": "oklch(91% .096 180.4)",
            "300": "oklch(85.5% .138 181.1)",
            "400": "oklch(77.7% .152 181.9)",
            "500": "oklch(60% .118 184.7)",
            "600": "oklch(51.1% .096 186.4)",
            "700": "oklch(43.7% .078 188.2)",
            "800": "oklch(38.6% .063 188.4)",
            "900": "oklch(32% .054 190)",
            "950": "oklch(27.7% .046 192.5)",
        }
    },
}

# --- How staff sign in ------------------------------------------------------------------------------------------------
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "admin:index"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
# A demo prints one password that must be enough to look around.
REQUIRE_MFA = env.bool("REQUIRE_MFA", default=not DEMO_MODE)
# After so many minutes without a request a session ends; a page warns before.
IDLE_MINUTES = env.int("IDLE_MINUTES", default=30)
SESSION_COOKIE_AGE = 12 * 60 * 60
ACCOUNT_ADAPTER = "staff.adapter.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
# Passwords and codes are counted in PostgreSQL (staff/attempts.py); these cover the rest, in each process.
ACCOUNT_RATE_LIMITS = {"login": None, "login_failed": None}
MFA_ADAPTER = "staff.adapter.MfaAdapter"
MFA_FORMS = {
    "authenticate": "staff.forms.AuthenticateForm",
    "reauthenticate": "staff.forms.ReauthenticateForm",
    "add_webauthn": "staff.forms.AddKeyForm",
}
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
# An address is entered by an administrator; nobody confirms one here.
MFA_ALLOW_UNVERIFIED_EMAIL = True
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = DEMO_MODE
# Whoever prepared or decided an answer does not release it. With SOLE_OFFICER there may be nobody else: then the same
# person may, giving a reason that is recorded each time.
TWO_PERSON_RELEASE = env.bool("TWO_PERSON_RELEASE", default=False)
SOLE_OFFICER = env.bool("SOLE_OFFICER", default=False)
# Batches of one run that are worked at once: with two, one is hashed and sealed while the database deletes another.
# More is quicker where it has cores to spare.
RETENTION_WORKERS = env.int("RETENTION_WORKERS", default=2)
# A scheduled deletion of more rows than this, or of more than this part of what a purpose holds, waits until somebody
# has approved exactly that set; so does the first one under a rule.
RETENTION_APPROVE_ROWS = env.int("RETENTION_APPROVE_ROWS", default=10_000)
RETENTION_APPROVE_PERCENT = env.int("RETENTION_APPROVE_PERCENT", default=20)
RETENTION_APPROVE_FIRST_RUN = env.bool("RETENTION_APPROVE_FIRST_RUN", default=True)
# How long another system has to say what it did with what a run ended; then staff are told that it did not.
RETENTION_ANSWER_DAYS = env.int("RETENTION_ANSWER_DAYS", default=30)
