"""The text of a status event where the event itself has none."""

import pytest
from django.utils import timezone

from tests.support.factories import TrainingRunFactory
from training_status.read.run_facts import run_by_public_id
from training_status.serializers.envelope import status_of
from training_status.serializers.event_text import event_text
from training_status.serializers.event_types import COMPLETED, FAILED, PHASE_CHANGED, PROGRESS_UPDATE, STARTED

pytestmark = pytest.mark.django_db

ENTITY = "entity_extraction_optimization"
FAILED_RUN = {"lost": True, "failure_reason": "error"}


@pytest.mark.parametrize(
    ("event_type", "run", "text"),
    [
        (PROGRESS_UPDATE, {}, "The training has not started yet."),
        (STARTED, {"running": True, "message": "trial 1", "event_message": "trial 1"}, "The training has started."),
        (STARTED, {"completed": True, "event_message": "saved"}, "The training has started."),
        (PHASE_CHANGED, {"running": True, "current_phase": ENTITY}, f"Phase {ENTITY}"),
        (
            PHASE_CHANGED,
            {"running": True, "current_phase": ENTITY, "phase_message": "10 trials", "event_message": "trial 1"},
            "10 trials",
        ),
        (
            PROGRESS_UPDATE,
            {"running": True, "current_phase": ENTITY, "phase_message": "10 trials", "event_message": "trial 1"},
            "trial 1",
        ),
        (PROGRESS_UPDATE, {"running": True, "current_phase": ENTITY, "progress_percent": 10.0}, f"Phase {ENTITY}"),
        (
            PROGRESS_UPDATE,
            {"running": True, "current_phase": ENTITY, "progress_percent": 27.5, "message": "of the phase before"},
            f"Phase {ENTITY}: 50 % done",
        ),
        (COMPLETED, {"completed": True, "message": "trial 10"}, "The training is completed."),
        (COMPLETED, {"completed": True, "event_message": "saved"}, "saved"),
        (FAILED, FAILED_RUN | {"error_message": "out of memory"}, "out of memory"),
        (FAILED, FAILED_RUN | {"message": "trial 1"}, "The training failed."),
        (
            FAILED,
            {"lost": True},
            "The connection to the training was lost.",
        ),
        (FAILED, {"lost": True, "failure_reason": "cancelled"}, "The training was cancelled."),
    ],
)
def test_text(event_type, run, text):
    stored = TrainingRunFactory(**run)
    facts = run_by_public_id(stored.public_id)
    assert event_text(event_type, facts, status_of(facts, timezone.now())) == text
