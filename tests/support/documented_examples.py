"""The examples of `docs/streaming.md`, so that what is documented is what is tested."""

import re

from tests.support.project import PROJECT

_TEXT = (PROJECT / "docs/streaming.md").read_text()


def example(language: str, having: str) -> str:
    """The one example in that language that has those words."""
    examples = re.findall(rf"^```{language}\n(.*?)^```", _TEXT, re.DOTALL | re.MULTILINE)
    found = [code for code in examples if having in code]
    assert len(found) == 1, (language, having)
    return found[0]
