"""Runs the parts of the benchmark, prints their tables, writes their figures as JSON and, if asked, as a page."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console

from bench import cost, latency, spoken, typed
from bench.figures import Table
from bench.page import whole_page
from bench.reporting import show, update_page, write_figures
from fit.files import CHECKOUT
from voice_skill.asking import Asker
from voice_skill.ears import open_ears
from voice_skill.errors import UsageError
from voice_skill.settings import load_settings
from voice_skill.skill import build

FIGURES_FILE = CHECKOUT / "build" / "bench.json"
PARTS = ("typed", "spoken", "cost", "latency")


def run_bench(*, write_to: Path | None, only: list[str], page: Path | None = None) -> None:
    """Measure and print; figures go to `write_to`, or to build/bench.json; `only` names parts, all when empty.

    Raises UsageError for a part that doesn't exist.
    """
    unknown = sorted(set(only) - set(PARTS))
    if unknown:
        raise UsageError(f"no such part of the benchmark: {', '.join(unknown)}", fix=f"choose from {', '.join(PARTS)}")
    console = Console(highlight=False, width=120)
    tables = list(_measure(only or list(PARTS), console))
    write_figures(tables, write_to or FIGURES_FILE, console)
    if page is not None:
        update_page(page, tables, whole_page)


def _measure(parts: list[str], console: Console) -> Iterator[Table]:
    begin = time.perf_counter()
    settings = load_settings()
    skill = build(settings)
    ears = open_ears(settings) if "spoken" in parts else None
    asker = Asker(skill, settings, load_ms=(time.perf_counter() - begin) * 1000, ears=ears)
    if "typed" in parts:
        yield from _shown(typed.measure(asker), console)
    if "spoken" in parts:
        with console.status("decoding") as status:
            tables = spoken.measure(asker, status.update)
        yield from _shown(tables, console)
    if "cost" in parts:
        yield from _shown(cost.measure(), console)
    if "latency" in parts:
        yield from _shown(latency.measure(), console)


def _shown(tables: list[Table], console: Console) -> Iterator[Table]:
    for table in tables:
        show(table, console)
        yield table
