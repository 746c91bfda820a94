"""A table on stdout and in `benchmarks/results/`, and medians of repeated calls."""

import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path

RESULTS = Path(__file__).parent / "results"


def median_ms(call: Callable[[], object], runs: int) -> float:
    """The median of `runs` calls in milliseconds, after one that does not count."""
    call()
    taken = []
    for _ in range(runs):
        begun = time.perf_counter()
        call()
        taken.append((time.perf_counter() - begun) * 1000)
    return statistics.median(taken)


def report(
    name: str, title: str, head: Sequence[str], rows: Sequence[Sequence[object]], verdict: str | None = None
) -> None:
    """Print the table, with what is to be said below it, and keep it as `results/NAME.txt`."""
    cells = [[str(cell) for cell in row] for row in (head, *rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(head))]
    lines = [
        title,
        *("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in cells),
        *(("", verdict) if verdict else ()),
    ]
    text = "\n".join(lines) + "\n"
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{name}.txt").write_text(text)
    print(text, flush=True)
