"""Programs that close all descriptors by their numbers, and have files of their own with these numbers then.

Before that they wait until their `tracker` has listed the spool folder: the operating system has no way to list a
folder without a descriptor that another thread can close.
"""

OWN_FILES = """
import tempfile
def take_all_numbers():
    tracker._reporter._sending.finish_orphaned_spools(60)
    os.closerange(3, 256)
    return [tempfile.TemporaryFile() for _ in range(30)]
def check(files):
    for file in files:
        assert file.read() == b""
        file.write(b"mine")
        file.flush()
"""


def in_the_middle_of_a_request(step: str) -> str:
    """A training that does so when its tracker is about to call `step`, such as `socket.socket.connect`."""
    return f"""
import os, socket, ssl, threading
from aegis_tracker import TrainingProgressTracker
{OWN_FILES}
reached, may_go_on = threading.Event(), threading.Event()
original = {step}
def step(*arguments):
    {step} = original
    reached.set()
    may_go_on.wait()
    return original(*arguments)
{step} = step
tracker = TrainingProgressTracker("medical")
tracker.log("INFO", "one")
assert reached.wait(60)
own = take_all_numbers()
may_go_on.set()
tracker.complete({{}})
assert tracker.flush(60)
tracker.close()
check(own)
"""
