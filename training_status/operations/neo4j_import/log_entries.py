"""Turning the messages of a log into log entries, one after the other."""

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any, Final

from training_status.ingest.batch import MESSAGE_MAX_BYTES, STEP_MAX_CHARACTERS
from training_status.ingest.run_state_machine import Entry
from training_status.log_levels import LEVEL_NAMES, LEVEL_NUMBERS
from training_status.operations.neo4j_import.log_messages import Broken, decoded
from training_status.operations.neo4j_import.notes import Notes
from training_status.operations.neo4j_import.phase_times import PhaseTimes
from training_status.operations.neo4j_import.plain_values import (
    cut_text,
    json_text,
    plain_metrics,
    plain_text,
    read_percent,
    read_time,
)
from training_status.phases import EARLIER_NAMES, PHASE_NAMES, overall_percent, phase_at, phase_position

_INFO: Final = LEVEL_NUMBERS["INFO"]
_ERROR: Final = LEVEL_NUMBERS["ERROR"]
_LEVELS: Final = LEVEL_NUMBERS | {"WARN": LEVEL_NUMBERS["WARNING"], "FATAL": LEVEL_NUMBERS["CRITICAL"]}
# What a tracker of the system before called the end of a run: the names are known, but not those of phases.
_ENDS: Final = frozenset({"completed", "failed"})


class LogReader:
    """Reads a log's messages as entries, and what they say about the run.

    `last_at` is the latest time of a message, `last_error` the text of the last one that is an error, `percent` the
    last percentage, `level_counts` the number of entries of each level.
    """

    def __init__(self, messages: Iterable[Any], *, started_at: datetime, now: datetime, notes: Notes) -> None:
        self._messages = messages
        self._now = now
        self._notes = notes
        self._at = started_at
        self.phases = PhaseTimes(started_at)
        self.last_at: datetime | None = None
        self.last_error: str | None = None
        self.percent: float | None = None
        self.level_counts: Counter[str] = Counter()
        self._run_percent: float | None = None
        self._run_phase: str | None = None

    def entries(self) -> Iterator[Entry]:
        """Yield the entries, numbered from 1."""
        seq = 0
        for place, message in enumerate(self._messages, start=1):
            value = decoded(message)
            if isinstance(value, str):
                self._notes.count("Messages that are a text without a time and a level", place)
                value = {"message": value}
            elif value is Broken or not isinstance(value, dict):
                self._notes.count("Messages that cannot be read and were left out", place)
                continue
            seq += 1
            yield self._entry(seq, place, value)

    def _entry(self, seq: int, place: int, message: dict[str, Any]) -> Entry:
        has_time = self._move_to(message, place)
        level = self._level(message.get("level"), place)
        text = self._text(message.get("message"), place)
        step = self._step(message.get("step", message.get("phase")), place)
        percent = self._percent(message.get("progress_percent", message.get("progress")), place)
        phase = step if step in PHASE_NAMES else None
        if phase is not None:
            self.phases.observe(phase, self._at, has_time=has_time, percent=percent)
        if level >= _ERROR:
            self.last_error = text
        self.level_counts[LEVEL_NAMES[level]] += 1
        self._move_on(phase, percent)
        metrics = self._metrics(message.get("metrics"), place)
        return Entry(seq, self._at, level, text, step, metrics, self._run_percent, self._run_phase)

    def _move_on(self, phase: str | None, percent: float | None) -> None:
        """Follow where the run is: like its percentage, it never goes back. Unknown until a message says it."""
        if phase is None and percent is None:
            return
        phase = phase or self._run_phase or phase_at(percent or 0.0)
        if phase_position(phase) > phase_position(self._run_phase):
            self._run_phase = phase
        self._run_percent = max(self._run_percent or 0.0, percent or 0.0, overall_percent(phase, 0.0))

    def _move_to(self, message: dict[str, Any], place: int) -> bool:
        """Take the message's time; return whether it has one of its own."""
        at = read_time(message.get("timestamp"), self._now)
        if at is None:
            self._notes.count("Messages without a usable time, which have that of the message before", place)
            return False
        self._at = at
        self.last_at = at if self.last_at is None else max(self.last_at, at)
        return True

    def _level(self, level: Any, place: int) -> int:
        if level is None:
            return _INFO
        number = _LEVELS.get(level.strip().upper()) if isinstance(level, str) else None
        if number is None:
            self._notes.count("Messages with an unknown level, which have the level INFO", place)
            return _INFO
        return number

    def _text(self, text: Any, place: int) -> str:
        if text is None:
            self._notes.count("Messages without a text", place)
            return ""
        plain = plain_text(text) if isinstance(text, str) else json_text(text)
        if plain != text:
            self._notes.count("Messages with characters that cannot be stored, or that are no text", place)
        cut = cut_text(plain, MESSAGE_MAX_BYTES)
        if cut is not plain:
            self._notes.count(f"Messages of more than {MESSAGE_MAX_BYTES:,} bytes, which were cut", place)
        return cut

    def _step(self, step: Any, place: int) -> str | None:
        """The step's name: that of a phase where it is one, also by an earlier name."""
        if step is None or step == "":
            return None
        text = plain_text(step) if isinstance(step, str) else json_text(step)
        if (known := phase_called(text)) is not None:
            return known
        if text not in _ENDS:
            self._notes.count("Messages with a step that is not a phase, which is kept as a text", place)
        if len(text) > STEP_MAX_CHARACTERS:
            self._notes.count(f"Steps of more than {STEP_MAX_CHARACTERS} characters, which were cut", place)
        return text[:STEP_MAX_CHARACTERS]

    def _percent(self, value: Any, place: int) -> float | None:
        percent, is_as_written = read_percent(value)
        if not is_as_written:
            self._notes.count("Messages with a progress that is no number from 0 to 100", place)
        if percent is not None:
            self.percent = percent
        return percent

    def _metrics(self, metrics: Any, place: int) -> dict[str, Any] | None:
        if not metrics:
            return None
        if not isinstance(metrics, dict):
            self._notes.count("Messages with metrics that are no object, which were left out", place)
            return None
        plain, is_as_written = plain_metrics(metrics)
        if not is_as_written:
            self._notes.count("Messages with metrics that cannot be stored as they are", place)
        return plain or None


def phase_called(text: str) -> str | None:
    """The phase with this name, also with an earlier name, that of an enumeration's member, or in other letters."""
    name = text.rpartition(".")[2].strip().lower().replace(" ", "_").replace("-", "_")
    name = EARLIER_NAMES.get(name, name)
    return name if name in PHASE_NAMES else None


def first_time(messages: Iterable[Any], now: datetime) -> datetime | None:
    """The first usable time of a message."""
    for message in messages:
        value = decoded(message)
        at = read_time(value.get("timestamp"), now) if isinstance(value, dict) else None
        if at is not None:
            return at
    return None
