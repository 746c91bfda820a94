"""`manage.py revoke_token PREFIX_OR_NAME`."""

from typing import Any

from django.core.management.base import CommandError, CommandParser

from training_status.access.tokens import revoke_tokens, token_name, tokens_called
from training_status.management.operator_command import OperatorCommand
from training_status.models import AccessToken
from training_status.serializers.times import utc_text
from training_status.visible_text import one_line


class Command(OperatorCommand):
    """Makes an access token useless from its next request on, and records that.

    A token is known by its prefix, which is the middle part of aegis_PREFIX_SECRET and stands in the admin's list,
    or by its name where only one valid token has that name. Exit code 0: it is revoked, now or already before; 1:
    there is no such token, or there are several, which are listed.
    """

    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        """PREFIX_OR_NAME."""
        parser.add_argument("token", metavar="PREFIX_OR_NAME", help="the token's prefix, or its name")

    def handle(self, *args: Any, **options: Any) -> None:
        """Find the one token that is meant, and revoke it."""
        called: str = options["token"].strip()
        found = tokens_called(called)
        if not found:
            raise CommandError(f"There is no token whose prefix or name is {called!r}.")
        valid = [row for row in found if row.revoked_at is None]
        if len(valid) > 1:
            listed = "\n".join(f"  {_described(row)}" for row in valid)
            raise CommandError(f"{len(valid)} tokens are called {called!r}; say which by its prefix:\n{listed}")
        if not valid:
            for row in found:
                self.stdout.write(f"{_name(row)} was revoked already, at {utc_text(row.revoked_at)}.")
            return
        revoke_tokens([valid[0].id])
        self.stdout.write(f"{_name(valid[0])} is revoked.")


def _name(row: AccessToken) -> str:
    return one_line(token_name(row.name, row.prefix))


def _described(row: AccessToken) -> str:
    domain = f" of domain {row.domain}" if row.domain else ""
    return f"{row.prefix}  {one_line(row.name)}, {row.role}{domain}, made at {utc_text(row.created_at)}"
