"""How long it takes from the commit of a log entry, in another process, to its arrival at each viewer."""

from itertools import count
from typing import NamedTuple

from served_project import serving
from stream_subjects import make_subjects, make_token
from stream_viewers import server_sent_events, view, websocket
from stream_writers import write
from table import report
from worker import working

WARM_UP_ENTRIES = 20
ARRIVAL_LIMIT_S = 20.0
FACES = {"SSE": server_sent_events, "WebSocket": websocket}


class Case(NamedTuple):
    """So many viewers, evenly over so many runs, and the limit for the 99th percentile."""

    face: str
    viewers: int
    runs: int
    entries_a_second: float
    seconds: float
    p99_limit_ms: float


CASES = (
    Case("SSE", 1000, 100, 50, 30, 10),
    Case("WebSocket", 1000, 100, 50, 30, 10),
    Case("SSE", 3000, 100, 50, 30, 20),
    Case("SSE", 3000, 1, 1, 30, 400),
)

_entries = count(1)


def measure(case: Case) -> tuple[list[float], float]:
    """Every receipt's milliseconds, sorted, and the part of its core that the serving process used."""
    subjects, token = make_subjects(case.runs), make_token()
    requests = [FACES[case.face](subjects[number % case.runs].domain, token) for number in range(case.viewers)]
    viewers_each = case.viewers // case.runs
    with (
        serving() as server,
        working(view, server.port) as viewers,
        working(write, [subject.run for subject in subjects]) as writer,
    ):
        viewers.ask("open", requests)
        warm_up = range(first := next(_entries), first + WARM_UP_ENTRIES)
        writer.ask("write_steadily", warm_up, case.entries_a_second * 2)
        viewers.ask("receipts", WARM_UP_ENTRIES * viewers_each, ARRIVAL_LIMIT_S)
        entries = range(warm_up.stop, warm_up.stop + round(case.entries_a_second * case.seconds))
        used = server.cpu_seconds()
        committed = writer.ask("write_steadily", entries, case.entries_a_second)
        used = server.cpu_seconds() - used
        expected = len(entries) * viewers_each
        receipts = viewers.ask("receipts", expected, ARRIVAL_LIMIT_S)
    missing = expected - len(set(receipts.entries)) * viewers_each
    if missing or len(receipts.entries) != expected:
        raise RuntimeError(f"{len(receipts.entries)} receipts of {len(set(receipts.entries))} entries, not {expected}.")
    taken = (
        (at - committed[entry - entries.start]) / 1e6
        for entry, at in zip(receipts.entries, receipts.at_ns, strict=True)
    )
    return sorted(taken), used / case.seconds


def main() -> None:
    """All cases."""
    rows, all_within = [], True
    for case in CASES:
        taken, used = measure(case)
        p50, p99 = (taken[int(len(taken) * part)] for part in (0.5, 0.99))
        all_within = all_within and p99 <= case.p99_limit_ms
        viewers = f"{case.viewers:,} by {case.face}"
        times = (f"{p50:.1f}", f"{p99:.1f}", f"{taken[-1]:.1f}", f"{case.p99_limit_ms:.0f}")
        rows.append((viewers, case.runs, f"{case.entries_a_second:g}", f"{len(taken):,}", *times, f"{used:.0%}"))
    head = ("viewers", "runs", "entries/s", "receipts", "p50 ms", "p99 ms", "max ms", "p99 limit", "CPU")
    title = "From the commit of an entry in another process to its receipt, one serving process on one core"
    report("streams_latency", title, head, rows, f"within the limits: {'yes' if all_within else 'NO'}")
