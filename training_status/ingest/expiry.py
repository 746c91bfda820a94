"""Storing what silence has made of a run, when nobody reports or asks: for the sweep."""

from datetime import datetime

from training_status.ingest.locked_run import lock_run_unless_held, store


def expire_silent_run(run_id: int, now: datetime, *, uptime_s: float) -> str | None:
    """End the run as `cancelled` or `lost` if, looked at under its lock, its silence says so. Which, or None.

    `uptime_s`: for how long the service has been reachable without a gap. The end is provisional: a run that
    reports again goes on. Takes the run's lock in the caller's transaction; a run that another has locked is being
    written, and so is not silent: it is left alone, at once.
    """
    course = lock_run_unless_held(run_id)
    if course is None or not course.is_active:
        return None
    if uptime_s >= course.stall_limit_s:
        course.resolve_pending_cancel(now)
    course.expire(now, uptime_s=uptime_s)
    if course.is_active:
        return None
    store(course)
    return course.failure_reason
