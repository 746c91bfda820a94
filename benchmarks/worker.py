"""A part of a benchmark in a process of its own: asked one thing at a time, by a method's name and arguments."""

import multiprocessing
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from typing import Any

END_LIMIT_S = 20.0


class Worker:
    """The asking side. `begin` and `result` are the two halves of `ask`, for workers that work at the same time."""

    def __init__(self, work: Callable[..., None], *arguments: Any) -> None:
        context = multiprocessing.get_context("spawn")
        self._connection, theirs = context.Pipe()
        self._process = context.Process(target=work, args=(theirs, *arguments))
        self._process.start()
        theirs.close()

    def begin(self, method: str, *arguments: Any) -> None:
        """Have it begin."""
        self._connection.send((method, arguments))

    def result(self) -> Any:
        """Its answer to what was begun. Raises what it raised, EOFError when it has ended."""
        answer = self._connection.recv()
        if isinstance(answer, Exception):
            raise answer
        return answer

    def ask(self, method: str, *arguments: Any) -> Any:
        """Its answer."""
        self.begin(method, *arguments)
        return self.result()

    def stop(self) -> None:
        """Let it end."""
        self._connection.close()
        self._process.join(END_LIMIT_S)
        self._process.kill()


@contextmanager
def working(work: Callable[..., None], *arguments: Any) -> Iterator[Worker]:
    """The worker, while it is needed."""
    worker = Worker(work, *arguments)
    try:
        yield worker
    finally:
        worker.stop()


def answer_questions(connection: Connection, methods: object) -> None:
    """The answering side, until the asking one is closed."""
    while (question := next_question(connection)) is not None:
        method, arguments = question
        try:
            connection.send(getattr(methods, method)(*arguments))
        except Exception as error:  # noqa: BLE001  (sent to the asking process, which raises it)
            connection.send(error)


def next_question(connection: Connection) -> tuple[str, tuple[Any, ...]] | None:
    """A method and its arguments; None when nothing more will be asked."""
    try:
        question: tuple[str, tuple[Any, ...]] = connection.recv()
    except EOFError:
        return None
    return question
