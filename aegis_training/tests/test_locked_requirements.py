"""The locked requirements (`*.txt`) are what the requirements that we choose (`*.in`) ask for, and have hashes."""

import re
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

PROJECT = Path(__file__).resolve().parents[2]
LOCKED = (
    "requirements-server.txt",
    "requirements.txt",
    "requirements-dev.txt",
    "examples/domain_training/requirements.txt",
    "clients/generated/requirements.txt",
)
ENTRY = re.compile(r"(\S+==[^\\\n]+?) \\\n((?: +--hash=sha256:[0-9a-f]{64}(?: \\)?\n)+)((?: +#.*\n)+)")
ASKED_BY = re.compile(r"-r (\S+\.in)$", re.MULTILINE)
Requirements = dict[tuple[str, str], Requirement]


def chosen(path: Path) -> Requirements:
    """What a `.in` file and those that it includes ask for, by file and name of the package."""
    requirements: Requirements = {}
    for line in path.read_text().splitlines():
        text = re.sub(r"(^|\s)#.*", "", line).strip()
        if text.startswith("-r "):
            requirements |= chosen(path.parent / text.removeprefix("-r "))
        elif text and not text.startswith("-c "):
            requirement = Requirement(text)
            requirements[path.relative_to(PROJECT).as_posix(), canonicalize_name(requirement.name)] = requirement
    return requirements


def locked(path: Path) -> list[tuple[Requirement, str]]:
    """The entries of a locked file, each with the comment that says who asked for it. All have hashes."""
    _, *texts = re.split(r"^(?=[^\s#])", path.read_text(), flags=re.MULTILINE)
    entries = [ENTRY.fullmatch(text) for text in texts]
    assert all(entries), [text for text, entry in zip(texts, entries, strict=True) if entry is None]
    return [(Requirement(entry[1]), entry[3]) for entry in entries if entry]


def versions(path: Path) -> set[tuple[str, str]]:
    """The name and the version of each package that is locked."""
    return {(entry.name, str(entry.specifier)) for entry, _ in locked(path)}


@pytest.mark.parametrize("name", LOCKED)
def test_a_lock_is_up_to_date(name: str) -> None:
    requirements = chosen((PROJECT / name).with_suffix(".in"))
    entries = locked(PROJECT / name)
    answers = {(file, entry.name): entry for entry, comment in entries for file in ASKED_BY.findall(comment)}
    assert set(answers) == set(requirements), f"{name} is older than its .in file: run `make lock`"
    for key, requirement in requirements.items():
        answer = answers[key]
        version = str(answer.specifier).removeprefix("==")
        assert requirement.specifier.contains(version), f"{requirement}, but {answer}: run `make lock`"
        assert requirement.extras <= answer.extras, f"{requirement}, but {answer}: run `make lock`"


def test_the_service_has_the_same_versions_everywhere() -> None:
    everything = versions(PROJECT / "requirements-dev.txt")
    for name in ("requirements-server.txt", "requirements.txt"):
        assert versions(PROJECT / name) <= everything, f"{name} differs: run `make lock`"
