"""A real DSPy training of one domain, reported phase by phase."""
