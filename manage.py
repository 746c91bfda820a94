#!/usr/bin/env python3
"""Django's command line for the service."""

import gc
import os
import sys


def main() -> None:
    """Run the command named on the command line. What is wrong outside of the program is said in a sentence."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "aegis_training.settings")
    gc.disable()  # until everything is loaded: `CommandLine`
    try:
        from django.core.exceptions import ImproperlyConfigured
        from django.db import DatabaseError, InterfaceError

        from aegis_training.command_line import CommandLine
        from aegis_training.postgresql.reasons import is_outside, reason
    except ImportError as error:
        raise SystemExit(
            "Django is not installed here. `make` builds the environment: use .venv/bin/python."
        ) from error
    try:
        CommandLine(sys.argv).execute()
    except ImproperlyConfigured as error:
        raise SystemExit(str(error)) from error
    except (DatabaseError, InterfaceError) as error:
        if not is_outside(error):
            raise
        raise SystemExit(f"The database cannot be used: {reason(error)}") from error


if __name__ == "__main__":
    main()
