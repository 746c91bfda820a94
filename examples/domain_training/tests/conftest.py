"""What must be set before DSPy is imported."""

import os

os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")
