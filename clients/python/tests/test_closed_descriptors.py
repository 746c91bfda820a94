"""A training that closes descriptors by their numbers, as a program does that becomes a daemon.

Its own files may have these numbers then. The tracker leaves them alone, whatever it is doing at that moment.
"""

import threading
from pathlib import Path

import pytest
from support.closed_descriptors import OWN_FILES, in_the_middle_of_a_request
from support.contract_server import ContractServer
from support.trainings import ended, left_behind, run_training, start_python

CLOSES_BY_NUMBER = f"""
{OWN_FILES}
for number in range(100):
    tracker.log("INFO", f"{{number}} " + "x" * 100)
own = take_all_numbers()
for number in range(100, 200):
    tracker.log("INFO", f"{{number}} " + "x" * 100)
tracker.complete({{}})
assert tracker.flush(30)
tracker.close()
check(own)
"""


@pytest.mark.parametrize("has_parts", [False, True], ids=["one file", "several files"])
def test_descriptors_that_the_training_has_closed_are_not_used(
    service: ContractServer, spool_dir: Path, monkeypatch: pytest.MonkeyPatch, has_parts: bool
) -> None:
    if has_parts:
        monkeypatch.setenv("AEGIS_SPOOL_MAX_BYTES", str(128 * 1024))
    ended(run_training(CLOSES_BY_NUMBER, service.url, spool_dir))
    assert [text.split()[0] for text in service.run.texts() if text] == [str(n) for n in range(200)]
    assert service.run.ended


@pytest.mark.parametrize("step", ["connect", "setsockopt", "sendall", "recv_into"])
def test_descriptors_are_closed_in_the_middle_of_a_request(service: ContractServer, spool_dir: Path, step: str) -> None:
    program = in_the_middle_of_a_request(f"socket.socket.{step}")
    _, errors = ended(start_python(service.url, spool_dir, "-c", program))
    assert errors == ""
    assert service.run.texts() == ["one", ""]


READ_BY_PATH = """
{own_files}
tracker.close(0)
tracker = TrainingProgressTracker("medical", run_id={run_id!r})
print("ready", flush=True)
assert sys.stdin.readline()
own = take_all_numbers()
for file in own:
    file.write(b'{{"type":"log","message":"of the training"}}\\n' * 100_000)
    file.flush()
print("closed", flush=True)
tracker.complete({{}})
assert tracker.flush(60)
tracker.close()
for file in own:
    file.seek(0)
    assert len(file.read()) > 1_000_000
"""


@pytest.mark.needs_locks
def test_a_part_that_is_read_by_its_path_is_not_read_from_another_file(
    service: ContractServer, spool_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A continued run has only its last part open, and opens the others to read them."""
    monkeypatch.setenv("AEGIS_SPOOL_MAX_BYTES", str(16 * 1024 * 1024))  # parts of 1 MiB, for two batches each
    reports = "for number in range(4000): tracker.log('INFO', f'{number} ' + 'x' * 1000)"
    run_id = left_behind(spool_dir, reports)
    is_held, may_go_on = threading.Event(), threading.Event()

    def hold(_: object) -> bool:
        """Answer a request in the middle of a part when the training has closed the descriptors."""
        if run_id in service.runs and len(service.runs[run_id].events) > 1500:
            is_held.set()
            assert may_go_on.wait(60)
        else:
            service.misbehave.append(hold)
        return False

    service.misbehave.append(hold)
    program = READ_BY_PATH.format(own_files=OWN_FILES, run_id=run_id)
    with run_training(program, service.url, spool_dir) as training:
        assert is_held.wait(60)
        training.goes_on_after("ready")
        assert training.next_line() == "closed"
        may_go_on.set()
        ended(training)
    texts = [text for text in service.runs[run_id].texts() if text]
    assert [text.split()[0] for text in texts] == [str(number) for number in range(4000)]


def test_a_fork_after_the_descriptors_were_closed_writes_to_the_same_spool(
    service: ContractServer, spool_dir: Path
) -> None:
    program = f"""
{OWN_FILES}
tracker.log("INFO", "before")
own = take_all_numbers()
pid = os.fork()
if pid == 0:
    tracker.log("INFO", "from the child")
    os._exit(0)
assert os.waitpid(pid, 0)[1] == 0
tracker.complete({{}})
assert tracker.flush(60)
tracker.close()
check(own)
"""
    _, errors = ended(run_training(program, service.url, spool_dir))
    assert "in memory" not in errors
    assert service.run.texts() == ["before", "from the child", ""]
