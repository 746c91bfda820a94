"""The sample data are good, and bad data are named. Needs no DSPy."""

from pathlib import Path

import pytest
from domain_training.dataset import (
    SPLITS,
    BadDataError,
    BadLineError,
    Dataset,
    DatasetReader,
    locate_files,
    parse_line,
)

MEDICAL = Path(__file__).parent.parent / "data" / "medical"
PREDICATES = {"treats", "causes", "prevents", "diagnoses", "contraindicates", "symptom_of"}


@pytest.fixture(scope="module")
def medical() -> Dataset:
    reader = DatasetReader()
    dataset = Dataset(**{split: reader.read(path) for split, path in locate_files([MEDICAL]).items()})
    assert reader.problems == []
    return dataset


def test_the_medical_data_have_at_least_80_different_sentences(medical: Dataset) -> None:
    samples = medical.train + medical.dev + medical.test
    assert len({sample.text for sample in samples}) == len(medical) >= 80
    assert min(len(getattr(medical, split)) for split in SPLITS) >= 20


def test_the_medical_data_use_every_predicate_in_every_split_and_no_other(medical: Dataset) -> None:
    for split in SPLITS:
        used = {relation.predicate for sample in getattr(medical, split) for relation in sample.relations}
        assert used == PREDICATES


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"{oops", "not JSON"),
        (b"\xff", "not UTF-8"),
        (b"[]", "not a JSON object"),
        (b'{"text": "a", "entities": []}', "`relations` is missing"),
        (b'{"text": " ", "entities": [], "relations": []}', "`text` must be a text"),
        (b'{"text": "a", "entities": "a", "relations": []}', "`entities` must be a list"),
        (b'{"text": "a", "entities": ["b"], "relations": []}', "'b' does not occur"),
        (b'{"text": "a", "entities": ["A"], "relations": []}', "'A' does not occur"),
        (b'{"text": "a", "entities": ["a", "a"], "relations": []}', "named twice"),
        (b'{"text": "a", "entities": [1], "relations": []}', "entity 1 must be a text"),
        (b'{"text": "a", "entities": [], "relations": {}}', "`relations` must be a list"),
        (b'{"text": "a", "entities": ["a"], "relations": [{"subject": "a"}]}', "exactly subject, predicate"),
        (
            b'{"text": "a", "entities": ["a"], "relations": [{"subject": "a", "predicate": "", "object": "a"}]}',
            "predicate of relation 1 must be a text",
        ),
        (
            b'{"text": "a", "entities": ["a"], "relations": [{"subject": "a", "predicate": "p", "object": "b"}]}',
            "names 'b', which is no entity",
        ),
    ],
)
def test_a_bad_line_is_refused_with_its_reason(line: bytes, reason: str) -> None:
    with pytest.raises(BadLineError, match=reason):
        parse_line(line)


def test_each_bad_line_is_named_by_file_and_number(tmp_path: Path) -> None:
    path = tmp_path / "train.jsonl"
    path.write_text('{oops\n\n{"text": "a", "entities": [], "relations": []}\n[]\n')
    reader = DatasetReader()
    assert len(reader.read(path)) == 1
    assert [problem.split(": ")[0] for problem in reader.problems] == [
        "train.jsonl line 1",
        "train.jsonl line 4",
    ]


def test_a_text_may_stand_in_one_split_only(tmp_path: Path) -> None:
    line = '{"text": "same", "entities": [], "relations": []}\n'
    other = '{"text": "other %d", "entities": [], "relations": []}\n'
    (tmp_path / "train.jsonl").write_text(line + other % 1 + other % 2)
    (tmp_path / "test.jsonl").write_text(other % 3 + line + other % 4)
    reader = DatasetReader()
    reader.read(tmp_path / "train.jsonl")
    reader.read(tmp_path / "test.jsonl")
    assert reader.problems == ["test.jsonl line 2: the same text as train.jsonl line 1"]


def test_a_split_with_too_few_samples_is_a_problem(tmp_path: Path) -> None:
    (tmp_path / "dev.jsonl").write_text("")
    reader = DatasetReader()
    reader.read(tmp_path / "dev.jsonl")
    assert reader.problems == ["dev.jsonl: 0 samples, at least 3 are needed"]


def test_missing_files_are_named(tmp_path: Path) -> None:
    (tmp_path / "train.jsonl").write_text("")
    with pytest.raises(BadDataError) as raised:
        locate_files([tmp_path])
    assert raised.value.problems == ["dev.jsonl: no such file", "test.jsonl: no such file"]
