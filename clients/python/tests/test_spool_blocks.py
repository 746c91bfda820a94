"""Log entries that are put into a spool together are in it when the call returns, whatever happens meanwhile."""

import json
import os
import resource
import signal
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from aegis_tracker.diagnostics import Diagnostics
from aegis_tracker.events import log_event
from aegis_tracker.spool import Spool
from aegis_tracker.spool_files import SPOOL_SUFFIX, part_numbers, part_path
from aegis_tracker.spool_opening import open_spool
from aegis_tracker.spool_records import NEXT_LINE, line_of, log_lines

LIMIT = 64 * 1024 * 1024
START = {"type": "start", "id": "1b4e28ba-2fa1-41d2-883f-0016d3cca427", "domain": "d", "source": "s"}


def opened(folder: Path, max_bytes: int = LIMIT) -> Spool:
    return open_spool(folder, START, Diagnostics(), max_bytes, is_joining=False)


def messages(folder: Path) -> list[str]:
    """Those of the whole records in all files, as far as they count."""
    found = []
    (head,) = folder.glob(f"*{SPOOL_SUFFIX}")
    for number in [0, *part_numbers(head)]:
        for line in part_path(head, number).read_bytes().partition(NEXT_LINE)[0].splitlines():
            try:
                record = json.loads(line)
            except ValueError:
                continue  # cut short
            if record["type"] == "log":
                found.append(record["message"])
    return found


def in_child(action: Callable[[], None]) -> None:
    """Run in a forked process, which is killed then."""
    pid = os.fork()
    if pid == 0:
        try:
            action()
        finally:
            os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(pid, 0)


@pytest.mark.parametrize(
    "text", ["plain", 'quote " and \\', "größer \u2028 🎉", "nul \0 lone \ud800", "\x1b\t\x7f", "x" * 70_000]
)
def test_a_line_is_that_of_its_event(text: str) -> None:
    (line,) = log_lines("INFO", [text])
    event = log_event("INFO", text, None, None, lambda *_: None)
    assert line == line_of(event | {"timestamp": json.loads(line)["timestamp"]})


def test_a_killed_process_has_left_them_all(tmp_path: Path) -> None:
    texts = [f"line {number}" for number in range(5_000)]
    in_child(lambda: opened(tmp_path).append_logs("INFO", texts))
    assert messages(tmp_path) == texts


def test_many_processes_write_at_once_over_many_parts(tmp_path: Path) -> None:
    spool = opened(tmp_path, 16 * 1024 * 1024)

    def write(name: int) -> None:
        spool.process_forked()
        for block in range(40):
            spool.append_logs("INFO", [f"{name}.{block}.{number} {'x' * 200}" for number in range(50)])

    threads = [threading.Thread(target=in_child, args=(lambda name=name: write(name),)) for name in range(4)]
    for thread in threads:
        thread.start()
    for block in range(40):
        spool.append_logs("INFO", [f"own.{block}.{number} {'x' * 200}" for number in range(50)])
    for thread in threads:
        thread.join()
    found = [message.partition(" ")[0] for message in messages(tmp_path)]
    places = [f"{block}.{number}" for block in range(40) for number in range(50)]
    assert sorted(found) == sorted(f"{name}.{place}" for name in ("own", *range(4)) for place in places)
    spool.close()


def test_a_block_that_fits_only_in_part_is_neither_lost_nor_doubled(tmp_path: Path) -> None:
    texts = [f"line {number} {'x' * 100}" for number in range(500)]
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    spool = opened(tmp_path)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, before[1]))
        with pytest.warns(UserWarning, match="in memory"):
            spool.append_logs("INFO", texts)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)
    in_file = messages(tmp_path)
    part, offset = spool.end()
    in_memory = [json.loads(line)["message"] for line in spool.read(part, 0, offset).splitlines()]
    assert 0 < len(in_file) < len(texts)
    assert in_file + in_memory == texts
    spool.close()


def test_a_line_cut_short_by_another_process_takes_none_with_it(tmp_path: Path) -> None:
    spool = opened(tmp_path)
    assert spool.path is not None
    spool.append_logs("INFO", ["first"])
    with spool.path.open("ab") as file:
        file.write(b'{"type":"log","mess')
    spool.append_logs("INFO", ["second", "third"])
    spool.append_logs("INFO", ["fourth"])
    assert sorted(messages(tmp_path)) == ["first", "fourth", "second", "third"]
    spool.close()


def test_a_file_that_took_the_number_of_the_spool_gets_nothing_of_it(tmp_path: Path) -> None:
    spool = opened(tmp_path)
    spool.append_logs("INFO", ["first"])
    other = tmp_path / "other"
    with other.open("wb") as file:
        os.dup2(file.fileno(), spool._parts.last.number)
    spool.append_logs("INFO", ["second", "third"])
    assert other.read_bytes() == b""
    assert messages(tmp_path) == ["first", "second", "third"]
    spool.close()
