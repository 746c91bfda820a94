"""What a service promises while its database is gone, and afterwards."""

from concurrent.futures import ThreadPoolExecutor

import httpx

from tests.support.answers import problem
from tests.support.plain_http import NO_CERTIFICATES
from tests.support.running_service import Service, await_until

HEALTH_LIMIT_S = 3.0  # three times the second that is promised
REQUEST_LIMIT_S = 9.0  # three times the three
LIMIT_S = 60
AT_ONCE = 30  # more than there are threads


class Served:
    """A service whose database is to be broken."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.token = service.token("viewer")

    def request(self, path: str = "/api/v1/admin/domains") -> httpx.Response:
        return self._get(path, REQUEST_LIMIT_S, {"Authorization": f"Bearer {self.token}"})

    def health(self) -> httpx.Response:
        return self._get("/healthz", HEALTH_LIMIT_S)

    def _get(self, path: str, limit_s: float, headers: dict[str, str] | None = None) -> httpx.Response:
        """The answer over a connection of its own."""
        return httpx.get(self.service.url + path, headers=headers, timeout=limit_s, verify=NO_CERTIFICATES)

    def use_every_thread(self) -> None:
        """Each has a connection afterwards, as after a while of serving."""
        with ThreadPoolExecutor(8) as many:
            assert {answer.status_code for answer in many.map(lambda _: self.request(), range(64))} == {200}

    def assert_gone(self) -> None:
        """However many requests wait for the database."""
        with ThreadPoolExecutor(AT_ONCE) as many:
            stuck = [many.submit(self.request) for _ in range(AT_ONCE)]
            for _ in range(3):
                body = problem(self.health(), 503)
                assert body["detail"] == "The database cannot be reached."
                page = self._get("/static/dashboard/icon.svg", HEALTH_LIMIT_S)
                assert page.status_code == 200
            for answer in [one.result() for one in stuck]:
                assert problem(answer, 500)["detail"] == "Database operation failed"
                assert answer.headers["Retry-After"] == "1"

    def assert_back(self) -> None:
        await_until(lambda: self.health().status_code == 200, LIMIT_S)
        await_until(lambda: self.request().status_code == 200, LIMIT_S)
        self.use_every_thread()
