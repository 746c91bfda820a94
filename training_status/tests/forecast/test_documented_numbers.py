"""docs/forecast.md lists every number of the forecast, with its value."""

import re

from tests.support.project import PROJECT
from training_status.forecast import parameters

DOCUMENT = PROJECT / "docs" / "forecast.md"


def test_every_number_is_in_the_table_with_its_value() -> None:
    listed = dict(re.findall(r"^\| `([A-Z_]+)` \| ([^ |]+) \|", DOCUMENT.read_text(), re.MULTILINE))
    numbers = {name: value for name, value in vars(parameters).items() if name.isupper()}
    assert {name: float(value) for name, value in listed.items()} == numbers
