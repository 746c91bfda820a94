"""Django's `manage.py createsuperuser`, recorded."""

from contextlib import ExitStack
from typing import Any

from django.contrib.auth.management.commands import createsuperuser
from django.db import transaction
from django.db.models.signals import pre_save

from training_status.management.operator_command import OperatorCommand


class Command(OperatorCommand, createsuperuser.Command):
    """Creates a superuser. That is recorded in the same transaction."""

    def handle(self, *args: Any, **options: Any) -> Any:
        """As Django does. The transaction begins when everything has been typed, as somebody may take hours for it."""
        with ExitStack() as stack:

            def begin(**_: Any) -> None:
                stack.enter_context(transaction.atomic(using=options["database"]))

            pre_save.connect(begin, sender=self.UserModel)
            stack.callback(pre_save.disconnect, begin, sender=self.UserModel)
            return super().handle(*args, **options)
