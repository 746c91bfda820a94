"""Servers of pages of other origins than the service's."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple


class Origins(NamedTuple):
    """Two servers of other pages: one in AEGIS_CORS_ORIGINS, one that the service does not know."""

    listed: str
    unlisted: str


@contextmanager
def server_of_an_empty_page() -> Iterator[str]:
    """The address of a server on a port of its own."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _EmptyPage) as server:
        serving = threading.Thread(target=server.serve_forever)
        serving.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            serving.join()


class _EmptyPage(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        page = b"<!doctype html><title>Elsewhere</title>"
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(page)))
        self.end_headers()
        self.wfile.write(page)

    def log_message(self, *_: object) -> None:
        """Say nothing."""
