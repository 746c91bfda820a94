"""`manage.py collectstatic`: collect the static files before the first start, as for an image that is read-only."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from aegis_training.static_files.releases import collected_release


class Command(BaseCommand):
    """Collect the static files of this release, unless that was done before, and print their folder.

    `serve` does so by itself. It takes the place of Django's command, whose files would not be complete until its end.
    """

    help = __doc__
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        """--noinput, as programs that deploy Django projects call it. Nothing is ever asked."""
        parser.add_argument("--noinput", "--no-input", action="store_true", help="accepted, and without effect")

    def handle(self, *args: Any, **options: Any) -> None:
        """Collect the files, and print their folder."""
        self.stdout.write(str(collected_release()))
