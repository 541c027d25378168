"""Who may enter the demo: the DPO's account and an API key, with the secrets that the caller chose."""

from django.contrib.auth.models import Group

from core import apikeys
from core.keys import token_hash
from core.models import ApiKey, User
from core.roles import DPO, ROLES

NAME = "dpo"
SCOPES = [
    "consents:withdraw",
    "consents:write",
    "events:read",
    "forms:read",
    "ledger:read",
    "permissions:read",
    "requests:read",
    "requests:write",
    "subjects:write",
]


def officer(password: str) -> None:
    """A superuser called dpo, and one account for each other role under its name, all with the same password."""
    _account(NAME, DPO, password, is_superuser=True)
    for role in ROLES:
        if role != DPO:
            _account(role, role, password, is_superuser=False)


def _account(name: str, role: str, password: str, *, is_superuser: bool) -> None:
    """An unchanged password is left as it is, so that sessions survive a restart."""
    defaults = {"is_staff": True, "is_superuser": is_superuser}
    user, _is_new = User.objects.get_or_create(username=name, defaults=defaults)
    if not user.check_password(password):
        user.set_password(password)
        user.save(update_fields=["password"])
    user.groups.add(*Group.objects.filter(name=role))


def api_key(text: str) -> None:
    """The key "demo" with every scope. Another text replaces the key of before."""
    digest = token_hash(text)
    keys = ApiKey.objects.filter(name="demo")
    if not keys.filter(digest=digest, scopes=SCOPES).exists():
        keys.delete()
        apikeys.create("demo", SCOPES, key=text)
