"""What `capture_console` costs what prints: the time of a line, beside that of writing it. Prints a table.

    python clients/python/benchmarks/console.py [--lines 100000]

Time is the processor's, of the printing thread, the best of five. "read" is without the report: what finding the lines
costs. "reported" is all of it: each line is in the spool when `print` returns.
"""

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

SOURCE = Path(__file__).parents[1] / "src"
NOBODY_LISTENS = "http://127.0.0.1:9"
TIMES_MAX = 2.0
ROUNDS = 5
BUFFERS = {"a line at a time": 1, "in blocks": -1}  # as on a terminal, and else
BAR = "\r{:3}%|{:20}| {}/100 [00:01<00:09, 98.6it/s]"


class NoTracker:
    """Takes lines, and does nothing with them."""

    def forward_logs(self, level: str, messages: Sequence[str]) -> None:
        """Nothing."""

    def before_reports(self, report: object, *, until_now: bool = False) -> None:
        """Nothing."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--lines", type=int, default=100_000)
    count = parser.parse_args().lines
    sys.path.insert(0, str(SOURCE))
    write(f"{'µs a line':52} {'plain':>7} {'read':>7} {'times':>6} {'reported':>9} {'times':>6}\n")
    good = True
    for kind, text in texts(count).items():
        for to, opened in (("a file", a_file), ("a pipe", a_pipe)):
            for buffer, size in BUFFERS.items():
                with opened(size) as stream:
                    plain, read, reported = measured(text, stream)
                name = f"{kind}, to {to}, {buffer}"
                write(
                    f"{name:52} {plain:7.2f} {read:7.2f} {read / plain:6.1f} {reported:9.2f} {reported / plain:6.1f}\n"
                )
                if size == 1 and kind.startswith("lines"):
                    good &= read <= TIMES_MAX * plain
    write(f"\nlines a line at a time are read within {TIMES_MAX} times a plain write: {'yes' if good else 'NO'}\n")
    return 0 if good else 1


def texts(count: int) -> dict[str, list[str]]:
    """What is written, by what it is."""
    plain = [
        f"epoch {n // 100} step {n}: loss {1 / (n + 1):.6f} entity_f1 {n / count:.4f} lr 3e-5" for n in range(count)
    ]
    return {
        "lines": [f"{line}\n" for line in plain],
        "lines with CR LF": [f"{line}\r\n" for line in plain],
        "lines in colour": [f"\x1b[32m{line}\x1b[0m\n" for line in plain],
        "frames of a bar": [BAR.format(n % 101, "█" * (n % 101 // 5), n % 101) for n in range(count)],
        "10 lines each write": ["".join(f"{line}\n" for line in plain[n : n + 10]) for n in range(0, count, 10)],
    }


def measured(text: list[str], stream: TextIO) -> tuple[float, float, float]:
    """Microseconds a line: plain, read, and reported."""
    lines = max(len(text), sum(piece.count("\n") for piece in text))
    plain = min(seconds(text, stream) for _ in range(ROUNDS))
    read = min(captured(text, stream, NoTracker()) for _ in range(ROUNDS))
    reported = in_child(lambda: min(captured(text, stream, tracker) for tracker in trackers()))
    return plain / lines * 1e6, read / lines * 1e6, reported / lines * 1e6


def seconds(text: list[str], stream: Any) -> float:
    began = time.thread_time()
    for piece in text:
        stream.write(piece)
    stream.flush()
    return time.thread_time() - began


def captured(text: list[str], stream: TextIO, tracker: Any) -> float:
    from aegis_tracker import capture_console

    before, sys.stdout = sys.stdout, stream
    try:
        with capture_console(tracker, stderr=False):
            return seconds(text, sys.stdout)
    finally:
        sys.stdout = before


def trackers() -> Iterator[Any]:
    """One after another, each with a spool of its own that nobody takes."""
    from aegis_tracker import TrainingProgressTracker

    for _ in range(2):
        with tempfile.TemporaryDirectory() as folder:
            yield TrainingProgressTracker("benchmark", url=NOBODY_LISTENS, spool_dir=folder)


def in_child(measure: Callable[[], float]) -> float:
    """What `measure` returns in a process of its own, which says nothing."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        with os.fdopen(writing, "w") as answer:
            json.dump(measure(), answer)
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as answer:
        found = json.load(answer)
    os.waitpid(pid, 0)
    return found


@contextmanager
def a_file(buffer: int) -> Iterator[TextIO]:
    with tempfile.TemporaryFile("w", buffering=buffer) as stream:
        yield stream


@contextmanager
def a_pipe(buffer: int) -> Iterator[TextIO]:
    """One whose other end is read."""
    reading, writing = os.pipe()
    if os.fork() == 0:  # so that reading takes nothing from the thread that writes
        os.close(writing)
        read_all(reading)
        os._exit(0)
    os.close(reading)
    with os.fdopen(writing, "w", buffering=buffer) as stream:
        yield stream
    os.wait()


def read_all(file: int) -> None:
    while os.read(file, 1 << 16):
        pass


def write(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
