"""Reading JSON bodies without surprises: bounded, UTF-8, and only text that PostgreSQL can hold."""

import io
import json
import math
from collections.abc import Mapping
from typing import IO, Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.utils.translation import gettext_lazy as _
from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser as BaseParser
from rest_framework.renderers import JSONRenderer


class JSONParser(BaseParser):
    media_type = "application/json"
    renderer_class = JSONRenderer

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        """Raises ParseError for anything malformed; RequestDataTooBig above the limit, declared length or not."""
        raw = bounded(stream).getvalue()
        try:
            return read(raw.decode("utf-8"))
        except (ValueError, RecursionError) as error:
            # The parser's own message can quote the body, which may be about a person.
            raise ParseError(_("The body is not valid JSON.")) from error


def bounded(stream: IO[bytes]) -> io.BytesIO:
    """The whole body. Raises RequestDataTooBig above the limit, declared length or not."""
    limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    raw = stream.read(limit + 1)
    if len(raw) > limit:
        raise RequestDataTooBig
    return io.BytesIO(raw)


def read(text: str) -> Any:
    """Strict JSON: no NaN or Infinity, no NUL, no half surrogates. Raises ValueError or RecursionError."""
    value = _decode(text)
    if "\\u" in text:
        written = json.dumps(value, ensure_ascii=False)
        written.encode("utf-8")
        if "\\u0000" in written:
            raise ValueError("NUL")
    return value


def _refuse(constant: str) -> Any:
    raise ValueError(constant)


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError("too large")
    return number


# Made once: `json.loads` would make it anew each time.
_decode = json.JSONDecoder(parse_constant=_refuse, parse_float=_finite).decode
