"""What the runtime role may do in the database, and the groups that staff may belong to."""

import psycopg.sql as sql
from django.conf import settings
from django.contrib.auth.models import Group, Permission
from django.contrib.contenttypes.models import ContentType
from django.db import connection
from django.db.models import Q

# Table → what the runtime role may not do. Triggers refuse it too; a role without the right cannot even try. DELETE
# stays where a trigger admits it inside a retention run.
APPEND_ONLY = {
    "ledger_entry": "UPDATE, TRUNCATE",
    "ledger_pruned": "UPDATE, DELETE, TRUNCATE",
    "ledger_seal": "UPDATE, DELETE, TRUNCATE",
    "ledger_head": "DELETE, TRUNCATE",
    "consents_consentevent": "UPDATE, TRUNCATE",
    "cookies_cookiechoice": "UPDATE, TRUNCATE",
    "cookies_siteversion": "DELETE, TRUNCATE",
    "requests_requestevent": "UPDATE, TRUNCATE",
    "retention_batch": "UPDATE, TRUNCATE",
    "retention_epsilonspent": "UPDATE, DELETE, TRUNCATE",
    "core_ruleset": "DELETE, TRUNCATE",
    "django_migrations": "INSERT, UPDATE, DELETE, TRUNCATE",
}

# The groups, and what each may do, in Django's permissions. docs/roles.md says the same action by action.
DPO, CASEWORKER, APPROVER, AUDITOR, REGISTRAR, INTEGRATOR = ROLES = (
    "dpo",
    "caseworker",
    "approver",
    "auditor",
    "registrar",
    "integrator",
)
# Beside the roles of the privacy office: they see people, and of them only what sells.
SALES = "sales"
FORMER = {"officer": DPO, "agent": CASEWORKER}

# Acts that are more than seeing or changing a row: (app, model) → codename → name.
ACTS = {
    ("requests", "rightsrequest"): {
        "view_every_rightsrequest": "Can see every request, whoever works on it",
        "release_rightsrequest": "Can release the answer that somebody else prepared",
    },
    ("requests", "casefile"): {"assign_casefile": "Can hand a case to somebody"},
    # As far as sales and marketing may: office/visibility.py.
    ("subjects", "datasubject"): {"sell_to_datasubject": "Can see people whom sales and marketing deal with today"},
    ("retention", "retentionrule"): {"approve_retentionrule": "Can put a retention rule in force"},
    ("consents", "consentformversion"): {"publish_consentformversion": "Can put a consent form on show"},
    ("notices", "privacynotice"): {"publish_privacynotice": "Can write and publish the privacy notice"},
    ("consents", "assessmentversion"): {"approve_assessmentversion": "Can approve what somebody else assessed"},
}


def _of(*apps: str) -> Q:
    return Q(content_type__app_label__in=apps)


_OURS = _of(
    *("core", "ledger", "processing", "subjects", "consents", "requests"),
    *("retention", "notices", "breaches", "inbox", "office", "imports", "cookies"),
)
_SEE = Q(codename__startswith="view_")
_SEE_ALL = Q(codename="view_every_rightsrequest")
_WRITE = Q(codename__startswith="add_") | Q(codename__startswith="change_")
_REGISTER = _of("processing", "consents", "retention", "notices", "cookies")
# A hold is about people, so whoever keeps the register places none.
_HOLD = Q(codename__in=["add_legalhold", "change_legalhold", "delete_legalhold"])
# By what another system calls somebody, they are found there.
_NAMED = Q(codename__in=["view_systemrecord", "change_systemrecord", "delete_systemrecord"])
# Where messages of other systems go, and the secrets they are signed with, are the integrator's.
_WEBHOOKS = Q(codename__in=["view_webhook", "add_webhook", "change_webhook", "delete_webhook"])
_APPROVING = ["release_rightsrequest", "approve_retentionrule", "approve_assessmentversion"]
_PUBLISHING = ["publish_consentformversion", "publish_privacynotice"]
GROUPS = {
    DPO: _OURS,
    CASEWORKER: (_OURS & ~_of("core") & _SEE & ~_SEE_ALL & ~_WEBHOOKS)
    | (_of("requests", "subjects", "office", "inbox") & _WRITE)
    | Q(content_type__app_label="breaches", codename="add_breach"),
    APPROVER: (_OURS & _SEE) | Q(codename__in=_APPROVING),
    AUDITOR: _OURS & _SEE,
    REGISTRAR: (_REGISTER & ~Q(codename__in=[*_APPROVING, *_PUBLISHING]) & ~_HOLD & ~_NAMED & ~_WEBHOOKS)
    # Of the kinds of files, theirs is the register: each kind also asks for the right to make such things.
    | Q(content_type__app_label="imports", codename__in=["view_import", "add_import"])
    | Q(codename__in=["view_controller", "view_ruleset", "view_bankholiday"], content_type__app_label="core"),
    SALES: Q(codename="sell_to_datasubject"),
    INTEGRATOR: Q(codename__in=["view_apikey", "add_apikey", "change_apikey", "view_outbox", "change_outbox"])
    | Q(codename__in=["view_webhook", "add_webhook", "change_webhook"])
    | Q(content_type__app_label="processing", codename="view_system"),
}


def load_groups() -> None:
    """Make the groups what the table says. Who needs more makes a group of another name."""
    _make_acts()
    for former, name in FORMER.items():
        if not Group.objects.filter(name=name).exists():
            Group.objects.filter(name=former).update(name=name)
    for name, which in GROUPS.items():
        group, _made = Group.objects.get_or_create(name=name)
        wanted = Permission.objects.filter(which)
        if set(group.permissions.values_list("pk", flat=True)) != set(wanted.values_list("pk", flat=True)):
            group.permissions.set(wanted)


def _make_acts() -> None:
    for (app, model), acts in ACTS.items():
        # An app's tables may not be there yet: a migrate of one app alone ends here too.
        kind = ContentType.objects.filter(app_label=app, model=model).first()
        for codename, name in acts.items() if kind else ():
            Permission.objects.get_or_create(content_type=kind, codename=codename, defaults={"name": name})


def grant() -> bool:
    """Give the runtime role what it needs. Does nothing when it is the role in use, or does not exist."""
    role = settings.RUNTIME_DB_ROLE
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user <> %s AND EXISTS (SELECT FROM pg_roles WHERE rolname = %s)", [role, role])
        if not cursor.fetchone()[0]:
            return False
        cursor.execute(_granting(role).as_string(cursor.connection))
        present = set(connection.introspection.table_names(cursor))
        for table, rights in APPEND_ONLY.items():
            if table in present:
                cursor.execute(_revoking(role, table, rights).as_string(cursor.connection))
    return True


def _granting(role: str) -> sql.Composed:
    return sql.SQL(
        "GRANT USAGE ON SCHEMA public TO {role};"
        "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role};"
        "GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {role};"
        "GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA public TO {role}"
    ).format(role=sql.Identifier(role))


def _revoking(role: str, table: str, rights: str) -> sql.Composed:
    return sql.SQL("REVOKE {} ON {} FROM {}").format(sql.SQL(rights), sql.Identifier(table), sql.Identifier(role))
