"""Processes whose output is read as it comes, so that a test can await a line of it."""

import subprocess
import threading
import time
from contextlib import suppress
from types import TracebackType
from typing import IO, Any

from support.contract_server import WAIT_S


class Lines:
    """What a process writes to one stream. Awaiting fails with what was written instead."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream
        self._lines: list[str] = []
        self._next = 0  # the first line that `next` has not given
        self._ended = False
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        with suppress(OSError):  # the end of a terminal is an error
            for line in self._stream:
                with self._changed:
                    self._lines.append(line)
                    self._changed.notify_all()
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def await_(self, text: str) -> str:
        """The first line that holds `text`, once it was written."""
        with self._changed:
            self._changed.wait_for(lambda: self._ended or self.so_far(text), WAIT_S)
            assert self.so_far(text), f"{text!r} was not written, but: {''.join(self._lines)!r}"
            return self.so_far(text)[0]

    def next(self) -> str | None:
        """The line after the one that the last call gave, once it was written; None where there is none."""
        with self._changed:
            self._changed.wait_for(lambda: self._ended or len(self._lines) > self._next, WAIT_S)
            if len(self._lines) == self._next:
                return None
            self._next += 1
            return self._lines[self._next - 1]

    def rest(self, timeout_s: float = WAIT_S) -> str:
        """What follows the last line that `next` gave, once everything was written."""
        with self._changed:
            assert self._changed.wait_for(lambda: self._ended, timeout_s), f"more follows: {''.join(self._lines)!r}"
            rest, self._next = "".join(self._lines[self._next :]), len(self._lines)
            return rest

    def all(self) -> str:
        """Everything, once the process has ended."""
        self.rest()
        return self.text()

    def text(self) -> str:
        """Everything so far."""
        return "".join(self._lines)

    def so_far(self, *texts: str) -> list[str]:
        """The lines that hold all of `texts`."""
        return [line for line in self._lines if all(text in line for text in texts)]


class Process(subprocess.Popen[str]):
    """A process with `output` and `errors`, where these are pipes. As a context it does not outlive an error."""

    output: Lines
    errors: Lines

    def __init__(self, command: list[str], **options: Any) -> None:
        super().__init__(command, text=True, **options)
        if self.stdout is not None:
            self.output = Lines(self.stdout)
        if self.stderr is not None:
            self.errors = Lines(self.stderr)

    def next_line(self) -> str:
        """The next line of its output."""
        line = self.output.next()
        assert line is not None, f"no further line, but: {self.output.text()!r} and errors: {self.errors.text()!r}"
        return line.strip()

    def say(self, line: str = "") -> None:
        """Write a line to its input."""
        assert self.stdin is not None
        self.stdin.write(f"{line}\n")
        self.stdin.flush()

    def goes_on_after(self, line: str) -> None:
        """Await this line as the next one, and let the process go on, which waits for a line of input."""
        said = self.next_line()
        assert said == line, f"errors: {self.errors.text()!r}"
        self.say()

    def communicate(self, input: str | None = None, timeout: float | None = WAIT_S) -> tuple[str, str]:
        """As that of `Popen`: the rest of the output, and the errors, of a process that ends."""
        with suppress(BrokenPipeError):
            if input and self.stdin is not None:
                self.stdin.write(input)
        self._close_input()
        deadline = time.monotonic() + (WAIT_S if timeout is None else timeout)
        try:
            self.wait(timeout)
            rest = tuple(lines.rest(max(0.0, deadline - time.monotonic())) for lines in (self.output, self.errors))
        except subprocess.TimeoutExpired:
            raise AssertionError(f"has not ended: {self.output.text()!r}, errors: {self.errors.text()!r}") from None
        assert self.stdout is not None
        assert self.stderr is not None
        self.stdout.close()
        self.stderr.close()
        return rest

    def _close_input(self) -> None:
        if self.stdin is not None:
            with suppress(BrokenPipeError):
                self.stdin.close()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            self.kill()
        self._close_input()
        self.wait()
        super().__exit__(kind, error, trace)
