"""Preparing statements on the server, until it turns out that a pooler in between does not keep them apart."""

from weakref import WeakSet

from psycopg import Connection

_connections: "WeakSet[Connection]" = WeakSet()
_are_kept = True


def follow(connection: "Connection") -> None:
    """A new connection, which prepares statements as it was told to unless that is over."""
    _connections.add(connection)
    if not _are_kept:
        connection.prepare_threshold = None


def prepare_no_more() -> None:
    """On no connection of this process."""
    global _are_kept
    _are_kept = False
    for connection in list(_connections):
        connection.prepare_threshold = None
