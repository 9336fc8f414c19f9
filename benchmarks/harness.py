"""Peers side by side: each in a process of its own, one of them working at a time, in alternating rounds.

A worker sets its peer up, warms it up and waits; at every word from here it times one fixed batch of runs. What is
compared are ratios within a round, so that a machine whose speed wanders, or that others use too, does little harm.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

Run = Callable[[], object]

BATCH_SECONDS = 0.1
SETTLE_SECONDS = 0.1  # between turns: the threads of the peer before spin on for tens of milliseconds


@dataclass(frozen=True)
class Case:
    """`peers[name]()` sets a peer up and returns what is to be timed. The others are compared with `base`;
    `targets` are the highest ratios wanted."""

    name: str
    peers: dict[str, Callable[[], Run]]
    base: str
    targets: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Row:
    """`seconds` a run, the median of all rounds; `ratio` to the base, the median of those within a round."""

    case: str
    peer: str
    seconds: float
    ratio: float
    target: float | None

    @property
    def verdict(self) -> str:
        if self.target is None:
            return ""
        return f"{'ok' if self.ratio <= self.target else 'MISSED'} (<= {self.target:g})"


# ---- in a worker


def work(setup: Callable[[], Run]) -> None:
    """Serves one peer: says that it is ready, then answers each "go" with the seconds that a run took, and "facts"
    with what is known of the process."""
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # whatever the peer prints goes to stderr
    try:
        run = setup()
    except ModuleNotFoundError as error:
        print(f"missing {error.name}", file=answers)
        return
    first = timed(run, 1)
    print("ready", file=answers)
    count = 0
    for word in sys.stdin:
        if word.strip() == "facts":
            print(json.dumps({"first": first, "peak": peak_memory()}), file=answers)
            continue
        count = count or batch_size(run)
        print(timed(run, count), file=answers)


def peak_memory() -> int:
    """Bytes that this process has held at most."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def batch_size(run: Run) -> int:
    """How many runs take about `BATCH_SECONDS`, found while warming up."""
    run()
    single = min(timed(run, 1) for _ in range(3))
    likely = timed(run, max(1, int(BATCH_SECONDS / max(single, 1e-7))))
    return max(1, int(BATCH_SECONDS / max(likely, 1e-7)))


def timed(run: Run, count: int) -> float:
    """Seconds a run, over `count` of them."""
    start = time.perf_counter()
    for _ in range(count):
        run()
    return (time.perf_counter() - start) / count


def interleave(runs: dict[str, Run], rounds: int, batch_seconds: float = 0.02) -> dict[str, list[float]]:
    """Seconds a run of each, round by round, in this very process: for what must share arrays or differs by little."""
    counts = {name: max(1, int(batch_size(run) * batch_seconds / BATCH_SECONDS)) for name, run in runs.items()}
    times: dict[str, list[float]] = {name: [] for name in runs}
    for number in range(rounds):
        for name in list(runs) if number % 2 == 0 else reversed(runs):
            times[name].append(timed(runs[name], counts[name]))
    return times


# ---- in the parent


def environment(threads: int) -> dict[str, str]:
    """What workers run in: libraries read there how many threads to use when they are loaded. Bytecode may be kept, as that
    of installed packages is."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return kept | dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), str(threads))


class Worker:
    """A peer's process."""

    def __init__(self, case: Case, peer: str, threads: int, quiet: bool = False) -> None:
        command = [sys.executable, sys.argv[0], "--worker", case.name, peer]
        self.peer = peer
        self._errors = tempfile.TemporaryFile("w+") if quiet else None  # noqa: SIM115  read when it has failed
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
            env=environment(threads),
        )
        self.answer = self._read()
        self.ready = self.answer == "ready"

    def _read(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    @property
    def failure(self) -> str:
        """Why it is not ready: what is missing, or the last line that it printed."""
        if self.answer or self._errors is None:
            return self.answer or "it failed"
        self._errors.seek(0)
        lines = self._errors.read().split("\n")
        return next((line for line in reversed(lines) if line.strip()), "it failed")

    def time(self) -> float:
        """Seconds a run, over a batch of them, when the processors have come to rest."""
        time.sleep(SETTLE_SECONDS)
        return float(self._ask("go"))

    def facts(self) -> dict[str, float]:
        """`first`: seconds of its first run; `peak`: bytes held at most so far."""
        found: dict[str, float] = json.loads(self._ask("facts"))
        return found

    def _ask(self, word: str) -> str:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{word}\n")
        self.process.stdin.flush()
        return self._read()

    def stop(self) -> None:
        self.process.communicate()


def compare(case: Case, rounds: int, threads: int) -> list[Row]:
    """Times every peer of a case that is installed."""
    workers = [Worker(case, peer, threads) for peer in case.peers]
    for worker in workers:
        if not worker.ready:
            print(f"  {case.name}: left out {worker.peer} ({worker.failure})")
    times = take_turns([w for w in workers if w.ready], rounds)
    for worker in workers:
        worker.stop()
    return [_row(case, peer, times) for peer in times]


def take_turns(workers: Sequence[Worker], rounds: int) -> dict[str, list[float]]:
    """Seconds a run of each peer, round by round; every other round goes through them backwards."""
    times: dict[str, list[float]] = {w.peer: [] for w in workers}
    for worker in workers:
        worker.time()  # warms it up
    for number in range(rounds):
        for worker in workers if number % 2 == 0 else reversed(workers):
            times[worker.peer].append(worker.time())
    return times


def _row(case: Case, peer: str, times: dict[str, list[float]]) -> Row:
    base = times.get(case.base)
    ratio = float("nan") if base is None else statistics.median(a / b for a, b in zip(times[peer], base, strict=True))
    return Row(case.name, peer, statistics.median(times[peer]), ratio, case.targets.get(peer) if base else None)


# ---- a script


def arguments(text: str | None) -> argparse.ArgumentParser:
    """The options that all scripts have."""
    parser = argparse.ArgumentParser(description=text)
    parser.add_argument("--json", metavar="FILE", help="write the figures there too")
    parser.add_argument("--rounds", type=int, default=15, help="rounds of a comparison")
    parser.add_argument("--threads", type=int, default=os.cpu_count(), help="threads of each library")
    return parser


def serve(cases: Sequence[Case]) -> None:
    """Does a worker's work, and ends, if this process was started as one."""
    if sys.argv[1:2] == ["--worker"]:
        work(next(c for c in cases if c.name == sys.argv[2]).peers[sys.argv[3]])
        raise SystemExit


def main(text: str | None, cases: Sequence[Case]) -> list[Row]:
    """Runs a script that compares: as a worker if it was started as one, otherwise over all cases named."""
    serve(cases)
    parser = arguments(text)
    parser.add_argument("names", nargs="*", help="only cases whose names hold one of these words")
    options = parser.parse_args()
    chosen = [c for c in cases if not options.names or any(n in c.name for n in options.names)]
    rows = []
    print(f"{'':34}{'a run':>12}{'ratio':>8}")
    for case in chosen:
        for row in compare(case, options.rounds, options.threads):
            print(f"{row.case + ': ' + row.peer:42}{show_seconds(row.seconds):>12}{row.ratio:8.2f}  {row.verdict}")
            rows.append(row)
    write_json(options.json, [vars(r) for r in rows])
    return rows


def show_seconds(seconds: float) -> str:
    """Three digits and a unit."""
    for unit, scale in (("s", 1.0), ("ms", 1e-3)):
        if seconds >= scale:
            return f"{seconds / scale:.3g} {unit}"
    return f"{seconds * 1e6:.3g} us"


def verdict(figure: float, target: float) -> str:
    """Whether a figure is at or below its target, in words."""
    return f"{'ok' if figure <= target else 'MISSED'} (<= {target:g})"


def write_json(path: str | None, figures: Any) -> None:
    if path is not None:
        with open(path, "w") as file:
            json.dump(figures, file, indent=1)
