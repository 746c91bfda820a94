"""Notifying every serving process that a run has changed, whoever wrote. A notification carries no data."""
