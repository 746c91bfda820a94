"""A run completes by `complete`, or by a block that runs to its end, and by nothing else."""

from pathlib import Path

import pytest
from support.contract_server import ContractServer
from support.trainings import ended, run_training

LEFT = {
    "sys.exit(0)": ("with tracker:\n    sys.exit(0)", "SystemExit"),
    "sys.exit()": ("with tracker:\n    sys.exit()", "SystemExit"),
    "sys.exit(0) in a signal handler": (
        """
import signal
signal.signal(signal.SIGUSR1, lambda *_: sys.exit(0))
with tracker:
    os.kill(os.getpid(), signal.SIGUSR1)
    time.sleep(60)
""",
        "SystemExit",
    ),
    "sys.exit(0) in a thread": (
        """
import threading
def work():
    with tracker:
        sys.exit(0)
thread = threading.Thread(target=work)
thread.start()
thread.join()
""",
        "SystemExit",
    ),
    "a generator that is closed": (
        """
def steps():
    with tracker:
        yield 1
        yield 2
running = steps()
next(running)
running.close()
""",
        "GeneratorExit",
    ),
    "a task that is cancelled": (
        """
import asyncio
async def train():
    with tracker:
        await asyncio.sleep(60)
async def main():
    task = asyncio.create_task(train())
    await asyncio.sleep(0)
    task.cancel()
    try:
        await task
    except asyncio.CancelledError:
        pass
asyncio.run(main())
""",
        "CancelledError",
    ),
}


@pytest.mark.parametrize("way", LEFT)
def test_a_block_that_is_left_before_its_end_does_not_complete_the_run(
    service: ContractServer, spool_dir: Path, way: str
) -> None:
    program, error = LEFT[way]
    assert ended(run_training(program, service.url, spool_dir)) == ("", "")
    assert [event["type"] for event in service.run.events] == ["fail"]
    assert service.run.events[0]["error"].startswith(error)
    assert service.run.ended
    assert list(spool_dir.iterdir()) == []


COMPLETED = {
    "the end of the block": "with tracker:\n    pass",
    "return": "def train():\n    with tracker:\n        return 1\ntrain()",
    "break": "while True:\n    with tracker:\n        break",
    "complete, then sys.exit(0)": "with tracker:\n    tracker.complete({})\n    sys.exit(0)",
    "complete, without a block": "tracker.complete({})\nsys.exit(0)",
}


@pytest.mark.parametrize("way", COMPLETED)
def test_a_block_that_ran_to_its_end_and_complete_do(service: ContractServer, spool_dir: Path, way: str) -> None:
    assert ended(run_training(COMPLETED[way], service.url, spool_dir)) == ("", "")
    assert [event["type"] for event in service.run.events] == ["complete"]
