"""Read a data set of texts with entities and relations, and name every line that is wrong."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

SPLITS = ("train", "dev", "test")
MIN_SAMPLES = 3
"""The fewest samples of a split: below that no score means anything."""


@dataclass(frozen=True)
class Relation:
    """`subject` stands in the relation `predicate` to `object`; both are entities of the same text."""

    subject: str
    predicate: str
    object: str


@dataclass(frozen=True)
class Sample:
    """One text with the entities that occur in it, word for word, and the relations between them."""

    text: str
    entities: tuple[str, ...]
    relations: tuple[Relation, ...]


@dataclass(frozen=True)
class Dataset:
    """What is learnt from (`train`), chosen by (`dev`) and judged on (`test`)."""

    train: tuple[Sample, ...]
    dev: tuple[Sample, ...]
    test: tuple[Sample, ...]

    def __len__(self) -> int:
        return len(self.train) + len(self.dev) + len(self.test)


class BadLineError(Exception):
    """What is wrong with a line, as a sentence."""


class BadDataError(Exception):
    """The data set cannot be used. `problems` names each bad line by file and number, with the reason."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems
        shown = "; ".join(problems[:5])
        more = f"; and {len(problems) - 5} more" if len(problems) > 5 else ""
        super().__init__(f"{len(problems)} problem(s) in the data set: {shown}{more}")


def locate_files(data: list[Path]) -> dict[str, Path]:
    """The file of each split, from one folder that has `train.jsonl`, `dev.jsonl` and `test.jsonl`, or from
    three files in that order. Raises `BadDataError` when there are not exactly those."""
    if len(data) == 1:
        paths = [data[0] / f"{split}.jsonl" for split in SPLITS]
    elif len(data) == len(SPLITS):
        paths = data
    else:
        raise BadDataError([f"expected one folder or three files (train, dev, test), got {len(data)} paths"])
    missing = [f"{path.name}: no such file" for path in paths if not path.is_file()]
    if missing:
        raise BadDataError(missing)
    return dict(zip(SPLITS, paths, strict=True))


class DatasetReader:
    """Reads the splits one after the other, remembering texts, since a text in two splits makes scores lie.

    Problems are collected rather than raised, so that a person can repair them all at once.
    """

    def __init__(self) -> None:
        self.problems: list[str] = []
        self._first_seen: dict[str, str] = {}

    def read(self, path: Path) -> tuple[Sample, ...]:
        """The good samples of a JSONL file; what is wrong with the other lines goes to `problems`."""
        samples = []
        for number, line in enumerate(path.read_bytes().split(b"\n"), start=1):
            if not line.strip():
                continue
            where = f"{path.name} line {number}"
            try:
                sample = parse_line(line)
                self._refuse_repeated_text(sample.text, where)
            except BadLineError as error:
                self.problems.append(f"{where}: {error}")
            else:
                samples.append(sample)
        if not self.problems and len(samples) < MIN_SAMPLES:
            self.problems.append(f"{path.name}: {len(samples)} samples, at least {MIN_SAMPLES} are needed")
        return tuple(samples)

    def _refuse_repeated_text(self, text: str, where: str) -> None:
        first = self._first_seen.setdefault(text, where)
        if first != where:
            raise BadLineError(f"the same text as {first}")


def count_lines(files: Iterable[Path]) -> int:
    """How many samples the files claim to have: their lines that are not blank."""
    return sum(bool(line.strip()) for path in files for line in path.read_bytes().split(b"\n"))


def parse_line(line: bytes) -> Sample:
    """A valid sample. Raises `BadLineError` with the reason as a sentence otherwise."""
    try:
        row = json.loads(line.decode("utf-8"))
    except UnicodeDecodeError:
        raise BadLineError("not UTF-8") from None
    except json.JSONDecodeError as error:
        raise BadLineError(f"not JSON: {error.msg} at column {error.colno}") from None
    if not isinstance(row, dict):
        raise BadLineError("not a JSON object")
    for key in ("text", "entities", "relations"):
        if key not in row:
            raise BadLineError(f"`{key}` is missing")
    text = _required_text(row["text"], "`text`")
    entities = _parse_entities(row["entities"], text)
    return Sample(text, entities, _parse_relations(row["relations"], entities))


def _required_text(value: object, name: str) -> str:
    if not isinstance(value, str) or not value.strip():
        raise BadLineError(f"{name} must be a text that is not empty")
    return value


def _parse_entities(value: object, text: str) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise BadLineError("`entities` must be a list")
    entities = [_required_text(item, f"entity {i}") for i, item in enumerate(value, start=1)]
    for entity in entities:
        if entity not in text:
            raise BadLineError(f"entity {entity!r} does not occur in the text")
        if entities.count(entity) > 1:
            raise BadLineError(f"entity {entity!r} is named twice")
    return tuple(entities)


def _parse_relations(value: object, entities: tuple[str, ...]) -> tuple[Relation, ...]:
    if not isinstance(value, list):
        raise BadLineError("`relations` must be a list")
    relations = []
    for i, item in enumerate(value, start=1):
        if not isinstance(item, dict) or set(item) != {"subject", "predicate", "object"}:
            raise BadLineError(f"relation {i} must have exactly subject, predicate and object")
        relation = Relation(**{key: _required_text(item[key], f"{key} of relation {i}") for key in item})
        for role in (relation.subject, relation.object):
            if role not in entities:
                raise BadLineError(f"relation {i} names {role!r}, which is no entity of this line")
        relations.append(relation)
    return tuple(relations)
