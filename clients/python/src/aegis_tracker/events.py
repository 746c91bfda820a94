"""The records of a spool, built from whatever a training passes in: the start and each kind of event.

The contract says what they look like. Nothing here raises on bad values; `tell` says what was changed.
"""

import uuid
from typing import Any

from aegis_tracker import sanitizing as fit
from aegis_tracker.levels import level_name
from aegis_tracker.phases import PHASES
from aegis_tracker.sanitizing import Tell
from aegis_tracker.spool_records import START_TYPE

Event = dict[str, Any]

_ROUNDING = 1e-6  # how far beyond its bounds a fraction may be, as by adding up in single precision
_PERCENT_FROM = 1.5  # what is less is rather a fraction that went too far


def start_record(
    domain: object,
    run_id: object,
    llm_model: object,
    optimizer: object,
    sample_count: object,
    config: object,
    tell: Tell,
) -> Event:
    """What is needed to start the run, and the `source` that counts its events."""
    return {
        "type": START_TYPE,
        "id": str(_run_uuid(run_id, tell)),
        "domain": fit.fit_text(domain, fit.NAME_MAX_CHARACTERS),
        "source": str(uuid.uuid4()),
    } | _if_any(
        llm_model=fit.fit_name(llm_model),
        optimizer=fit.fit_name(optimizer),
        sample_count=fit.fit_count(sample_count, "sample_count", tell),
        config=fit.fit_object(config, fit.CONFIG_MAX_BYTES, "config", tell),
    )


def phase_event(phase: object, message: object, tell: Tell) -> Event:
    """Entering a phase; an unknown one becomes a log entry."""
    name, text = fit.fit_text(phase, fit.NAME_MAX_CHARACTERS).strip(), fit.fit_text(message)
    if name in PHASES:
        return _event("phase", phase=name) | _if_any(message=text)
    tell(f"phase {name}", f"{name!r} is not a phase; it is kept as a log entry. Phases: {', '.join(PHASES)}.")
    return log_event("INFO", f"{name}: {text}" if text else f"Phase {name}", None, None, tell)


def progress_event(fraction: object, fraction_before: float, message: object, metrics: object, tell: Tell) -> Event:
    """Progress within the phase; `fraction_before` where `fraction` is no number from 0.0 to 1.0."""
    done = _fraction(fraction, tell)
    said = _if_any(message=fit.fit_text(message), metrics=fit.fit_metrics(metrics, tell))
    return _event("progress", fraction=fraction_before if done is None else done) | said


def log_event(level: object, message: object, step: object, metrics: object, tell: Tell) -> Event:
    """An entry in the run's log; INFO where `level` is none."""
    name = level_name(level)
    if name is None:
        tell("level", f"There is no log level {fit.fit_text(level, 100)!r}; INFO was taken.")
        name = "INFO"
    said = _if_any(step=fit.fit_name(step), metrics=fit.fit_metrics(metrics, tell))
    return _event("log", level=name, message=fit.fit_text(message)) | said


def complete_event(metrics: object, result: object, tell: Tell) -> Event:
    """The training has succeeded."""
    said = _if_any(result=fit.fit_object(result, fit.RESULT_MAX_BYTES, "result", tell))
    return _event("complete", metrics=fit.fit_metrics(metrics, tell)) | said


def fail_event(error: object) -> Event:
    """The training has failed; an exception is told as `Type: message`."""
    text = exception_text(error) if issubclass(type(error), BaseException) else fit.fit_text(error)
    return _event("fail", error=text or "The training failed without saying why.")


def lost_event(error: str, timestamp: str) -> Event:
    """The training is gone, and could not say so itself: an end that its next report takes back."""
    return {"type": "fail", "timestamp": timestamp, "error": fit.fit_text(error), "reason": "lost"}


def exception_text(error: object) -> str:
    """An exception as `Type: message`."""
    text = fit.fit_text(error)
    return fit.fit_text(f"{type(error).__name__}: {text}" if text else type(error).__name__)


def _event(kind: str, **fields: object) -> Event:
    return {"type": kind, "timestamp": fit.time_now(), **fields}


def _fraction(value: object, tell: Tell) -> float | None:
    """`value` as a fraction; None where it is none. What lies beside a bound by rounding is taken as the bound."""
    number = fit.fit_number(value)
    if number is not None and -_ROUNDING <= number <= 1 + _ROUNDING:
        return min(max(0.0, float(number)), 1.0)
    shown = fit.fit_text(value, 100)
    percent = fit.fit_number(shown.rstrip("% ")) if number is None else number
    hint = (
        f"; {percent:.12g} % is {percent / 100:.12g}" if percent is not None and _PERCENT_FROM <= percent <= 100 else ""
    )
    key = "fraction" if percent is None else "fraction-range"
    tell(key, f"A progress of {shown!r} was ignored: a fraction from 0.0 to 1.0 is meant{hint}.")
    return None


def _if_any(**fields: object) -> Event:
    """The fields that say something: neither None nor empty."""
    return {name: value for name, value in fields.items() if value not in (None, "", {})}


def _run_uuid(run_id: object, tell: Tell) -> uuid.UUID:
    if run_id is None:
        return uuid.uuid4()
    try:
        return uuid.UUID(fit.fit_text(run_id))
    except ValueError:
        chosen = uuid.uuid4()
        tell("run_id", f"{fit.fit_text(run_id, 100)!r} is no UUID; the run has the id {chosen}.")
        return chosen
