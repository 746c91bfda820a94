"""How much of their throughput eight writers keep when every commit wakes those who follow the runs.

The target is for viewers who share the core of the serving process: the other has the writers and the database alone.
Beside the writers, what the viewers' own programs need is taken from the writers too.
"""

import statistics
import time
from collections.abc import Sequence
from contextlib import ExitStack, nullcontext

from served_project import beside_the_server, serving
from stream_subjects import Subject, make_subjects, make_token
from stream_viewers import server_sent_events, view
from stream_writers import write
from table import report
from worker import Worker, working

WRITERS = 8
VIEWERS = 100
ROUNDS = 80  # short ones, since what a machine gives changes by the second
SECONDS = 0.4
PAUSE_S = 0.15
TARGET = 0.9


def main() -> None:
    """The wake-ups alone, and with viewers who follow these runs."""
    subjects, token = make_subjects(WRITERS), make_token()
    with ExitStack() as stack:
        writers = [stack.enter_context(working(write, [subject.run])) for subject in subjects]
        rows = [("nobody follows", *_compare(writers))]
        server = stack.enter_context(serving())
        for where, place in (("beside the server", beside_the_server), ("beside the writers", nullcontext)):
            with ExitStack() as viewing:
                with place():
                    viewers = viewing.enter_context(working(view, server.port))
                viewers.ask("open", [_request(subjects, number, token) for number in range(VIEWERS)])
                rows.append((f"{VIEWERS} viewers {where}", *_compare(writers)))
                viewers.ask("receipts", 0, 0)  # all of them are still there
    lowest = min(float(ratio) for *_, ratio in rows[:2])
    head = ("", "events a second, wake-ups off", "wake-ups on", "ratio")
    title = f"{WRITERS} writers of single events, each to a run of its own"
    verdict = f"at least {TARGET} in the first two: {'yes' if lowest >= TARGET else 'NO'}"
    report("streams_throughput", title, head, rows, verdict)


def _compare(writers: Sequence[Worker]) -> tuple[str, str, str]:
    """The medians of events a second without and with wake-ups, and of the rounds' ratios."""
    rates: dict[bool, list[float]] = {False: [], True: []}
    _events_a_second(writers, with_wake_ups=True)  # connections are made, statements prepared
    for number in range(ROUNDS):
        for with_wake_ups in sorted(rates, reverse=number % 2 == 1):
            rates[with_wake_ups].append(_events_a_second(writers, with_wake_ups=with_wake_ups))
    off, on = (statistics.median(rates[with_wake_ups]) for with_wake_ups in (False, True))
    ratio = statistics.median(on / off for off, on in zip(rates[False], rates[True], strict=True))
    return f"{off:,.0f}", f"{on:,.0f}", f"{ratio:.2f}"


def _events_a_second(writers: Sequence[Worker], *, with_wake_ups: bool) -> float:
    begin = time.monotonic() + PAUSE_S  # the viewers have been told of the last round by then
    for writer in writers:
        writer.begin("write_at_full_speed", begin, begin + SECONDS, with_wake_ups)
    return sum(writer.result() for writer in writers) / SECONDS


def _request(subjects: Sequence[Subject], number: int, token: str) -> bytes:
    return server_sent_events(subjects[number % len(subjects)].domain, token)
