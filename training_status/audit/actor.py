"""The current actor for audit entries: the sender of a request, a command, or else the service itself."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final, NamedTuple

USER: Final = "user"
TOKEN: Final = "token"  # noqa: S105  (a kind of actor)
ANONYMOUS: Final = "anonymous"
COMMAND: Final = "command"
SERVICE: Final = "service"


class Actor(NamedTuple):
    """`kind` is one of the model's `ACTOR_KINDS`; `address` is the client's address, empty without a request."""

    kind: str
    name: str
    address: str = ""


_THE_SERVICE: Final = Actor(SERVICE, "the service itself")
_find_actor: ContextVar[Callable[[], Actor]] = ContextVar("find_actor", default=lambda: _THE_SERVICE)


def current_actor() -> Actor:
    """Return the actor of the current context."""
    return _find_actor.get()()


@contextmanager
def as_actor(kind: str, name: str, address: str = "") -> Iterator[None]:
    """Within this context, it is they who act."""
    actor = Actor(kind, name, address)
    with as_lazy_actor(lambda: actor):
        yield


@contextmanager
def as_lazy_actor(find: Callable[[], Actor]) -> Iterator[None]:
    """Within this context, `find` returns the actor. It is called only when an entry is recorded."""
    before = _find_actor.set(find)
    try:
        yield
    finally:
        _find_actor.reset(before)
