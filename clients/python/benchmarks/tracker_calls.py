"""What a tracker costs its training: the time of a call, and memory while reports wait. Prints a table.

    python clients/python/benchmarks/tracker_calls.py [--calls 20000] [--waiting 1000000]

Each line is measured in a process of its own, against a service on loopback that takes everything at once.
"""

import argparse
import itertools
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
import warnings
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

SOURCE = Path(__file__).parents[1] / "src"
MEDIAN_MAX_US, P99_MAX_US, MEMORY_MAX_MB = 30, 300, 50
NOBODY_LISTENS = "http://127.0.0.1:9"
WORK_S = 0.0002  # of the training, between calls


class TakesEverything(BaseHTTPRequestHandler):
    """Acknowledges every request."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        sent = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        events = sent.get("events") or [{"n": 0}]
        answer = {"training_run_id": sent.get("id"), "last_n": events[-1]["n"], "cancel_requested": False}
        body = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--calls", type=int, default=20_000)
    parser.add_argument("--waiting", type=int, default=1_000_000)
    parser.add_argument("--child", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child == "serve":
        return serve()
    if options.child:
        sys.stdout.write(json.dumps(globals()[options.child](options.calls, options.waiting)))
        return 0
    with subprocess.Popen(
        [sys.executable, __file__, "--child", "serve"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as service:
        assert service.stdout is not None
        assert service.stdin is not None
        url = service.stdout.readline().decode().strip()
        good = table(options, url)
        service.stdin.close()
    return 0 if good else 1


def table(options: argparse.Namespace, url: str) -> bool:
    """Measure and print; whether all is within bounds."""
    good = True
    write(f"{'call':42} {'median µs':>10} {'p99 µs':>10} {'max µs':>10}\n")
    for service, address in (("up", url), ("down", NOBODY_LISTENS)):
        for manner in ("", "_at_work"):
            for call in ("log", "progress", "candidate", "evaluation", "usage"):
                found = in_child(f"time_{call}{manner}", options, address)
                name = f"{call}, {'after 0.2 ms of work' if manner else 'in a tight loop'}, service {service}"
                write(f"{name:42} {found['median']:10.1f} {found['p99']:10.1f} {found['max']:10.0f}\n")
                good &= found["median"] <= MEDIAN_MAX_US and found["p99"] <= P99_MAX_US
    for kilobytes in (10, 100, 1000):
        found = in_child(f"time_candidate_of_{kilobytes}_kb", options, url)
        name = f"candidate with a state of {kilobytes} kB"
        write(f"{name:42} {found['median']:10.1f} {found['p99']:10.1f} {found['max']:10.0f}\n")
    write(f"\n{'memory':42} {'MB before':>10} {'MB added':>10} {'calls/s':>10}\n")
    for name, function, address in (
        (f"{options.waiting} reports wait, service down", "wait_on_disk", NOBODY_LISTENS),
        ("the same, sent by the next tracker", "send_what_waits", url),
        ("the same, spool folder not writable", "wait_in_memory", NOBODY_LISTENS),
    ):
        found = in_child(function, options, address)
        write(f"{name:42} {found['before']:10.1f} {found['added']:10.1f} {found['per_s']:10.0f}\n")
        good &= found["added"] <= MEMORY_MAX_MB
    write(f"\nwithin {MEDIAN_MAX_US} µs median, {P99_MAX_US} µs p99, {MEMORY_MAX_MB} MB: {'yes' if good else 'NO'}\n")
    return good


def in_child(name: str, options: argparse.Namespace, url: str) -> dict[str, float]:
    """What the function `name` of this file returns in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        environment = os.environ | {"AEGIS_URL": url, "AEGIS_TOKEN": "t", "AEGIS_SPOOL_DIR": folder}
        command = [
            sys.executable,
            __file__,
            "--child",
            name,
            "--calls",
            str(options.calls),
            "--waiting",
            str(options.waiting),
        ]
        done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True)
    return json.loads(done.stdout)


def time_log(calls: int, _: int) -> dict[str, float]:
    tracker = new_tracker()
    return timed(lambda n: tracker.log("INFO", f"trial {n} of {calls}"), calls, 0)


def time_progress(calls: int, _: int) -> dict[str, float]:
    tracker = new_tracker()
    return timed(lambda n: tracker.update_progress(n / calls, f"trial {n}", {"entity_f1": n / calls}), calls, 0)


def time_log_at_work(calls: int, _: int) -> dict[str, float]:
    tracker = new_tracker()
    return timed(lambda n: tracker.log("INFO", f"trial {n} of {calls}"), calls // 4, WORK_S)


def time_progress_at_work(calls: int, _: int) -> dict[str, float]:
    tracker = new_tracker()
    return timed(lambda n: tracker.update_progress(n / calls, f"trial {n}", {"f1": n / calls}), calls // 4, WORK_S)


def time_candidate(calls: int, _: int, work_s: float = 0) -> dict[str, float]:
    tracker, names = new_tracker(), map(str, itertools.count())
    predictors = {"extract": {"instruction": "Find every entity of the text.", "demonstrations": []}}
    state = {"extract": {"demos": [], "signature": {"instructions": "Find every entity."}, "lm": None}}
    return timed(
        lambda _: tracker.candidate(next(names), origin="proposed", predictors=predictors, state=state),
        calls,
        work_s,
    )


def time_evaluation(calls: int, _: int, work_s: float = 0) -> dict[str, float]:
    tracker = new_tracker()
    return timed(
        lambda n: tracker.evaluation("candidate", "f1", n / calls, split="minibatch", example_count=35, duration_ms=n),
        calls,
        work_s,
    )


def time_usage(calls: int, _: int, work_s: float = 0) -> dict[str, float]:
    tracker = new_tracker()
    return timed(
        lambda n: tracker.usage(
            "openai/gpt-4o-mini", role="student", calls=n, input_tokens=n, output_tokens=n, cost=0.01, duration_ms=n
        ),
        calls,
        work_s,
    )


def time_candidate_at_work(calls: int, _: int) -> dict[str, float]:
    return time_candidate(calls // 4, _, WORK_S)


def time_evaluation_at_work(calls: int, _: int) -> dict[str, float]:
    return time_evaluation(calls // 4, _, WORK_S)


def time_usage_at_work(calls: int, _: int) -> dict[str, float]:
    return time_usage(calls // 4, _, WORK_S)


def time_candidate_of_10_kb(*_: int) -> dict[str, float]:
    return time_large_candidate(10, 1000)


def time_candidate_of_100_kb(*_: int) -> dict[str, float]:
    return time_large_candidate(100, 300)


def time_candidate_of_1000_kb(*_: int) -> dict[str, float]:
    return time_large_candidate(1000, 50)


def time_large_candidate(kilobytes: int, calls: int) -> dict[str, float]:
    """A program with demonstrations of 500 bytes."""
    tracker, names = new_tracker(), map(str, itertools.count())
    demonstration = {"text": "Aspirin reduces the risk of stroke. " * 12, "entities": ["Aspirin", "stroke"] * 2}
    demos = [demonstration] * (kilobytes * 1000 // len(json.dumps(demonstration)))
    state = {"extract": {"demos": demos, "signature": {"instructions": "Find every entity."}, "lm": None}}
    return timed(lambda _: tracker.candidate(next(names), state=state), calls, 0)


def wait_on_disk(_: int, waiting: int) -> dict[str, float]:
    return fill(new_tracker(), waiting)


def wait_in_memory(_: int, waiting: int) -> dict[str, float]:
    return fill(new_tracker(spool_dir="/dev/null/spool"), waiting)


def send_what_waits(_: int, waiting: int) -> dict[str, float]:
    """A process leaves `waiting` reports; this one sends them."""
    pid = os.fork()
    if pid == 0:
        tracker = new_tracker(url=NOBODY_LISTENS)
        for number in range(waiting):
            tracker.log("INFO", f"trial {number} of {waiting}")
        os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(pid, 0)
    for name in os.listdir(os.environ["AEGIS_SPOOL_DIR"]):
        os.utime(Path(os.environ["AEGIS_SPOOL_DIR"], name), (0, 0))  # long ago, so that nobody waits for a restart
    before = resident_mb()
    peak = Peak()
    began = time.monotonic()
    tracker = new_tracker()
    tracker._reporter._sending.finish_orphaned_spools(600)
    assert len(os.listdir(os.environ["AEGIS_SPOOL_DIR"])) == 1, "not all was sent"
    return {"before": before, "added": peak.end() - before, "per_s": waiting / (time.monotonic() - began)}


def fill(tracker: Any, waiting: int) -> dict[str, float]:
    before = resident_mb()
    peak = Peak()
    began = time.monotonic()
    for number in range(waiting):
        tracker.log("INFO", f"trial {number} of {waiting}")
    per_s = waiting / (time.monotonic() - began)
    found = {"before": before, "added": peak.end() - before, "per_s": per_s}
    tracker.close(timeout=0)
    return found


class Peak:
    """The most memory that the process had, looked at a few times a second."""

    def __init__(self) -> None:
        self._most = resident_mb()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def end(self) -> float:
        self._ended.set()
        self._thread.join()
        return max(self._most, resident_mb())

    def _look(self) -> None:
        while not self._ended.wait(0.1):
            self._most = max(self._most, resident_mb())


def new_tracker(**settings: Any) -> Any:
    sys.path.insert(0, str(SOURCE))
    from aegis_tracker import AegisTrackerWarning, TrainingProgressTracker

    warnings.simplefilter("ignore", AegisTrackerWarning)
    return TrainingProgressTracker("benchmark", **settings)


def timed(call: Any, calls: int, work_s: float) -> dict[str, float]:
    for number in range(200):
        call(number)
    taken = []
    for number in range(calls):
        began = time.perf_counter_ns()
        call(number)
        taken.append(time.perf_counter_ns() - began)
        work(work_s)
    taken.sort()
    found = {"median": taken[len(taken) // 2], "p99": taken[len(taken) * 99 // 100], "max": taken[-1]}
    sys.stdout.write(json.dumps({name: value / 1000 for name, value in found.items()}))
    sys.stdout.flush()
    os._exit(0)


def work(seconds: float) -> None:
    """Do what a training does: other things, with the processor's caches for itself."""
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        sorted(range(500), key=str)


def resident_mb() -> float:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return float("nan")


def serve() -> int:
    server = ThreadingHTTPServer(("127.0.0.1", 0), TakesEverything)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    sys.stdout.write(f"http://127.0.0.1:{server.server_address[1]}\n")
    sys.stdout.flush()
    sys.stdin.read()
    return 0


def write(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
