"""What is sent instead of candidates, evaluations and usage that a service or a proxy refuses.

A refused event would stop the reporter for good. Its number stays; its content is replaced by something that is taken:
a candidate loses its program or its parents, and everything else becomes an event that changes nothing.
"""

import json
from collections.abc import Callable
from hashlib import blake2b

from aegis_tracker.finding_records import FINDING_TYPES, Record, nothing_new, without_details, without_parents
from aegis_tracker.http_answer import Answer
from aegis_tracker.sanitizing import to_json

_TYPES_IN_JSON = tuple(f'"type":"{name}"'.encode() for name in sorted(FINDING_TYPES))
_HEAD_OF_AN_EVENT = 60  # number and type stand in it


class RefusedFindings:
    """Replaces events of one spool, which are JSON texts. `warn(key, sentence)` is called once for each key."""

    def __init__(self, warn: Callable[[str, str], object]) -> None:
        self._warn = warn
        self._are_unknown = False  # the service is of a version without them
        self._replaced: dict[bytes, bytes] = {}

    def are_in(self, events: list[bytes]) -> bool:
        """Whether one of the events can be replaced."""
        return any(map(_is_finding, events))

    def send(self, events: list[bytes]) -> list[bytes]:
        """The events as they are to be sent."""
        if not self._are_unknown and not self._replaced:
            return events
        return [self._sent(event) if _is_finding(event) else event for event in events]

    def concern(self, answer: Answer) -> bool:
        """Whether it may be such an event that is refused, and not the whole request."""
        if answer.status == 413:
            return True
        return answer.is_problem and (answer.status == 422 or answer.body["code"] == "candidate_exists")

    def replace(self, event: bytes, answer: Answer) -> bool:
        """Replace an event that was refused by itself. Returns False if there is nothing to replace it with."""
        sent = json.loads(self._sent(event))
        if not _is_finding(event) or sent["type"] not in FINDING_TYPES:
            return False
        if answer.status == 422 and _names_type(answer):
            self._are_unknown = True
            self._warn(
                "findings-unknown",
                "The service does not know candidates, evaluations and usage, so they are not sent. Everything else"
                " is. Upgrade the service to see them.",
            )
            return True
        found = _instead_of(sent, answer)
        if found is None:
            return False
        replacement, how = found
        reason = answer.body.get("detail") or f"HTTP {answer.status}"
        self._warn(f"refused-{how}", f"A report of type {sent['type']} was refused ({reason}). It is {how}.")
        self._replaced[_key(event)] = to_json(replacement).encode()
        return True

    def _sent(self, event: bytes) -> bytes:
        if self._are_unknown:
            return to_json(nothing_new(json.loads(event))).encode()
        return self._replaced.get(_key(event), event)


def _instead_of(record: Record, answer: Answer) -> tuple[Record, str] | None:
    """What to send instead, and how that differs; None if nothing smaller can be sent."""
    if answer.status == 413:
        smaller = without_details(record)
        return None if smaller == record else (smaller, "sent without its details")
    if answer.status == 422 and "parents" in record:
        return without_parents(record), "sent without its parents"
    return nothing_new(record), "left out"


def _is_finding(event: bytes) -> bool:
    head = event[:_HEAD_OF_AN_EVENT]
    return any(name in head for name in _TYPES_IN_JSON)


def _names_type(answer: Answer) -> bool:
    """Whether the service refuses the type of the event."""
    errors = answer.body.get("errors")
    return isinstance(errors, list) and any(
        isinstance(error, dict) and str(error.get("field", "")).endswith("].type") for error in errors
    )


def _key(event: bytes) -> bytes:
    return blake2b(event, digest_size=16).digest()
