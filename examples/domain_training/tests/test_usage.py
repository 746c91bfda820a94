"""What language models use: told apart by what they are called for, each call counted once."""

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import dspy
import pytest
from aegis_tracker import phases
from aegis_tracker.dspy import track
from dspy.lm15 import Request, Response
from watched_findings import COUNTS, CountingEngine, counting_model, of_type, used
from watched_optimization import Student, Watched, entity_metric, entity_task, watched

PHASE = phases.ENTITY_EXTRACTION_OPTIMIZATION
ROLES = ("student", "teacher", "proposer", "reflection", "metric", "other")


class Models:
    """A model for each role; all of them are the same stand-in."""

    def __init__(self) -> None:
        made = {role: counting_model(role) for role in ROLES}
        self.of = {role: model for role, (model, _) in made.items()}
        self._engines = {role: engine for role, (_, engine) in made.items()}

    def counts(self) -> dict[str, Counter[str]]:
        """What each of them was used for, by itself."""
        return {role: +engine.counts for role, engine in self._engines.items() if engine.counts}


def judged_by(model: dspy.LM, metric: Any) -> Any:
    """A metric that asks a model: once by a module, once directly, and once in a thread of DSPy's."""
    judge = dspy.Predict("text -> verdict")

    def asking(gold: Any, answer: Any, *more: Any) -> Any:
        with dspy.context(lm=model):
            judge(text=str(gold.text))
            model("Is this right?")
            dspy.Parallel(num_threads=2, disable_progress_bar=True)([(judge, {"text": "a"}), (judge, {"text": "b"})])
        return metric(gold, answer, *more)

    return asking


def miprov2(models: Models, metric: Any) -> tuple[Any, dict[str, Any]]:
    settings = {"prompt_model": models.of["proposer"], "teacher_settings": {"lm": models.of["teacher"]}}
    optimizer = dspy.MIPROv2(
        metric=metric, auto=None, num_candidates=3, metric_threshold=0.1, seed=1, num_threads=4, **settings
    )
    return optimizer, {"num_trials": 2, "minibatch": False}


def random_search(models: Models, metric: Any) -> tuple[Any, dict[str, Any]]:
    optimizer = dspy.BootstrapFewShotWithRandomSearch(
        metric=metric, num_candidate_programs=2, teacher_settings={"lm": models.of["teacher"]}, num_threads=4
    )
    return optimizer, {}


def gepa(models: Models, metric: Any) -> tuple[Any, dict[str, Any]]:
    optimizer = dspy.GEPA(metric=metric, max_metric_calls=40, reflection_lm=models.of["reflection"], num_threads=4)
    return optimizer, {}


def copro(models: Models, metric: Any) -> tuple[Any, dict[str, Any]]:
    optimizer = dspy.COPRO(metric=metric, breadth=3, depth=2, prompt_model=models.of["proposer"])
    return optimizer, {"eval_kwargs": {"num_threads": 4}}


def simba(models: Models, metric: Any) -> tuple[Any, dict[str, Any]]:
    optimizer = dspy.SIMBA(
        metric=metric,
        bsize=8,
        num_candidates=3,
        max_steps=2,
        num_threads=4,
        prompt_model=models.of["proposer"],
        teacher_settings={"lm": models.of["teacher"]},
    )
    return optimizer, {"seed": 1}


OPTIMIZERS = {
    miprov2: {"student", "teacher", "proposer", "metric"},
    random_search: {"student", "teacher", "metric"},
    gepa: {"student", "reflection", "metric"},
    copro: {"student", "proposer", "metric"},
    simba: {"student", "teacher", "metric"},
}


@pytest.mark.parametrize("make", OPTIMIZERS)
def test_roles_are_told_apart(make: Callable[..., tuple[Any, dict[str, Any]]], tmp_path: Path) -> None:
    models, task = Models(), entity_task()
    with watched(tmp_path, models.of["student"]) as seen:
        optimizer, arguments = make(models, judged_by(models.of["metric"], entity_metric(task)))
        sets = {"trainset": task.train[:12]} | ({} if make in (copro, simba) else {"valset": task.dev[:6]})
        with track(seen.tracker, PHASE):
            optimizer.compile(Student(task, seen.tracker), **sets, **arguments)
        events = seen.events()
    counts = models.counts()
    assert counts.keys() - {"proposer"} == OPTIMIZERS[make] - {"proposer"}
    assert {role: used(events, model=role) for role in counts} == counts
    assert {role: used(events, role=role) for role in counts} == counts


@pytest.fixture
def memory_cache() -> Iterator[None]:
    before = dspy.cache
    dspy.configure_cache(enable_disk_cache=False, enable_memory_cache=True)
    yield
    dspy.cache = before


def evaluated(seen: Watched, times: int = 1, threads: int = 1, **settings: Any) -> None:
    task = entity_task()
    evaluate = dspy.Evaluate(devset=task.dev, metric=entity_metric(task), num_threads=threads)
    with track(seen.tracker, PHASE, evaluation_calls=times * len(task.dev), **settings):
        for _ in range(times):
            evaluate(Student(task, seen.tracker))


@pytest.mark.usefixtures("memory_cache")
def test_answers_of_the_cache_use_nothing(tmp_path: Path) -> None:
    model, engine = counting_model(cache=True)
    with watched(tmp_path, model) as seen:
        evaluated(seen, times=3, threads=4)
        events = seen.events()
    assert engine.counts["calls"] == 24
    assert used(events) == engine.counts + Counter(calls=48, cached_calls=48)


class FailingEngine(CountingEngine):
    """Fails for every third request."""

    def complete(self, request: Request) -> Response:
        response = super().complete(request)
        if self.counts["calls"] % 3 == 0:
            self.counts -= Counter(input_tokens=response.usage.input_tokens, output_tokens=response.usage.output_tokens)
            raise ValueError("no answer")
        return response


def test_calls_that_fail_are_errors(tmp_path: Path) -> None:
    engine = FailingEngine()
    with watched(tmp_path, dspy.LM("stand-in", engine=engine, cache=False)) as seen:
        evaluated(seen)
        events = seen.events()
    assert used(events) == engine.counts + Counter(errors=engine.counts["calls"] // 3)
    (evaluation,) = of_type(events, "evaluation")
    assert evaluation["error_count"] == evaluation["example_scores"].count(None) > 0
    failed = evaluation["example_count"] * evaluation["score"]
    assert failed == pytest.approx(sum(score or 0 for score in evaluation["example_scores"]))


class PricedModel(dspy.LM):
    """Has a price, but for some calls."""

    def update_history(self, entry: dict[str, Any]) -> None:
        entry["cost"] = 0.25 if entry["usage"]["prompt_tokens"] % 2 else None
        super().update_history(entry)


def test_a_cost_that_is_not_known_is_null(tmp_path: Path) -> None:
    engine = CountingEngine()
    with watched(tmp_path, PricedModel("stand-in", engine=engine, cache=False)) as seen:
        evaluated(seen)
        events = seen.events()
    models = [model for event in of_type(events, "usage") for model in event["models"]]
    priced = [model for model in models if model.get("cost") is not None]
    assert sum(model["cost"] for model in priced) == 0.25 * sum(model["calls"] for model in priced)
    assert {model["currency"] for model in priced} == {"USD"}
    assert 0 < sum(model["calls"] for model in priced) < sum(model["calls"] for model in models) == 24
    assert used(events) == engine.counts


def test_a_call_that_several_blocks_see_counts_once(tmp_path: Path) -> None:
    model, engine = counting_model()
    with watched(tmp_path, model) as seen:
        with track(seen.tracker, PHASE, metric="outer", evaluation_calls=48):
            evaluated(seen, metric="inner")
            evaluated(seen, metric="inner")
        events = seen.events()
    assert used(events) == engine.counts
    assert [event["metric"] for event in of_type(events, "evaluation")] == ["inner", "inner"]
    assert [event["origin"] for event in of_type(events, "candidate")] == ["initial"]


def test_blocks_in_several_threads_count_each_call_once(tmp_path: Path) -> None:
    model, engine = counting_model()
    with watched(tmp_path, model) as seen:

        def optimize() -> None:
            with dspy.context(lm=model):
                evaluated(seen, threads=2)

        threads = [threading.Thread(target=optimize) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        events = seen.events()
    assert engine.counts["calls"] == 72
    assert used(events) == engine.counts
    assert len(of_type(events, "evaluation")) == 3


class Asking(dspy.BaseLM):
    """A model of somebody's own, which asks another one."""

    def __init__(self, asked: dspy.LM) -> None:
        super().__init__("asking", cache=False)
        self._asked = asked

    def forward(self, prompt: Any = None, messages: Any = None, **_: Any) -> Any:
        (text,) = self._asked(prompt, messages=messages)
        message = SimpleNamespace(content=text, reasoning_content=None, tool_calls=None)
        choices = [SimpleNamespace(message=message, finish_reason="stop")]
        used = {"prompt_tokens": 10**6, "completion_tokens": 10**6}
        return SimpleNamespace(choices=choices, usage=used, model="asking")


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_of_a_model_that_asks_another_one_the_other_counts(tmp_path: Path) -> None:
    model, engine = counting_model()
    with watched(tmp_path, Asking(model)) as seen:
        evaluated(seen)
        events = seen.events()
    assert engine.counts["calls"] == 24
    assert used(events) == used(events, model="stand-in", role="student") == engine.counts


def test_what_is_used_in_a_phase_is_told_before_the_next_one(tmp_path: Path) -> None:
    model, engine = counting_model()
    with watched(tmp_path, model) as seen:
        with track(seen.tracker, PHASE, evaluation_calls=1):
            model("one")
            before = Counter(engine.counts)
            seen.tracker.enter_phase(phases.RELATION_EXTRACTION_OPTIMIZATION)
            model("two words")
        events = seen.events()
    (second,) = (
        place for place, event in enumerate(events) if event.get("phase") == phases.RELATION_EXTRACTION_OPTIMIZATION
    )
    assert used(events[:second]) == before
    assert used(events) == engine.counts


def test_without_a_history_calls_are_counted(tmp_path: Path) -> None:
    model, engine = counting_model()
    with watched(tmp_path, model) as seen, dspy.context(disable_history=True):
        evaluated(seen)
        events = seen.events()
    assert used(events) == Counter(calls=engine.counts["calls"])


def test_what_is_outside_of_blocks_is_not_counted(tmp_path: Path) -> None:
    model, engine = counting_model()
    with watched(tmp_path, model) as seen:
        model("before")
        evaluated(seen)
        within = Counter(engine.counts)
        model("after")
        events = seen.events()
    assert {name: used(events)[name] for name in COUNTS[:1]} == {"calls": within["calls"] - 1}


@pytest.mark.parametrize("way", ["tracker", "block"])
def test_no_texts_leave(way: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if way == "tracker":
        monkeypatch.setenv("AEGIS_SEND_TEXTS", "0")
    task = entity_task()
    with watched(tmp_path) as seen:
        optimizer = dspy.COPRO(metric=entity_metric(task), breadth=3, depth=2)
        with track(seen.tracker, PHASE, send_texts=None if way == "tracker" else False):
            optimizer.compile(Student(task, seen.tracker), trainset=task.train, eval_kwargs={"num_threads": 1})
        events = seen.events()
    candidates = of_type(events, "candidate")
    assert len(candidates) > 1
    assert {tuple(event["omitted"]) for event in candidates} == {("predictors", "state")}
    assert of_type(events, "evaluation")[0]["example_ids"][0] == "train-0"
    said = str(events)
    texts = [task.program.signature.instructions, *(example.text for example in task.train)]
    assert not [text for text in texts if text in said]
