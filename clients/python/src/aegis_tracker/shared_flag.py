"""A flag that a process shares with those that it forks."""

import mmap


class SharedFlag:
    """Once set, it is set in all of them, and stays so."""

    def __init__(self) -> None:
        try:
            self._byte: mmap.mmap | bytearray = mmap.mmap(-1, 1)
        except OSError:  # no memory to share: each process then has its own
            self._byte = bytearray(1)

    @property
    def is_set(self) -> bool:
        """Whether one of the processes has set it."""
        return self._byte[0] != 0

    def set(self) -> None:
        """Set it in all processes."""
        self._byte[0] = 1
