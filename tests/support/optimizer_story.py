"""Events of an optimisation that look like those of a real one: candidates, scores of examples, usage."""

import random
from collections.abc import Iterator
from typing import Any

from tests.support.optimizer_events import candidate, evaluation, usage, used
from tests.support.runs import Run

INITIAL = """You are given a clinical note. Name every entity of the text, each with its type.
The types are: drug, dose, disease, procedure, person.
Answer with a JSON list."""
ADVICE = (
    "Leave out what is only implied by the text.",
    "Copy each entity exactly as it is written, with its capital letters.",
    "A dose belongs to the drug that is named before it.",
    "Abbreviations such as BP and HR are no diseases.",
    "Name a disease that is denied, too, with the attribute `negated`.",
    "When two types fit, prefer the more specific one.",
    "Ignore headings and signatures.",
    "Split lists such as `aspirin and warfarin` into their parts.",
)
METRIC = "entity_f1"
EVENTS_IN_A_BATCH = 200


def gepa_events(candidates: int, examples: int, *, unsolved: int = 3, seed: int = 1) -> Iterator[dict[str, Any]]:
    """What GEPA reports: each candidate is a parent's with a line changed, tried on a minibatch, then on all examples.

    Scores of examples are 0, 0.5 or 1. Nothing solves the first `unsolved` examples, and every seventh candidate is
    tried on its minibatch alone, as long as there are others.
    """
    chance = random.Random(seed)
    hardness = [1.6 if place < unsolved else chance.random() for place in range(examples)]
    names = [f"development-{place}" for place in range(examples)]
    ability, instructions, tried = [0.35], [INITIAL], [0]
    for number in range(candidates):
        parents: list[int] = []
        origin = "initial"
        if number:
            best = sorted(tried, key=ability.__getitem__)[-8:]
            parents = [chance.choice(best)]
            origin = "reflected"
            if number % 19 == 0 and len(best) > 1:
                parents, origin = chance.sample(best, 2), "merged"
            gained = chance.gauss(0.004, 0.035)
            ability.append(min(0.9, max(0.05, max(ability[parent] for parent in parents) + gained)))
            instructions.append(_changed(instructions[parents[0]], chance))
        yield candidate(
            str(number),
            origin=origin,
            parents=[str(parent) for parent in parents],
            **_program(instructions[number], number),
        )
        if number:
            yield evaluation(
                str(number),
                round(min(1.0, max(0.0, chance.gauss(ability[number], 0.2))), 3),
                split="minibatch",
                example_count=3,
                duration_ms=900.0,
            )
        if number and number % 7 == 0:
            yield _used(3, chance)
            continue
        if number:
            tried.append(number)
        scores = [_score(ability[number] - hard, chance) for hard in hardness]
        errors = 1 if number % 25 == 24 else 0
        told: list[float | None] = [None] * errors + list(scores[errors:])
        yield evaluation(
            str(number),
            round(sum(one or 0 for one in told) / examples, 6),
            example_count=examples,
            error_count=errors,
            duration_ms=examples * 40.0,
            example_scores=told,
            example_ids=names,
        )
        yield _used(examples + 3, chance)


def send_all(run: Run, events: Iterator[dict[str, Any]]) -> None:
    """Send the events in batches."""
    batch: list[dict[str, Any]] = []
    for event in events:
        batch.append(event)
        if len(batch) == EVENTS_IN_A_BATCH:
            run.send(*batch)
            batch = []
    if batch:
        run.send(*batch)


def _changed(instruction: str, chance: random.Random) -> str:
    """With one more piece of advice, or with one exchanged."""
    lines = instruction.split("\n")
    new = chance.choice(ADVICE)
    if new in lines:
        lines.remove(new)
    elif len(lines) > 6:
        lines[chance.randrange(3, len(lines))] = new
    else:
        lines.append(new)
    return "\n".join(lines)


def _program(instruction: str, number: int) -> dict[str, Any]:
    texts = ("Aspirin 100 mg daily.", "No sign of pneumonia.", "Referred by Dr. Weiss for an MRI.")
    demonstrations = [
        {"text": text, "entities": f"entities of example {place}"}
        for place, text in enumerate(texts[: 1 + min(number, 20) // 10])
    ]
    state = {"extract": {"demos": demonstrations, "signature": {"instructions": instruction}}, "metadata": {}}
    return {
        "predictors": {"extract": {"instruction": instruction, "demonstrations": demonstrations}},
        "state": state,
    }


def _score(ahead: float, chance: random.Random) -> float:
    ahead += chance.gauss(0, 0.08)
    return 1.0 if ahead > 0 else 0.5 if ahead > -0.15 and chance.random() < 0.5 else 0.0


def _used(calls: int, chance: random.Random) -> dict[str, Any]:
    student = used(
        "openai/gpt-4o-mini",
        calls,
        role="student",
        cached_calls=calls // 5,
        errors=int(chance.random() < 0.05),
        input_tokens=calls * 410,
        output_tokens=calls * 58,
        cost=round(calls * 0.000096, 6),
        currency="USD",
        duration_ms=calls * 640.0,
    )
    reflection = used(
        "openai/gpt-4o",
        1,
        role="reflection",
        input_tokens=2900,
        output_tokens=640,
        cost=0.01365,
        currency="USD",
        duration_ms=7200.0,
    )
    return usage(student, reflection)
