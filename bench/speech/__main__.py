"""`scripts/bench speech`, or `python -m bench.speech`: measure one speech model, print tables, write figures.

Only options, order and printing; each table's figures come from the module of its name.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from bench.figures import Table
from bench.page import with_section
from bench.reporting import Page, WriteTo, show, update_page, write_figures
from bench.speech import cost, echo, people, tables
from bench.speech.hearing import Bench, plan, run, workplace
from voice_skill.errors import UsageError, VoiceSkillError

app = typer.Typer(pretty_exceptions_enable=False, context_settings={"help_option_names": ["-h", "--help"]})


@app.command()
def main(
    model: Annotated[
        Path | None, typer.Option(help="A folder with a Vosk model; the one that the settings choose when left out.")
    ] = None,
    quick: Annotated[bool, typer.Option("--quick", help="A third of the clips, no echo test, no cost.")] = False,
    write_to: WriteTo = None,
    page: Page = None,
    before: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="An earlier run's figures, to stand beside.")
    ] = None,
    recordings: Annotated[
        Path | None, typer.Option("--people", exists=True, file_okay=False, help="Recordings of people.")
    ] = None,
    transcripts: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="What they say: path, tab, text.")
    ] = None,
) -> None:
    """Measure a speech model on wording and voices that the recipe never learns from."""
    console = Console(highlight=False, width=120)
    try:
        if (recordings is None) != (transcripts is None):
            raise UsageError("--people and --transcripts go together.", fix="give the folder and the list, or neither")
        measured = _measure(console, model, recordings, transcripts, _earlier(before), quick=quick)
    except VoiceSkillError as error:
        Console(stderr=True).print(str(error), style="red", markup=False, soft_wrap=True)
        raise typer.Exit(error.exit_code) from error
    if write_to is not None:
        write_figures(measured, write_to, console, quick=quick)
    if page is not None:
        update_page(page, measured, with_section("speech"))


def _measure(
    console: Console,
    model: Path | None,
    recordings: Path | None,
    transcripts: Path | None,
    before: dict[str, Any] | None,
    *,
    quick: bool,
) -> list[Table]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with workplace() as place, Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        bench = Bench(model, Path(place))
        planned = plan(quick=quick)
        task = progress.add_task("clips", total=len(planned))
        heard = list(run(bench, planned, lambda done: progress.update(task, completed=done)))

        def tell(what: str) -> None:
            progress.update(task, description=what)

        stops = None if quick else echo.measure(bench, tell)
        measured = [tables.goals(heard, stops, before), tables.accuracy(heard, bench.typed())]
        if stops is not None:
            measured += [tables.stopping(stops), tables.costs(heard, cost.measure(bench.folder))]
        if recordings is not None and transcripts is not None:
            listed = people.recordings(recordings, transcripts)
            measured.append(tables.of_people(people.measure(bench, listed, tell)))
    for table in measured:
        show(table, console)
    return measured


def _earlier(file: Path | None) -> dict[str, Any] | None:
    """The goals' figures of another run. Raises UsageError when the file holds none."""
    if file is None:
        return None
    try:
        return json.loads(file.read_text(encoding="utf-8"))["figures"]["speech-goals"]
    except (ValueError, KeyError, TypeError) as error:
        raise UsageError(f"{file} holds no figures of scripts/bench speech.", fix="write some with --json") from error


if __name__ == "__main__":
    app()
