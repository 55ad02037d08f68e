"""Tables as a page of the documentation. The page has two authors: the whole benchmark, and `scripts/bench speech`.

Each keeps what the other wrote: the speech model's section stands between two marks. Not for measuring.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from bench.figures import Table

BEGIN, END = "<!-- scripts/bench speech: begin -->", "<!-- scripts/bench speech: end -->"
_SECTION = re.compile(rf"{re.escape(BEGIN)}.*?{re.escape(END)}\n?", re.DOTALL)


def whole_page(tables: Sequence[Table], machine: str, before: str = "") -> str:
    """The page with these tables, and with the speech section of the page as it was before."""
    lines = [
        "# How well it works",
        "",
        f"Made by `scripts/bench --page docs/evaluation.md` ({machine}). Shares are followed by their 95 % interval.",
        "Times depend on the machine and its load: compare ratios, not milliseconds.",
        "",
        *_lines(tables),
    ]
    kept = _SECTION.search(before)
    return "\n".join(lines).rstrip() + "\n" + (f"\n{kept[0].rstrip()}\n" if kept else "")


def with_speech(tables: Sequence[Table], machine: str, before: str) -> str:
    """The page as it was before, with these tables as its speech section."""
    lines = [BEGIN, f"Made by `scripts/bench speech --page docs/evaluation.md` ({machine}).", "", *_lines(tables)]
    section = "\n".join(lines).rstrip() + f"\n\n{END}\n"
    if _SECTION.search(before):
        return _SECTION.sub(lambda _: section, before, count=1)
    return f"{before.rstrip()}\n\n{section}".lstrip()


def _lines(tables: Sequence[Table]) -> list[str]:
    lines: list[str] = []
    for table in tables:
        lines += [f"## {table.title}", "", "| " + " | ".join(table.columns) + " |", "|---" * len(table.columns) + "|"]
        lines += ["| " + " | ".join(row) + " |" for row in table.rows]
        lines += ["", *table.notes, ""]
    return lines
