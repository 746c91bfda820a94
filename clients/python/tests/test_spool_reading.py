"""Reports are read from the spool and sent, whatever becomes of its folder and of the process's descriptors."""

import errno
import os
import shutil
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from support.contract_server import ContractServer, free_port
from support.trackers import MakeTracker
from support.trainings import KILLED, NOBODY_LISTENS, TOKEN, left_behind, run_training

SMALL_PARTS = 256 * 1024  # as the limit, for parts of 16 KiB
HALF = 200

REPORT_AND_WAIT = f"""
def report(first):
    for number in range(first, first + {HALF}):
        tracker.log("INFO", f"{{number}} " + "x" * padding)

def say_and_wait(words):
    print(words, flush=True)
    assert sys.stdin.readline()
"""
IN_TWO_HALVES = f"""
report(0)
say_and_wait("half")
report({HALF})
say_and_wait("whole")
tracker.complete({{}})
"""


def remove(folder: Path) -> None:
    shutil.rmtree(folder)


def remove_files(folder: Path) -> None:
    for path in folder.iterdir():
        path.unlink()


def move(folder: Path) -> None:
    folder.rename(folder.with_name("moved"))


def replace_by_file(folder: Path) -> None:
    move(folder)
    folder.write_text("no folder")


def replace_by_another(folder: Path) -> None:
    move(folder)
    folder.mkdir()


def numbers(service: ContractServer) -> list[int]:
    return [int(text.split()[0]) for text in service.run.texts() if text and text[0].isdigit()]


@pytest.mark.parametrize("vanish", [remove, remove_files, move, replace_by_file, replace_by_another])
@pytest.mark.parametrize("has_parts", [False, True], ids=["one file", "several files"])
def test_a_folder_that_vanishes_takes_nothing_along(
    spool_dir: Path, monkeypatch: pytest.MonkeyPatch, vanish: Callable[[Path], None], has_parts: bool
) -> None:
    """All is read from what the training has open: nobody listens before the folder is gone."""
    monkeypatch.setenv("AEGIS_SPOOL_MAX_BYTES", str(SMALL_PARTS if has_parts else 16 * SMALL_PARTS))
    port = free_port()
    program = f"padding = 300\n{REPORT_AND_WAIT}{IN_TWO_HALVES}"
    with run_training(program, f"http://127.0.0.1:{port}", spool_dir) as training:
        assert training.next_line() == "half"
        files = len(list(spool_dir.iterdir()))
        vanish(spool_dir)
        training.say()
        training.goes_on_after("whole")
        with ContractServer(TOKEN, port) as service:
            _, errors = training.communicate(timeout=60)
            assert training.returncode == 0, errors
            assert numbers(service) == list(range(2 * HALF))
            assert service.run.ended
            assert service.run.duplicates == 0
    assert files > 3 if has_parts else files == 1
    assert "cannot be read" not in errors
    assert "The sender has failed" not in errors


def test_a_folder_that_is_removed_while_reports_arrive(
    service: ContractServer, spool_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AEGIS_SPOOL_MAX_BYTES", str(SMALL_PARTS))
    program = f"padding = 300\n{REPORT_AND_WAIT}{IN_TWO_HALVES}"
    with run_training(program, service.url, spool_dir) as training:
        service.await_(lambda: service.runs and len(service.run.events) > HALF // 2)
        remove(spool_dir)
        training.goes_on_after("half")
        training.goes_on_after("whole")
        _, errors = training.communicate(timeout=60)
    assert training.returncode == 0, errors
    assert numbers(service) == list(range(2 * HALF))
    assert service.run.ended


CONTINUED = """
tracker.close(0)
tracker = TrainingProgressTracker('medical', run_id={run_id!r})
report({half})
say_and_wait("whole")
tracker.complete({{}})
tracker.flush(60)
"""


@pytest.mark.needs_locks
def test_a_folder_that_comes_back_goes_on(spool_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A training that is continued has only the last part open: it needs the folder for those before."""
    monkeypatch.setenv("AEGIS_SPOOL_MAX_BYTES", str(SMALL_PARTS))
    functions = f"padding = 300\n{REPORT_AND_WAIT}"
    run_id = left_behind(spool_dir, f"{functions}report(0)")
    port = free_port()
    program = functions + CONTINUED.format(run_id=run_id, half=HALF)
    with run_training(program, f"http://127.0.0.1:{port}", spool_dir) as training:
        assert training.next_line() == "whole"
        moved = spool_dir.rename(spool_dir.with_name("moved"))
        with ContractServer(TOKEN, port) as service:
            training.errors.await_("cannot be read from")
            assert service.runs[run_id].events == []
            moved.rename(spool_dir)
            training.say()
            _, errors = training.communicate(timeout=60)
            assert training.returncode == 0, errors
            run = service.runs[run_id]
    assert [int(text.split()[0]) for text in run.texts() if text] == list(range(2 * HALF))
    assert run.ended


EXHAUST = """
import resource
hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]

def exhaust():
    resource.setrlimit(resource.RLIMIT_NOFILE, (100, hard))
    taken = []
    try:
        while True:
            taken.append(os.open("/dev/null", os.O_RDONLY))
    except OSError:
        return taken

def release(taken):
    for file in taken:
        os.close(file)
"""


@pytest.mark.parametrize("has_parts", [False, True], ids=["one file", "several files"])
def test_without_descriptors_reports_arrive_on_an_open_connection(
    service: ContractServer, spool_dir: Path, monkeypatch: pytest.MonkeyPatch, has_parts: bool
) -> None:
    monkeypatch.setenv("AEGIS_SPOOL_MAX_BYTES", str(SMALL_PARTS if has_parts else 16 * SMALL_PARTS))
    program = f"""
padding = 300
{REPORT_AND_WAIT}{EXHAUST}
report(0)
assert tracker.flush(60)
taken = exhaust()
report({HALF})
say_and_wait("exhausted")
release(taken)
report({2 * HALF})
tracker.complete({{}})
"""
    with run_training(program, service.url, spool_dir) as training:
        assert training.next_line() == "exhausted"
        service.await_(lambda: len(numbers(service)) == 2 * HALF)
        training.say()
        _, errors = training.communicate(timeout=60)
    assert training.returncode == 0, errors
    assert numbers(service) == list(range(3 * HALF))
    assert service.run.ended


def test_without_descriptors_a_training_begins_in_memory_and_connects_later(
    service: ContractServer, spool_dir: Path
) -> None:
    program = f"""
padding = 1
{REPORT_AND_WAIT}{EXHAUST}
tracker.close(0)
taken = exhaust()
tracker = TrainingProgressTracker("medical")
report(0)
say_and_wait(tracker.run_id)
release(taken)
tracker.complete({{}})
"""
    with run_training(program, service.url, spool_dir) as training:
        training.errors.await_("now (Too many open files)")
        run_id = training.next_line()
        training.say()
        _, errors = training.communicate(timeout=60)
    assert training.returncode == 0, errors
    assert [int(text.split()[0]) for text in service.runs[run_id].texts() if text] == list(range(HALF))
    assert service.runs[run_id].ended


@pytest.mark.parametrize("number", [errno.ESTALE, errno.EIO, errno.EMFILE, errno.ENFILE, errno.ENOENT, errno.EACCES])
def test_a_disk_that_cannot_be_read_for_a_while(service: ContractServer, spool_dir: Path, number: int) -> None:
    program = f"""
padding = 1
{REPORT_AND_WAIT}
pread = os.pread
def fail(*_):
    raise OSError({number}, os.strerror({number}))
os.pread = fail
report(0)
say_and_wait("reported")
os.pread = pread
tracker.complete({{}})
"""
    with run_training(program, service.url, spool_dir) as training:
        training.errors.await_(os.strerror(number))
        assert not numbers(service)
        training.goes_on_after("reported")
        _, errors = training.communicate(timeout=60)
    assert training.returncode == 0, errors
    assert "Traceback" not in errors
    assert "not sent any more" not in errors
    assert numbers(service) == list(range(HALF))
    assert service.run.ended
    assert list(spool_dir.iterdir()) == []


@pytest.mark.filterwarnings("ignore::aegis_tracker.AegisTrackerWarning")
def test_it_is_said_once_and_when_it_is_over(
    service: ContractServer,
    make_tracker: MakeTracker,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    caplog.set_level("INFO", "aegis_tracker")
    failed, read = threading.Semaphore(0), os.pread

    def fail(*_: object) -> bytes:
        failed.release()
        raise OSError(errno.ESTALE, os.strerror(errno.ESTALE))

    monkeypatch.setattr(os, "pread", fail)
    tracker = make_tracker()
    for _ in range(3):
        assert failed.acquire(timeout=30)
    monkeypatch.setattr(os, "pread", read)
    tracker.log("INFO", "one")
    assert tracker.flush(30)
    assert service.run.texts() == ["one"]
    said = [record.getMessage() for record in caplog.records if "read from" in record.getMessage()]
    assert len(said) == 2
    assert "Stale file handle" in said[0]
    assert "can be read from" in said[1]


@pytest.mark.filterwarnings("ignore::aegis_tracker.AegisTrackerWarning")
def test_what_nobody_expected_is_tried_again(
    service: ContractServer,
    make_tracker: MakeTracker,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its traceback is in the log, once."""
    failed, read = threading.Semaphore(0), os.pread

    def fail(*_: object) -> bytes:
        failed.release()
        raise ZeroDivisionError("nobody expects this")

    monkeypatch.setattr(os, "pread", fail)
    tracker = make_tracker()
    for _ in range(3):
        assert failed.acquire(timeout=30)
    monkeypatch.setattr(os, "pread", read)
    tracker.complete({})
    assert tracker.flush(30)
    assert service.run.ended
    (said,) = [record for record in caplog.records if record.exc_info]
    assert "ZeroDivisionError: nobody expects this" in said.getMessage()


@pytest.mark.needs_locks
@pytest.mark.filterwarnings("ignore::aegis_tracker.AegisTrackerWarning")
def test_an_error_while_looking_for_what_has_arrived_skips_nothing(
    spool_dir: Path, service: ContractServer, make_tracker: MakeTracker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run that is continued for the second time: the place where its last process began is looked for again."""
    run_id = left_behind(spool_dir, "tracker.log('INFO', '0'); tracker.flush()", service.url)
    program = f"""
tracker.close(0)
tracker = TrainingProgressTracker('medical', run_id={run_id!r})
tracker.flush()
for number in range(1, 100): tracker.log('INFO', str(number))
tracker.flush()
{KILLED}
"""
    with run_training(program, service.url, spool_dir) as training:
        training.communicate(timeout=60)
    may_go_on, failures, read = threading.Event(), iter([False, True, False, False, True, True]), os.pread
    service.misbehave.append(lambda _: not may_go_on.wait(30))
    tracker = make_tracker(run_id=run_id)

    def fail_sometimes(*arguments: int) -> bytes:
        if threading.current_thread().name == "aegis-tracker" and next(failures, False):
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return read(*arguments)

    monkeypatch.setattr(os, "pread", fail_sometimes)
    may_go_on.set()
    tracker.log("INFO", "100")
    tracker.complete({})
    assert tracker.flush(30)
    assert next(failures, None) is None
    assert service.runs[run_id].texts()[:-1] == [str(number) for number in range(101)]


def test_parts_that_were_read_are_not_kept_open(
    service: ContractServer, make_tracker: MakeTracker, spool_dir: Path
) -> None:
    """Nor more than a few of those that were not."""

    def open_parts() -> int:
        links = (os.path.realpath(f"/proc/self/fd/{name}") for name in os.listdir("/proc/self/fd"))
        return sum(link.startswith(str(spool_dir)) for link in links)

    unsent = make_tracker(url=NOBODY_LISTENS, spool_max_bytes=4 * SMALL_PARTS)
    for _ in range(40 * HALF):
        unsent.log("WARNING", "x" * 60)
    assert len(list(spool_dir.iterdir())) >= 8
    assert open_parts() <= 18
    unsent.close(timeout=0)
    sent = make_tracker(spool_max_bytes=SMALL_PARTS)
    for _ in range(10):
        for _ in range(HALF):
            sent.log("WARNING", "x" * 60)
        assert sent.flush(30)
    assert open_parts() <= 3
    assert len(service.runs[sent.run_id].events) == 10 * HALF
