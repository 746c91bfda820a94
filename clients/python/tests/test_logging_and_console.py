"""Python logging and what is printed become entries of the run's log."""

import io
import logging
import sys
import threading
from collections.abc import Iterator, Sequence

import pytest
from aegis_tracker import TrainingLogHandler, capture_console
from support.contract_server import ContractServer
from support.trackers import MakeTracker


@pytest.fixture
def logger() -> Iterator[logging.Logger]:
    one = logging.getLogger("a.training")
    one.setLevel(logging.DEBUG)
    yield one
    for handler in list(one.handlers):
        one.removeHandler(handler)


def told(service: ContractServer) -> list[tuple[str, str]]:
    return [(event["level"], event["message"]) for event in service.run.events]


def test_level_message_and_exception_are_forwarded(
    service: ContractServer, make_tracker: MakeTracker, logger: logging.Logger
) -> None:
    tracker = make_tracker()
    logger.addHandler(TrainingLogHandler(tracker))
    logger.debug("trial %d of %d", 3, 10)
    logger.log(25, "between")
    try:
        raise ValueError("no samples")
    except ValueError:
        logger.exception("the trial failed")
    assert tracker.flush(30)
    first, second, third = told(service)
    assert (first, second) == (("DEBUG", "trial 3 of 10"), ("INFO", "between"))
    assert third[0] == "ERROR"
    assert third[1].startswith("the trial failed\nTraceback (most recent call last):")
    assert third[1].endswith("ValueError: no samples")


def test_a_formatter_and_a_level_are_respected(
    service: ContractServer, make_tracker: MakeTracker, logger: logging.Logger
) -> None:
    tracker = make_tracker()
    handler = TrainingLogHandler(tracker, level="WARNING")
    handler.setFormatter(logging.Formatter("%(name)s: %(message)s"))
    logger.addHandler(handler)
    logger.info("not this")
    logger.warning("this")
    assert tracker.flush(30)
    assert told(service) == [("WARNING", "a.training: this")]


@pytest.mark.filterwarnings("ignore::aegis_tracker.AegisTrackerWarning")
def test_what_the_tracker_itself_logs_is_not_reported(service: ContractServer, make_tracker: MakeTracker) -> None:
    tracker = make_tracker()
    handler = TrainingLogHandler(tracker)
    logging.getLogger().addHandler(handler)
    try:
        tracker.log("no such level", "one")  # a notice, through logging and warnings
        logging.getLogger("aegis_tracker.something").warning("own")
        assert tracker.flush(30)
    finally:
        logging.getLogger().removeHandler(handler)
    assert told(service) == [("INFO", "one")]


def test_nothing_that_is_logged_can_raise(service: ContractServer, make_tracker: MakeTracker) -> None:
    class Unprintable:
        def __str__(self) -> str:
            raise RuntimeError("no text")

        __repr__ = __str__

    tracker = make_tracker()
    handler = TrainingLogHandler(tracker)
    for message, arguments in (("%d", ("no number",)), (Unprintable(), ()), ("%s", (Unprintable(),))):
        handler.handle(logging.LogRecord("a.training", logging.INFO, __file__, 1, message, arguments, None))
    assert tracker.flush(30)
    messages = service.run.texts()
    assert len(messages) == 3
    assert messages[0] == "A log message could not be formatted: %d"


class Unprintable:
    def __str__(self) -> str:
        raise RuntimeError("no text")

    __repr__ = __str__


class Unreadable:
    """Has no attribute that can be looked at."""

    def __getattribute__(self, name: str) -> object:
        raise RuntimeError("no attribute")


def without(name: str) -> logging.LogRecord:
    record = logging.makeLogRecord({"msg": "text", "levelno": logging.ERROR, "levelname": "ERROR"})
    delattr(record, name)
    return record


COULD_NOT = "A log message could not be formatted: "


@pytest.mark.parametrize(
    ("given", "level", "message"),
    [
        ({}, "INFO", ""),
        ({"name": None, "msg": "text"}, "INFO", "text"),
        ({"name": 5, "msg": "text"}, "INFO", "text"),
        ({"msg": "text", "levelno": None, "levelname": "error"}, "ERROR", "text"),
        ({"msg": "text", "levelno": "WARN"}, "WARNING", "text"),
        ({"msg": "text", "levelno": 35.5}, "WARNING", "text"),
        ({"msg": "text", "levelno": 10**400}, "CRITICAL", "text"),
        ({"msg": "text", "levelno": float("nan")}, "INFO", "text"),
        ({"msg": Unprintable()}, "INFO", f"{COULD_NOT}<Unprintable that cannot be shown>"),
        ({"msg": "%d of %d", "args": (1,)}, "INFO", f"{COULD_NOT}%d of %d"),
        ({"msg": "%(a)s", "args": 5}, "INFO", f"{COULD_NOT}%(a)s"),
        ({"msg": {"event": "a dict"}}, "INFO", "{'event': 'a dict'}"),
        ({"msg": "text", "exc_info": True}, "INFO", "text"),
        ({"msg": "text", "exc_info": (None, None, None)}, "INFO", "text"),
        ({"msg": "text", "exc_info": (ValueError, None, None)}, "INFO", "text"),
        ({"msg": "text", "exc_info": (1, 2)}, "INFO", "text"),
        ({"msg": "text", "exc_info": ValueError("wrong")}, "INFO", "text\nValueError: wrong"),
        ({"msg": "text", "exc_info": (ValueError, ValueError("wrong"), "no trace")}, "INFO", "text\nValueError: wrong"),
        ({"msg": "text", "exc_text": ["told", "before"]}, "INFO", 'text\n["told","before"]'),
        ({"msg": "text", "stack_info": True}, "INFO", "text\nTrue"),
        (without("name"), "ERROR", "text"),
        (without("levelno"), "ERROR", "text"),
        (without("args"), "ERROR", f"{COULD_NOT}text"),
        (without("msg"), "ERROR", f"{COULD_NOT}None"),
        (without("exc_info"), "ERROR", "text"),
        (None, "INFO", f"{COULD_NOT}None"),
        (Unreadable, "INFO", f"{COULD_NOT}None"),
    ],
)
def test_any_record_is_taken(
    service: ContractServer, make_tracker: MakeTracker, given: object, level: str, message: str
) -> None:
    record = logging.makeLogRecord(given) if isinstance(given, dict) else given
    record = Unreadable() if given is Unreadable else record
    tracker = make_tracker()
    handler = TrainingLogHandler(tracker)
    handler.handle(record)
    handler.emit(record)
    assert tracker.flush(30)
    assert told(service) == [(level, message)] * 2


@pytest.mark.parametrize("made", [None, 5, b"bytes", {"event": "x"}, Unprintable()])
def test_a_formatter_may_give_anything(service: ContractServer, make_tracker: MakeTracker, made: object) -> None:
    class Formatter(logging.Formatter):
        def format(self, record: logging.LogRecord) -> object:
            return made

    tracker = make_tracker()
    handler = TrainingLogHandler(tracker)
    handler.setFormatter(Formatter())
    handler.handle(logging.makeLogRecord({"msg": "text"}))
    assert tracker.flush(30)
    assert len(told(service)) == 1


def test_a_filter_that_fails_lets_its_record_pass(service: ContractServer, make_tracker: MakeTracker) -> None:
    tracker = make_tracker()
    handler = TrainingLogHandler(tracker)
    handler.addFilter(lambda record: record.no_such_thing)
    handler.handle(logging.makeLogRecord({"msg": "text"}))
    assert tracker.flush(30)
    assert told(service) == [("INFO", "text")]


@pytest.mark.filterwarnings("ignore::aegis_tracker.AegisTrackerWarning")
def test_after_the_end_it_is_quiet(service: ContractServer, make_tracker: MakeTracker, logger: logging.Logger) -> None:
    tracker = make_tracker()
    logger.addHandler(TrainingLogHandler(tracker))
    tracker.complete({})
    assert tracker.flush(30)
    logger.info("late")
    assert [event["type"] for event in service.run.events] == ["complete"]


def test_a_progress_bar_is_one_entry(
    service: ContractServer, make_tracker: MakeTracker, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown_out, shown_error = io.StringIO(), io.StringIO()
    monkeypatch.setattr(sys, "stdout", shown_out)
    monkeypatch.setattr(sys, "stderr", shown_error)
    tracker = make_tracker()
    with capture_console(tracker):
        print("loading", 120, "samples", flush=True)  # noqa: T201
        for done in range(0, 101, 10):
            sys.stderr.write(f"\r\x1b[32m{done:3}%\x1b[0m|{'#' * (done // 10):10}|")
            sys.stderr.flush()
        sys.stderr.write("\n\n")
        print("no line end", end="")  # noqa: T201
    assert sys.stdout is shown_out
    assert tracker.flush(30)
    assert told(service) == [("INFO", "loading 120 samples"), ("INFO", "100%|##########|"), ("INFO", "no line end")]
    assert shown_out.getvalue() == "loading 120 samples\nno line end"
    assert shown_error.getvalue().count("\r") == 11


def test_a_stream_that_is_none_stays_so(
    service: ContractServer, make_tracker: MakeTracker, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = io.StringIO()
    monkeypatch.setattr(sys, "stdout", None)
    monkeypatch.setattr(sys, "stderr", shown)
    tracker = make_tracker()
    with capture_console(tracker):
        print("to nobody")  # noqa: T201
        sys.stderr.write("one\n")
    assert sys.stdout is None
    assert sys.stderr is shown
    assert tracker.flush(30)
    assert service.run.texts() == ["one"]


def test_a_logged_progress_bar_is_collapsed(
    service: ContractServer, make_tracker: MakeTracker, logger: logging.Logger
) -> None:
    tracker = make_tracker()
    logger.addHandler(TrainingLogHandler(tracker))
    logger.info("\r 10%\r 50%\r100%")
    assert tracker.flush(30)
    assert told(service) == [("INFO", "100%")]


def test_threads_that_print_are_all_reported(
    service: ContractServer, make_tracker: MakeTracker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    tracker = make_tracker()
    with capture_console(tracker, stderr=False):
        threads = [
            threading.Thread(target=lambda name=name: [sys.stdout.write(f"{name} {n}\n") for n in range(500)])
            for name in range(4)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert tracker.flush(30)
    assert sorted(service.run.texts()) == sorted(f"{name} {n}" for name in range(4) for n in range(500))


@pytest.mark.filterwarnings("ignore::aegis_tracker.AegisTrackerWarning")
def test_what_the_tracker_says_waits_for_no_thread_that_logs(
    make_tracker: MakeTracker, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One thread reports and has something to say; another logs to a console that is captured."""
    tracker = make_tracker()
    is_writing, is_reporting = threading.Event(), threading.Event()
    forward = tracker.forward_logs

    def forward_slowly(level: str, messages: Sequence[str]) -> None:
        is_writing.set()  # with the lock of the handler
        is_reporting.wait(30)
        forward(level, messages)

    monkeypatch.setattr(tracker, "forward_logs", forward_slowly)
    with capture_console(tracker, stdout=False):
        handler = logging.StreamHandler()  # the captured one
        logging.getLogger().addHandler(handler)
        try:
            threads = [threading.Thread(target=lambda: logging.getLogger("a").warning("logged"), daemon=True)]
            threads[0].start()
            assert is_writing.wait(30)
            threads.append(threading.Thread(target=lambda: in_the_lock(tracker, is_reporting), daemon=True))
            threads[1].start()
            for thread in threads:
                thread.join(20)
                assert not thread.is_alive()
        finally:
            logging.getLogger().removeHandler(handler)
    assert "in the lock" in capsys.readouterr().err


def in_the_lock(tracker: object, is_reporting: threading.Event) -> None:
    with tracker._reporter._lock:
        is_reporting.set()
        tracker._diagnostics.once("test", "in the lock")
