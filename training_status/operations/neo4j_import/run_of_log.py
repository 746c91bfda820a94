"""Making a run of a `TrainingLog` node and of what its messages say."""

from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from training_status import run_states
from training_status.ingest.batch import MESSAGE_MAX_BYTES, METRICS_MAX_BYTES
from training_status.ingest.exported_run import ExportedPhaseTiming, ExportedRun
from training_status.ingest.run_state_machine import METRICS_KEPT_MAX_BYTES
from training_status.log_levels import LEVELS
from training_status.operations.neo4j_import.apoc_lines import LogFacts
from training_status.operations.neo4j_import.log_entries import LogReader, phase_called
from training_status.operations.neo4j_import.notes import Notes
from training_status.operations.neo4j_import.plain_values import (
    Metrics,
    cut_text,
    plain_metrics,
    plain_text,
    read_json_object,
    read_percent,
    read_time,
)
from training_status.phases import LAST_PHASE, overall_percent, phase_at

_FINISHED: Final = frozenset({run_states.COMPLETED, run_states.FAILED})
_ACTIVE: Final = frozenset({run_states.PENDING, run_states.RUNNING, "training"})
_FAILURE_PREFIX: Final = "Training failed"  # of what the system before wrote as the step of a failed run
_SAMPLE_COUNTS: Final = ("training_samples", "sample_count")  # metrics that say how many samples there were
_INT_MAX: Final = 2**63 - 1


class RunOfLog(NamedTuple):
    """A run and its phase times. `run_number` is not the one that it gets."""

    run: ExportedRun
    phase_timings: list[ExportedPhaseTiming]


def run_of_log(
    facts: LogFacts,
    log: LogReader,
    *,
    public_id: UUID,
    llm_model: str,
    started_at: datetime,
    now: datetime,
    notes: Notes,
) -> RunOfLog:
    """Return the run; all messages of `log` have been read."""
    status = _status(facts.status, notes)
    entries = log.level_counts.total()
    percent = _percent(facts.progress_percent, log, notes)
    is_started = not (status == run_states.PENDING and entries == 0 and percent == 0.0)
    ended_at = _ended_at(facts, log, started_at, status, now, notes)
    is_completed = status == run_states.COMPLETED
    phase: str | None = None
    timings: list[ExportedPhaseTiming] = []
    if is_started:
        phase, percent, timings = _phases(log, ended_at, percent, is_completed=is_completed, notes=notes)
    metrics = _metrics(facts.metrics, notes)
    counts: dict[str, Any] = {f"{level.lower()}_count": log.level_counts[level] for level in LEVELS}
    message, error_message = _texts(facts, log, status)
    run = ExportedRun(
        public_id=public_id,
        run_number=1,
        llm_model=llm_model,
        optimizer=None,
        sample_count=_sample_count(metrics),
        config={},
        tags=[],
        note="" if facts.id is None or str(facts.id) == str(public_id) else _origin(facts.id),
        state=run_states.COMPLETED if is_completed else run_states.FAILED,
        failure_reason=None if is_completed else run_states.ERROR if status == run_states.FAILED else run_states.LOST,
        end_reported=status in _FINISHED,
        cancel_requested_at=None,
        current_phase=phase,
        phase_started_at=None if phase is None else timings[-1].started_at if timings else started_at,
        progress_percent=percent,
        message=message,
        phase_message=None,
        event_message=message if is_completed else None,
        metrics=metrics,
        error_message=error_message,
        result=None,
        created_at=started_at,
        started_at=started_at if is_started else None,
        ended_at=ended_at,
        last_report_at=ended_at,
        last_event_at=ended_at,
        source=None,
        last_n=0,
        first_seq=1,
        last_seq=entries,
        resumed_at_seq=None,
        **counts,
    )
    return RunOfLog(run, timings)


def _status(value: Any, notes: Notes) -> str:
    """`completed`, `failed`, `running` or `pending`."""
    status = value.strip().lower() if isinstance(value, str) else None
    if status in _FINISHED:
        return status
    if status in _ACTIVE:
        notes.say(f"It was {status} and nobody runs it any more: it is failed, with the reason lost")
        return run_states.PENDING if status == run_states.PENDING else run_states.RUNNING
    notes.say(f"Its status {_shown(value)} is unknown: it is failed, with the reason lost")
    return run_states.RUNNING


def _percent(value: Any, log: LogReader, notes: Notes) -> float:
    percent, is_as_written = read_percent(value)
    if not is_as_written:
        taken = "the last one of its messages" if percent is None else f"{percent:g}"
        notes.say(f"Its progress_percent {_shown(value)} is no number from 0 to 100: it is {taken}")
    return percent if percent is not None else log.percent or 0.0


def _ended_at(
    facts: LogFacts, log: LogReader, started_at: datetime, status: str, now: datetime, notes: Notes
) -> datetime:
    """When the run ended: as it says, or at its last message; never before its start."""
    completed_at = read_time(facts.completed_at, now) if status in _FINISHED else None
    if completed_at is not None and completed_at >= started_at:
        return completed_at
    if status in _FINISHED:
        why = "It has no usable completed_at" if completed_at is None else "Its completed_at is before its started_at"
        end = "its start" if log.last_at is None else "its last message"
        notes.say(f"{why}: it ended with {end}")
    return max(started_at, log.last_at or started_at)


def _phases(
    log: LogReader, ended_at: datetime, percent: float, *, is_completed: bool, notes: Notes
) -> tuple[str, float, list[ExportedPhaseTiming]]:
    """The furthest phase, the percentage and the phase times; no times where they are doubtful."""
    phase = log.phases.current or phase_at(percent)
    doubt = log.phases.doubt(ended_at, is_completed=is_completed)
    if doubt is not None:
        notes.say(f"It has no phase times, and forecasts do not learn from it: {doubt}")
    timings = [] if doubt is not None else log.phases.timings(ended_at)
    if is_completed:
        if percent != 100.0:
            notes.say(f"It was completed at {percent:g} %: it is at 100 %")
        return LAST_PHASE.name, 100.0, timings
    begins = overall_percent(phase, 0.0)
    if percent < begins:
        notes.say(f"It was at {percent:g} % but in the phase {phase}: it is at {begins:g} %")
    return phase, max(percent, begins), timings


def _metrics(value: Any, notes: Notes) -> Metrics:
    if value is None or value in ("", "null"):
        return {}
    metrics = read_json_object(value)
    if metrics is None:
        notes.say("Its metrics are not an object: it has none")
        return {}
    plain, is_as_written = plain_metrics(metrics, METRICS_KEPT_MAX_BYTES + METRICS_MAX_BYTES)
    if not is_as_written:
        notes.say("Some of its metrics cannot be stored as they are")
    return plain


def _sample_count(metrics: Metrics) -> int | None:
    for name in _SAMPLE_COUNTS:
        count = metrics.get(name)
        if isinstance(count, int) and not isinstance(count, bool) and 0 <= count <= _INT_MAX:
            return count
    return None


def _texts(facts: LogFacts, log: LogReader, status: str) -> tuple[str | None, str | None]:
    """The last progress message and the error. The system before kept both as the current step."""
    step = _text(facts.current_step)
    message = None if step is None or phase_called(step) else step
    if status != run_states.FAILED:
        return message, None
    error = _text(facts.error_message)
    if message is not None and message.startswith(_FAILURE_PREFIX):
        return None, error or message
    return message, error or log.last_error or message or f"{_FAILURE_PREFIX}."


def _text(value: Any) -> str | None:
    if not isinstance(value, str) or not value.strip():
        return None
    return cut_text(plain_text(value), MESSAGE_MAX_BYTES)


def _origin(value: Any) -> str:
    return f"Its id in AegisRAG was {_shown(value)}."


def _shown(value: Any) -> str:
    return cut_text(plain_text(repr(value)), 400)
