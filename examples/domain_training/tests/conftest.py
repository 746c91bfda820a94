"""What must be set before DSPy is imported, and before a training is started."""

import os
import signal

os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")

# A program started in the background ignores Ctrl-C, and so would the trainings that it starts: these do not.
signal.signal(signal.SIGINT, signal.default_int_handler)
