"""`manage.py create_token NAME --role ROLE`: create an access token."""

from argparse import ArgumentTypeError
from datetime import timedelta
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils import timezone

from training_status.access.tokens import create_token
from training_status.management.operator_command import OperatorCommand
from training_status.models import Domain
from training_status.roles import ROLES

NAME_MAX_CHARACTERS = 200


class Command(OperatorCommand):
    """Create an access token and print it on stdout. The token is shown only once: it is not stored."""

    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        """NAME, --role, --domain, --days."""
        parser.add_argument("name", help="what the token is for, as shown in lists")
        parser.add_argument("--role", required=True, choices=ROLES, help="what the token allows")
        parser.add_argument("--domain", help="restrict the token to this domain; all others are 404")
        parser.add_argument("--days", type=_days, help="number of days until it expires (default: never)")

    def handle(self, *args: Any, **options: Any) -> None:
        """Create it and print it."""
        name: str = options["name"].strip()
        if not 1 <= len(name) <= NAME_MAX_CHARACTERS:
            raise CommandError(f"NAME must have 1 to {NAME_MAX_CHARACTERS} characters.")
        domain = None
        if options["domain"] is not None:
            domain = Domain.objects.filter(name=options["domain"]).first()
            if domain is None:
                raise CommandError(f"There is no domain '{options['domain']}'.")
        days: int | None = options["days"]
        expires_at = None if days is None else timezone.now() + timedelta(days=days)
        _, token = create_token(name, options["role"], domain=domain, expires_at=expires_at)
        self.stdout.write(token)


def _days(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= 36_500):
        raise ArgumentTypeError(f"{text!r} is not a number of days from 1 to 36500")
    return int(text)
