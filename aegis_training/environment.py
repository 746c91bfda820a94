"""Reading settings from environment variables, with a clear error for an invalid value."""

import os
import re
from collections.abc import Sequence
from typing import TypeVar

from django.core.exceptions import ImproperlyConfigured
from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict

Default = TypeVar("Default")

_URL_PREFIX = re.compile(r"(/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)*/?", re.ASCII)
_ORIGIN = re.compile(r"https?://([A-Za-z0-9.*_-]+|\[[0-9a-fA-F:]+\])(:[0-9]{1,5})?", re.ASCII)


def text(name: str, default: str = "") -> str:
    """Return the variable without surrounding white space; `default` if it is unset or empty."""
    return os.environ.get(name, "").strip() or default


def words(name: str, default: Sequence[str] = ()) -> list[str]:
    """A comma-separated list; `default` when it is unset or empty."""
    value = text(name)
    return [word.strip() for word in value.split(",") if word.strip()] if value else list(default)


def switch(name: str, *, default: bool) -> bool:
    """1, true, yes, on or 0, false, no, off."""
    value = text(name).lower()
    if not value:
        return default
    if value in {"1", "true", "yes", "on"}:
        return True
    if value in {"0", "false", "no", "off"}:
        return False
    raise ImproperlyConfigured(f"{name} must be 1 or 0, not {value!r}.")


def count(name: str, default: Default, *, at_most: int) -> int | Default:
    """A whole number from 1 to `at_most`; `default` when it is unset or empty."""
    value = text(name)
    if not value:
        return default
    if not (value.isascii() and value.isdigit() and 1 <= int(value[:10]) <= at_most):
        raise ImproperlyConfigured(f"{name} must be a whole number from 1 to {at_most}, not {value!r}.")
    return int(value)


def positive_number(name: str, default: Default, *, of: str) -> float | Default:
    """A positive number of this unit; `default` when it is unset or empty."""
    value = text(name)
    if not value:
        return default
    try:
        number = float(value)
    except ValueError:
        number = -1.0
    if not 0 < number < 1e9:
        raise ImproperlyConfigured(f"{name} must be a positive number of {of}, not {value!r}.")
    return number


def one_of(name: str, allowed: Sequence[str], default: str) -> str:
    """One of the allowed words."""
    value = text(name, default)
    if value not in (*allowed, default):
        raise ImproperlyConfigured(f"{name} must be one of {', '.join(allowed)}, not {value!r}.")
    return value


def origins(name: str) -> list[str]:
    """A comma-separated list of web origins, `https://HOST` or with a port."""
    values = words(name)
    for value in values:
        if not _ORIGIN.fullmatch(value):
            raise ImproperlyConfigured(f"{name} must list origins such as https://pages.example.org, not {value!r}.")
    return values


def url_prefix(name: str, taken: Sequence[str]) -> str:
    """A path such as `/training`, without the slash at its end; empty when it is unset, empty or `/`.

    It may not be, or be above or below, one of the paths in `taken`.
    """
    value = text(name)
    if value and not (value.startswith("/") and _URL_PREFIX.fullmatch(value)):
        raise ImproperlyConfigured(f"{name} must be a path such as /training/, not {value!r}.")
    prefix = value.rstrip("/")
    for path in taken if prefix else ():
        if f"{path}/".startswith(f"{prefix}/") or f"{prefix}/".startswith(f"{path}/"):
            raise ImproperlyConfigured(f"{name} must not be {value!r}: {path} is an address of the service itself.")
    return prefix


def database_url(name: str) -> dict[str, str] | None:
    """The parts of a PostgreSQL URL as libpq names them; None when the variable is unset or empty."""
    value = text(name)
    if not value:
        return None
    if not value.startswith(("postgresql://", "postgres://")):
        raise ImproperlyConfigured(f"{name} must be a PostgreSQL address, postgresql://USER:PASSWORD@HOST:PORT/NAME.")
    try:
        parts = conninfo_to_dict(value)
    except ProgrammingError as error:
        raise ImproperlyConfigured(f"{name} cannot be read: {error}".strip()) from error
    if "dbname" not in parts:
        raise ImproperlyConfigured(f"{name} names no database: postgresql://USER:PASSWORD@HOST:PORT/NAME.")
    return {key: str(part) for key, part in parts.items() if part is not None}
