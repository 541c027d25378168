"""The two roles: one owns the tables and migrates, the other runs the application and can do no more than it must."""

import contextlib

import psycopg
from psycopg import errors, sql

OWNER = "kraken_owner"
RUNTIME = "kraken_app"


def ensure_roles(superuser_url: str) -> None:
    """Create the roles if they are missing. Several callers at once are fine."""
    with psycopg.connect(superuser_url, autocommit=True) as connection:
        for role, may in ((OWNER, "CREATEDB"), (RUNTIME, "NOCREATEDB")):
            if connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role]).fetchone():
                continue
            command = sql.SQL("CREATE ROLE {} LOGIN NOSUPERUSER NOCREATEROLE {}").format(
                sql.Identifier(role), sql.SQL(may)
            )
            with contextlib.suppress(errors.DuplicateObject, errors.UniqueViolation):
                connection.execute(command)


def ensure_database(superuser_url: str, name: str) -> None:
    """Create the database if it is missing. It belongs to the owner; nobody else may make objects in it."""
    with psycopg.connect(superuser_url, autocommit=True) as connection:
        if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone():
            connection.execute(
                sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(name), sql.Identifier(OWNER))
            )


def drop_database(superuser_url: str, name: str) -> None:
    with psycopg.connect(superuser_url, autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
