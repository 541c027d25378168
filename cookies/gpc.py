"""Global Privacy Control (W3C): a browser that asks not to be followed. It objects; it never consents."""

from datetime import date

from django.http import HttpRequest

# When what we do about the signal last changed, for /.well-known/gpc.json.
LAST_UPDATE = date(2026, 11, 22)


def is_on(request: HttpRequest) -> bool:
    """Whether any `Sec-GPC` header is exactly "1". WSGI joins repeated ones with commas."""
    return any(part.strip() == "1" for part in request.headers.get("Sec-GPC", "").split(","))
