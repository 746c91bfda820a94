"""The base class of operator commands: it records who runs the command, and prints errors as one sentence."""

import os
import pwd
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from training_status.audit.actor import COMMAND, as_actor
from training_status.errors import AegisError
from training_status.management.migrating import migrate_new_database
from training_status.visible_text import visible_text


class OperatorCommand(BaseCommand):
    """Exit codes: 0 success; 1 failure, explained on stderr; 2 invalid arguments.

    The command can be run before the first start of the service.
    """

    # The checks load all URLs with the admin and the API's documentation, which takes as long as the command.
    requires_system_checks = []

    def execute(self, *args: Any, **options: Any) -> Any:
        """Run the command. Audit entries name the command and the system user who runs it."""
        name = type(self).__module__.rpartition(".")[2]
        with as_actor(COMMAND, f"{name} by {_system_user()}"):
            try:
                migrate_new_database()
                return super().execute(*args, **options)
            except AegisError as error:
                raise CommandError(visible_text(error.detail)) from error
            except UnicodeEncodeError as error:
                raise CommandError("An argument is not UTF-8 text.") from error


def _system_user() -> str:
    """Return the name of the user of this process, not one from the environment."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:  # in a container, a user may have no name
        return f"user {os.getuid()}"
