"""Run the example training: `python train.py --help`."""

import os
import sys

# Must come before DSPy is imported, which otherwise waits for a host on the internet.
os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")

from domain_training.command import main

if __name__ == "__main__":
    sys.exit(main())
