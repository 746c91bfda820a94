"""Parsing the query string. Invalid values raise InvalidInput with the name of the parameter."""

import math
import re
from collections.abc import Mapping, Sequence
from uuid import UUID

from training_status.errors import InvalidInput

_DIGITS = re.compile(r"[0-9]+", re.ASCII)
_NUMBER = re.compile(r"-?[0-9]+(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?", re.ASCII)
_DIGITS_MAX = 18  # so many digits always fit a bigint


def positive_int(query: Mapping[str, str], name: str) -> int | None:
    """A whole number from 1, such as a run's; None when absent. Numbers beyond a bigint count as the largest."""
    return _whole_number(query, name, lowest=1, detail=f"{name} must be a positive whole number")


def sequence_number(query: Mapping[str, str], name: str) -> int | None:
    """A whole number from 0, as a cursor in a log; None when absent."""
    return _whole_number(query, name, lowest=0, detail=f"{name} must be a whole number, 0 or more")


def paging_number(query: Mapping[str, str], name: str, *, default: int, highest: int | None, detail: str) -> int:
    """A page or a page size, from 1. Raises InvalidInput with `detail`, in the words clients know."""
    number = _whole_number(query, name, lowest=1, detail=detail)
    if number is None:
        return default
    if highest is not None and number > highest:
        raise InvalidInput(detail, field=name)
    return number


def number_between(query: Mapping[str, str], name: str, *, default: int, lowest: int, highest: int) -> int:
    """A whole number between two bounds, themselves included."""
    detail = f"{name} must be {lowest}-{highest}"
    number = _whole_number(query, name, lowest=lowest, detail=detail)
    if number is None:
        return default
    if number > highest:
        raise InvalidInput(detail, field=name)
    return number


def finite_number(query: Mapping[str, str], name: str) -> float | None:
    """A number, not infinite; None when absent."""
    value = query.get(name)
    if value is None:
        return None
    if not _NUMBER.fullmatch(value) or not math.isfinite(number := float(value)):
        raise InvalidInput(f"{name} must be a number", field=name)
    return number


def one_of(query: Mapping[str, str], name: str, allowed: Sequence[str], *, default: str) -> str:
    """One of the allowed words."""
    value = query.get(name, default)
    if value not in allowed:
        raise InvalidInput(f"{name} must be one of {', '.join(allowed)}", field=name)
    return value


def uuid(value: str, name: str) -> UUID:
    """An id."""
    try:
        return UUID(value)
    except ValueError as error:
        raise InvalidInput(f"{name} must be a UUID", field=name) from error


def text(query: Mapping[str, str], name: str) -> str | None:
    """Text without NUL characters; None when absent or empty."""
    value = query.get(name)
    if value and "\0" in value:
        raise InvalidInput(f"{name} must not contain a NUL character", field=name)
    return value or None


def _whole_number(query: Mapping[str, str], name: str, *, lowest: int, detail: str) -> int | None:
    value = query.get(name)
    if value is None:
        return None
    if not _DIGITS.fullmatch(value):
        raise InvalidInput(detail, field=name)
    digits = value.lstrip("0") or "0"
    number = int(digits) if len(digits) <= _DIGITS_MAX else 10**_DIGITS_MAX
    if number < lowest:
        raise InvalidInput(detail, field=name)
    return number
