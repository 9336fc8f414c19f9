"""The figures of `compare.py` as a table and as a picture."""

from __future__ import annotations

from math import exp, log
from statistics import fmean
from typing import Any

from harness import show_seconds

Figures = dict[str, Any]
KINDS = {"forward": "forward", "step": "training step"}


def geometric_mean(ratios: list[float]) -> float:
    return exp(fmean(log(r) for r in ratios)) if ratios else float("nan")


def ratios(figures: Figures, kind: str) -> dict[str, float]:
    """By case: the best peer's time over graphnn's."""
    return {c["name"]: c["ratio"] for c in figures["cases"] if c["kind"] == kind and c.get("ratio")}


def summary(figures: Figures) -> list[str]:
    lines = []
    for kind, title in KINDS.items():
        found = ratios(figures, kind)
        if found:
            worst = min(found, key=lambda name: found[name])
            mean = geometric_mean(list(found.values()))
            lines.append(
                f"{title}: {mean:.2f} times the best peer's speed (geometric mean), worst {found[worst]:.2f} ({worst})"
            )
    return lines


def markdown(figures: Figures) -> str:
    """A table with a row a case: seconds a run of each peer, and the ratio."""
    peers = list(dict.fromkeys(peer for case in figures["cases"] for peer in case["peers"]))
    lines = ["| | " + " | ".join([*peers, "best peer / graphnn", "of the best product"]) + " |"]
    lines.append("|---" * (len(peers) + 3) + "|")
    for case in figures["cases"]:
        cells = [show_seconds(case["peers"][p]["seconds"]) if p in case["peers"] else "" for p in peers]
        ratio = f"{case['ratio']:.2f}" if case.get("ratio") else ""
        share = f"{case['share']:.0%}" if case.get("share") else ""
        lines.append("| " + " | ".join([case["name"], *cells, ratio, share]) + " |")
    return "\n".join([*lines, "", *(f"- {line}" for line in summary(figures)), "", machine(figures)])


def machine(figures: Figures) -> str:
    about, limits = figures["machine"], figures.get("limits", {})
    text = f"{figures['date']}, {about['processor']}, {about['threads']} threads"
    if limits:
        text += f"; best matrix product {limits['flops'] / 1e9:.0f} GFLOP/s, copies {limits['bytes'] / 1e9:.1f} GB/s"
    return text


def costs(figures: Figures) -> str:
    """Time to the first result (cold, warm) and peak memory by case and peer, and the time to import each library."""
    lines = []
    for case in figures["cases"]:
        for peer, found in case["peers"].items():
            times = [show_seconds(found[key]) if key in found else "-" for key in ("first_cold", "first_warm")]
            lines.append(f"{case['name'] + ': ' + peer:52}{times[0]:>12}{times[1]:>12}{found['peak'] / 1e6:10.0f} MB")
    lines += [f"import {name}: {show_seconds(seconds)}" for name, seconds in figures.get("imports", {}).items()]
    return "\n".join([f"{'first result':52}{'cold':>12}{'warm':>12}{'peak':>13}", *lines])


def draw(figures: Figures, path: str) -> None:
    """Bars of the ratios, forward beside training step."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    picture, axes = plt.subplots(1, 2, figsize=(12, 5), layout="constrained")
    for ax, (kind, title) in zip(axes, KINDS.items(), strict=True):
        found = ratios(figures, kind)
        names = list(reversed(found))
        bars = ax.barh(names, [found[n] for n in names], color=["#2a7" if found[n] >= 1 else "#c54" for n in names])
        ax.bar_label(bars, fmt="%.2f", padding=3)
        ax.axvline(1, color="black", linewidth=1)
        ax.set_title(f"{title}: the best peer's time / graphnn's", fontsize=11)
        ax.margins(x=0.2)
    picture.suptitle(machine(figures), fontsize=9)
    picture.savefig(path, dpi=120)
    plt.close(picture)
