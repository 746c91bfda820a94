"""Decoding and validating the JSON body of a request, with errors that name the field and the reason.

msgspec checks types and limits. What JSON allows but PostgreSQL or JSON readers cannot store (NUL characters, lone
surrogates, numbers beyond double precision) is rejected too.
"""

import re
from typing import Any, TypeVar

import msgspec

from training_status.errors import InvalidInput

DEPTH_MAX = 100
DOUBLE_MAX = 1.7976931348623157e308

T = TypeVar("T")

_AT = re.compile(r" - at `(key in )?\$(?P<path>.*)`$", re.DOTALL)
_LONE_SURROGATE_ESCAPE = re.compile(rb"\\u[dD][89a-fA-F][0-9a-fA-F]{2}")
_QUOTED = re.compile(r"`([^`]*)`")
_WORDS = {
    "int": "a whole number",
    "float": "a number",
    "str": "text",
    "object": "an object",
    "array": "a list",
    "bool": "true or false",
    "datetime": "an ISO 8601 time",
    "uuid": "a UUID",
}


def decode(raw: bytes, kind: type[T]) -> T:
    """Decode the JSON text `raw` as a `kind` (a msgspec Struct). Raises InvalidInput for the first error found."""
    try:
        value = msgspec.json.decode(raw, type=kind)
    except msgspec.ValidationError as error:
        raise _invalid(str(error)) from error
    except UnicodeDecodeError as error:
        raise InvalidInput("The body is not UTF-8 text.", code="not_utf8") from error
    except RecursionError as error:
        raise InvalidInput("The body is nested too deeply.", code="malformed_json") from error
    except msgspec.DecodeError as error:
        if _LONE_SURROGATE_ESCAPE.search(raw):
            raise InvalidInput("The body contains a lone surrogate, which cannot be stored.") from error
        raise InvalidInput(f"The body is not valid JSON: {error}.", code="malformed_json") from error
    if b"\\u0000" in raw:
        refuse_unstorable(msgspec.json.decode(raw), field="")
    return value


def refuse_unstorable(value: Any, *, field: str, depth: int = 0) -> None:
    """Raise InvalidInput for NUL characters, numbers beyond double precision and nesting deeper than 100 levels."""
    if isinstance(value, str):
        if "\0" in value:
            raise InvalidInput(f"{field or 'The body'} contains a NUL character, which cannot be stored.", field=field)
    elif isinstance(value, int):
        if abs(value) > DOUBLE_MAX:
            raise InvalidInput(f"{field} is a number beyond double precision.", field=field)
    elif isinstance(value, dict | list):
        if depth >= DEPTH_MAX:
            raise InvalidInput(f"{field} is nested deeper than {DEPTH_MAX} levels.", field=field)
        if isinstance(value, dict):
            for key, item in value.items():
                name = f"{field}.{key}" if field else key
                if "\0" in key:
                    refuse_unstorable(key, field=field)
                refuse_unstorable(item, field=name, depth=depth + 1)
        else:
            for position, item in enumerate(value):
                refuse_unstorable(item, field=f"{field}[{position}]", depth=depth + 1)


def refuse_larger(value: Any, max_bytes: int, *, field: str) -> None:
    """Raise InvalidInput if `value`, as text or else as compact JSON, exceeds `max_bytes` in UTF-8."""
    size = len(value.encode()) if isinstance(value, str) else len(msgspec.json.encode(value))
    if size > max_bytes:
        raise InvalidInput(f"{field} has {size} bytes; at most {max_bytes} are allowed.", field=field)


def _invalid(message: str) -> InvalidInput:
    """Convert msgspec's message: the field as a path, the types in plain words."""
    path, reason = "", message
    if at := _AT.search(message):
        path, reason = at["path"].lstrip("."), message[: at.start()]
    if missing := re.match(r"Object missing required field `(.*)`$", reason):
        path = f"{path}.{missing[1]}".lstrip(".")
        return InvalidInput(f"{path} is required.", field=path)
    if unknown := re.match(r"Object contains unknown field `(.*)`$", reason, re.DOTALL):
        path = f"{path}.{unknown[1]}".lstrip(".")
        return InvalidInput(f"{path} is not a known field.", field=path)
    reason = _QUOTED.sub(lambda quoted: " or ".join(_WORDS.get(word, word) for word in quoted[1].split(" | ")), reason)
    reason = reason[:1].lower() + reason[1:]
    return InvalidInput(f"{path or 'The body'} is not valid: {reason}.", field=path or None)
