"""Shows tables, writes their figures as JSON, and renews pages. Not for measuring."""

from __future__ import annotations

import json
import platform
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table as RichTable

from bench.figures import Table
from bench.page import with_section
from fit.files import CHECKOUT
from voice_skill import __version__

# Options of every part's command.
WriteTo = Annotated[Path | None, typer.Option("--json", "--out", "-o", help="Where the figures go.")]
Page = Annotated[Path | None, typer.Option(help="Replace this part's section of this Markdown file.")]


def report(
    part: str, tables: Sequence[Table], write_to: Path | None, page: Path | None, picture: str | None = None
) -> None:
    """Show a part's tables, write their figures (build/bench-PART.json unless told), and renew its section of `page`.

    picture: Markdown of what was drawn beside the page, for under the last table.
    """
    console = Console(highlight=False, width=120)
    for table in tables:
        show(table, console)
    write_figures(tables, write_to or CHECKOUT / "build" / f"bench-{part}.json", console)
    if page is not None:
        if picture is not None:
            tables[-1].notes.append(picture)
        update_page(page, tables, with_section(part))


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


def show(table: Table, console: Console) -> None:
    """Print a table and its notes."""
    shown = RichTable(*table.columns, title=table.title, title_justify="left")
    for row in table.rows:
        shown.add_row(*row)
    console.print(shown)
    for note in table.notes:
        console.print(note, style="dim", markup=False)
