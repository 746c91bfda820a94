"""Why initdb or the server did not start, in words that say what to do, from the end of their log."""

import re
from typing import Final

# The first that fits counts: what is more particular stands first.
_REASONS: Final = [
    (
        r"could not \w+ shared memory segment.*(No space left|Permission denied|No such file)|/dev/shm",
        "shared memory (/dev/shm) is full or not to be used, which is not the disk: give it more, as with "
        "`docker run --shm-size`",
    ),
    (r"could not (create|map) .*shared memory|Cannot allocate memory", "there is too little memory: give it more"),
    (r"No space left on device", "its disk is full: free space there and start again"),
    (r"Disk quota exceeded", "its disk quota is used up: free space there and start again"),
    (r"Read-only file system", "its file system is read-only: make it writable and start again"),
    (r"error while loading shared libraries: (\S+):", r"the system has no library \1: install it and start again"),
    (
        r"could not look up effective user ID (\d+)",
        r"the user \1 has no name, which initdb insists on: add a line for it to /etc/passwd, or allow user namespaces",
    ),
    (
        r'lock file "(.*)" already exists',
        r"another server may be running on it, as there is the file \1: end that server, or remove the file if there "
        "is none",
    ),
    (r"(invalid permissions|wrong ownership)", "its folder has \\1: give it to the user of the server, with mode 0700"),
    (r"files are incompatible|initialized by PostgreSQL version", "another version of PostgreSQL made its files"),
    (r"Unix-domain socket path .* is too long", "the path of its socket is too long: use a shorter one"),
    (r"could not (bind|create) .*socket", "it cannot make its socket: see whether another server uses it"),
    (r"(could not open|could not access|could not write).*Permission denied", "it may not read or write its files"),
    (r"contains errors|unrecognized configuration parameter", "its postgresql.conf has an error: correct it"),
    (r"could not locate a valid checkpoint|invalid checkpoint record|PANIC", "its files are damaged: restore a backup"),
]  # fmt: skip


def reason_in(said: str) -> str | None:
    """What `said` means; None when it is nothing that is known here."""
    for pattern, meaning in _REASONS:
        found = re.search(pattern, said)
        if found:
            return found.expand(meaning)
    return None
