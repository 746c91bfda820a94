"""The settings: service address, token, and folder and size limit of the spool.

Each is taken from the argument, or else from the environment, or else it has a default.
"""

import os
import pwd
from dataclasses import dataclass
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

from aegis_tracker.diagnostics import Diagnostics
from aegis_tracker.sanitizing import fit_text

SPOOL_MAX_BYTES = 1024**3
SPOOL_MAX_BYTES_LEAST = 64 * 1024
DEFAULT_URL = "http://127.0.0.1:8000"
_NO_HOME = "/nonexistent"  # by convention, of users without a home


class SettingsError(ValueError):
    """A setting that cannot be used. The text says what to do."""


@dataclass(frozen=True)
class ServiceAddress:
    """A base URL taken apart. `path_prefix` begins with a slash or is empty, and ends without one."""

    scheme: str
    host: str
    port: int | None
    path_prefix: str

    @classmethod
    def parse(cls, url: str) -> Self:
        """Raises SettingsError for anything but an http or https URL with a host, and perhaps a port and a path.

        Its text shows nothing that may be secret: neither user and password, nor query and fragment.
        """
        may_be_secret = any(mark in url for mark in "@?#")
        what = "The service's URL" if may_be_secret else f"The service's URL {url!r}"
        try:
            parts = urlsplit(url.strip())
            host, port = parts.hostname or "", parts.port
            host.encode("idna")
            parts.path.encode("ascii")
        except ValueError as error:
            if may_be_secret:
                raise SettingsError(f"{what} is not valid. It must look like {DEFAULT_URL}.") from None
            raise SettingsError(f"{what} is not valid: {error}.") from error
        if parts.scheme not in ("http", "https") or not host:
            raise SettingsError(f"{what} must look like {DEFAULT_URL}.")
        if any(character <= " " for character in parts.path):
            raise SettingsError(f"{what} must not contain spaces.")
        address = cls(parts.scheme, host, port, parts.path.rstrip("/"))
        if "@" in parts.netloc:
            raise SettingsError(
                f"{what} must not contain a user or a password. Use {address}, with an access token in token= or "
                "AEGIS_TOKEN. A proxy that asks for a user and a password cannot be used."
            )
        if parts.query or parts.fragment:
            raise SettingsError(f"{what} must not have a query (?) or a fragment (#). Use {address}.")
        return address

    def __str__(self) -> str:
        port = "" if self.port is None else f":{self.port}"
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}{port}{self.path_prefix}"


def service_address(url: str | None) -> ServiceAddress:
    """The argument, else AEGIS_URL, else the service on this machine. Raises SettingsError."""
    return ServiceAddress.parse(_given(url, "AEGIS_URL") or DEFAULT_URL)


def access_token(token: str | None) -> str:
    """The argument, else AEGIS_TOKEN. Raises SettingsError when there is none or it is no token."""
    found = access_token_if_any(token)
    if found is None:
        raise SettingsError("There is no access token. Set token= or AEGIS_TOKEN to a token with the role reporter.")
    return found


def access_token_if_any(token: str | None) -> str | None:
    """The argument, else AEGIS_TOKEN, else None. Raises SettingsError when it is no token."""
    found = _given(token, "AEGIS_TOKEN")
    if not found:
        return None
    if not found.isascii() or not found.isprintable():
        raise SettingsError("The access token contains characters that are not allowed in a token.")
    return found


def spool_directory(spool_dir: str | os.PathLike[str] | None = None) -> Path:
    """The argument, else AEGIS_SPOOL_DIR, else a folder of the user's own; absolute, so that it stays where it is.

    Raises SettingsError if there is none. Does not check whether the folder exists.
    """
    try:
        given = os.fsdecode(spool_dir) if spool_dir is not None else os.environ.get("AEGIS_SPOOL_DIR", "").strip()
        return (_expanded(given) if given else _state_home() / "aegis-tracker").absolute()
    except Exception as error:
        raise SettingsError(
            f"There is no folder for the spool ({fit_text(error)}). Set spool_dir= or AEGIS_SPOOL_DIR."
        ) from error


def _state_home() -> Path:
    """Where the programs of a user keep their state, as the XDG Base Directory Specification has it."""
    given = os.environ.get("XDG_STATE_HOME", "")
    if given and os.path.isabs(given):
        return Path(given)
    default = _home() / ".local" / "state"
    if given:
        Diagnostics().once(
            "XDG_STATE_HOME", f"XDG_STATE_HOME is {given!r}, which is not an absolute path. {default} is used."
        )
    return default


def _expanded(path: str) -> Path:
    user, _, rest = path.partition("/")
    return _home() / rest if user == "~" else Path(path).expanduser()


def _home() -> Path:
    """HOME, where it says something, else what the system knows of the user. Raises RuntimeError and OSError."""
    given = os.environ.get("HOME", "") or _home_in_the_system()
    if given == _NO_HOME:
        raise RuntimeError("the user has no home directory")
    home = Path(given).absolute()
    if not os.path.isabs(given):
        Diagnostics().once("HOME", f"HOME is {given!r}, which is not an absolute path. {home} is used.")
    return home


def _home_in_the_system() -> str:
    try:
        return pwd.getpwuid(os.getuid()).pw_dir
    except KeyError:  # a container may run as any user
        return _NO_HOME


def spool_max_bytes(given: int | str | None = None) -> int:
    """The argument, else AEGIS_SPOOL_MAX_BYTES, else 1 GiB; at least 64 KiB. Raises SettingsError."""
    text = _given(given, "AEGIS_SPOOL_MAX_BYTES")
    if not text:
        return SPOOL_MAX_BYTES
    if not text.isascii() or not text.isdecimal():
        raise SettingsError(f"The spool limit {text[:100]!r} is not a number of bytes. {SPOOL_MAX_BYTES} is used.")
    return max(int(text[:19]), SPOOL_MAX_BYTES_LEAST)


def sends_texts(given: bool | None = None) -> bool:
    """The argument, else AEGIS_SEND_TEXTS, else True. Raises SettingsError for what is neither yes nor no."""
    text = (str(int(given)) if isinstance(given, bool) else _given(given, "AEGIS_SEND_TEXTS")).lower()
    if text in ("", "1", "true", "yes", "on"):
        return True
    if text in ("0", "false", "no", "off"):
        return False
    raise SettingsError(f"Whether to send texts is {text[:100]!r}, neither 1 nor 0. No texts of programs are sent.")


def _given(value: object, variable: str) -> str:
    return fit_text(value).strip() if value is not None else os.environ.get(variable, "").strip()
