"""The TypeScript client as programs of its own tests use it, under Node."""

import json
import os
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

from tests.support.programs import missing, path_of
from tests.support.project import PROJECT
from tests.support.running_service import Service, await_until

PACKAGE = PROJECT / "clients/typescript"
LIMIT_S = 60.0


def built_package() -> Path:
    """The package's folder. Where it has not been built the test is skipped, but in CI it fails."""
    if not (PACKAGE / "build/.built").exists():
        missing("The TypeScript client is not built: make clients builds it.")
    return PACKAGE


class ClientProgram:
    """One of `clients/typescript/tests/programs`, running, and what it has told so far, a JSON object a line."""

    def __init__(self, service: Service | str, token: str | None, name: str, domain: str, **options: Any) -> None:
        """`service` may be an address at which a service can be reached."""
        url = service if isinstance(service, str) else service.url
        environment = {**os.environ, "AEGIS_URL": url, "AEGIS_TOKEN": token or ""}
        self._process = subprocess.Popen(
            [path_of("node"), built_package() / f"tests/programs/{name}.js", domain, json.dumps(options)],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.told: list[Any] = []
        self._said: list[str] = []
        self._listeners = [threading.Thread(target=listen) for listen in (self._listen, self._listen_to_complaints)]
        for listener in self._listeners:
            listener.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait(LIMIT_S)
        for listener in self._listeners:
            listener.join(LIMIT_S)
        for pipe in (self._process.stdin, self._process.stdout, self._process.stderr):
            assert pipe
            pipe.close()

    @property
    def events(self) -> list[dict[str, Any]]:
        """The events that a watch has told."""
        return [told["event"] for told in list(self.told) if "event" in told]

    @property
    def seqs(self) -> list[int]:
        """The numbers of the log entries that a watch has told."""
        return [event["data"]["seq"] for event in self.events if event["event_type"] == "log"]

    @property
    def states(self) -> list[str]:
        return [told["state"] for told in list(self.told) if "state" in told]

    def await_that(self, look: Callable[[], Any]) -> Any:
        """The first true answer of `look`."""
        return await_until(look, LIMIT_S)

    def go_on(self) -> None:
        """Let the program go on where it waits for the test."""
        assert self._process.stdin
        self._process.stdin.write("\n")
        self._process.stdin.flush()

    def to_the_end(self) -> list[Any]:
        """All that the program tells until it ends by itself, without a complaint."""
        assert self._process.wait(LIMIT_S) == 0, self._said
        for listener in self._listeners:
            listener.join(LIMIT_S)
        assert not self._said
        return self.told

    def _listen(self) -> None:
        assert self._process.stdout
        for line in self._process.stdout:
            self.told.append(json.loads(line))

    def _listen_to_complaints(self) -> None:
        assert self._process.stderr
        self._said += self._process.stderr
