"""Runs the parts of the benchmark, prints their tables, writes their figures as JSON and, if asked, as a page."""

from __future__ import annotations

import json
import platform
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table as RichTable

from bench import cost, latency, spoken, typed
from bench.figures import Table
from bench.page import whole_page
from fit.files import CHECKOUT
from voice_skill import __version__
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


def write_figures(tables: Sequence[Table], file: Path, console: Console, **about: object) -> None:
    """Write the tables' figures as JSON; `about`: what else is to be known of the run."""
    figures = {table.name: table.figures for table in tables}
    document = {"version": __version__, "machine": _machine(), **about, "figures": figures}
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    console.print(f"figures written to {file}", markup=False, soft_wrap=True)


def update_page(page: Path, tables: Sequence[Table], render: Callable[[Sequence[Table], str, str], str]) -> None:
    """Write a page anew: `render` makes it of the tables, the machine, and the page as it was ("": none)."""
    before = page.read_text(encoding="utf-8") if page.exists() else ""
    page.write_text(render(tables, _machine(), before), encoding="utf-8")


def _machine() -> str:
    return f"{platform.machine()}, Python {platform.python_version()}"


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


def show(table: Table, console: Console) -> None:
    """Print a table and its notes."""
    shown = RichTable(*table.columns, title=table.title, title_justify="left")
    for row in table.rows:
        shown.add_row(*row)
    console.print(shown)
    for note in table.notes:
        console.print(note, style="dim", markup=False)
