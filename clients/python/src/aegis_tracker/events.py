"""Builds the records of a spool from the arguments of a training: the start and each kind of event.

The HTTP contract defines them. Nothing here raises for invalid values: they are changed, and `warn` is called.
"""

import uuid
from enum import Enum
from typing import Any

from aegis_tracker import sanitizing as fit
from aegis_tracker.levels import level_name
from aegis_tracker.phases import EARLIER_NAMES, PHASES
from aegis_tracker.sanitizing import WarnOnce
from aegis_tracker.spool_records import START_TYPE

Event = dict[str, Any]

_ROUNDING = 1e-6  # how far a fraction may be out of bounds, such as after sums in single precision
_PERCENT_FROM = 1.5  # a smaller value is rather a fraction that is too large


def start_record(
    domain: object,
    run_id: object,
    llm_model: object,
    optimizer: object,
    sample_count: object,
    config: object,
    higher_is_better: object,
    warn: WarnOnce,
) -> Event:
    """The first record of a spool: how to start the run, and the `source` that numbers its events."""
    return {
        "type": START_TYPE,
        "id": str(_run_uuid(run_id, warn)),
        "domain": fit.fit_text(domain, fit.NAME_MAX_CHARACTERS),
        "source": str(uuid.uuid4()),
    } | _if_any(
        llm_model=fit.fit_name(llm_model),
        optimizer=fit.fit_name(optimizer),
        sample_count=fit.fit_count(sample_count, "sample_count", warn),
        config=fit.fit_object(config, fit.CONFIG_MAX_BYTES, "config", warn),
        higher_is_better=fit.fit_directions(higher_is_better, warn),
    )


def phase_event(phase: object, message: object, warn: WarnOnce) -> Event:
    """A `phase` event. `phase` may be a member of an enumeration. An unknown phase becomes a log entry."""
    value = getattr(phase, "value", phase) if issubclass(type(phase), Enum) else phase
    name, text = fit.fit_text(value, fit.NAME_MAX_CHARACTERS).strip(), fit.fit_text(message)
    if name in EARLIER_NAMES:
        warn(
            "earlier phase name",
            f"{name!r} is an earlier name of the phase {EARLIER_NAMES[name]!r}, which was entered.",
        )
        name = EARLIER_NAMES[name]
    if name in PHASES:
        return _event("phase", phase=name) | _if_any(message=text)
    warn(f"phase {name}", f"{name!r} is not a phase. It was recorded as a log entry. Phases: {', '.join(PHASES)}.")
    return log_event("INFO", f"{name}: {text}" if text else f"Phase {name}", None, None, warn)


def progress_event(fraction: object, fraction_before: float, message: object, metrics: object, warn: WarnOnce) -> Event:
    """A `progress` event. If `fraction` is not a number from 0.0 to 1.0, it has `fraction_before`."""
    done = _fraction(fraction, warn)
    said = _if_any(message=fit.fit_text(message), metrics=fit.fit_metrics(metrics, warn))
    return _event("progress", fraction=fraction_before if done is None else done) | said


def log_event(level: object, message: object, step: object, metrics: object, warn: WarnOnce) -> Event:
    """A `log` event. If `level` is not a log level, it has INFO."""
    name = level_name(level)
    if name is None:
        warn("level", f"{fit.fit_text(level, 100)!r} is not a log level. INFO was used.")
        name = "INFO"
    said = _if_any(step=fit.fit_name(step), metrics=fit.fit_metrics(metrics, warn))
    return _event("log", level=name, message=fit.fit_text(message)) | said


def complete_event(metrics: object, result: object, warn: WarnOnce) -> Event:
    """A `complete` event: the training has succeeded."""
    said = _if_any(result=fit.fit_object(result, fit.RESULT_MAX_BYTES, "result", warn))
    return _event("complete", metrics=fit.fit_metrics(metrics, warn)) | said


def with_directions(event: Event, higher_is_better: object, warn: WarnOnce) -> Event:
    """The event, with what is declared about its metrics, if anything is."""
    if higher_is_better is None:
        return event
    return event | _if_any(higher_is_better=fit.fit_directions(higher_is_better, warn))


def fail_event(error: object) -> Event:
    """A `fail` event: the training has failed. An exception is written as `Type: message`."""
    text = exception_text(error) if issubclass(type(error), BaseException) else fit.fit_text(error)
    return _event("fail", error=text or "The training failed without an error message.")


def lost_event(error: str, timestamp: str) -> Event:
    """A `fail` event with the reason `lost`. The run continues with its next report."""
    return {"type": "fail", "timestamp": timestamp, "error": fit.fit_text(error), "reason": "lost"}


def exception_text(error: object) -> str:
    """An exception as `Type: message`."""
    text = fit.fit_text(error)
    return fit.fit_text(f"{type(error).__name__}: {text}" if text else type(error).__name__)


def _event(kind: str, **fields: object) -> Event:
    return {"type": kind, "timestamp": fit.time_now(), **fields}


def _fraction(value: object, warn: WarnOnce) -> float | None:
    """`value` as a fraction, None if it is not one. A value that is out of bounds by a rounding error is the bound."""
    number = fit.fit_number(value)
    if number is not None and -_ROUNDING <= number <= 1 + _ROUNDING:
        return min(max(0.0, float(number)), 1.0)
    shown = fit.fit_text(value, 100)
    percent = fit.fit_number(shown.rstrip("% ")) if number is None else number
    hint = (
        f"; {percent:.12g} % is {percent / 100:.12g}" if percent is not None and _PERCENT_FROM <= percent <= 100 else ""
    )
    key = "fraction" if percent is None else "fraction-range"
    warn(key, f"A progress of {shown!r} was ignored. It must be a fraction from 0.0 to 1.0{hint}.")
    return None


def _if_any(**fields: object) -> Event:
    """The fields that are neither None nor empty."""
    return {name: value for name, value in fields.items() if value not in (None, "", {})}


def _run_uuid(run_id: object, warn: WarnOnce) -> uuid.UUID:
    if run_id is None:
        return uuid.uuid4()
    try:
        return uuid.UUID(fit.fit_text(run_id))
    except ValueError:
        chosen = uuid.uuid4()
        warn("run_id", f"The run_id {fit.fit_text(run_id, 100)!r} is not a UUID. The run has the id {chosen}.")
        return chosen
