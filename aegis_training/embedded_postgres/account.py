"""Under which account the server runs. Only root has a choice to make: PostgreSQL refuses to run as root.

The owner of the data directory decides, so that the choice is stable. A directory of another user is served
as that user. One of root is served in a user namespace, where root's files are those of an ordinary user:
that changes no owner and works below directories that are closed to everybody else. Where namespaces are not
allowed, the data directory is given to `nobody`.

An account may have a number and no name, as in OpenShift. initdb insists on a name, and gets that of another account in
a user namespace; the server does not ask.
"""

import os
import pwd
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from .errors import EmbeddedPostgresError
from .layout import DataDirectory

ROOT = 0
OVERFLOW_UID = 65534  # what a namespace shows for every uid that it does not know; useless as our own


@dataclass(frozen=True)
class Account:
    uid: int  # owner of the files, seen from outside a namespace
    gid: int
    prefix: tuple[str, ...] = ()  # the command that enters the namespace

    def popen(
        self, command: Sequence[str | Path], *, output: int, inherit: Sequence[int] = ()
    ) -> subprocess.Popen[bytes]:
        """Start `command` under this account, with nothing of our environment."""
        changes_user = self.uid != os.geteuid()
        return subprocess.Popen(
            [*self.prefix, *map(str, command)],
            user=self.uid if changes_user else None,
            group=self.gid if changes_user else None,
            extra_groups=[] if changes_user else None,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            pass_fds=inherit,
            cwd="/",
            umask=0o077,
            env={"LC_ALL": "C", "PATH": os.defpath},
        )

    def with_name(self) -> "Account":
        """The same account, in a namespace where it has a name if it has none here and namespaces are allowed."""
        if self.prefix or _has_name(self.uid):
            return self
        for inside in _namespace():
            named = replace(self, prefix=inside.prefix)
            if named.can_run("/bin/sh", "-c", ":"):
                return named
        return self

    def own(self, path: Path) -> None:
        """Make this account the owner of `path`, without following a symbolic link."""
        if os.geteuid() == ROOT:
            os.chown(path, self.uid, self.gid, follow_symlinks=False)

    def can_work(self, directory: DataDirectory, binaries: Path) -> bool:
        """Whether this account reaches the data directory and can run PostgreSQL's programs."""
        script = 'cd "$1" && exec "$2" --version'
        command: list[str | Path] = [
            "/bin/sh",
            "-c",
            script,
            "sh",
            directory.path.parent,
            binaries / "postgres",
        ]
        return self.can_run(*command)

    def can_run(self, *command: str | Path) -> bool:
        """Whether this account can run `command`, and it succeeds."""
        try:
            return self.popen(command, output=subprocess.DEVNULL).wait() == 0
        except (OSError, subprocess.SubprocessError):  # not allowed to become this user, or no /bin/sh
            return False


def choose_account(directory: DataDirectory, binaries: Path) -> Account:
    """The account for the server of an existing `directory`, which from then on is the directory's owner.

    To be called while no server runs on it. Raises EmbeddedPostgresError if no account can do it.
    """
    if os.geteuid() != ROOT:
        return Account(os.geteuid(), os.getegid())
    owner = directory.path.stat()
    candidates = [Account(owner.st_uid, owner.st_gid)] if owner.st_uid != ROOT else [*_namespace(), _nobody()]
    for account in candidates:
        if account.can_work(directory, binaries):
            if account.uid != owner.st_uid:
                _hand_over(directory, account)
            return account
    name = _name_of(candidates[-1].uid)
    raise EmbeddedPostgresError(
        f"PostgreSQL refuses to run as root, user namespaces do not help here, and the user {name} cannot "
        f"reach both {directory.path.parent} and {binaries}: run as another user, set AEGIS_DATA_DIR to a "
        f"directory that the user {name} can reach, or set DATABASE_URL to a PostgreSQL of your own."
    )


def _namespace() -> list[Account]:
    """The way through a user namespace, where the system has the tool for it."""
    unshare = shutil.which("unshare")
    inside = next((user for user in pwd.getpwall() if user.pw_uid not in {ROOT, OVERFLOW_UID}), None)
    if unshare is None or inside is None:  # initdb insists on an account that has a name
        return []
    mapping = (f"--map-user={inside.pw_uid}", f"--map-group={inside.pw_gid}")
    return [Account(ROOT, os.getegid(), (unshare, "--user", *mapping, "--"))]


def _nobody() -> Account:
    try:
        nobody = pwd.getpwnam("nobody")
    except KeyError:
        return Account(OVERFLOW_UID, OVERFLOW_UID)
    return Account(nobody.pw_uid, nobody.pw_gid)


def _hand_over(directory: DataDirectory, account: Account) -> None:
    """Give the data directory to `account`, the top last: its owner is what says that all is done."""
    for folder, folders, files in os.walk(directory.path, topdown=False):
        for name in (*folders, *files):
            account.own(Path(folder) / name)
    account.own(directory.path)


def _name_of(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def _has_name(uid: int) -> bool:
    return _name_of(uid) != str(uid)
