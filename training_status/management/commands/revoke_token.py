"""`manage.py revoke_token PREFIX_OR_NAME`: revoke an access token."""

from typing import Any

from django.core.management.base import CommandError, CommandParser

from training_status.access.tokens import revoke_tokens, token_name, tokens_called
from training_status.management.operator_command import OperatorCommand
from training_status.models import AccessToken
from training_status.serializers.times import utc_text
from training_status.visible_text import one_line


class Command(OperatorCommand):
    """Revoke an access token, from its next request on, and record that.

    Name the token by its prefix, which is the middle part of aegis_PREFIX_SECRET and shown in the admin, or by its
    name if only one valid token has that name. Exit codes: 0 revoked, now or before; 1 no such token, or several,
    which are listed.
    """

    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        """PREFIX_OR_NAME."""
        parser.add_argument("token", metavar="PREFIX_OR_NAME", help="the token's prefix, or its name")

    def handle(self, *args: Any, **options: Any) -> None:
        """Find the token and revoke it."""
        called: str = options["token"].strip()
        found = tokens_called(called)
        if not found:
            raise CommandError(f"There is no token with the prefix or name {called!r}.")
        valid = [row for row in found if row.revoked_at is None]
        if len(valid) > 1:
            listed = "\n".join(f"  {_described(row)}" for row in valid)
            raise CommandError(f"{len(valid)} tokens have the name {called!r}; choose one by its prefix:\n{listed}")
        if not valid:
            for row in found:
                self.stdout.write(f"{_name(row)} was already revoked at {utc_text(row.revoked_at)}.")
            return
        revoke_tokens([valid[0].id])
        self.stdout.write(f"{_name(valid[0])} is revoked.")


def _name(row: AccessToken) -> str:
    return one_line(token_name(row.name, row.prefix))


def _described(row: AccessToken) -> str:
    domain = f" of domain {row.domain}" if row.domain else ""
    return f"{row.prefix}  {one_line(row.name)}, {row.role}{domain}, created at {utc_text(row.created_at)}"
