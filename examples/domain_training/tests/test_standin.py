"""The stand-in answers from the prompt, the same prompt always alike. Needs no DSPy."""

import json
import random
import re
from collections.abc import Sequence
from pathlib import Path

import pytest
from domain_training.standin.advice import improve_instruction, propose_instruction
from domain_training.standin.entities import read_entities
from domain_training.standin.hints import ENTITY_HINTS, RELATION_HINTS, Hint
from domain_training.standin.prompt import Prompt, parse_prompt
from domain_training.standin.relations import read_relations

PACKAGE = Path(__file__).parent.parent / "domain_training" / "standin"


def prompt(
    text: str,
    instruction: str = "",
    demonstrations: Sequence[tuple[str, object]] = (),
    asked: str = "entities",
) -> Prompt:
    answered = tuple(({"text": demo}, {asked: json.dumps(answer)}) for demo, answer in demonstrations)
    return Prompt(instruction, answered, {"text": text}, (asked,), wants_json=False)


def test_untold_it_quotes_single_words_that_look_medical() -> None:
    assert read_entities(prompt("Rare fever and rheumatoid arthritis.")) == ["arthritis"]


def test_an_instruction_makes_it_read_whole_phrases_and_symptoms() -> None:
    told = "Copy each complete phrase. Include symptoms."
    assert read_entities(prompt("High fever accompanies rheumatoid arthritis.", told)) == [
        "High fever accompanies rheumatoid arthritis"
    ]
    assert read_entities(prompt("High fever is from rheumatoid arthritis.", told)) == [
        "High fever",
        "rheumatoid arthritis",
    ]


def test_a_demonstration_teaches_it_an_unknown_word() -> None:
    text = "The old zorblat is in the acute zorblat."
    assert read_entities(prompt(text)) == []
    taught = read_entities(prompt(text, demonstrations=[("A new zorblat.", ["new zorblat"])]))
    assert taught == ["old zorblat", "acute zorblat"]


def test_untold_it_takes_a_plain_verb_for_the_relation_itself() -> None:
    assert read_relations(prompt("Gold relieves gout.", asked="relations")) == [
        {"subject": "Gold", "predicate": "relieves", "object": "gout"}
    ]


def test_told_the_predicates_it_matches_the_verb_with_one_of_them() -> None:
    told = "Use treats, causes or symptom_of."
    assert read_relations(prompt("Gold relieves gout.", told, asked="relations")) == [
        {"subject": "Gold", "predicate": "treats", "object": "gout"}
    ]


def test_a_demonstration_teaches_it_how_a_relation_is_said_and_its_direction() -> None:
    text = "Rot may result from damp."
    shown = ("Rust may result from rain.", [{"subject": "rain", "predicate": "makes", "object": "Rust"}])
    assert read_relations(prompt(text, asked="relations")) == []
    assert read_relations(prompt(text, demonstrations=[shown], asked="relations")) == [
        {"subject": "damp", "predicate": "makes", "object": "Rot"}
    ]


def test_told_about_members_it_writes_a_relation_for_each() -> None:
    asked = prompt(
        "Gold and tin relieve gout or pain.",
        "Split enumerations. `relieve` means treats, left to right.",
        asked="relations",
    )
    assert [(row["subject"], row["object"]) for row in read_relations(asked)] == [
        ("tin", "gout"),
        ("tin", "pain"),
        ("Gold", "gout"),
        ("Gold", "pain"),
    ]


@pytest.mark.parametrize("hints", [ENTITY_HINTS, RELATION_HINTS])
def test_it_hears_the_advice_that_it_gives_and_no_other(hints: tuple[Hint, ...]) -> None:
    for hint in hints:
        heard = [other.name for other in hints if other.heard.search(hint.sentence)]
        assert heard == [hint.name]


def test_as_proposer_it_gives_advice_that_the_demonstrations_call_for() -> None:
    proposed = propose_instruction(
        {
            "basic_instruction": "Extract.",
            "task_demos": "Text: Chest pain.\nEntities: ['Chest pain']",
            "tip": "",
        }
    )
    assert proposed == ("Extract. Copy the whole phrase with its modifiers, not only its last word. Include symptoms.")


def test_as_reflecting_model_it_adds_one_piece_of_advice_at_a_time() -> None:
    feedback = json.dumps(
        [
            {
                "Inputs": {"text": "Chest pain."},
                "Generated Outputs": {"entities": "['pain']"},
                "Feedback": "Missing: `Chest pain`. Not expected: `pain`.",
            }
        ]
    )
    instruction = "Extract."
    for added in ("whole phrase", "symptoms", "`Chest pain`"):
        instruction = improve_instruction({"current_instruction": instruction, "examples_with_feedback": feedback})
        assert instruction.count(added) == 1
    unchanged = improve_instruction({"current_instruction": instruction, "examples_with_feedback": feedback})
    assert unchanged == instruction


def test_a_prompt_is_taken_apart() -> None:
    system = "Your fields …\nIn adhering to this structure, your objective is: \n        Extract it."
    messages = [
        ("user", "[[ ## text ## ]]\nFirst."),
        ("assistant", '[[ ## entities ## ]]\n["First"]\n\n[[ ## completed ## ]]\n'),
        (
            "user",
            "[[ ## text ## ]]\nSecond.\n\nRespond with the corresponding output fields, starting with the "
            "field `[[ ## entities ## ]]`, and then ending with the marker for `[[ ## completed ## ]]`.",
        ),
    ]
    assert parse_prompt(system, messages) == Prompt(
        instruction="Extract it.",
        demonstrations=(({"text": "First."}, {"entities": '["First"]'}),),
        inputs={"text": "Second."},
        outputs=("entities",),
        wants_json=False,
    )


def test_the_same_prompt_gets_the_same_answer() -> None:
    demonstrations = [("Chest pain.", ["Chest pain"]), ("High fever.", ["High fever"])]
    asked = prompt("Neck pain is with fever.", "Include diseases.", demonstrations)
    random.seed(1)
    first = read_entities(asked)
    random.seed(2)
    assert read_entities(asked) == first == ["Neck pain", "fever"]


def test_it_has_no_way_to_the_data() -> None:
    for path in PACKAGE.glob("*.py"):
        source = path.read_text(encoding="utf-8")
        imported = re.findall(r"^(?:from|import) ([\w.]+)", source, re.M)
        ours = [name for name in imported if name.startswith("domain_training")]
        assert all(name.startswith("domain_training.standin.") for name in ours), path
        assert not re.search(r"\bopen\(|read_text|read_bytes|pathlib|urllib|socket", source), path
