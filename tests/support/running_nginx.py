"""A real nginx in front of the service, with one of the configurations in `deploy`."""

import os
import socket
import ssl
import subprocess
from contextlib import closing
from pathlib import Path

from tests.support.programs import path_of
from tests.support.project import PROJECT
from tests.support.running_service import await_until, free_port

LIMIT_S = 20

# What a distribution keeps in its nginx.conf, with the worst that it can do to streams: everything is compressed.
MAIN = """
{user}
daemon off;
worker_processes 2;
pid {folder}/nginx.pid;
events {{}}
http {{
    gzip on;
    gzip_types *;
    gzip_proxied any;
    gzip_min_length 1;
    client_body_temp_path {folder}/client_body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/aegis.conf;
}}
"""


class Nginx:
    """nginx on a free port, which it keeps, with a certificate of its own and all its files in `folder`."""

    def __init__(
        self, folder: Path, upstream: str, *, configuration: str = "nginx.conf", changes: dict[str, str] | None = None
    ) -> None:
        """`changes` are made in the configuration, which must have each text once."""
        self._program = path_of("nginx")
        self._folder = folder
        self._port = free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self.url = f"https://127.0.0.1:{self._port}"
        certificate, key = _certificate(folder)
        self.certificate = certificate
        self.tls = ssl.create_default_context(cafile=certificate)
        self.access_log = folder / "access.log"
        host = "aegis.example.org" if configuration == "nginx.conf" else "example.org"
        placed = {
            **(changes or {}),
            "listen 443 ssl http2;": f"listen 127.0.0.1:{self._port} ssl http2;",
            f"server_name {host};": "server_name 127.0.0.1;",
            f"/etc/ssl/certs/{host}.pem": str(certificate),
            f"/etc/ssl/private/{host}.key": str(key),
            "/var/log/nginx/aegis.access.log": str(self.access_log),
            "http://127.0.0.1:8000": upstream,
        }
        text = (PROJECT / "deploy" / configuration).read_text()
        for documented, here in placed.items():
            assert text.count(documented) == 1, documented
            text = text.replace(documented, here)
        (folder / "aegis.conf").write_text(text)
        user = "user root;" if os.geteuid() == 0 else ""
        (folder / "nginx.conf").write_text(MAIN.format(folder=folder, user=user))

    def start(self) -> None:
        """Return when it takes connections; fail with what it said when it does not."""
        error_log = self._folder / "error.log"
        self._process = subprocess.Popen(
            [self._program, "-p", self._folder, "-e", error_log, "-c", self._folder / "nginx.conf"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        await_until(lambda: self._process.poll() is not None or self._takes_connections(), LIMIT_S)  # type: ignore[union-attr]
        assert self._process.poll() is None, error_log.read_text()

    def stop(self) -> None:
        """End it by its id, and with it every stream that goes through it; `start` starts it again."""
        if self._process:
            self._process.terminate()
            self._process.wait(LIMIT_S)
            self._process = None

    def _takes_connections(self) -> bool:
        with closing(socket.socket()) as probe:
            return probe.connect_ex(("127.0.0.1", self._port)) == 0


def _certificate(folder: Path) -> tuple[Path, Path]:
    """A certificate for 127.0.0.1 that nobody has signed, and its key."""
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    subprocess.run(
        [
            *(path_of("openssl"), "req", "-x509", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1"),
            *("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"),
            *("-addext", "subjectAltName=IP:127.0.0.1", "-addext", "keyUsage=critical,digitalSignature,keyCertSign"),
            *("-keyout", key, "-out", certificate),
        ],
        check=True,
        capture_output=True,
        timeout=LIMIT_S,
    )
    return certificate, key
