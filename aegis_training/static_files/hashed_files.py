"""Names with a hash of the content, in the files that refer to each other too."""

from typing import Any, Final

from django.conf import settings
from whitenoise.storage import CompressedManifestStaticFilesStorage

# An import statement at the start of a line, and a dynamic import anywhere. Django's own patterns also match types in
# comments, as in `import("./types.js").Status`. Modules that name each other's types would have no settled hash.
_URL: Final = r"""["'](?P<url>\.{1,2}/[^"'\n]+)["']"""
_NAMES: Final = r"""[^"'();=]*?"""
STATIC_IMPORT: Final = rf"(?m)^(?P<statement>import\b{_NAMES}|export\s*[*{{]{_NAMES}\bfrom)\s*{_URL}"
_DYNAMIC_IMPORT: Final = rf"\bimport\(\s*{_URL}\s*\)(?!\.(?-i:[A-Z]))"


def _rewritten(pattern: str, template: str) -> tuple[str, str]:
    flags = "(?m)" if pattern.startswith("(?m)") else ""
    return f"{flags}(?P<matched>{pattern.removeprefix(flags)})", template


class HashedFiles(CompressedManifestStaticFilesStorage):
    """Django's storage of hashed names. They replace the names in style sheets, and in imports of `STATIC_MODULES`.

    Source maps are left as they are: packages name some that they do not have. Two modules must not import each other,
    as the name of each would depend on the other's.
    """

    support_js_module_import_aggregation = False  # by patterns of our own
    patterns: Any = (
        ("*.css", CompressedManifestStaticFilesStorage.patterns[0][1][:2]),
        (
            settings.STATIC_MODULES,
            (
                _rewritten(STATIC_IMPORT, '%(statement)s "%(url)s"'),
                _rewritten(_DYNAMIC_IMPORT, 'import("%(url)s")'),
            ),
        ),
    )
    # A pass settles modules whose imports are settled, so there are as many as the longest chain of imports.
    max_post_process_passes = 100
