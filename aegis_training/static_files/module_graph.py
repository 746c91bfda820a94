"""Which modules a page's module imports, directly or not. Read from the files that are served."""

import functools
import posixpath
import re
from typing import Any

from django.contrib.staticfiles.storage import staticfiles_storage

from aegis_training.static_files.hashed_files import STATIC_IMPORT

_IMPORT = re.compile(STATIC_IMPORT)


@functools.cache
def imported_modules(module: str) -> tuple[str, ...]:
    """Return the URLs of all modules that `module`, a plain name such as `dashboard/js/run_page.js`, needs to start.

    Those nearest to it come first. What it imports later, by `import()`, is not among them.
    """
    files: Any = staticfiles_storage
    found = [files.stored_name(module)]
    for name in found:  # which grows
        with files.open(name) as file:
            text = file.read().decode()
        folder = posixpath.dirname(name)
        imports = (posixpath.normpath(posixpath.join(folder, match["url"])) for match in _IMPORT.finditer(text))
        found += [each for each in dict.fromkeys(imports) if each not in found]
    return tuple(files.base_url + name for name in found[1:])
