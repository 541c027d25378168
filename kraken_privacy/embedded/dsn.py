"""Database addresses that both libpq and django-environ read the same way."""

from urllib.parse import quote, urlencode

from psycopg.conninfo import conninfo_to_dict


def address(*, user: str, dbname: str, password: str = "", **rest: str) -> str:
    """A socket's directory goes into the query: in the host's place django-environ would lower its case."""
    login = quote(user, safe="") + (":" + quote(password, safe="") if password else "")
    return f"postgres://{login}@/{quote(dbname, safe='')}?{urlencode(rest, quote_via=quote)}"


def change(url: str, **parts: str) -> str:
    """The same address with another user, database or password. Any form that libpq accepts is understood."""
    known = {name: str(value) for name, value in conninfo_to_dict(url).items() if value is not None}
    known.setdefault("dbname", known.get("user", "postgres"))
    return address(**{**known, **parts})
