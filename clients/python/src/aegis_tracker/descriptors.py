"""Which file an open descriptor is of: a training may close descriptors by their numbers, as a program does that
becomes a daemon, and its own files may have those numbers then."""

import os
import socket

Identity = tuple[int, int]  # device and inode, which no other open file has


def identity(file: int | None) -> Identity | None:
    """Which file a descriptor is of; None where it is of none."""
    try:
        found = os.fstat(-1 if file is None else file)
    except OSError:
        return None
    return found.st_dev, found.st_ino


def close_own(sock: socket.socket, own: Identity | None) -> None:
    """Close a socket; one whose number the training's own file has by now is only forgotten."""
    if identity(sock.fileno()) != own:
        sock.detach()
    sock.close()
