"""The command line."""

import argparse
import logging
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from aegis_tracker import TrainingLogHandler, TrainingProgressTracker
from aegis_tracker.number_text import number_text

from domain_training.dataset import BadDataError, count_lines, locate_files
from domain_training.models import STAND_IN
from domain_training.optimizers import OPTIMIZERS
from domain_training.report import Report, console
from domain_training.training import Settings, train

HOME = Path(__file__).parent.parent


def main(arguments: Sequence[str] | None = None) -> int:
    """0 when the training completed, 1 when the data are bad, 130 when it was stopped by Ctrl-C or a request
    of the service. Other failures are raised. The run is told each of these ends."""
    settings = parse_arguments(arguments)
    tracker = TrainingProgressTracker(
        settings.domain,
        llm_model=settings.model,
        optimizer=settings.optimizer,
        sample_count=_claimed_samples(settings),
        config={"seed": settings.seed, "threads": settings.threads, "pace_s": settings.pace_s},
    )
    if settings.show:
        tracker.show()
    _talk_on_console()  # after show(), which lets what is printed appear above its picture
    try:
        with tracker, warnings_told_to(tracker):
            try:
                outcome = train(settings, Report(tracker))
            except KeyboardInterrupt:
                tracker.fail("The training was stopped.")
                raise
            tracker.complete(outcome.metrics, outcome.result)
    except BadDataError as error:
        console.error("Nothing was trained. %s", error)
        return 1
    except KeyboardInterrupt:
        console.error("Stopped.")
        return 130
    console.info("Done: %s", ", ".join(f"{name} {number_text(value)}" for name, value in outcome.metrics.items()))
    return 0


def parse_arguments(arguments: Sequence[str] | None) -> Settings:
    """The settings; exits with a usage message when they make no sense."""
    parser = argparse.ArgumentParser(
        prog="train.py",
        description="Optimise an entity and a relation extraction with DSPy, and report it live.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("--domain", default="medical", help="the domain to report to")
    parser.add_argument(
        "--data",
        type=Path,
        nargs="+",
        default=argparse.SUPPRESS,
        metavar="PATH",
        help="a folder with train.jsonl, dev.jsonl and test.jsonl, or three files (default: data/DOMAIN)",
    )
    parser.add_argument("--lm", default=STAND_IN, help="a model as DSPy names it, or the offline stand-in")
    parser.add_argument("--optimizer", choices=OPTIMIZERS, default="miprov2", help="how to optimise")
    parser.add_argument("--pace", type=_delay, default=0.0, metavar="SECONDS", help="a delay before each model call")
    parser.add_argument(
        "--out",
        type=Path,
        default=argparse.SUPPRESS,
        metavar="DIR",
        help="folder for prompts and metrics (default: out, beside train.py)",
    )
    parser.add_argument("--seed", type=int, default=1, help="for the optimiser")
    parser.add_argument("--show", action="store_true", help="draw phases, percentage and time left on the terminal")
    parser.add_argument("--threads", type=_count, default=1, help="model calls at a time in evaluations")
    parser.add_argument(
        "--price",
        type=_price,
        metavar="DOLLARS",
        help="of a million tokens of the stand-in; without it their cost is unknown",
    )
    chosen = parser.parse_args(arguments)
    return Settings(
        domain=chosen.domain,
        data=getattr(chosen, "data", [HOME / "data" / chosen.domain]),
        model=chosen.lm,
        optimizer=chosen.optimizer,
        pace_s=chosen.pace,
        out=getattr(chosen, "out", HOME / "out"),
        seed=chosen.seed,
        threads=chosen.threads,
        show=chosen.show,
        price=chosen.price,
    )


def _claimed_samples(settings: Settings) -> int | None:
    """How many samples the run is about; None when that cannot be read, which loading will explain."""
    try:
        return count_lines(locate_files(settings.data).values())
    except (BadDataError, OSError):
        return None


def _delay(text: str) -> float:
    try:
        delay_s = float(text)
    except ValueError:
        delay_s = -1.0
    if not 0 <= delay_s <= 60:
        raise argparse.ArgumentTypeError("must be 0 to 60 seconds")
    return delay_s


def _price(text: str) -> float:
    try:
        price = float(text)
    except ValueError:
        price = -1.0
    if not 0 <= price <= 1_000_000:
        raise argparse.ArgumentTypeError("must be a number of dollars, at least 0")
    return price


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError("must be a whole number, at least 1")
    return int(text)


@contextmanager
def warnings_told_to(tracker: TrainingProgressTracker) -> Iterator[None]:
    """While open, warnings and errors that any library logs stand in the run's log too."""
    handler = TrainingLogHandler(tracker, logging.WARNING)
    everything = logging.getLogger()
    everything.addHandler(handler)
    try:
        yield
    finally:
        everything.removeHandler(handler)


def _talk_on_console() -> None:
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(asctime)s %(message)s", "%H:%M:%S"))
    console.handlers = [handler]
    console.setLevel(logging.INFO)
    console.propagate = False
