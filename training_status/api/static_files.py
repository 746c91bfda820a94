"""Serving static files. WhiteNoise finds them; this adds other releases, q-values, and what caches need to know."""

import re
from collections.abc import Callable, Iterator
from typing import Any, Final

from django.contrib.staticfiles.storage import staticfiles_storage
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from whitenoise.middleware import WhiteNoiseMiddleware

from aegis_training.static_files.releases import releases
from training_status.api.accept_encoding import prefers_gzip
from training_status.api.byte_range import RangeNotSatisfiable, not_satisfiable, wanted_range

_HASHED: Final = re.compile(r"\.([0-9a-f]{12})(?:\.[^./]+)?$")
_FOR_EVER: Final = "public, max-age=31536000, immutable"
# The content of a plain name changes with a release, so a cache has to ask every time.
_REVALIDATED: Final = "public, no-cache"


class StaticFiles(WhiteNoiseMiddleware):
    """Serves this release's files, and those with a hash in their name of other releases that are still there.

    So a page finds its modules while services of two releases run, and when the release it was loaded from has ended.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        super().__init__(get_response)
        this_release: Any = staticfiles_storage
        self._hashed_names: dict[str, str] = this_release.hashed_files
        self.add_files(this_release.location, prefix=self.static_prefix)
        del self.files[self.static_prefix + this_release.manifest_name]

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Serve the file of that path, or pass the request on."""
        file = self.files.get(request.path_info) or self._of_another_release(request.path_info)
        return self.get_response(request) if file is None else self.serve(file, request)

    @staticmethod
    def serve(static_file: Any, request: HttpRequest) -> HttpResponseBase:
        """The file, or its compressed form, or a part of it; in one piece, as no file here is large."""
        gzip = prefers_gzip(request)
        # WhiteNoise ignores q-values and If-Range, and refuses a range of one byte.
        found = static_file.get_response(
            request.method, {**request.META, "HTTP_ACCEPT_ENCODING": "gzip" if gzip else "", "HTTP_RANGE": None}
        )
        headers = dict(found.headers)
        content, status = b"", int(found.status)
        if status == 200 and not gzip:
            headers["Accept-Ranges"] = "bytes"
        if found.file is not None:
            with found.file:
                content = found.file.read()
            # No If-Range names a part's file, as that takes a strong ETag.
            by_etag = "HTTP_IF_RANGE" in request.META
            wanted = None if by_etag else wanted_range(request, "", without_validator=not gzip)
            if wanted is not None:
                try:
                    begin, stop = wanted.within(len(content))
                except RangeNotSatisfiable as error:
                    return not_satisfiable(error)
                headers |= {
                    "Content-Range": f"bytes {begin}-{stop - 1}/{len(content)}",
                    "Content-Length": str(stop - begin),
                }
                content, status = content[begin:stop], 206
        response = HttpResponse(content, status=status, headers=headers)
        if "Content-Type" not in headers:
            del response.headers["Content-Type"]
        return response

    def add_cache_headers(self, headers: Any, path: str, url: str) -> None:
        """Cache-Control, and a weak ETag: one for the file and its compressed form, and the same in every process."""
        hashed = _HASHED.search(url)
        headers["Cache-Control"] = _FOR_EVER if hashed else _REVALIDATED
        known = hashed or _HASHED.search(self._hashed_names.get(url.removeprefix(self.static_prefix), ""))
        if known:
            headers["ETag"] = f'W/"{known[1]}"'

    def candidate_paths_for_url(self, url: str) -> Iterator[str]:
        """Yield where WhiteNoise's `find_file` looks for the file."""
        for release in releases():
            path = str(release / url.removeprefix(self.static_prefix))
            if self.path_is_child_of(path, f"{release}/"):
                yield path

    def _of_another_release(self, path: str) -> Any:
        if path.startswith(self.static_prefix) and _HASHED.search(path):
            return self.find_file(path)
        return None
