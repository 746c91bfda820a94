"""The progress bar of long commands, on stderr if that is a terminal."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    TextColumn,
    TimeRemainingColumn,
)


@contextmanager
def progress_bar(what: str) -> Iterator[Callable[[int, int], None]]:
    """Yield a function that takes the amount done and the total. Draws nothing unless stderr is a terminal."""
    with _bar(MofNCompleteColumn()) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


class ByteProgress:
    """A progress bar of bytes, and lines that are printed above it."""

    def __init__(self, bar: Progress, write: Callable[[str], object]) -> None:
        self._bar = bar
        self._write = write
        self._task = bar.add_task("", total=None)
        self._shown = 0

    def begin(self, what: str) -> None:
        """Start again from zero."""
        self._shown = 0
        self._bar.reset(self._task, description=what, total=None)

    def update(self, done: int, total: int) -> None:
        """So many bytes of the total are done. It is cheap, as only every thousandth is shown."""
        if self._bar.disable or (done - self._shown < total // 1000 and done < total):
            return
        self._shown = done
        self._bar.update(self._task, completed=done, total=total)

    def write(self, line: str) -> None:
        """Print a line: with `write`, or above the bar if both are on the terminal."""
        if self._bar.disable or not sys.__stdout__ or not sys.__stdout__.isatty():
            self._write(line)
        else:
            self._bar.console.print(line, markup=False, highlight=False, emoji=False, soft_wrap=True)


@contextmanager
def byte_progress(write: Callable[[str], object]) -> Iterator[ByteProgress]:
    """Yield a progress bar of bytes that prints lines with `write`. Draws nothing unless stderr is a terminal."""
    with _bar(DownloadColumn()) as bar:
        yield ByteProgress(bar, write)


def _bar(amount: ProgressColumn) -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), amount, TimeRemainingColumn())
    return Progress(*columns, console=Console(stderr=True), disable=not sys.stderr.isatty(), transient=True)
