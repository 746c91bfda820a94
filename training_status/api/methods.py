"""The HTTP methods that views may support, which `Allow` lists with a 405."""

from typing import Final

# Without OPTIONS, which DRF lists for every view, and which is 405 here: preflight requests of pages that may call
# are answered before any view.
METHOD_NAMES: Final = ("get", "post", "put", "patch", "delete", "head")
