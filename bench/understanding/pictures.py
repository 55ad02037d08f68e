"""The benchmark's two pictures as SVG files that don't change when the figures don't. Not for counting."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from bench.understanding.tables import Bin

mpl.rcParams.update({"svg.hashsalt": "bench", "font.size": 8})
_SHOWN_FROM = 0.35  # of a row's utterances: from here on white figures can be read better than black ones


def draw_confusions(counts: Mapping[tuple[str, str], int], file: Path) -> None:
    """What was meant (rows) against what it was taken for (columns), in shares of the row, with the counts."""
    meant = sorted({pair[0] for pair in counts})
    taken = sorted({pair[1] for pair in counts}, key=lambda label: (label not in meant, label))
    table = np.array([[counts.get((row, column), 0) for column in taken] for row in meant])
    shares = table / table.sum(axis=1, keepdims=True)
    figure = Figure(figsize=(12, 10), layout="constrained")
    axes = figure.subplots()
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    axes.set_xticks(range(len(taken)), taken, rotation=90)
    axes.set_yticks(range(len(meant)), meant)
    axes.set_xlabel("taken for")
    axes.set_ylabel("meant")
    for row, column in zip(*table.nonzero(), strict=True):
        colour = "white" if shares[row, column] >= _SHOWN_FROM else "black"
        axes.text(column, row, str(table[row, column]), ha="center", va="center", color=colour, fontsize=6)
    _save(figure, file)


def draw_calibration(found: Sequence[Bin], file: Path) -> None:
    """How often the likeliest label was right (with its 95 % interval), over how likely it was said to be."""
    figure = Figure(figsize=(5, 5), layout="constrained")
    axes = figure.subplots()
    axes.plot([0, 100], [0, 100], color="grey", linestyle=":")
    said = [100 * each.chance for each in found]
    right = [each.right.percent for each in found]
    low, high = zip(*(each.right.interval for each in found), strict=True) if found else ((), ())
    axes.errorbar(said, right, yerr=[np.subtract(right, low), np.subtract(high, right)], marker="o", capsize=3)
    axes.set(xlim=(0, 100), ylim=(0, 100), xlabel="said to be right, %", ylabel="right, %")
    _save(figure, file)


def _save(figure: Figure, file: Path) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(file, format="svg", metadata={"Date": None, "Creator": None})
