"""What is printed inside `capture_console` is in the run's log, and what prints is not disturbed."""

import io
import os
import signal
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress

import pytest
from aegis_tracker import capture_console
from aegis_tracker.sanitizing import fit_text
from rich.console import Console
from rich.progress import Progress
from support.contract_server import ContractServer
from support.trackers import MakeTracker


def terminal(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """What stands for it from now on."""
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stdout", stream)
    return stream


def test_lines_of_every_end_arrive(
    service: ContractServer, make_tracker: MakeTracker, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = terminal(monkeypatch)
    tracker = make_tracker()
    with capture_console(tracker):
        print("hello\r")  # noqa: T201
        print("one\r\ntwo\r\r\nthree", end="\r\n")  # noqa: T201
        sys.stdout.writelines(["fo", "ur\r", "\n", "\x1b]0;title", "\x07five\r\n"])
    assert tracker.flush(30)
    assert service.run.texts() == ["hello", "one", "two", "three", "four", "five"]
    assert shown.getvalue() == "hello\r\none\r\ntwo\r\r\nthree\r\nfour\r\n\x1b]0;title\x07five\r\n"


def test_a_long_line_is_cut_as_that_of_log(
    service: ContractServer, make_tracker: MakeTracker, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal(monkeypatch)
    tracker = make_tracker()
    text = "beginning " + "größer " * 20_000
    with capture_console(tracker):
        for at in range(0, len(text), 1000):
            sys.stdout.write(text[at : at + 1000])
        sys.stdout.write("\r\n")
    tracker.log("INFO", text)
    assert tracker.flush(30)
    assert service.run.texts() == [fit_text(text)] * 2


def test_bars_of_rich_are_one_entry_each(
    service: ContractServer, make_tracker: MakeTracker, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal(monkeypatch)
    tracker = make_tracker()
    with capture_console(tracker):
        console = Console(file=sys.stdout, force_terminal=True, width=80)
        with Progress(console=console, auto_refresh=False) as progress:
            epochs, batches = progress.add_task("epochs", total=3), progress.add_task("batches", total=100)
            for epoch in range(3):
                progress.reset(batches)
                for _ in range(100):
                    progress.advance(batches)
                    progress.refresh()
                progress.advance(epochs)
                console.print(f"epoch {epoch}")
        print("done")  # noqa: T201
    assert tracker.flush(30)
    messages = service.run.texts()
    assert messages[:3] == ["epoch 0", "epoch 1", "epoch 2"]
    assert [message.split()[0] for message in messages[3:]] == ["epochs", "batches", "done"]
    assert all("100%" in message for message in messages[3:5])


def test_what_the_training_reports_comes_after_what_it_printed(
    service: ContractServer, make_tracker: MakeTracker, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal(monkeypatch)
    tracker = make_tracker()
    with capture_console(tracker):
        sys.stdout.write("\r  0%\r100%\n")
        tracker.log("INFO", "validating")
        sys.stdout.write("\router 0%\n\rinner 50%\x1b[A")  # in the middle of bars
        tracker.log("INFO", "half")
        sys.stdout.write("\n\rinner 99%\x1b[A")
        tracker.complete({})
    assert tracker.flush(30)
    assert service.run.texts() == ["100%", "validating", "half", "outer 0%", "inner 99%", ""]
    assert service.run.events[-1]["type"] == "complete"


def test_the_lines_of_both_streams_keep_their_order(
    service: ContractServer, make_tracker: MakeTracker, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal(monkeypatch)
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    tracker = make_tracker()
    with capture_console(tracker):
        sys.stderr.write("\r  0%\r100%\n")
        print("loss 0.5")  # noqa: T201
        sys.stderr.write("\router 0%\n\rinner 50%\x1b[A")
        print("loss 0.4")  # noqa: T201
    assert tracker.flush(30)
    assert service.run.texts() == ["100%", "loss 0.5", "loss 0.4", "outer 0%", "inner 50%"]


def test_a_bar_that_is_drawn_no_more_is_told_in_time(
    service: ContractServer, make_tracker: MakeTracker, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal(monkeypatch)
    tracker = make_tracker()
    arrived = threading.Event()
    forward = tracker.forward_logs

    def forward_and_tell(level: str, messages: Sequence[str]) -> None:
        forward(level, messages)
        arrived.set()

    tracker.forward_logs = forward_and_tell  # type: ignore[method-assign]
    with capture_console(tracker):
        sys.stdout.write("\r  0%\r100%\n")
        assert arrived.wait(12)
    assert tracker.flush(30)
    assert service.run.texts() == ["100%"]


def test_a_stream_that_fails_does_so_as_before(make_tracker: MakeTracker, monkeypatch: pytest.MonkeyPatch) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    stream = os.fdopen(writing, "w", buffering=1)
    monkeypatch.setattr(sys, "stdout", stream)
    tracker = make_tracker()
    try:
        with capture_console(tracker):
            with pytest.raises(BrokenPipeError):
                print("to nobody")  # noqa: T201
            with pytest.raises(TypeError):
                sys.stdout.write(b"bytes")  # type: ignore[arg-type]
    finally:
        with suppress(BrokenPipeError):
            stream.close()
    closed = io.StringIO()
    closed.close()
    monkeypatch.setattr(sys, "stdout", closed)
    with capture_console(tracker), pytest.raises(ValueError, match="closed"):
        print("to nobody")  # noqa: T201


def test_what_a_stream_cannot_show_is_reported(
    service: ContractServer, make_tracker: MakeTracker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(io.BytesIO(), encoding="ascii"))
    tracker = make_tracker()
    with capture_console(tracker):
        for text in ("größer\n", "plain\n"):
            with suppress(UnicodeEncodeError):  # as a log handler does that goes on
                sys.stdout.write(text)
        sys.stdout.detach()  # type: ignore[attr-defined]
        with suppress(ValueError):
            sys.stdout.write("detached\n")
    assert tracker.flush(30)
    assert service.run.texts() == ["größer", "plain", "detached"]


def test_a_stream_of_another_kind_may_take_anything(
    service: ContractServer, make_tracker: MakeTracker, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Anything:
        def write(self, text: object) -> None:
            """Take it."""

    monkeypatch.setattr(sys, "stdout", Anything())
    tracker = make_tracker()
    with capture_console(tracker):
        for what in (b"bytes\n", None, 5, "text\n"):
            sys.stdout.write(what)  # type: ignore[arg-type]
    assert tracker.flush(30)
    assert service.run.texts()[-1] == "text"


def test_a_signal_handler_may_print_in_the_middle(
    service: ContractServer, make_tracker: MakeTracker, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal(monkeypatch)
    tracker = make_tracker()
    before = signal.signal(signal.SIGALRM, lambda *_: print("alarm"))  # noqa: T201
    try:
        with capture_console(tracker):
            signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)
            for number in range(3000):
                sys.stdout.write(f"\x1b[31m{number}\x1b[0m\r\n")
            signal.setitimer(signal.ITIMER_REAL, 0)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert tracker.flush(60)
    printed = "\n".join(service.run.texts()).replace("alarm", "\n").split()
    assert sorted(printed, key=int) == [str(number) for number in range(3000)]


def test_what_is_printed_in_the_middle_of_a_report_is_reported(
    service: ContractServer, make_tracker: MakeTracker, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal(monkeypatch)
    tracker = make_tracker()
    forward = tracker.forward_logs

    def interrupted(level: str, messages: Sequence[str]) -> None:
        if messages == ["line"]:
            print("checkpoint saved")  # noqa: T201 - as a signal handler does, or a finalizer
        forward(level, messages)

    monkeypatch.setattr(tracker, "forward_logs", interrupted)
    with capture_console(tracker):
        print("line")  # noqa: T201
    assert tracker.flush(30)
    assert service.run.texts() == ["checkpoint saved", "line"]


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_process_reports_its_own_lines_only(
    service: ContractServer, make_tracker: MakeTracker, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal(monkeypatch)
    tracker = make_tracker()
    with capture_console(tracker):
        stream = sys.stdout
        sys.stdout.write("\r 50%\r 99%\nunfinished")
        held, release = threading.Event(), threading.Event()

        def hold() -> None:
            with stream._lock:  # type: ignore[attr-defined]
                held.set()
                release.wait(30)

        holder = threading.Thread(target=hold)
        holder.start()
        assert held.wait(30)
        pid = os.fork()
        if pid == 0:
            print("forked")  # noqa: T201
            stream.end()  # type: ignore[attr-defined]
            os._exit(0)
        _, status = os.waitpid(pid, 0)
        release.set()
        holder.join()
    assert status == 0
    assert tracker.flush(30)
    assert service.run.texts() == ["forked", " 99%", "unfinished"]


def test_threads_that_write_pieces_lose_nothing(
    service: ContractServer, make_tracker: MakeTracker, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal(monkeypatch)
    tracker = make_tracker()
    with capture_console(tracker):

        def write(name: int) -> None:
            for number in range(300):
                sys.stdout.write(f"\x1b[3{name}m{name}.{number}\x1b[0m\r\n")

        threads = [threading.Thread(target=write, args=(name,)) for name in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert tracker.flush(30)
    assert sorted(service.run.texts()) == sorted(f"{name}.{number}" for name in range(4) for number in range(300))


def test_a_capture_within_a_capture_reports_to_both(
    service: ContractServer, make_tracker: MakeTracker, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = terminal(monkeypatch)
    tracker = make_tracker()
    with capture_console(tracker), capture_console(tracker, level="DEBUG"):
        print("twice\r")  # noqa: T201
    assert sys.stdout is shown
    assert tracker.flush(30)
    assert [(event["level"], event["message"]) for event in service.run.events] == [
        ("INFO", "twice"),
        ("DEBUG", "twice"),
    ]


@pytest.mark.filterwarnings("error::aegis_tracker.AegisTrackerWarning")
def test_the_end_of_a_with_block_comes_after_what_was_printed(
    service: ContractServer, make_tracker: MakeTracker, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal(monkeypatch)
    tracker = make_tracker()

    def train() -> None:
        with capture_console(tracker), tracker:
            sys.stdout.write("\r 10%\n\rinner 20%\x1b[A")
            raise ValueError("no samples")

    with pytest.raises(ValueError, match="no samples"):
        train()
    assert tracker.flush(30)
    assert service.run.texts()[:2] == [" 10%", "inner 20%"]
    assert service.run.events[-1]["type"] == "fail"
