"""What a training is to the system: a process that is killed, forks, ends, and has a disk."""

import os
import signal
import threading
import time
from pathlib import Path

import pytest
from support.contract_server import ContractServer
from support.spools import messages
from support.trackers import MakeTracker, said_once
from support.trainings import NOBODY_LISTENS, ended, run_training


def test_a_killed_training_leaves_every_report_in_its_spool(spool_dir: Path) -> None:
    program = """
for number in range(10**9):
    tracker.log("INFO", str(number))
    sys.stdout.write(f"{number}\\n")
    sys.stdout.flush()
"""
    with run_training(program, NOBODY_LISTENS, spool_dir) as training:
        while training.next_line() != "2000":
            pass
        training.kill()
        handed_over = 2000 + len(training.communicate()[0].splitlines())
    (spool,) = spool_dir.iterdir()
    kept = messages(spool)
    assert len(kept) > handed_over
    assert kept == [str(number) for number in range(len(kept))]


def test_the_end_of_a_process_sends_what_is_missing(service: ContractServer, spool_dir: Path) -> None:
    program = "for n in range(5000): tracker.log('INFO', str(n))\ntracker.complete({})"
    with run_training(program, service.url, spool_dir) as training:
        _, errors = training.communicate(timeout=60)
    assert (training.returncode, errors) == (0, "")
    assert service.run.texts()[:-1] == [str(n) for n in range(5000)]
    assert list(spool_dir.iterdir()) == []


def test_the_end_of_a_process_waits_at_most_ten_seconds_and_says_what_is_kept(spool_dir: Path) -> None:
    began = time.monotonic()
    with run_training("tracker.log('INFO', 'kept')", NOBODY_LISTENS, spool_dir) as training:
        _, errors = training.communicate(timeout=60)
    assert training.returncode == 0
    assert 9 < time.monotonic() - began < 30
    assert f"The missing ones are kept in {spool_dir}" in errors
    (spool,) = spool_dir.iterdir()
    assert messages(spool) == ["kept"]


def test_forked_processes_report_through_their_parent(service: ContractServer, spool_dir: Path) -> None:
    program = """
with tracker:
    children = []
    for child in range(4):
        pid = os.fork()
        if pid == 0:
            for number in range(500):
                tracker.log("INFO", f"{child} {number}")
            sys.exit(0)  # leaves the block, and is no end of the run
        children.append(pid)
    for number in range(500):
        tracker.log("INFO", f"parent {number}")
    codes = [os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in children]
assert codes == [0] * 4
"""
    with run_training(program, service.url, spool_dir) as training:
        _, errors = training.communicate(timeout=60)
    assert (training.returncode, errors) == (0, "")
    texts = service.run.texts()[:-1]
    assert len(texts) == 2500
    for name in ("0", "1", "2", "3", "parent"):
        assert [text for text in texts if text.startswith(f"{name} ")] == [f"{name} {n}" for n in range(500)]
    assert service.run.events[-1]["type"] == "complete"


def test_a_fork_in_the_middle_of_a_report_does_not_block_the_child(make_tracker: MakeTracker) -> None:
    tracker = make_tracker()
    ready, done = threading.Event(), threading.Event()

    def hold() -> None:
        with tracker._reporter._lock:
            ready.set()
            done.wait(30)

    holder = threading.Thread(target=hold)
    holder.start()
    ready.wait(30)
    pid = os.fork()
    if pid == 0:
        signal.alarm(20)  # a child that blocks dies of it
        tracker.log("INFO", "from the child")
        os._exit(0)
    done.set()
    holder.join()
    assert os.waitpid(pid, 0)[1] == 0


def test_a_process_that_becomes_a_daemon_sends_by_itself(service: ContractServer, spool_dir: Path) -> None:
    program = """
tracker.log("INFO", "before")
parent = os.getpid()
if os.fork():
    os._exit(0)
while os.getppid() == parent:
    time.sleep(0.01)
tracker.log("INFO", "as a daemon")
tracker.complete({})
"""
    with run_training(program, service.url, spool_dir) as training:
        training.communicate(timeout=60)
    service.await_(service.ended)
    assert service.run.texts()[:-1] == ["before", "as a daemon"]


@pytest.mark.needs_locks
def test_what_a_killed_process_left_is_continued(
    service: ContractServer, make_tracker: MakeTracker, spool_dir: Path
) -> None:
    program = """
tracker.log("INFO", "first")
os.write(1, tracker.run_id.encode())
os.kill(os.getpid(), 9)
"""
    with run_training(program, NOBODY_LISTENS, spool_dir) as training:
        run_id, _ = training.communicate(timeout=60)
    with (spool_dir / f"{run_id}.jsonl").open("a") as spool:
        spool.write('{"type":"log","mess')  # the machine went down in the middle of a write
    tracker = make_tracker(run_id=run_id)
    tracker.log("INFO", "second")
    tracker.complete({})
    assert tracker.flush(30)
    assert service.run.texts()[:-1] == ["first", "second"]
    assert list(spool_dir.iterdir()) == []


@pytest.mark.filterwarnings("ignore:No access token")
def test_a_spool_in_use_is_left_alone(make_tracker: MakeTracker, spool_dir: Path) -> None:
    first = make_tracker(token=None)
    first.log("INFO", "first")
    second = make_tracker(run_id=first.run_id, token=None)
    second.log("INFO", "second")
    spools = sorted(path.read_text() for path in spool_dir.iterdir())
    assert ['"message":"first"' in text for text in spools].count(True) == 1
    assert ['"message":"second"' in text for text in spools].count(True) == 1
    assert len(spools) == 2


def test_without_a_writable_folder_reports_go_on_from_memory(
    service: ContractServer, make_tracker: MakeTracker, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("not a folder")
    with said_once("Reports are kept in memory"):
        tracker = make_tracker(spool_dir=tmp_path / "file" / "spool")
    tracker.log("INFO", "from memory")
    tracker.complete({})
    assert tracker.flush(30)
    assert service.run.texts()[:-1] == ["from memory"]


def test_a_disk_that_fills_up_is_survived(service: ContractServer, spool_dir: Path) -> None:
    program = """
import resource
resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, resource.RLIM_INFINITY))  # writes beyond it fail
for number in range(1000):
    tracker.log("INFO", str(number))
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
tracker.complete({})
"""
    with run_training(program, service.url, spool_dir) as training:
        _, errors = training.communicate(timeout=60)
    assert training.returncode == 0, errors
    assert "Reports are kept in memory" in errors
    assert service.run.texts()[:-1] == [str(number) for number in range(1000)]


FULL = "resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, resource.RLIM_INFINITY))"
IS_DROPPED = "Reports of this forked process are dropped"


@pytest.mark.parametrize("is_full_before", [False, True])
def test_a_full_disk_loses_nothing_but_reports_of_forked_processes(
    service: ContractServer, spool_dir: Path, is_full_before: bool
) -> None:
    """The process that has the tracker goes on in memory, which the forked ones cannot reach. They say so."""
    program = f"""
import resource
for number in range(200): tracker.log("INFO", str(number))
{FULL + "; tracker.log('INFO', 'x' * 20_000)" if is_full_before else ""}
pid = os.fork()
if pid == 0:
    {FULL}
    for number in range(300): tracker.log("INFO", f"forked {{number}}")
    os._exit(0)
assert os.waitpid(pid, 0)[1] == 0
for number in range(200, 400): tracker.log("INFO", str(number))
tracker.complete({{}})
"""
    _, errors = ended(run_training(program, service.url, spool_dir))
    texts = service.run.texts()[:-1]
    assert [text for text in texts if text[0].isdigit()] == [str(number) for number in range(400)]
    of_the_fork = [text for text in texts if text.startswith("forked")]
    assert of_the_fork == [f"forked {number}" for number in range(len(of_the_fork))]
    assert (len(of_the_fork) == 0) is is_full_before
    assert len(of_the_fork) < 300
    assert IS_DROPPED in errors
    assert service.run.ended


def test_a_forked_process_that_can_write_again_reports_what_it_dropped(
    service: ContractServer, spool_dir: Path
) -> None:
    program = f"""
import resource
tracker.log("INFO", "one")
pid = os.fork()
if pid == 0:
    {FULL}
    for number in range(300): tracker.log("INFO", f"forked {{number}}")
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    tracker.log("INFO", "forked again")
    os._exit(0)
assert os.waitpid(pid, 0)[1] == 0
tracker.complete({{}})
"""
    ended(run_training(program, service.url, spool_dir))
    one, *of_the_fork, told, again, end = service.run.texts()
    assert (one, again, end) == ("one", "forked again", "")
    lost = 300 - len(of_the_fork)
    assert told == f"The tracker dropped {lost} INFO log entries here: a forked process could not write the spool."


def test_reports_of_forked_processes_are_dropped_where_no_folder_can_be_written(
    service: ContractServer, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("not a folder")
    program = """
tracker.log("INFO", "one")
pid = os.fork()
if pid == 0:
    tracker.log("INFO", "forked")
    os._exit(0)
assert os.waitpid(pid, 0)[1] == 0
tracker.complete({})
"""
    _, errors = ended(run_training(program, service.url, tmp_path / "file" / "spool"))
    assert service.run.texts() == ["one", ""]
    assert IS_DROPPED in errors


def test_a_daemon_goes_on_from_memory_where_no_folder_can_be_written(service: ContractServer, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    program = """
tracker.log("INFO", "before")
parent = os.getpid()
if os.fork():
    os._exit(0)
while os.getppid() == parent:
    time.sleep(0.01)
tracker.log("INFO", "as a daemon")
tracker.complete({})
"""
    with run_training(program, service.url, tmp_path / "file" / "spool") as training:
        training.communicate(timeout=60)
    service.await_(service.ended)
    assert service.run.texts() == ["before", "as a daemon", ""]


@pytest.mark.filterwarnings("ignore:No access token")
def test_many_trackers_one_after_the_other_keep_no_files_open(make_tracker: MakeTracker) -> None:
    def open_files() -> int:
        return len(os.listdir("/proc/self/fd"))

    before = open_files()
    for _ in range(20):
        with make_tracker(token=None):
            pass
    assert open_files() == before
