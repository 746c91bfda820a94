"""Stop preparing statements once a pooler between the service and the server has mixed them up."""

from weakref import WeakSet

from psycopg import Connection

_connections: "WeakSet[Connection]" = WeakSet()
_is_preparing = True


def follow(connection: "Connection") -> None:
    """Keep track of a new connection. It prepares no statements after `stop_preparing`."""
    _connections.add(connection)
    if not _is_preparing:
        connection.prepare_threshold = None


def stop_preparing() -> None:
    """Prepare no more statements on any connection of this process."""
    global _is_preparing
    _is_preparing = False
    for connection in list(_connections):
        connection.prepare_threshold = None
