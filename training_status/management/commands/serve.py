"""`manage.py serve`: collect static files, migrate the database and serve everything, in one process on one port."""

import errno
import os
import secrets
import signal
import socket
from typing import Any

from django.conf import settings
from django.contrib.auth.models import Group, User
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction
from django.utils.module_loading import import_string

from aegis_training.serving import server
from aegis_training.static_files.releases import collected_release
from training_status.management.migrating import migrated, migrated_before
from training_status.roles import OPERATOR


class Command(BaseCommand):
    """Serve the API, the pages and the admin. The first start creates an operator and prints the password."""

    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        """--host, --port, --no-migrate."""
        parser.add_argument("--host", default=os.environ.get("HOST") or "127.0.0.1", help="default: $HOST or 127.0.0.1")
        parser.add_argument("--port", default=os.environ.get("PORT") or "8000", help="default: $PORT or 8000")
        parser.add_argument(
            "--no-migrate",
            action="store_false",
            dest="migrate",
            help="do not migrate the database; refuse to start if migrations are missing",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Bind the port, so that a taken port is noticed first; then prepare static files and the database, and serve.

        Connections are refused until then, so clients notice at once that the service is not ready.
        """
        host: str = options["host"]
        listener = _listen(host, _port(options["port"]))
        address = _reachable_at(host, listener.getsockname()[1]) + settings.URL_PREFIX
        collected_release()
        password = _prepare_database(migrate=options["migrate"])
        if password is not None:
            self.stdout.write(f"Created the operator. Sign in as 'operator' with the password {password}")
            self.stdout.write("The password is shown only once. To change it, run `manage.py changepassword operator`.")
        try:
            application = import_string(settings.ASGI_APPLICATION)  # from here on, the process serves requests
            server.run(application, listener, lambda: self._announce(address))
        except KeyboardInterrupt:  # uvicorn raises it again after it has stopped
            _end_by(signal.SIGINT)
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
            # Another process had bound the port too, and listened first.
            raise _port_refused(listener, host, int(options["port"]), error) from error

    def _announce(self, address: str) -> None:
        self.stdout.write(f"Aegis Training Status is at {address}")
        self.stdout.flush()


def _end_by(number: signal.Signals) -> None:
    """End this process by the signal: at once, even if a thread waits for a database that does not answer."""
    signal.signal(number, signal.SIG_DFL)
    signal.raise_signal(number)


def _reachable_at(host: str, port: int) -> str:
    """Return the URL of the service, and allow the host that it was told to serve at."""
    if host in ("0.0.0.0", "::", ""):  # noqa: S104  (all addresses, including localhost)
        return f"http://127.0.0.1:{port}"
    name = f"[{host}]" if ":" in host else host
    if name not in settings.ALLOWED_HOSTS:
        settings.ALLOWED_HOSTS.append(name)
    return f"http://{name}:{port}"


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text) < 65536):
        raise CommandError(f"PORT must be a number up to 65535, not {text!r}.")
    return int(text)


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        raise _port_refused(listener, host, port, error) from error
    return listener


def _port_refused(listener: socket.socket, host: str, port: int, error: OSError) -> CommandError:
    listener.close()
    return CommandError(
        f"Port {port} of {host} cannot be used ({error.strerror}): choose another with PORT={port + 1}."
    )


def _prepare_database(*, migrate: bool) -> str | None:
    """Migrate, and create the first operator. Return the password if the operator was created now."""
    with migrated() if migrate else migrated_before():
        return _create_first_operator()


@transaction.atomic
def _create_first_operator() -> str | None:
    if User.objects.exists():
        return None
    password = secrets.token_urlsafe(12)
    operator = User.objects.create_superuser("operator", password=password)
    operator.groups.add(Group.objects.get(name=OPERATOR))
    return password
