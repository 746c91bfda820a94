"""`python -m aegis_tracker` is the command `aegis-tracker`."""

import sys

from aegis_tracker.cli import main

sys.exit(main())
