"""The locked requirements (`*.txt`) are what the requirements that we choose (`*.in`) ask for, and have hashes."""

import re
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

PROJECT = Path(__file__).resolve().parents[2]
LOCKED = (
    "requirements.txt",
    "requirements-local.txt",
    "requirements-dev.txt",
    "examples/domain_training/requirements.txt",
    "clients/generated/requirements.txt",
)
ASKED_BY = re.compile(r"-r (\S+\.in)$", re.MULTILINE)


def chosen(path: Path) -> dict[tuple[str, str], Requirement]:
    """What a `.in` file and those that it includes ask for, by file and name of the package."""
    requirements = {}
    for line in path.read_text().splitlines():
        text = re.sub(r"(^|\s)#.*", "", line).strip()
        if text.startswith("-r "):
            requirements |= chosen(path.parent / text.removeprefix("-r "))
        elif text and not text.startswith("-c "):
            requirement = Requirement(text)
            requirements[path.relative_to(PROJECT).as_posix(), canonicalize_name(requirement.name)] = requirement
    return requirements


def entries(path: Path) -> list[str]:
    """The entries of a locked file, each with its hashes and the comment that says who asked for it."""
    return re.split(r"^(?=[a-z0-9])", path.read_text(), flags=re.MULTILINE)[1:]


def versions(path: Path) -> dict[str, str]:
    """The locked version of each package."""
    return dict(re.findall(r"^([a-z0-9._-]+)==([^ ]+)", path.read_text(), re.MULTILINE))


@pytest.mark.parametrize("name", LOCKED)
def test_a_lock_is_up_to_date(name: str) -> None:
    path = PROJECT / name
    requirements = chosen(path.with_suffix(".in"))
    asked_for = {(file, entry.partition("==")[0]) for entry in entries(path) for file in ASKED_BY.findall(entry)}
    assert asked_for == set(requirements), f"{name} is older than its .in file: run `make lock`"
    locked = versions(path)
    for (file, package), requirement in requirements.items():
        assert requirement.specifier.contains(locked[package]), (
            f"{file} asks for {requirement}, but {name} has {locked[package]}: run `make lock`"
        )


@pytest.mark.parametrize("name", LOCKED)
def test_every_entry_has_a_version_and_hashes(name: str) -> None:
    for entry in entries(PROJECT / name):
        assert re.match(r"[a-z0-9._-]+==[^ ]+( ; [^\\]+)? \\\n( +--hash=sha256:[0-9a-f]{64}( \\)?\n)+", entry), entry


def test_the_service_has_the_same_versions_everywhere() -> None:
    everything = versions(PROJECT / "requirements-dev.txt")
    for name in ("requirements.txt", "requirements-local.txt"):
        assert versions(PROJECT / name).items() <= everything.items(), f"{name} differs: run `make lock`"
