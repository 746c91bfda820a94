"""`manage.py createsuperuser`: Django's command, recorded in the audit log."""

from contextlib import ExitStack
from typing import Any

from django.contrib.auth.management.commands import createsuperuser
from django.db import transaction
from django.db.models.signals import pre_save

from training_status.management.operator_command import OperatorCommand


class Command(OperatorCommand, createsuperuser.Command):
    """Creates a superuser and records that in the same transaction."""

    def handle(self, *args: Any, **options: Any) -> Any:
        """Run Django's command. The transaction begins after all input, which may take hours."""
        with ExitStack() as stack:

            def begin(**_: Any) -> None:
                stack.enter_context(transaction.atomic(using=options["database"]))

            pre_save.connect(begin, sender=self.UserModel)
            stack.callback(pre_save.disconnect, begin, sender=self.UserModel)
            return super().handle(*args, **options)
