"""Numbers are true, and read the same in the admin, on the pages and on the terminal: see `docs/formatting.json`."""

import json
import math
import random
import re
import struct
import subprocess
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from aegis_tracker import number_text as in_tracker

from tests.support.programs import path_of
from tests.support.project import PROJECT
from training_status import number_text as in_service
from training_status.templatetags.run_format import metric_value

TABLE = json.loads((PROJECT / "docs" / "formatting.json").read_text())
SEED = 20260120
WELL_FORMED = re.compile(r"-?(0|[1-9]\d{0,2}(,\d{3})*)(\.\d*[1-9])?|-?[1-9](\.\d*[1-9])?e-?\d+")


def on_pages(cases: dict[str, list[Any]]) -> dict[str, list[Any]]:
    """The texts that the pages' modules make of these."""
    said = subprocess.run(
        [path_of("node"), Path(__file__).with_name("texts_of_numbers.js")],
        input=json.dumps({"values": [], "groups": [], "pairs": [], "metrics": []} | cases),
        capture_output=True,
        check=True,
        encoding="utf-8",
        timeout=120,
    )
    return json.loads(said.stdout)  # type: ignore[no-any-return]


def numbers() -> list[int | float]:
    """Of every size and kind: any double, short decimals, whole numbers, and what lies beside round ones."""
    chance = random.Random(SEED)
    doubles = [struct.unpack("<d", chance.randbytes(8))[0] for _ in range(4000)]
    shares = [chance.random() for _ in range(4000)]
    short = [
        round(chance.uniform(-(10**places), 10**places), chance.randrange(9)) for places in range(9) for _ in range(400)
    ]
    whole = [
        chance.randint(-(10**size), 10**size) for size in (1, 3, 6, 15, 17, 19, 21, 22, 40, 300) for _ in range(300)
    ]
    beside = [
        sign * (near + step) for sign in (1, -1) for near in (0, 1, 100, 1e6, 1e15) for step in (1e-9, -1e-9, 4e-5, 0.5)
    ]
    halves = [n / 8 + 1000 for n in range(400)]
    return [
        number
        for number in (*doubles, *shares, *short, *whole, *beside, *halves, 2**53, 2**53 + 1)
        if math.isfinite(number)
    ]


def read_back(text: str) -> Decimal:
    return Decimal(text.replace(",", ""))


def written(value: int | float) -> Decimal:
    """The number as JSON writes it."""
    return Decimal(value if isinstance(value, int) else repr(value))


def test_the_tracker_has_the_same_file():
    assert Path(in_service.__file__).read_text() == Path(in_tracker.__file__).read_text()


@pytest.mark.parametrize("row", TABLE["numbers"], ids=lambda row: row["exact"])
def test_a_number(row: dict[str, Any]):
    assert in_service.number_text(row["value"]) == row["text"]
    assert in_service.exact_number_text(row["value"]) == row["exact"]


@pytest.mark.parametrize("row", TABLE["beside_each_other"], ids=str)
def test_numbers_beside_each_other(row: dict[str, Any]):
    assert in_service.number_texts(row["values"]) == row["texts"]


@pytest.mark.parametrize("row", TABLE["differences"], ids=str)
def test_a_difference(row: dict[str, Any]):
    assert in_service.difference_text(row["value"], row["earlier"]) == row["text"]


@pytest.mark.parametrize("row", TABLE["metrics"], ids=str)
def test_a_metric(row: dict[str, Any]):
    assert metric_value(row["value"]) == row["text"]


@pytest.mark.parametrize("row", TABLE["shares"], ids=str)
def test_a_share(row: dict[str, Any]):
    assert in_service.percent_text(row["value"]) == row["text"]


def test_what_is_no_number_of_json():
    assert [in_service.number_text(value) for value in (math.nan, math.inf, -math.inf)] == [
        "NaN",
        "Infinity",
        "-Infinity",
    ]
    assert in_service.number_texts([math.inf, 1.5]) == ["Infinity", "1.5"]
    assert in_service.difference_text(math.nan, 1.0) == ""


def test_the_pages_say_what_the_table_says():
    said = on_pages(
        {
            "values": [row["value"] for row in TABLE["numbers"]],
            "groups": [row["values"] for row in TABLE["beside_each_other"]],
            "pairs": [[row["value"], row["earlier"]] for row in TABLE["differences"]],
            "metrics": [row["value"] for row in TABLE["metrics"]],
        }
    )
    assert said == {
        "texts": [row["text"] for row in TABLE["numbers"]],
        "exact": [row["exact"] for row in TABLE["numbers"]],
        "groups": [row["texts"] for row in TABLE["beside_each_other"]],
        "differences": [row["text"] for row in TABLE["differences"]],
        "metrics": [row["text"] for row in TABLE["metrics"]],
    }


def test_pages_and_admin_agree_on_many_numbers():
    values = numbers()
    groups = [values[place : place + 3] for place in range(0, len(values), 3)]
    pairs = [list(pair) for pair in pairwise(values)]
    said = on_pages({"values": values, "groups": groups, "pairs": pairs})
    assert said["texts"] == [in_service.number_text(value) for value in values]
    assert said["exact"] == [in_service.exact_number_text(value) for value in values]
    assert said["groups"] == [in_service.number_texts(group) for group in groups]
    assert said["differences"] == [in_service.difference_text(*pair) for pair in pairs]


def test_every_text_is_true():
    for value in numbers():
        text, exact = in_service.number_text(value), in_service.exact_number_text(value)
        assert WELL_FORMED.fullmatch(text), (value, text)
        assert read_back(exact) == written(value)
        shown = read_back(text)
        is_whole = written(value) == written(value).to_integral_value()
        if is_whole and abs(value) < 10**21:
            assert shown == written(value)
        elif not is_whole:
            assert shown != shown.to_integral_value(), (value, text)
            assert int(shown) == int(value), (value, text)
            assert abs(shown - written(value)) <= abs(written(value)) * Decimal("0.0005"), (value, text)


def test_different_numbers_never_read_the_same_beside_each_other():
    chance = random.Random(SEED)
    for _ in range(2000):
        one = chance.uniform(-2, 2) * 10 ** chance.randrange(-12, 12)
        other = one + chance.randrange(1000) * math.ulp(one) if chance.random() < 0.5 else one * 1.0001
        first, second = in_service.number_texts([one, other])
        assert (first == second) == (one == other)
        assert (in_service.difference_text(one, other) == "same") == (one == other)
