"""graphnn beside PyTorch (eager and torch.compile), JAX and ONNX Runtime, forward and training step.

Each peer runs in a process of its own, one of them works at a time, rounds alternate; the ratio of a case is the median
over rounds of (the best peer's time / graphnn's). `graphnn, native` is what is compared, or `graphnn, numpy` where there
is no compiler. Peers that are not installed are told and left out.

    python benchmarks/compare.py                        everything, about half an hour
    python benchmarks/compare.py LeNet "MLP step"       cases whose names hold one of these
    python benchmarks/compare.py --json out.json --picture out.png
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from export import export
from harness import Case, Worker, arguments, serve, show_seconds, take_turns, write_json
from limits import COPY, PRODUCT, limits
from networks import LENET, MLP, RESNET, RESNET224, TINY, Network
from peers import FORWARD, STEP
from report import costs, draw, markdown
from sequences import TAGGER, TRANSFORMER, WIDE_TAGGER

OURS = ("graphnn, native", "graphnn, numpy")
SIZES: tuple[tuple[Network, int], ...] = (
    *((TINY, 1), (TINY, 64), (MLP, 1), (MLP, 64), (LENET, 1), (LENET, 64)),
    *((TAGGER, 1), (WIDE_TAGGER, 1), (WIDE_TAGGER, 16), (TRANSFORMER, 1), (TRANSFORMER, 8)),
    *((RESNET224, 1), (RESNET224, 4), (RESNET, 1), (RESNET, 8)),
)
KINDS = {"forward": FORWARD, "step": STEP}
CACHES = ("GRAPHNN_CACHE_DIR", "TORCHINDUCTOR_CACHE_DIR")
CACHING = ("graphnn, native", "torch.compile")
IMPORTED = ("graphnn", "torch", "jax", "onnxruntime")


def case_name(kind: str, network: Network, batch: int) -> str:
    return f"{network.name} {kind} b{batch}"


def cases() -> dict[str, tuple[Case, str, Network, int]]:
    found = {}
    for kind, makers in KINDS.items():
        for network, batch in SIZES:
            name = case_name(kind, network, batch)
            peers = {peer: make(network, batch) for peer, make in makers.items()}
            found[name] = Case(name, peers, OURS[0]), kind, network, batch
    return found


def main() -> None:
    known = cases()
    serve([*(entry[0] for entry in known.values()), PRODUCT, COPY])
    options = options_of(sys.argv[1:])
    figures: dict[str, Any] = about(options.threads)
    figures["limits"] = limits(options.threads, options.rounds)
    figures["imports"] = {name: seconds for name in IMPORTED if (seconds := import_seconds(name)) is not None}
    figures["cases"] = []
    for name, entry in known.items():
        if not options.names or any(word in name for word in options.names):
            figures["cases"].append(measure(*entry, figures["limits"], options))
            write_json(options.json, figures)
    print(f"\n{markdown(figures)}\n\n{costs(figures)}")
    if options.picture:
        draw(figures, options.picture)


def options_of(words: list[str]) -> argparse.Namespace:
    parser = arguments(__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("names", nargs="*", help="only cases whose names hold one of these words")
    parser.add_argument("--picture", metavar="FILE", help="draw the ratios there")
    parser.add_argument(
        "--without", action="append", default=[], metavar="PEER", help="leave this peer out; may be repeated"
    )
    parser.add_argument("--no-cold", action="store_true", help="do not time first results with empty caches")
    parser.add_argument("--verbose", action="store_true", help="show what the peers print")
    return parser.parse_args(words)


# ---- one case


def measure(
    case: Case, kind: str, network: Network, batch: int, most: dict[str, float], options: argparse.Namespace
) -> dict[str, Any]:
    """All figures of a case, told as they come."""
    print(f"{case.name}", flush=True)
    peers = [p for p in case.peers if p not in options.without]
    with tempfile.TemporaryDirectory() as folder:
        os.environ.update({name: str(Path(folder) / name) for name in CACHES})
        cold = {} if options.no_cold else {p: first_cold(case, p, options) for p in peers if p in CACHING}
        found, times = measure_peers(case, peers, options)
    for peer, seconds in cold.items():
        if peer in found and seconds is not None:
            found[peer]["first_cold"] = seconds
    result = {"name": case.name, "kind": kind, "network": network.name, "batch": batch, "peers": found}
    return result | compared(times) | near_limit(kind, network, batch, found, most)


def first_cold(case: Case, peer: str, options: argparse.Namespace) -> float | None:
    """Seconds to the first result with empty caches."""
    worker = Worker(case, peer, options.threads, quiet=not options.verbose)
    seconds = worker.facts()["first"] if worker.ready else None
    worker.stop()
    return seconds


def measure_peers(
    case: Case, peers: list[str], options: argparse.Namespace
) -> tuple[dict[str, dict[str, float]], dict[str, list[float]]]:
    """What each peer needs, by its name, and its seconds round by round."""
    workers = [Worker(case, peer, options.threads, quiet=not options.verbose) for peer in peers]
    able = [w for w in workers if w.ready]
    times = take_turns(able, options.rounds)
    found = {}
    for worker in able:
        facts = worker.facts()
        median = statistics.median(times[worker.peer])
        found[worker.peer] = {"seconds": median, "first_warm": facts["first"], "peak": facts["peak"]}
        print(f"  {worker.peer:20}{show_seconds(median):>12}", flush=True)
    for worker in workers:
        if not worker.ready:
            print(f"  {worker.peer:20} left out: {worker.failure}", flush=True)
        worker.stop()
    return found, times


def compared(times: dict[str, list[float]]) -> dict[str, Any]:
    """The best peer (by its median), and the median over rounds of its time over graphnn's."""
    ours = next((name for name in OURS if name in times), None)
    others = {name: statistics.median(t) for name, t in times.items() if name not in OURS}
    if ours is None or not others:
        return {}
    best = min(others, key=lambda name: others[name])
    ratio = statistics.median(a / b for a, b in zip(times[best], times[ours], strict=True))
    print(f"  {ours} is {ratio:.2f} times as fast as {best}", flush=True)
    return {"ours": ours, "best": best, "ratio": ratio}


def near_limit(
    kind: str, network: Network, batch: int, found: dict[str, dict[str, float]], most: dict[str, float]
) -> dict[str, float]:
    """The products' operations a second, as a share of the best matrix product's."""
    ours = next((found[name] for name in OURS if name in found), None)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "flops.json"
        try:
            export("flops", network, batch, path)
            flops = json.loads(path.read_text())[kind]
        except subprocess.CalledProcessError:  # PyTorch, which counts them, is missing
            return {}
    if ours is None or not flops or not most.get("flops"):
        return {}
    return {"flops": flops, "share": flops / ours["seconds"] / most["flops"]}


# ---- the machine


def about(threads: int) -> dict[str, Any]:
    processor = platform.processor() or platform.machine()
    if os.path.exists("/proc/cpuinfo"):
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        processor = next((line.partition(": ")[2] for line in lines if line.startswith("model name")), processor)
    machine = {"processor": processor, "threads": threads, "system": platform.platform()}
    return {"date": datetime.date.today().isoformat(), "machine": machine}


def import_seconds(name: str) -> float | None:
    """What importing it adds to the start of Python, the least of each, taken in turns; None: it is not installed."""
    bare, more = [], []
    for _ in range(9):
        bare.append(start_seconds("pass"))
        more.append(start_seconds(f"import {name}"))
        if more[-1] is None:
            return None
    return min(t for t in more if t is not None) - min(t for t in bare if t is not None)


def start_seconds(program: str) -> float | None:
    """Of a Python that runs this; None: it failed."""
    start = time.perf_counter()
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=False)
    return None if done.returncode else time.perf_counter() - start


if __name__ == "__main__":
    main()
