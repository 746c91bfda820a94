"""Splitting the text of `log_messages` into its messages, and reading as much as possible of a broken one."""

import json
import re
from collections.abc import Iterator
from typing import Any, Final

import msgspec

from training_status.operations.neo4j_import.notes import Notes
from training_status.operations.neo4j_import.plain_values import plain_text

# Where reading goes on after a broken place: an object that begins with a name.
_OBJECT: Final = re.compile(r'\{\s*"')
_PLACES_MAX: Final = 1000  # every attempt can read to the end of the text
_DECODER: Final = json.JSONDecoder(strict=False)


class Broken:
    """A message that cannot be read."""


def split_messages(value: Any, notes: Notes) -> list[Any]:
    """Return the messages: `msgspec.Raw` or decoded values, and `Broken` where something cannot be read.

    Whole messages are not decoded here, since there can be many.
    """
    if value is None or value == "":
        return []
    if isinstance(value, list):
        return value
    if not isinstance(value, str):
        notes.say("log_messages is neither text nor a list: the run has no log")
        return []
    try:
        try:
            return msgspec.json.decode(value, type=list[msgspec.Raw])
        except msgspec.ValidationError:
            return _not_a_list(msgspec.json.decode(value), notes)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return list(_whole_messages(value, notes))


def decoded(message: Any) -> Any:
    """Return the message; `Broken` if it is not JSON."""
    if not isinstance(message, msgspec.Raw):
        return message
    try:
        return msgspec.json.decode(message)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        try:
            return json.loads(bytes(message))
        except (ValueError, RecursionError):
            return Broken


def _not_a_list(value: Any, notes: Notes) -> list[Any]:
    if isinstance(value, dict) and "message" in value:
        notes.say("log_messages is one message, not a list of them")
        return [value]
    notes.say("log_messages is JSON but not a list: the run has no log")
    return []


def _whole_messages(text: str, notes: Notes) -> Iterator[Any]:
    """Yield the messages of a text that is not valid JSON as a whole, and `Broken` for each place between them."""
    start = re.match(r"\s*\[", text)
    found = 0
    place = start.end() if start else 0
    is_broken = start is None
    attempts = 0
    while True:
        place = _after(text, place, ", \t\r\n")
        if place >= len(text) or text[place] == "]":
            break
        try:
            value, end = _DECODER.raw_decode(text, place)
        except (ValueError, RecursionError):
            attempts += 1
            if not is_broken:
                yield Broken
            is_broken = True
            following = _OBJECT.search(text, place + 1)
            if following is None or attempts > _PLACES_MAX:
                break
            place = following.start()
            continue
        place = end
        if is_broken and not (isinstance(value, dict) and ("message" in value or "timestamp" in value)):
            continue  # a part of the message that is broken
        is_broken = False
        found += 1
        yield value
    if not found:
        notes.say(f"log_messages is not JSON, and no message can be read: the run has no log ({_beginning(text)})")
    else:
        notes.say("log_messages is not valid JSON as a whole: the messages that can be read are taken")


def _after(text: str, place: int, characters: str) -> int:
    while place < len(text) and text[place] in characters:
        place += 1
    return place


def _beginning(text: str) -> str:
    return f"it begins with {plain_text(text[:40])!r}"
