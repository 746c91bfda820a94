"""The command `aegis-tracker`."""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from aegis_tracker.settings import SettingsError, spool_directory
from aegis_tracker.spool import END_TYPES, SPOOL_SUFFIX, START_TYPE, parse_record
from aegis_tracker.version import VERSION


class SpoolSummary(NamedTuple):
    """What a spool holds that is not known to have arrived. `end` is the event that ended the run."""

    run_id: str
    domain: str
    events: int
    end: str | None


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; the exit status."""
    parser = argparse.ArgumentParser(prog="aegis-tracker", description="Looks after what trainings reported.")
    parser.add_argument("--version", action="version", version=f"aegis-tracker {VERSION}")
    commands = parser.add_subparsers(dest="command", required=True)
    status = commands.add_parser("status", help="list the spools: reports that have not all arrived")
    status.add_argument("--spool-dir", help="the folder (default: AEGIS_SPOOL_DIR, else the user's own)")
    options = parser.parse_args(arguments)
    try:
        return _status(spool_directory(options.spool_dir))
    except (SettingsError, OSError) as error:
        sys.stderr.write(f"aegis-tracker: {error}\n")
        return 1


def _status(directory: Path) -> int:
    paths = sorted(directory.glob(f"*{SPOOL_SUFFIX}"))
    if not paths:
        sys.stdout.write(f"Nothing waits in {directory}.\n")
        return 0
    sys.stdout.write(f"{'run':36}  {'domain':20}  {'events':>8}  end\n")
    for path in paths:
        summary = summarize(path)
        if summary is None:
            sys.stdout.write(f"{path.name}: not a spool\n")
        else:
            end = summary.end or "-"
            sys.stdout.write(f"{summary.run_id:36}  {summary.domain:20}  {summary.events:8}  {end}\n")
    return 0


def summarize(path: str | os.PathLike[str]) -> SpoolSummary | None:
    """What is in the spool at `path`; None when it is no spool or gone meanwhile. Raises OSError."""
    try:
        file = Path(path).open("rb")  # noqa: SIM115 - closed below
    except FileNotFoundError:
        return None
    with file:
        start = parse_record(file.readline())
        if start is None or start["type"] != START_TYPE:
            return None
        events, end = 0, None
        for line in file:
            record = parse_record(line)
            if record is not None and end is None:
                events += 1
                end = record["type"] if record["type"] in END_TYPES else None
    return SpoolSummary(str(start.get("id")), str(start.get("domain")), events, end)
