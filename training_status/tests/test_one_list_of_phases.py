"""The seven phases are spelt in one file of the service; the tracker, which is installed by itself, has the same."""

from aegis_tracker import phases as tracker_phases

from tests.support.project import PROJECT
from training_status.phases import EARLIER_NAMES, PHASE_NAMES, PHASES

NOT_AMBIGUOUS = [name for name in PHASE_NAMES if name != "initialization"]


def test_the_tracker_has_the_same_list():
    assert tracker_phases.PHASES == PHASE_NAMES
    assert {phase.name: (phase.start, phase.end) for phase in PHASES} == tracker_phases.PERCENT_RANGES
    assert tracker_phases.EARLIER_NAMES == EARLIER_NAMES


def test_nothing_else_in_the_service_spells_a_phase():
    allowed = {PROJECT / "training_status" / "phases.py"}
    for path in [*PROJECT.glob("training_status/**/*.py"), *PROJECT.glob("aegis_training/**/*.py")]:
        if path in allowed or {"tests", "migrations"} & set(path.parts):
            continue
        text = path.read_text()
        assert not [name for name in NOT_AMBIGUOUS if f'"{name}"' in text], path
