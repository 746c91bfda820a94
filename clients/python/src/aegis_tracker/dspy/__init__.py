"""Follows DSPy's optimisers: reports how much of a phase is done, and each score, without calls by the training.

    with track(tracker, phases.ENTITY_EXTRACTION_OPTIMIZATION):
        program = optimizer.compile(student, trainset=trainset, valset=valset)

Needs DSPy (`pip install aegis-tracker[dspy]`); the rest of the package does not.
"""

try:
    from aegis_tracker.dspy.tracking import track
except ModuleNotFoundError as error:
    if error.name != "dspy":
        raise
    raise ModuleNotFoundError(
        "aegis_tracker.dspy needs DSPy: pip install 'aegis-tracker[dspy]'", name="dspy"
    ) from error

__all__ = ["track"]
