"""Text written to a terminal becomes the lines that it shows in the end, however it is split."""

import json
import random
import tracemalloc
from pathlib import Path

import pytest
from aegis_tracker.console_lines import ConsoleLines, collapse
from aegis_tracker.sanitizing import MESSAGE_MAX_BYTES, fit_text
from support.console_reader import ConsoleReader
from support.console_texts import lines, pieces

RECORDINGS = Path(__file__).parent / "recordings"
LINES_MIN = 1_000_000


def shown(found: list[str]) -> list[str]:
    return [fit_text(line) for line in found if line.strip()]


def entries(*texts: str) -> list[str]:
    """All that is reported of what is written in these pieces."""
    console = ConsoleLines()
    return shown([line for text in texts for line in console.feed(text)] + console.end())


def test_a_million_lines_of_every_kind_and_split_are_those_of_the_reference_reader() -> None:
    chance = random.Random(16)
    console = ConsoleLines()
    read = 0
    while read < LINES_MIN:
        text = lines(chance, 2_500)
        expected = ConsoleReader().entries(text)
        for size in (20, 50, 100, 200, 500, 1000, 10_000, len(text)):
            found = shown([line for piece in pieces(chance, text, size) for line in console.feed(piece)])
            assert found == expected  # nothing of it waits for an end
            assert shown(console.end()) == []
            read += text.count("\n")


@pytest.mark.parametrize("seed", range(100))
def test_every_split_of_anything_gives_the_same(seed: int) -> None:
    chance = random.Random(seed)
    controls = [
        *"\x1b\x1b[]PX^_\\;?0123456789ABCDEFGHJKPXsumhl78DMEc\r\n\b\a\t\x18\x1a\x0e\x9b\x9d\x90\x9c\x9f",
        *(f"\x1b[{number}{kind}" for number in ("", 1, 2, 7, "3;4") for kind in "ABCDEFGHJKPX@su"),
        *("\x1b[?25l", "\x1b[?25h", "\x1b7", "\x1b8", "\r\n", "text ", "é", "日本", "\ud800", "\x00"),
    ]
    text = "".join(chance.choice(controls) for _ in range(400))
    whole = entries(text)
    assert entries(*text) == whole
    for size in (2, 5, 50):
        assert entries(*pieces(chance, text, size)) == whole


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("hello\r", ["hello"]),
        ("hello\r\n", ["hello"]),
        ("hello\r\r\n", ["hello"]),
        ("one\r\ntwo\r\n\r\nthree", ["one", "two", "three"]),
        ("10 %\r50 %\r100 %\n", ["100 %"]),
        ("10 %\r50 %\r100 %\r\n", ["100 %"]),
        ("loss 0.123456\rloss 0.5\n", ["loss 0.5"]),
        ("loading\r         \rdone\n", ["done"]),
        ("cleared\r       \r\n", []),
        ("\r\n\r\n", []),
        ("a\n\rb\n\rc\n\r", ["a", "b", "c"]),
        ("50 %\b\b\b\b99 %\n", ["99 %"]),
        ("waiting |\b/\b-\b\\\b \n", ["waiting  "]),
        ("too far\b\b\b\b\b\b\b\b\b\bnew\n", ["new"]),
        ("step 12 of 90\x1b[5D3\x1b[2G\n", ["step 12 3f 90"]),
        ("a\x1b[3Cb\n", ["a   b"]),
        ("keep this\x1b[5D\x1b[Kthat\n", ["keepthat"]),
        ("all of it\x1b[2K\rnothing\n", ["nothing"]),
        ("\x1b[1mbold\x1b[0m and \x1b[38;2;1;2;3mred\x1b[m\n", ["bold and red"]),
        ("\x1b]0;title\x07text\n", ["text"]),
        ("\x1b]0;title\x1b\\text\n", ["text"]),
        ("\x1b]8;;https://example.org\x1b\\the link\x1b]8;;\x1b\\ stays\n", ["the link stays"]),
        ("\x1b_Gf=100,a=T;QUJD\x1b\\picture\n", ["picture"]),
        ("\x1bPq#0;2;0;0;0#0~~@@\x1b\\sixels\n", ["sixels"]),
        ("\x1b^private\x1b\\\x1bXstart\x1b\\text\n", ["text"]),
        ("\x1bPtmux;\x1b\x1b]1337;File=:QUJD\x07\x1b\\text\n", ["text"]),
        ("\x9d0;title\x07one \x9fAPC\x9ctwo \x90DCS\x1b\\three \x9b31mred\n", ["one two three red"]),
        ("\x1b]0;never ends\nnext\n", ["next"]),
        ("before \x1bPnever ends\r\nnext\n", ["before ", "next"]),
        ("\x1b_never ends", []),
        ("\x1b]0;given up\x18text\n\x1bPgiven up\x1atext\n", ["text", "text"]),
        ("\x1b]0;given up\x1b[31mtext\n", ["text"]),
        ("\x1b[31\nnext\n", ["next"]),
        (f"\x1b[{'1;' * 1_000}mtext\n", ["text"]),
        ("\x1b(B\x1b[mtext\x1b=\x1b>\n", ["text"]),
        ("â\x80\x9cwrongly decodedâ\x80\x9d\n", ["â\x80\x9cwrongly decodedâ\x80\x9d"]),
        ("tab\tstays\vand\fthese\x85too\u2028\n", ["tab\tstays\vand\fthese\x85too\u2028"]),
        ("bell\a\n", ["bell"]),
        ("nul\x00 \ud800lone\n", ["nul\ufffd \ufffdlone"]),
        ("before\n\x1b[?1049h\x1b[Hmenu 1\n item\x1b[Hmenu 2\n item\x1b[?1049lafter\n", ["before", "after"]),
        ("half \x1b[?1049h\x1b[2J\x1b[Hframe\x1b[?1049lof it\n", ["half of it"]),
        ("\x1b[?47hshown to its end\nand more", ["shown to its end", "and more"]),
        ("never entered\x1b[?1049l\n", ["never entered"]),
        ("\x1b[99999999999999999999Atext\x1b[99999999999999999999Dx\n", ["x"]),
    ],
)
def test_what_a_line_shows(text: str, expected: list[str]) -> None:
    assert entries(text) == expected
    assert entries(*text) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("tqdm_nested", ["epoch 0", "epoch 1", "epoch 2", "outer: 100%", "done"]),
        (
            "tqdm_three_levels",
            ["inner: 100%"] * 2 + ["mid: 100%"] + ["inner: 100%"] * 2 + ["mid: 100%", "outer: 100%", "done"],
        ),
        (
            "rich_live",
            ["┏━━━┳━━━┓", "┃ x ┃ y ┃", "┡━━━╇━━━┩", *(f"│ {n} │ 4 │" for n in range(4)), "└───┴───┘", "done"],
        ),
        ("alive_progress", [*(f"on {n}: item {n}" for n in range(5)), "|████| 5/5", "done"]),
        ("progressbar2_multibar", ["a    / |    #", "b    / |    #", "100% (3 of 3)", "done"]),
        ("docker_pull", ["latest: Pulling", "a: Pull complete", "b: Pull complete", "c: Pull complete", "Digest: sha"]),
        ("docker_compose", ["[+] Running 4/2", " ✔ Container c0", " ✔ Container c1", "done"]),
    ],
)
def test_recorded_bars_are_one_entry_each(name: str, expected: list[str]) -> None:
    written = json.loads((RECORDINGS / f"{name}.json").read_text())
    found = entries(*written)
    assert [one[: len(wanted)] for one, wanted in zip(found, expected, strict=True)] == expected
    assert entries("".join(written)) == found
    assert entries(*"".join(written)) == found


def test_an_ordinary_line_is_final_as_it_ends() -> None:
    console = ConsoleLines()
    assert console.feed("one\ntw") == ["one"]
    assert console.feed("o\r\n\x1b[31mthree") == ["two"]
    assert console.feed("\x1b[0m\nfour\r\n") == ["three", "four"]
    assert console.feed("five\r") == []
    assert console.feed("\n") == ["five"]


def test_lines_above_bars_are_final_while_the_bars_are_drawn() -> None:
    """As rich prints above its bars, for hours."""
    console = ConsoleLines()
    console.feed("\x1b[?25la 0 %\nb 0 %")
    for step in range(1, 200):
        up = "\r\x1b[2K\x1b[1A\x1b[2K"
        console.feed(f"{up}line {step}\na {step} %\nb {step} %")
        assert console.feed(f"{up}a {step} %\nb {step} %") == [f"line {step}"]
    assert console.feed("\n\x1b[?25h") == []
    assert console.feed("done\n") == ["a 199 %", "b 199 %", "done"]


def test_lines_above_one_bar_are_final_while_it_is_drawn() -> None:
    """As `tqdm.write` prints."""
    console = ConsoleLines()
    console.feed("\r  0%|   |")
    for step in range(1, 200):
        console.feed(f"\r         \rline {step}\n\r {step}%|   |")
        assert console.feed(f"\r {step}%|#  |") == [f"line {step}"]


def test_the_last_frame_is_final_when_nothing_is_drawn_any_more() -> None:
    console = ConsoleLines()
    console.feed("\r  0%\r100%\n")
    assert console.holds
    assert console.settle() == []  # perhaps it was drawn just now
    assert console.settle() == ["100%"]
    assert console.feed("next\n") == ["next"]
    console.feed("\router 0%\n\rinner 0%\x1b[A")
    assert console.settle() + console.settle() == []  # the cursor is in the bar
    console.feed("\n\n\x1b[?25l1 %\n2 %\n")
    console.feed("\x1b[2A3 %\n4 %\n")
    assert [console.settle(now=True) for _ in range(3)][1:] == [[], []]  # bars that are drawn again
    assert shown(console.feed("\x1b[?25h")) == []
    console.settle()
    assert shown(console.settle()) == ["3 %", "4 %"]


def test_lines_printed_while_the_cursor_stays_hidden_are_final_in_time() -> None:
    console = ConsoleLines()
    found = console.feed("\x1b[?25l")
    for number in range(1000):
        found += console.feed(f"line {number}\n")
    assert len(found) >= 900
    found += console.settle() + console.settle()
    assert found == [f"line {number}" for number in range(1000)]


def test_a_program_that_clears_the_screen_shows_frames() -> None:
    clear = "\x1b[2J\x1b[H"
    assert entries(f"{clear}begin\n", "line\n") == ["begin", "line"]
    found = entries(*(f"{clear}step {step}\nloss {step}\n" for step in range(312)))
    assert found == ["step 0", "loss 0", "step 311", "loss 311"]


def test_rows_at_fixed_places_are_told_at_the_end() -> None:
    """As apt and enlighten draw their bars, at the bottom of the terminal."""
    console = ConsoleLines()
    for step in range(50):
        drawn = f"\x1b7\x1b[24;1H\x1b[42mProgress: [{step} %]\x1b[0m\x1b8"
        assert console.feed(f"{drawn}line {step}\n") == [f"line {step}"]
    assert shown(console.end()) == ["Progress: [49 %]"]


@pytest.mark.parametrize("character", ["x", "é", "日", "🎉"])
@pytest.mark.parametrize("size", [1000, 70_000, 10**9])
def test_a_long_line_keeps_its_beginning_however_it_is_written(character: str, size: int) -> None:
    text = "beginning " + character * 200_000
    assert entries(*(text[at : at + size] for at in range(0, len(text), size)), "\r\nnext\n") == [
        fit_text(text),
        "next",
    ]
    assert entries("\r  0%\r", text + "\r\n") == [fit_text(text)]


@pytest.mark.parametrize(
    "piece", ["x" * 1000, "\x1b[31mx\x1b[0m", "x\b", "\rx", "x\x1b[D", "\x1b]0;" + "x" * 1000, "é\x1b["]
)
def test_memory_is_bounded(piece: str) -> None:
    console = ConsoleLines()
    tracemalloc.start()
    try:
        for _ in range(20_000):
            console.feed(piece * 4)
        assert tracemalloc.get_traced_memory()[1] < 8 * 1024 * 1024
    finally:
        tracemalloc.stop()
    assert all(len(line.encode()) <= MESSAGE_MAX_BYTES for line in console.feed("\n"))


def test_many_rows_are_bounded() -> None:
    console = ConsoleLines()
    found = [
        line for number in range(10_000) for line in console.feed(f"\x1b[?25l\x1b[A\n\nrow {number}\n\x1b[5A\x1b[5B")
    ]
    assert len(found) > 9_000


def test_a_text_is_collapsed_with_all_its_lines() -> None:
    assert collapse("one\r\n\r\n  two\x1b[0m\n") == "one\n\n  two\n"
    assert collapse("\r 10%\r 50%\r100%") == "100%"
    assert collapse("\n".join(f"line {number}\r" for number in range(1000))).count("\n") == 999
    assert collapse("a 0%\nb 0%\n\x1b[2Aa 9%\nb 9%\n") == "a 9%\nb 9%\n"
    assert collapse("split\x85not\u2028here\v\f") == "split\x85not\u2028here\v\f"


MESSAGE = "x" * MESSAGE_MAX_BYTES


def test_a_line_of_the_greatest_length_is_whole() -> None:
    assert entries(MESSAGE, "\n", *MESSAGE, "\r\n", "\r", MESSAGE) == [MESSAGE] * 3
    assert entries(f"{MESSAGE}y\n") == entries(MESSAGE, "y\n") == [fit_text(f"{MESSAGE}y")]
