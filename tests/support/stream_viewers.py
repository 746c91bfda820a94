"""Those who watch a service: viewers opened by domain and run, and one that comes back until it has seen the end."""

import time
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any, Self
from urllib.parse import urlencode

import httpx

from tests.support.answers import problem
from tests.support.live_viewers import SseViewer, Told, Viewer, WebSocketViewer
from tests.support.running_service import ADMIN, Service
from tests.support.runs import Run

OPENED = (200, 101)
CUT_OFF_WITHIN_S = 3 * 30.0


class Audience:
    """Opens viewers of one service with one token (None: without), and closes them in the end.

    What the service is asked is in the query: `training_run_id`, `after`, `ticket`.
    """

    def __init__(self, service: Service, token: str | None) -> None:
        self._service = service
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._viewers: list[Viewer] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let everybody leave."""
        with ExitStack() as leaving:
            while self._viewers:
                leaving.callback(self._viewers.pop().close)

    def sse(
        self,
        domain: str | None,
        *,
        last_event_id: str | None = None,
        headers: dict[str, str] | None = None,
        **query: Any,
    ) -> SseViewer:
        """The stream of a domain; of all domains when it is None."""
        path = f"/domains/{domain}/training-stream" if domain else "/training-stream"
        viewer = SseViewer(
            self._service.url + ADMIN + path + self._query(query), self._all_headers(last_event_id, headers)
        )
        self._viewers.append(viewer)
        return viewer

    def websocket(
        self,
        domain: str,
        *,
        last_event_id: str | None = None,
        headers: dict[str, str] | None = None,
        **query: Any,
    ) -> WebSocketViewer:
        url = self._service.url.replace("http", "ws", 1) + f"/ws/domains/{domain}/training" + self._query(query)
        viewer = WebSocketViewer(url, self._all_headers(last_event_id, headers))
        self._viewers.append(viewer)
        return viewer

    def _all_headers(self, last_event_id: str | None, headers: dict[str, str] | None) -> dict[str, str]:
        cursor = {} if last_event_id is None else {"Last-Event-ID": last_event_id}
        return {**self._headers, **cursor, **(headers or {})}

    @staticmethod
    def _query(query: dict[str, Any]) -> str:
        return "?" + urlencode(query) if query else ""


FACES = {"sse": Audience.sse, "websocket": Audience.websocket}


def watch_to_the_end(
    open_again: Callable[[str | None], Viewer],
    run: Run,
    *,
    stay: Callable[[], float] = lambda: float("inf"),
    limit_s: float,
) -> list[Told]:
    """All that a viewer of one run is told until its end, over as many connections as it takes.

    It comes back with its cursor when it was cut off, and leaves by itself after `stay()` envelopes. While the
    service is not there, or says that it cannot answer now (500, 503), it tries again.
    """
    deadline = time.monotonic() + limit_s
    all_told: list[Told] = []
    cursor = None
    while not (all_told and all_told[-1].is_end):
        assert time.monotonic() < deadline, f"no end within {limit_s} s after {len(all_told)} envelopes"
        try:
            viewer = open_again(cursor)
        except httpx.TransportError:
            time.sleep(0.05)
            continue
        try:
            if viewer.answer.status_code in (500, 503):
                time.sleep(0.05)
                continue
            assert viewer.answer.status_code in OPENED, viewer.answer.text
            enough = stay()
            viewer.await_that(lambda v=viewer, n=enough: v.is_over or len(v.told) >= n, limit_s)
        finally:
            viewer.close()
        for one in viewer.told:
            if one.seq is not None:
                cursor = f"{run.number}.{one.seq}"
                assert one.id in (None, cursor)
        all_told += viewer.told
    return all_told


def denied(viewer: Viewer, *statuses: int) -> dict[str, Any]:
    """The problem that the service answered to the request instead of opening the stream."""
    assert viewer.answer.status_code not in OPENED, "the stream was opened"
    return problem(viewer.answer, *statuses)


def await_cut_off(viewer: Viewer) -> None:
    """The service ends the stream of whoever has no access any more."""
    viewer.await_over(CUT_OFF_WITHIN_S)
    assert getattr(viewer, "close_code", 1008) == 1008
