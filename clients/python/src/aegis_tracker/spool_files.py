"""The files of a spool: their names, and how they are created and replaced atomically.

A run's spool is `STEM.jsonl`; a large one goes on in `STEM.000002.part` and so on (1 is the rest of the
first file after shedding). The first file stays the same for the life of the spool.
"""

import errno
import os
import re
import uuid
from contextlib import suppress
from pathlib import Path

from aegis_tracker.file_locks import lock

SPOOL_SUFFIX = ".jsonl"
PART_SUFFIX = ".part"
NEW_SUFFIX = ".new"


def spool_paths(directory: Path) -> list[Path]:
    """The first files of all spools, oldest first. Raises OSError; a folder that is not there has none.

    Whatever else has such a name, as a folder or a pipe, is none.
    """

    def age(path: Path) -> float:
        try:
            return path.stat().st_mtime
        except FileNotFoundError:
            return 0.0

    return sorted((path for path in directory.glob(f"*{SPOOL_SUFFIX}") if path.is_file()), key=age)


def run_id_of(path: Path) -> str:
    """The run of a spool, by the name of its first file."""
    return path.name.partition(".")[0]


def part_path(head: Path, number: int) -> Path:
    """The file of part `number`; 0 is the first file itself."""
    return head if number == 0 else head.with_name(f"{head.stem}.{number:06}{PART_SUFFIX}")


def part_numbers(head: Path) -> list[int]:
    """The parts there are beside the first file, in order. Raises OSError."""
    pattern = re.compile(re.escape(head.stem) + r"\.(\d{6,})" + re.escape(PART_SUFFIX))
    names = (pattern.fullmatch(name) for name in os.listdir(head.parent))
    return sorted(int(name[1]) for name in names if name)


def part_sizes(head: Path) -> dict[int, int]:
    """The sizes in bytes of all files of a spool, by number. Raises OSError."""
    sizes = {}
    for number in [0, *part_numbers(head)]:
        try:
            sizes[number] = part_path(head, number).stat().st_size
        except FileNotFoundError:
            continue  # removed meanwhile
    return sizes


def create(path: Path, content: bytes, *, locked: bool = False) -> int:
    """A new file that has its content (and is locked, where that is possible) from the moment it has its name.

    Its descriptor. Raises FileExistsError, and other OSErrors.
    """
    new = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}{NEW_SUFFIX}")
    file = os.open(new, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_APPEND, 0o600)
    try:
        if locked:
            _lock_if_possible(file)
        write_all(file, content)
        _name(new, path)
    except BaseException:
        os.close(file)
        raise
    finally:
        new.unlink(missing_ok=True)
    return file


def replace(path: Path, content: bytes) -> None:
    """Give a file other content, or make it, in one step. Raises OSError."""
    new = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}{NEW_SUFFIX}")
    file = os.open(new, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    try:
        write_all(file, content)
        new.replace(path)
    finally:
        os.close(file)
        new.unlink(missing_ok=True)


def remove_files(head: Path) -> None:
    """Remove all files of a spool. Raises OSError."""
    head.unlink(missing_ok=True)  # first: parts without it are ignored
    with suppress(FileNotFoundError):  # the folder is gone as well
        for number in part_numbers(head):
            part_path(head, number).unlink(missing_ok=True)


def write_all(file: int, data: bytes) -> None:
    """Write all of `data`. Raises OSError, also where only a part could be written."""
    if os.write(file, data) < len(data):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def write_at(path: Path, offset: int, data: bytes) -> None:
    """Write in place. Raises OSError."""
    file = os.open(path, os.O_WRONLY)  # not for appending: there the offset would not count
    try:
        os.pwrite(file, data, offset)
    finally:
        os.close(file)


def write_in_place(file: int, path: Path, offset: int, data: bytes) -> bool:
    """Write in place, unless `path` is not the open `file` any more; whether it was. Raises OSError."""
    there = os.open(path, os.O_WRONLY)
    try:
        is_same = os.path.samestat(os.fstat(there), os.fstat(file))
        if is_same:
            os.pwrite(there, data, offset)
        return is_same
    finally:
        os.close(there)


def has_moved(file: int, path: Path) -> bool:
    """Whether `path` is not the open file any more. Raises OSError."""
    try:
        there = path.stat()
    except FileNotFoundError:
        return True
    mine = os.fstat(file)
    return (there.st_dev, there.st_ino) != (mine.st_dev, mine.st_ino)


def _name(new: Path, path: Path) -> None:
    """Give the file its name unless something else has it. Raises FileExistsError and other OSErrors."""
    try:
        os.link(new, path)
    except FileExistsError:
        raise
    except OSError:  # no hard links there
        if path.exists():
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path)) from None
        new.replace(path)


def _lock_if_possible(file: int) -> None:
    """Lock a file that nobody else knows yet. Where files cannot be locked nobody will take that for a sign."""
    try:
        lock(file)
    except OSError:
        return
