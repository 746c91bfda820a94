"""The map in CONTRIBUTING.md names files that exist."""

import re

from tests.support.project import PROJECT


def test_every_file_of_the_map_exists():
    text = (PROJECT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    named = re.findall(r"`([\w./-]+/[\w.-]+\.(?:py|js|json))`", text[text.index("## Where things are") :])
    assert len(named) > 25
    assert [name for name in named if not (PROJECT / name).is_file()] == []
