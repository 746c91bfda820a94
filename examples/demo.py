"""`make demo`: serve, build the example's environment meanwhile, and run its training, reporting live.

Only the standard library, so that it runs in the service's own environment. Stays up until Ctrl-C.
"""

import json
import os
import signal
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
EXAMPLE = PROJECT / "examples" / "domain_training"
DOMAIN = "medical"
DESCRIPTION = "Medical sentences with entities and relations; the example training."
PACE_S = "0.2"
STOP_LIMIT_S = 15
ANNOUNCEMENT = "Aegis Training Status is at "


def say(text: str) -> None:
    """One line, at once."""
    print(text, flush=True)  # noqa: T201  (what this command is for)


def manage(*arguments: str) -> str:
    """What a management command prints."""
    command = [sys.executable, "manage.py", *arguments]
    return subprocess.run(command, cwd=PROJECT, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()


def create_domain(address: str, token: str) -> None:
    """Create the sample domain unless it is there."""
    request = urllib.request.Request(  # noqa: S310  (our own server)
        f"{address}/api/v1/admin/domains",
        data=json.dumps({"name": DOMAIN, "description": DESCRIPTION}).encode(),
        headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
    )
    try:
        urllib.request.urlopen(request, timeout=10).close()  # noqa: S310
    except urllib.error.HTTPError as error:
        if error.code != 409:  # it is there already
            raise


def pass_on(lines: Iterator[str]) -> None:
    """Say what another process says."""
    for line in lines:
        say(line.rstrip())


class Demo:
    """The processes of the demo. Each has a session of its own, so that Ctrl-C reaches them in our order."""

    def __init__(self) -> None:
        self._children: list[subprocess.Popen[str]] = []

    def start(self, *command: str, **options: object) -> "subprocess.Popen[str]":
        """A child process that `stop` ends."""
        child = subprocess.Popen(command, cwd=PROJECT, text=True, start_new_session=True, **options)  # type: ignore[call-overload]
        self._children.append(child)
        return child

    def serve(self) -> tuple["subprocess.Popen[str]", str]:
        """The serving process and its address, once it can be reached. Raises SystemExit when it ends instead."""
        server = self.start(sys.executable, "manage.py", "serve", stdout=subprocess.PIPE)
        lines = iter(server.stdout or ())
        for line in lines:
            say(line.rstrip())
            if line.startswith(ANNOUNCEMENT):
                threading.Thread(target=pass_on, args=[lines], daemon=True).start()
                return server, line.removeprefix(ANNOUNCEMENT).strip()
        raise SystemExit(server.wait())

    def run(self) -> None:
        """Serve, train, and stay."""
        server, address = self.serve()
        create_domain(address, manage("create_token", "demo: domain", "--role", "operator", "--days", "1"))
        viewer = manage("create_token", "demo: reading", "--role", "viewer", "--domain", DOMAIN, "--days", "7")
        say("Read how it is going, also by program:")
        say(f"  curl -H 'Authorization: Bearer {viewer}' {address}/api/v1/admin/domains/{DOMAIN}/training-status")
        say(f"  curl -H 'Authorization: Bearer {viewer}' {address}/api/v1/admin/domains/{DOMAIN}/training-logs")
        say("Preparing the example's environment; the first time this installs DSPy and takes a minute or two …")
        if self.start("make", "--silent", "example-env").wait() != 0:
            raise SystemExit("The example's environment could not be made; its last lines say why.")
        reporter = manage("create_token", "demo: training", "--role", "reporter", "--domain", DOMAIN, "--days", "1")
        say(f"Training '{DOMAIN}' with DSPy. Watch it at {address}")
        environment = {**os.environ, "AEGIS_URL": address, "AEGIS_TOKEN": reporter}
        data_dir = Path(os.environ.get("AEGIS_DATA_DIR") or PROJECT / ".data").resolve()
        environment.setdefault("AEGIS_SPOOL_DIR", str(data_dir / "spool"))
        python = str(EXAMPLE / ".venv" / "bin" / "python")
        training = self.start(python, str(EXAMPLE / "train.py"), "--domain", DOMAIN, "--pace", PACE_S, env=environment)
        ended = training.wait()
        outcome = "has run to its end" if ended == 0 else f"ended with exit code {ended}"
        say(f"The training {outcome}. The service stays at {address} until Ctrl-C.")
        server.wait()

    def stop(self) -> None:
        """End every child, the server last, so that the training's last words still arrive."""
        for child in reversed(self._children):
            if child.poll() is None:
                child.send_signal(signal.SIGINT)
            try:
                child.wait(STOP_LIMIT_S)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()


def main() -> None:
    """Run the demo; Ctrl-C and SIGTERM end it and everything it started."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    demo = Demo()
    try:
        demo.run()
    except KeyboardInterrupt:
        say("Stopping …")
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        demo.stop()


if __name__ == "__main__":
    main()
