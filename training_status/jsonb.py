"""JSON columns in raw SQL, where Django leaves them as text."""

from typing import Any

import msgspec


def from_jsonb(text: Any) -> Any:
    """The value of a jsonb column as raw SQL gives it; NULL stays None."""
    return None if text is None else msgspec.json.decode(text)


def to_jsonb(value: Any) -> str:
    """A value as the text of a jsonb parameter."""
    return msgspec.json.encode(value).decode()
