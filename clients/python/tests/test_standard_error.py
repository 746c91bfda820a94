"""A training whose standard error is closed, is none or fails: the tracker raises nothing, and writes nowhere else."""

import subprocess
import sys
import uuid
from pathlib import Path

import pytest
from support.contract_server import ContractServer, say, send, well
from support.trainings import NOBODY_LISTENS, ended, run_training, settings, start_python

STREAMS = {
    "closed": "import io\nstream = io.StringIO()\nstream.close()",
    "its own, closed": "stream = sys.stderr\nstream.close()",
    "None": "stream = None",
    "no stream": "class Other:\n    def flush(self):\n        pass\nstream = Other()",
    "a stream that fails": """
class Gone:
    def write(self, text):
        raise RuntimeError("the window is closed")
    def flush(self):
        pass
stream = Gone()""",
    "a broken pipe": """
reading, writing = os.pipe()
os.close(reading)
stream = open(writing, "w", buffering=1)""",
}
LOG_HANDLERS = {
    "no log handler": "",
    "a log handler that fails": """
import logging
class Failing(logging.Handler):
    def emit(self, record):
        raise RuntimeError("no log")
logging.getLogger().addHandler(Failing())""",
}
AT_LAST = "\nsys.stderr = sys.__stderr__"  # Python itself would fail to flush the other one
each_stream = pytest.mark.parametrize("stream", STREAMS)
each_log_handler = pytest.mark.parametrize("log_handler", LOG_HANDLERS)


def without(stream: str, log_handler: str = "no log handler") -> str:
    return f"{STREAMS[stream]}\n{LOG_HANDLERS[log_handler]}\nsys.stderr = stream\n"


@each_stream
@each_log_handler
def test_the_constructor_and_calls_raise_nothing(
    service: ContractServer, spool_dir: Path, stream: str, log_handler: str
) -> None:
    program = """
tracker.update_progress(45)
tracker.log("no such level", "one")
tracker.enter_phase("no such phase")
tracker.complete({})
tracker.log("INFO", "after the end")
print("survived")

"""
    first = without(stream, log_handler)
    training = run_training(program + AT_LAST, service.url, spool_dir, first=first, tracker="sample_count=-1")
    assert ended(training)[0] == "survived\n"
    assert service.run.texts() == ["", "one", "Phase no such phase", ""]


@each_stream
@each_log_handler
def test_the_thread_that_sends_goes_on(service: ContractServer, spool_dir: Path, stream: str, log_handler: str) -> None:
    service.misbehave += [send(302, b"", "text/html", {"Location": "/login"}), well]
    program = "tracker.log('INFO', 'one')\ntracker.complete({})\nprint(tracker.flush(30))"
    training = run_training(program + AT_LAST, service.url, spool_dir, first=without(stream, log_handler))
    assert ended(training)[0] == "True\n"
    assert service.run.texts() == ["one", ""]


@each_stream
def test_the_thread_that_sends_ends_well_when_it_is_refused(
    service: ContractServer, spool_dir: Path, stream: str
) -> None:
    """Whoever waits for it is told."""
    service.misbehave.append(say(401, "Invalid token."))
    program = """
import threading
failed = []
threading.excepthook = failed.append
tracker.log("INFO", "one")
print(tracker.flush(30), failed)
"""
    training = run_training(program + AT_LAST, service.url, spool_dir, first=without(stream))
    assert ended(training)[0] == "False []\n"


@pytest.mark.parametrize("closed", ["2>&-", "<&- >&- 2>&-"])
def test_a_file_of_the_training_that_has_the_descriptor_of_standard_error_is_left_alone(
    spool_dir: Path, tmp_path: Path, closed: str
) -> None:
    """Started without standard error, a program's own file gets its descriptor."""
    model = tmp_path / "model.bin"
    program = f"""
import os
opened = [os.open({str(model)!r} + str(n), os.O_CREAT | os.O_RDWR) for n in range(3)]
assert 2 in opened
for descriptor in opened:
    os.write(descriptor, b"WEIGHTS")
from aegis_tracker import TrainingProgressTracker, process_hooks
process_hooks.EXIT_FLUSH_S = 0.1
tracker = TrainingProgressTracker("medical")
tracker.log("INFO", "one")
"""
    command = ["sh", "-c", f'exec "$0" "$@" {closed}', sys.executable, "-c", program]
    subprocess.run(command, env=settings(NOBODY_LISTENS, spool_dir), check=True, timeout=60)
    assert [path.read_bytes() for path in sorted(tmp_path.glob("model.bin*"))] == [b"WEIGHTS"] * 3
    assert list(spool_dir.glob("*.jsonl"))


def test_what_the_end_leaves_is_said_where_only_the_replaced_stream_fails(spool_dir: Path) -> None:
    run_id = str(uuid.uuid4())
    program = f"""
import sys
from aegis_tracker import TrainingProgressTracker, process_hooks
process_hooks.EXIT_FLUSH_S = 0.1
class Failing:
    def write(self, text):
        raise RuntimeError("the window is closed")
    def flush(self):
        pass
sys.stderr = Failing()
tracker = TrainingProgressTracker("medical", run_id={run_id!r})
tracker.log("INFO", "one")
"""
    _, errors = ended(start_python(NOBODY_LISTENS, spool_dir, "-c", program))
    assert f"{spool_dir / run_id}.jsonl" in errors
