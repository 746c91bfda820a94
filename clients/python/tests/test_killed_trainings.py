"""A training that was killed on this machine: the next tracker and `sync` send what it left, and end its run."""

import os
import signal
from datetime import datetime
from pathlib import Path

import pytest
from support.adoption import NO_END, UNDER_WAY, age, next_training, under_way
from support.contract_server import ContractServer
from support.trainings import KILLED, ended, left_behind, start_python, sync


@pytest.mark.needs_locks
def test_the_next_tracker_sends_the_rest_at_once_and_leaves_the_end_open(
    service: ContractServer, spool_dir: Path
) -> None:
    run_id = left_behind(spool_dir)
    for _ in range(2):
        next_training(service.url, spool_dir)
        run = service.runs[run_id]
        assert run.texts() == [str(n) for n in range(3000)]
        assert not run.is_over
        assert (spool_dir / f"{run_id}.jsonl").exists()
    assert sync(service.url, spool_dir)[0] == 0
    assert run.lost
    assert run.texts()[:-1] == [str(n) for n in range(3000)]
    assert run.duplicates == 1  # by which sync asked whether the run still counts by that process
    assert list(spool_dir.iterdir()) == []


@pytest.mark.needs_locks
@pytest.mark.parametrize("sent_before", [False, True])
def test_the_next_tracker_declares_a_loss_when_nothing_was_written_for_five_minutes(
    service: ContractServer, spool_dir: Path, sent_before: bool
) -> None:
    run_id = left_behind(spool_dir, "tracker.log('INFO', 'one')")
    if sent_before:
        next_training(service.url, spool_dir)
        assert not service.runs[run_id].is_over
    age(spool_dir / f"{run_id}.jsonl", 4 * 60)
    next_training(service.url, spool_dir)
    assert not service.runs[run_id].is_over
    written = age(spool_dir / f"{run_id}.jsonl", 5 * 60 + 1)
    next_training(service.url, spool_dir)
    run = service.runs[run_id]
    assert run.lost
    assert run.texts()[:-1] == ["one"]
    assert NO_END in run.events[-1]["error"]
    assert datetime.fromisoformat(run.events[-1]["timestamp"]).timestamp() == pytest.approx(written, abs=1)
    assert list(spool_dir.iterdir()) == []


@pytest.mark.needs_locks
def test_sync_declares_a_loss_at_once(service: ContractServer, spool_dir: Path) -> None:
    run_id = left_behind(spool_dir, "tracker.log('INFO', 'one')")
    written = (spool_dir / f"{run_id}.jsonl").stat().st_mtime
    assert sync(service.url, spool_dir)[0] == 0
    assert service.run.lost
    assert NO_END in service.run.events[-1]["error"]
    assert datetime.fromisoformat(service.run.events[-1]["timestamp"]).timestamp() == pytest.approx(written, abs=1)
    assert list(spool_dir.iterdir()) == []


@pytest.mark.needs_locks
def test_a_clock_that_was_set_back_does_not_hold_sync_up(service: ContractServer, spool_dir: Path) -> None:
    run_id = left_behind(spool_dir, "tracker.log('INFO', 'one')")
    age(spool_dir / f"{run_id}.jsonl", -3600)
    assert sync(service.url, spool_dir)[0] == 0
    assert service.run.lost
    assert list(spool_dir.iterdir()) == []


@pytest.mark.needs_locks
def test_an_end_that_was_reported_is_sent_by_the_next_tracker(service: ContractServer, spool_dir: Path) -> None:
    run_id = left_behind(spool_dir, "tracker.complete({})")
    next_training(service.url, spool_dir)
    assert [event["type"] for event in service.runs[run_id].events] == ["complete"]
    assert list(spool_dir.iterdir()) == []


@pytest.mark.needs_locks
@pytest.mark.parametrize("by", ["tracker", "sync"])
def test_a_killed_process_that_nobody_has_waited_for_is_gone(service: ContractServer, spool_dir: Path, by: str) -> None:
    with under_way(service.url, spool_dir) as (training, run_id):
        training.kill()
        os.waitid(os.P_PID, training.pid, os.WEXITED | os.WNOWAIT)  # it is a zombie now, and stays one
        age(spool_dir / f"{run_id}.jsonl")
        if by == "sync":
            assert sync(service.url, spool_dir)[0] == 0
        else:
            next_training(service.url, spool_dir)
        assert training.returncode is None
        assert service.runs[run_id].lost
        assert list(spool_dir.iterdir()) == []


LETS_GO_OF_ITS_LOCK = """
import fcntl
for file in os.listdir("/proc/self/fd"):
    if os.path.exists(f"/proc/self/fd/{file}") and os.readlink(f"/proc/self/fd/{file}").endswith(".jsonl"):
        fcntl.flock(int(file), fcntl.LOCK_UN)
"""


@pytest.mark.needs_locks
@pytest.mark.parametrize("holds_lock", [True, False])
@pytest.mark.parametrize("by", ["tracker", "sync"])
def test_a_process_that_was_stopped_is_alive(
    service: ContractServer, spool_dir: Path, by: str, holds_lock: bool
) -> None:
    more = "" if holds_lock else LETS_GO_OF_ITS_LOCK
    program = UNDER_WAY.replace("print(", f"{more}\nprint(")
    with under_way(service.url, spool_dir, program) as (training, run_id):
        training.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, training.pid, os.WSTOPPED | os.WNOWAIT)
        age(spool_dir / f"{run_id}.jsonl")
        if by == "sync":
            sync(service.url, spool_dir)
        else:
            next_training(service.url, spool_dir)
        was_over = service.runs[run_id].is_over
        training.send_signal(signal.SIGCONT)
        ended(training, "\n")
    assert not was_over
    assert service.runs[run_id].texts() == ["one", "two", ""]
    assert list(spool_dir.iterdir()) == []


KILL_AFTER_ONE = f"""
import os
from aegis_tracker import TrainingProgressTracker
tracker = TrainingProgressTracker("medical")
tracker.log("INFO", "one")
{KILLED}
"""


REUSED = """
import os, subprocess, sys
number, *command = sys.argv[1:]
try:
    with open("/proc/sys/kernel/ns_last_pid", "w") as last:
        last.write(str(int(number) - 1))
except OSError as error:
    sys.exit(f"cannot choose: {error}")
other = subprocess.Popen(["sleep", "60"])
if other.pid != int(number):
    sys.exit(f"cannot choose: {other.pid}")
status = subprocess.run(command).returncode
assert other.poll() is None
other.kill()
sys.exit(status)
"""


@pytest.mark.needs_locks
def test_a_process_number_that_another_process_has_now_says_nothing(
    service: ContractServer, spool_dir: Path, container: tuple[str, ...]
) -> None:
    program = f"""
import subprocess, sys
training = subprocess.Popen([sys.executable, "-c", {KILL_AFTER_ONE!r}], stdout=subprocess.PIPE, text=True)
run_id, _ = training.communicate()
print(run_id, flush=True)
sync = [sys.executable, "-m", "aegis_tracker", "sync"]
sys.exit(subprocess.run([sys.executable, "-c", {REUSED!r}, str(training.pid), *sync]).returncode)
"""
    with start_python(service.url, spool_dir, "-c", program, before=container) as process:
        told, errors = process.communicate(timeout=60)
    if "cannot choose" in errors:
        pytest.skip(f"the number of the next process {errors.strip()}")
    assert process.returncode == 0, told + errors
    assert service.runs[told.splitlines()[0]].lost
    assert list(spool_dir.iterdir()) == []
