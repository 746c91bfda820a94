"""How many student calls are to come, where a model decides it."""

from aegis_tracker.dspy.expectations import CandidateRounds, Standing
from aegis_tracker.dspy.steps import Evaluation

IDLE = Standing(done=0, running=0.0, success_rate=0.5)


def test_a_model_may_give_fewer_candidates_than_asked_for() -> None:
    rounds = CandidateRounds(breadth=4, depth=3, predictors=1, size=10)
    assert rounds.rest(IDLE) == 120
    rounds.instructions_proposed(3)  # the instruction that is there is the fourth
    assert rounds.rest(IDLE) == 120
    for _ in range(4):
        rounds.step_started(Evaluation(10))
    rounds.instructions_proposed(1)
    assert rounds.rest(IDLE) == 20


def test_with_several_predictors_each_round_takes_up_the_earlier_candidates() -> None:
    rounds = CandidateRounds(breadth=4, depth=2, predictors=2, size=10)
    assert rounds.evaluations == 2 * 4 + 2 * 8
