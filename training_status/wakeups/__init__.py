"""Telling every serving process, whoever wrote, that a run has news. A wake-up carries no data."""
