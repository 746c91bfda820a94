"""Expiry of silent runs: ending a run as lost or cancelled. Called by the sweep."""

from datetime import datetime

from training_status.ingest.locked_run import lock_run_unless_held, store


def expire_silent_run(run_id: int, now: datetime, *, uptime_s: float) -> str | None:
    """End the run as `cancelled` or `lost` if it has been silent for its limit. Return the reason, or None.

    `uptime_s` is how long the service has been reachable without a gap. The end is provisional: a run that reports
    again resumes. Takes the run's lock in the caller's transaction. A run that another transaction has locked is
    being written, so it is not silent: it is skipped without waiting.
    """
    machine = lock_run_unless_held(run_id)
    if machine is None or not machine.is_active:
        return None
    if uptime_s >= machine.stall_limit_s:
        machine.resolve_pending_cancel(now)
    machine.expire(now, uptime_s=uptime_s)
    if machine.is_active:
        return None
    store(machine)
    return machine.failure_reason
