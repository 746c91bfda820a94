"""The command `aegis-tracker`."""

import argparse
import math
import sys
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from aegis_tracker.backoff import Backoff
from aegis_tracker.best_program import save_best_program
from aegis_tracker.client import Client
from aegis_tracker.delivery_errors import TryLaterError
from aegis_tracker.diagnostics import Diagnostics
from aegis_tracker.orphaned_spools import Outcome, Sent, remove_unfinished_files, send_orphaned_spool
from aegis_tracker.run_text import duration_text
from aegis_tracker.service_error import ServiceError
from aegis_tracker.settings import SettingsError, access_token, service_address, spool_directory
from aegis_tracker.spool_adoption import is_in_use, is_spool
from aegis_tracker.spool_files import run_id_of, spool_paths
from aegis_tracker.spool_owner import ProcessState
from aegis_tracker.spool_summary import SpoolSummary, summarize
from aegis_tracker.transport import Transport, UnreachableError
from aegis_tracker.version import VERSION
from aegis_tracker.visible_text import one_line

SYNC_TIMEOUT_S = 30.0

_PROCESS = {ProcessState.RUNNING: "live", ProcessState.GONE: "dead", ProcessState.UNKNOWN: "unknown"}

_SYNC_HELP = """\
Sends the reports in orphaned spools: spools whose training process has ended. The events of each run are
sent in order. A run that did not report its end is marked as failed (lost). It continues if the training is
started again with the same run id. A spool is removed when all of it has arrived. Spools of running trainings
are skipped, because the trainings send them. Several `sync` commands can run at the same time.

A spool is in doubt if this command cannot find out whether its training still runs: the process is on another
machine or in another container, or files in the folder cannot be locked. Such a spool is skipped. Run `sync`
where the training ran. If you know that the training has ended, name its run with --ended.

exit status: 0 everything was sent; 1 a spool is waiting, in doubt or refused; 2 wrong usage
"""


_WATCH_HELP = """\
Shows the latest run of a domain until it ends: phases, percentage, time left and metrics. If the output is
not a terminal, prints a line for each change. Reconnects if the service is interrupted.

exit status: 0 the run completed; 1 it failed; 2 the service refused the request; 130 Ctrl-C
"""


_BEST_PROGRAM_HELP = """\
Saves the best program of a domain's latest run, also of one that is under way, was cancelled or has failed.
DSPy loads the file with `program.load("FILE")`, if `program` is made of the same class.

The best is the one with the highest score on the largest split, or the lowest score if lower is better.

exit status: 0 it was saved; 1 the file cannot be written; 2 the service refused the request
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command. Returns the exit status."""
    options = _parser().parse_args(arguments)
    if sys.stdout is None and options.command != "sync":  # `sync` also works without output
        _complain("standard output is closed.")
        return 1
    try:
        if options.command == "watch":
            return _watch(options.url, options.domain)
        if options.command == "best-program":
            return _best_program(options)
        directory = spool_directory(options.spool_dir)
        if options.command == "status":
            return _status(directory)
        transport = Transport(service_address(options.url), access_token(None))
        return _sync(directory, transport, options.timeout, frozenset(options.ended))
    except SettingsError as error:
        _complain(str(error))
        return 2
    except OSError as error:
        _complain(str(error))
        return 1
    except KeyboardInterrupt:
        _complain("interrupted. Reports that were not sent are kept.")
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="aegis-tracker", description="Watch trainings, and send their reports.")
    parser.add_argument("--version", action="version", version=f"aegis-tracker {VERSION}")
    commands = parser.add_subparsers(dest="command", required=True)
    status = commands.add_parser("status", help="list the spools: files with reports that have not all arrived")
    sync = commands.add_parser(
        "sync",
        help="send the reports of trainings whose process has ended",
        description=_SYNC_HELP,
        epilog="The access token is read from AEGIS_TOKEN.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    watch = commands.add_parser(
        "watch",
        help="show the latest training of a domain until it ends",
        description=_WATCH_HELP,
        epilog="The access token is read from AEGIS_TOKEN. The role viewer is sufficient.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    watch.add_argument("domain", help="name of the domain, such as medical")
    best = commands.add_parser(
        "best-program",
        help="save the best program that a training has found so far",
        description=_BEST_PROGRAM_HELP,
        epilog="The access token is read from AEGIS_TOKEN. The role viewer is sufficient.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    best.add_argument("domain", help="name of the domain, such as medical")
    best.add_argument("-o", "--output", type=Path, metavar="FILE", help="the file to write (default: standard output)")
    best.add_argument("--run", type=_run_number, metavar="N", help="number of the run (default: the latest)")
    best.add_argument("--metric", help="name of the metric (default: the one that was evaluated last)")
    for command in (sync, watch, best):
        command.add_argument("--url", help="URL of the service (default: AEGIS_URL, or http://127.0.0.1:8000)")
    for command in (status, sync):
        command.add_argument(
            "--spool-dir", help="folder of the spools (default: AEGIS_SPOOL_DIR, or the state folder of the user)"
        )
    sync.add_argument(
        "--ended",
        action="append",
        default=[],
        metavar="RUN",
        help="send the spool of this run even if it is in doubt, because the training has ended (repeatable)",
    )
    sync.add_argument(
        "--timeout",
        type=_positive_seconds,
        default=SYNC_TIMEOUT_S,
        metavar="SECONDS",
        help="stop when the service has accepted nothing for this long (default: %(default)g)",
    )
    return parser


def _positive_seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not (seconds > 0 and math.isfinite(seconds)):
        raise argparse.ArgumentTypeError(f"{text} is not a positive number of seconds.")
    return seconds


def _run_number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text) > 0):
        raise argparse.ArgumentTypeError(f"{text} is not the number of a run.")
    return int(text)


def _print(text: str) -> None:
    if sys.stdout is not None:
        sys.stdout.write(text)


def _complain(sentence: str) -> None:
    if sys.stderr is not None:
        sys.stderr.write(f"aegis-tracker: {one_line(sentence)}\n")


def _sync(directory: Path, transport: Transport, timeout_s: float, ended: frozenset[str]) -> int:
    """Send all orphaned spools. Spools of the runs in `ended` are sent even if they are in doubt.

    Stops at the first spool that the service does not accept within `timeout_s`. Returns the exit status.
    """
    diagnostics = Diagnostics()
    backoff = Backoff()
    deadline = time.monotonic() + timeout_s

    def may_continue(failure: TryLaterError | None) -> bool:
        nonlocal deadline
        now = time.monotonic()
        if failure is None:
            backoff.success()
            deadline = now + timeout_s
            return True
        wait_s = backoff.after_failure(failure.after_s)
        if now + wait_s > deadline:
            return False
        time.sleep(wait_s)
        return True

    results: list[Sent] = []
    failed: list[Path] = []
    if directory.is_dir():
        remove_unfinished_files(directory)
    for path in spool_paths(directory):
        is_known_to_have_ended = run_id_of(path) in ended
        try:
            sent = send_orphaned_spool(
                path, transport, diagnostics, may_continue, is_known_to_have_ended=is_known_to_have_ended
            )
        except OSError as error:
            _complain(f"{path} cannot be read or removed: {error}")
            failed.append(path)
            continue
        if sent is None:
            continue
        results.append(sent)
        why = f": {sent.reason}" if sent.reason else ""
        if sent.outcome is Outcome.IN_DOUBT:
            why += (
                f". If its training has ended, send it with: aegis-tracker sync --ended {sent.run_id}"
                if not is_known_to_have_ended
                else ". It was skipped"
            )
        _print(one_line(f"{sent.run_id}  {sent.domain}  {sent.outcome.value}{why}") + "\n")
        if sent.outcome is Outcome.WAITING:
            break
    transport.close()
    return max(_print_summary(directory, results), 1 if failed else 0)


def _watch(url: str | None, domain: str) -> int:
    try:
        from aegis_tracker.watch import WatchError, watch
    except ImportError:
        _complain("watch needs rich. Install it: pip install 'aegis-tracker[show]'.")
        return 2
    client = Client(url, token=access_token(None))
    try:
        return watch(client, domain)
    except WatchError as error:
        _complain(str(error))
        return 2
    except KeyboardInterrupt:
        return 130
    finally:
        client.close()


def _best_program(options: argparse.Namespace) -> int:
    with Client(options.url, token=access_token(None)) as client:
        try:
            saved = save_best_program(
                client, options.domain, run=options.run, metric=options.metric, output=options.output
            )
        except (ServiceError, UnreachableError) as error:
            _complain(str(error))
            return 2
    sys.stderr.write(f"{saved}\n")
    return 0


def _print_summary(directory: Path, results: list[Sent]) -> int:
    live = waiting = 0
    for path in spool_paths(directory):
        try:
            if is_in_use(path):
                live += 1
            elif is_spool(path):
                waiting += 1
        except OSError:
            continue  # it was removed, or it cannot be read
    outcomes = Counter(result.outcome for result in results)
    in_doubt, kept = outcomes[Outcome.IN_DOUBT], outcomes[Outcome.KEPT]
    _print(
        f"{outcomes[Outcome.SENT]} sent, {max(0, waiting - in_doubt)} waiting, "
        f"{live} in use by trainings or another sync{f', {in_doubt} in doubt' if in_doubt else ''}.\n"
    )
    return 1 if waiting > kept or in_doubt else 0


def _status(directory: Path) -> int:
    paths = spool_paths(directory)
    if not paths:
        _print(f"There are no spools in {directory}.\n")
        return 0
    _print(f"{'run':36}  {'domain':20}  {'events':>8}  {'bytes':>12}  {'age':>12}  process  end\n")
    for path in paths:
        summary = summarize(path)
        _print(f"{one_line(path.name)}: not a spool\n" if summary is None else _row(summary))
    return 0


def _row(spool: SpoolSummary) -> str:
    process = _PROCESS[spool.process]
    refused = f"\n    refused: {one_line(spool.refused)}" if spool.refused else ""
    return (
        f"{one_line(spool.run_id):36}  {one_line(spool.domain):20}  {spool.events:8}  {spool.size_bytes:12}  "
        f"{duration_text(spool.age_s):>12}  {process:7}  {spool.end or '-'}{refused}\n"
    )
