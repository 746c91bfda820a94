"""The examples of the documentation, so that what is documented is what is tested."""

import re

from tests.support.project import PROJECT


def example(language: str, having: str, *, document: str = "docs/streaming.md") -> str:
    """The one example of the document in that language that has those words."""
    text = (PROJECT / document).read_text()
    examples = re.findall(rf"^```{language}\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    found = [code for code in examples if having in code]
    assert len(found) == 1, (language, having)
    return found[0]
