"""Tables as a page of the documentation. The page has several authors: the whole benchmark, and each part of its own.

Each keeps what the others wrote: a part's section stands between two marks. Not for measuring.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from bench.figures import Table

PARTS = ("understanding", "speech")  # that have a section of their own, in this order


def whole_page(tables: Sequence[Table], machine: str, before: str = "") -> str:
    """The page with these tables, and with the parts' sections of the page as it was before."""
    lines = [
        "# How well it works",
        "",
        f"Made by `scripts/bench --page docs/evaluation.md` ({machine}). Shares are followed by their 95 % interval.",
        "Times depend on the machine and its load: compare ratios, not milliseconds.",
        "",
        *_lines(tables),
    ]
    kept = [found[0].rstrip() for part in PARTS if (found := _section(part).search(before))]
    return "\n\n".join(["\n".join(lines).rstrip(), *kept]) + "\n"


def with_section(part: str) -> Callable[[Sequence[Table], str, str], str]:
    """Renders the page as it was before, with tables as the section of this part."""

    def render(tables: Sequence[Table], machine: str, before: str) -> str:
        begin, end = marks(part)
        made = f"Made by `scripts/bench {part}`, with `--page` and this file ({machine})."
        lines = [begin, made, "", *_lines(tables)]
        section = "\n".join(lines).rstrip() + f"\n\n{end}\n"
        if _section(part).search(before):
            return _section(part).sub(lambda _: section, before, count=1)
        return f"{before.rstrip()}\n\n{section}".lstrip()

    return render


def marks(part: str) -> tuple[str, str]:
    """What stands before and after the section of this part."""
    return f"<!-- scripts/bench {part}: begin -->", f"<!-- scripts/bench {part}: end -->"


def _section(part: str) -> re.Pattern[str]:
    begin, end = map(re.escape, marks(part))
    return re.compile(rf"{begin}.*?{end}\n?", re.DOTALL)


def _lines(tables: Sequence[Table]) -> list[str]:
    lines: list[str] = []
    for table in tables:
        lines += [f"## {table.title}", "", "| " + " | ".join(table.columns) + " |", "|---" * len(table.columns) + "|"]
        lines += ["| " + " | ".join(row) + " |" for row in table.rows]
        lines += ["", *table.notes, ""]
    return lines
