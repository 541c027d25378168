"""Where a page is, as browsers say it in the header `Origin` (RFC 6454): a scheme, a host and perhaps a port."""

import re
from urllib.parse import urlsplit

_HOST = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*")
_USUAL = {"https": 443, "http": 80}


def is_origin(text: str) -> bool:
    """Exactly as browsers send it. Plain http is for trying it out on one's own machine."""
    return bool(text) and as_sent(text) == text


def as_sent(text: str) -> str:
    """How a browser writes what somebody typed; "" when it is no origin: there is a path in it, or a star."""
    try:
        parts = urlsplit(text.strip())
        host, port = (parts.hostname or "").encode("idna").decode(), parts.port
    except ValueError:
        return ""
    is_safe = parts.scheme == "https" or (parts.scheme == "http" and host in ("localhost", "127.0.0.1"))
    rest = f"{parts.path}{parts.query}{parts.fragment}"
    if not is_safe or not _HOST.fullmatch(host) or "@" in parts.netloc or rest not in ("", "/"):
        return ""
    return f"{parts.scheme}://{host}" + (f":{port}" if port and port != _USUAL[parts.scheme] else "")
