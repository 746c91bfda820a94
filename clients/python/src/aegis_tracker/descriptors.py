"""Descriptors of our own files and sockets, which the training may close by their numbers.

A program that becomes a daemon closes all numbers, and its own files may get them then. So a descriptor is used and
closed only while it is of the file that was opened with it.
"""

import errno
import os
import socket
from contextlib import suppress
from pathlib import Path

Identity = tuple[int, int]  # device and inode, which no other open file has


def identity(descriptor: int | None) -> Identity | None:
    """Which file a descriptor is of. None if it is of none."""
    try:
        found = os.fstat(-1 if descriptor is None else descriptor)
    except OSError:
        return None
    return found.st_dev, found.st_ino


class OwnFile:
    """An open file. `number` is its descriptor."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.identity = identity(number)

    @property
    def is_open(self) -> bool:
        """Whether the descriptor is still of this file."""
        return identity(self.number) == self.identity

    def reopen(self, path: Path) -> None:
        """Open the same file again by its path. Raises OSError, also if the path is of another file."""
        number = os.open(path, os.O_RDWR | os.O_APPEND)
        if identity(number) != self.identity:
            os.close(number)
            raise FileNotFoundError(errno.ENOENT, "the file was closed, and has been removed", str(path))
        self.number = number

    def close(self) -> None:
        """Close it. A second call does nothing."""
        number, is_open = self.number, self.is_open
        self.number = -1
        if is_open and number >= 0:
            os.close(number)


class DescriptorClosedError(ConnectionError):
    """The training has closed the descriptor of a connection by its number."""


class OwnSocket:
    """Tells whether a socket still has the descriptor that it was made with. `socket` is the socket."""

    def __init__(self, made: socket.socket) -> None:
        self._identity = identity(made.fileno())  # at once: nothing was done with it yet
        self.socket = made

    @property
    def is_open(self) -> bool:
        """Whether the descriptor is still of this socket."""
        number = self.socket.fileno()
        return number >= 0 and identity(number) == self._identity

    def check(self) -> None:
        """Raises DescriptorClosedError unless the descriptor is still of this socket."""
        if not self.is_open:
            raise DescriptorClosedError("the program has closed the connection's descriptor")

    def shut_down(self) -> None:
        """Make whoever reads from it or writes to it, in another thread, fail now."""
        with suppress(OSError):  # not connected any more, which is what was wanted
            if self.is_open:
                self.socket.shutdown(socket.SHUT_RDWR)

    def let_go(self) -> None:
        """Make sure that closing the socket, now or later, does not close another file."""
        if not self.is_open:
            self.socket.detach()

    def close(self) -> None:
        """Close the socket."""
        self.let_go()
        self.socket.close()
