"""Who may enter the demo: the DPO's account and an API key, with the secrets that the caller chose."""

from django.contrib.auth.hashers import check_password, make_password
from django.contrib.auth.models import Group

from core import apikeys, scopes
from core.keys import token_hash
from core.models import ApiKey, User
from core.roles import DPO, ROLES
from kraken_privacy.demo import SITE_KEY, SITE_ORIGINS

NAME = "dpo"
SCOPES, SYSTEM = sorted(scopes.SCOPES), "crm"


def officer(password: str) -> None:
    """A superuser called dpo, and one account for each other role under its name, all with the same password.

    An unchanged password is left as it is, so that sessions survive a restart. It is hashed once for all: that is slow
    by design.
    """
    known = User.objects.filter(username=NAME).first()
    hashed = known.password if known and check_password(password, known.password) else make_password(password)
    _account(NAME, DPO, hashed, is_superuser=True)
    for role in ROLES:
        if role != DPO:
            _account(role, role, hashed, is_superuser=False)


def _account(name: str, role: str, hashed: str, *, is_superuser: bool) -> None:
    defaults = {"is_staff": True, "is_superuser": is_superuser, "password": hashed}
    user, _is_new = User.objects.get_or_create(username=name, defaults=defaults)
    if user.password != hashed:
        user.password = hashed
        user.save(update_fields=["password"])
    user.groups.add(*Group.objects.filter(name=role))


def api_key(text: str) -> None:
    """The key "demo" with every scope, and as the CRM where a key is one system's. Another text replaces it."""
    digest = token_hash(text)
    keys = ApiKey.objects.filter(name="demo")
    if not keys.filter(digest=digest, scopes=SCOPES, system=SYSTEM).exists():
        keys.delete()
        apikeys.create("demo", SCOPES, system=SYSTEM, key=text)


def site_key() -> None:
    """The key "demo site" for pages in browsers, with which examples/marketing-site works at once."""
    if not ApiKey.objects.filter(name="demo site").exists():
        few = sorted(apikeys.PUBLISHABLE_SCOPES)
        apikeys.create("demo site", few, kind=ApiKey.Kind.PUBLISHABLE, origins=SITE_ORIGINS, key=SITE_KEY)
