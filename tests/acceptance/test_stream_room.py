"""How many may watch at once, and what the others are told."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.answers import ok
from tests.support.domains import create_domain
from tests.support.live_viewers import Viewer
from tests.support.running_service import Service, await_until
from tests.support.runs import Run, complete
from tests.support.stream_viewers import Audience, denied


@pytest.fixture
def narrow(request: pytest.FixtureRequest) -> Iterator[tuple[Audience, Run]]:
    """A service with room for three viewers."""
    service = Service(AEGIS_STREAM_VIEWERS_MAX="3")
    try:
        service.start()
        client = service.client(service.token("operator"))
        with Audience(service, service.token("viewer")) as audience:
            yield audience, Run(client, create_domain(client))
    finally:
        service.stop()


def test_no_more_than_there_is_room_for(narrow: tuple[Audience, Run]) -> None:
    audience, run = narrow
    for _ in range(5):  # who is refused takes no place
        denied(audience.sse("unknown"), 404)
        denied(audience.websocket(run.domain, training_run_id="x"), 422)
        denied(audience.sse(run.domain, headers={"Authorization": "Bearer x"}), 401)
    inside: list[Viewer] = [audience.sse(run.domain), audience.websocket(run.domain), audience.sse(None)]
    for viewer in inside:
        viewer.await_type("progress_update")
    for refused_one in (audience.sse(run.domain), audience.websocket(run.domain), audience.sse(None)):
        denied(refused_one, 503)
        assert int(refused_one.answer.headers["retry-after"]) >= 1
    assert ok(run.client.get(run.path))["status"] == "pending"  # all else goes on
    for leaving in list(inside):
        leaving.close()
        follower = await_until(lambda: admitted(audience, run), 30)
        follower.await_type("progress_update")
        inside.append(follower)
    denied(audience.sse(run.domain), 503)
    run.send(complete())  # ends the streams of the run
    for viewer in inside[3:]:
        viewer.await_over()
    for _ in range(3):
        await_until(lambda: admitted(audience, run, last_event_id="1.1"), 30)


def admitted(audience: Audience, run: Run, **query: Any) -> Viewer | None:
    viewer = audience.sse(run.domain, training_run_id=run.id, **query)
    return viewer if viewer.answer.status_code == 200 else None
