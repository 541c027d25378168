"""The answers between two pages of the request form.

They are kept in the visitor's session, sealed under a random key that only the visitor's own cookie holds. So neither a
copy of the database nor its administrator can read a request that was never sent, and an abandoned one is unreadable as
soon as the browser is closed. Both go when the request is sent.
"""

import base64
import json
import os
import uuid
from typing import Any
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.http import HttpRequest, HttpResponseBase

COOKIE = "rights_draft"
PATH = "/rights/"
BOUND = b"requests.draft"


class Draft:
    """What has been answered so far. `token` names the case that sending it will make, however often it is sent."""

    def __init__(self, answers: dict[str, Any] | None = None, key: bytes | None = None) -> None:
        self.key = key or os.urandom(32)
        self.answers = answers or {"token": str(uuid.uuid4())}

    @property
    def token(self) -> UUID:
        return UUID(self.answers["token"])

    def keep(self, request: HttpRequest, response: HttpResponseBase) -> None:
        nonce = os.urandom(12)
        sealed = nonce + AESGCM(self.key).encrypt(nonce, json.dumps(self.answers).encode(), BOUND)
        request.session[COOKIE] = base64.b64encode(sealed).decode()
        response.set_cookie(
            COOKIE,
            base64.urlsafe_b64encode(self.key).decode(),
            path=PATH,
            secure=settings.SESSION_COOKIE_SECURE,
            httponly=True,
            samesite="Lax",
        )


def load(request: HttpRequest) -> Draft:
    """The visitor's draft, or a new one when there is none that their key opens."""
    try:
        key = base64.urlsafe_b64decode(request.COOKIES[COOKIE])
        sealed = base64.b64decode(request.session[COOKIE])
        return Draft(json.loads(AESGCM(key).decrypt(sealed[:12], sealed[12:], BOUND)), key)
    except (KeyError, ValueError, InvalidTag):
        return Draft()


def drop(request: HttpRequest, response: HttpResponseBase) -> None:
    request.session.pop(COOKIE, None)
    response.delete_cookie(COOKIE, path=PATH, samesite="Lax")
