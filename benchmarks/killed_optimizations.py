"""Kills optimisations half way and asks the service for their best program: does it score what was said?

For GEPA and MIPROv2 at a quarter, a half and three quarters of their metric calls: the process is ended by SIGKILL,
`aegis-tracker sync` sends what it left, `aegis-tracker best-program` saves the program, and a fresh process loads it
and evaluates it on the same examples. `killed_optimizations.py TIMES` says how often for each; 20 by default.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(PROJECT), str(Path(__file__).resolve().parent)]

EXAMPLE = PROJECT / "examples" / "domain_training"
EXAMPLE_PYTHON = str(EXAMPLE / ".venv" / "bin" / "python")
OPTIMIZERS = ("gepa", "miprov2")
SHARES = (0.25, 0.5, 0.75)
TOLERANCE = 1e-9


def main(times: int) -> None:
    """Kill, ask, load and compare."""
    from table import report

    from tests.support.migrated_cluster import RUN_FOLDER
    from tests.support.running_service import Service

    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        os.environ[RUN_FOLDER] = folder
        service = Service()
        service.start()
        try:
            new = {"name": "medical", "description": "Optimisations that are killed"}
            service.client(service.token("operator")).post("/domains", json=new).raise_for_status()
            settings = {"AEGIS_URL": service.url, "AEGIS_TOKEN": service.token("reporter")}
            rows = []
            for optimizer in OPTIMIZERS:
                total = calls_of(optimizer, Path(folder) / f"whole-{optimizer}")
                for share in SHARES:
                    same = 0
                    for number in range(times):
                        calls = round(total * share) + number
                        same += survives(optimizer, calls, Path(folder) / f"{optimizer}-{share}-{number}", settings)
                    rows.append((optimizer, f"{share:.0%} of {total} metric calls, and later", times, same))
            report(
                "killed_optimizations",
                "Best programs of killed optimisations",
                ("optimiser", "killed at", "times", "loaded, and scored as said"),
                rows,
            )
        finally:
            service.stop()


def calls_of(optimizer: str, spool: Path) -> int:
    """How often a whole optimisation calls its metric."""
    nobody = {"AEGIS_URL": "http://127.0.0.1:9", "AEGIS_TOKEN": "nobody"}
    said = run_example("interrupted_optimization.py", optimizer, "0", "SIGKILL", spool=spool, settings=nobody)
    assert said.returncode == 0, said.stderr
    return next(int(line.split()[1]) for line in said.stdout.splitlines() if line.startswith("calls "))


def survives(optimizer: str, calls: int, folder: Path, settings: dict[str, str]) -> bool:
    """Whether the best program of an optimisation that is killed at this call scores what the service says."""
    killed = run_example(
        "interrupted_optimization.py", optimizer, str(calls), "SIGKILL", spool=folder / "spool", settings=settings
    )
    assert killed.returncode == -9, killed.stderr
    command([sys.executable, "-m", "aegis_tracker", "sync"], folder / "spool", settings)
    program = folder / "program.json"
    saved = command(
        [sys.executable, "-m", "aegis_tracker", "best-program", "medical", "-o", str(program)], folder, settings
    )
    expected = best_score(settings)
    scored = run_example("score_program.py", str(program), "development", spool=folder, settings=settings)
    assert scored.returncode == 0, scored.stderr
    score = float(scored.stdout.splitlines()[-1])
    is_same = abs(score - expected) <= TOLERANCE
    sys.stdout.write(f"{optimizer} killed at call {calls}: {saved.stderr.strip()}; scores {score!r}\n")
    return is_same


def best_score(settings: dict[str, str]) -> float:
    """The best score of the latest run, as the service says it."""
    from aegis_tracker import Client

    with Client(settings["AEGIS_URL"], token=settings["AEGIS_TOKEN"]) as client:
        best = client.status("medical")["best"]
    assert best is not None
    return best["score"]


def run_example(
    program: str, *arguments: str, spool: Path, settings: dict[str, str]
) -> subprocess.CompletedProcess[str]:
    """Run a program of the example's tests in the example's environment."""
    support = PROJECT / "clients" / "python" / "tests" / "support"
    path = os.pathsep.join([str(EXAMPLE), str(EXAMPLE / "tests"), str(support)])
    called = [EXAMPLE_PYTHON, str(EXAMPLE / "tests" / program), *arguments]
    environment = os.environ | settings | {"AEGIS_SPOOL_DIR": str(spool), "PYTHONPATH": path}
    return subprocess.run(called, env=environment, capture_output=True, text=True, check=False)


def command(called: list[str], spool: Path, settings: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run a command that must succeed."""
    environment = os.environ | settings | {"AEGIS_SPOOL_DIR": str(spool)}
    done = subprocess.run(called, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, (done.stdout, done.stderr)
    return done


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20)
