"""What every command of an operator has: who runs it is recorded, and what is wrong is said in a sentence."""

import os
import pwd
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from training_status.audit.actor import COMMAND, as_actor
from training_status.errors import AegisError
from training_status.management.migrating import migrate_new_database
from training_status.visible_text import visible_text


class OperatorCommand(BaseCommand):
    """Exit code 0: done. 1: not done, and stderr says why. 2: the arguments are not understood.

    It can be run before the service was started for the first time.
    """

    def execute(self, *args: Any, **options: Any) -> Any:
        """As Django does; in the audit log it is this command, run by the system's user, that acts."""
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
    """The name of the user whose process this is, not what the environment claims."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:  # in a container a user may have a number and no name
        return f"user {os.getuid()}"
