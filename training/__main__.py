"""`python -m training STAGE`: text, speech, people, features, train, model, card; `all` runs them in this order.

Only parses, wires and prints. Each stage goes on where it was stopped and may be run alone; docs/training.md explains
them.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from training import card, compare, features, people, sentences, train
from training.build import build_model, write_words
from training.lexicon import Lexicon
from training.recipe import HERE, Recipe, load
from training.speech import stage as speech
from voice_skill.errors import VoiceSkillError

CHECKOUT = HERE.parent
BUNDLED = CHECKOUT / "models" / "foot-care-en"

app = typer.Typer(add_completion=False, no_args_is_help=True, help=__doc__)

RecipeFile = Annotated[Path, typer.Option("--recipe", help="what to make: a TOML file")]
Work = Annotated[Path, typer.Option("--work", help="folder for everything that is made on the way")]
HeldOut = Annotated[list[Path] | None, typer.Option("--held-out", help="sentences (last column) that must not be used")]
Recordings = Annotated[Path | None, typer.Option("--recordings", help="people reading: SPEAKER-CHAPTER-NUMBER.flac")]
Start = Annotated[Path, typer.Option("--start", help="the final.mdl to go on from")]

RECIPE = HERE / "recipe.toml"
WORK = CHECKOUT / "build" / "training"
START = BUNDLED / "am" / "final.mdl"


def _progress() -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    return Progress(*columns, console=Console(stderr=True))


@app.command("text")
def make_text(recipe: RecipeFile = RECIPE, work: Work = WORK, held_out: HeldOut = None) -> None:
    """Gather the sentences, the words and how they are said."""
    summary = sentences.run(work, seed=load(recipe).seed, held_out=held_out or ())
    typer.echo(f"{summary['sentences']} sentences, {summary['vocabulary']} words: {work / 'text'}")


@app.command("speech")
def make_speech(recipe: RecipeFile = RECIPE, work: Work = WORK) -> None:
    """Let the voices say the sentences."""
    with _progress() as progress:
        speech.run(load(recipe), work, progress)


@app.command("people")
def hear_people(recordings: Recordings = None, work: Work = WORK) -> None:
    """Write down what people read in recordings, and set a part of them aside for measuring."""
    if recordings is None:
        typer.echo("people: no --recordings, so none are used")
        return
    with _progress() as progress:
        people.run(recordings, Lexicon.load(), work, progress)


@app.command("features")
def make_features(recipe: RecipeFile = RECIPE, work: Work = WORK) -> None:
    """Spoil the clips in different ways and take their features."""
    with _progress() as progress:
        features.run(load(recipe), work, progress)


@app.command("train")
def learn(recipe: RecipeFile = RECIPE, work: Work = WORK, start: Start = START, name: str = "main") -> None:
    """Train the acoustic model."""
    with _progress() as progress:
        typer.echo(train.run(load(recipe), work, start, progress, name=name))


@app.command("model")
def make_model(recipe: RecipeFile = RECIPE, work: Work = WORK, start: Start = START, name: str = "main") -> None:
    """Put weights, words and language model together into a Vosk folder."""
    _build(load(recipe), work, start, name)
    typer.echo(work / "model")


@app.command("words")
def change_words(recipe: RecipeFile = RECIPE, work: Work = WORK) -> None:
    """Give the bundled model the words and sentences of now; what it knows of sounds stays. Quick, needs no voices."""
    model = work / "model"
    shutil.copytree(BUNDLED, model, dirs_exist_ok=True)
    write_words(load(recipe), work / "text", model)
    typer.echo(model)


@app.command("card")
def write_card(recipe: RecipeFile = RECIPE, work: Work = WORK) -> None:
    """Write the model's card from the records of the other stages and the figures of `scripts/bench speech`."""
    typer.echo(card.run(load(recipe), work))


@app.command("publish")
def publish(work: Work = WORK) -> None:
    """Put the model in the place of the bundled one, with its sizes and hashes in models/manifest.toml."""
    card.publish(work / "model", BUNDLED, CHECKOUT / "models" / "manifest.toml")
    typer.echo(BUNDLED)


@app.command("compare")
def compare_designs(
    work: Work = WORK, start: Start = START, only: Annotated[list[str] | None, typer.Option()] = None
) -> None:
    """Train each design of experiments.toml for a short while and print a table of what came of it."""
    with _progress() as progress:
        typer.echo(compare.run(work, start, progress, only=only or ()))


@app.command("all")
def everything(
    recipe: RecipeFile = RECIPE,
    work: Work = WORK,
    start: Start = START,
    held_out: HeldOut = None,
    recordings: Recordings = None,
) -> None:
    """All stages, one after the other."""
    make_text(recipe, work, held_out)
    make_speech(recipe, work)
    hear_people(recordings, work)
    make_features(recipe, work)
    learn(recipe, work, start)
    make_model(recipe, work, start)
    write_card(recipe, work)


def _build(recipe: Recipe, work: Path, start: Path, name: str) -> None:
    weights, mean = train.read_weights(work / "train" / name / "weights.npz")
    build_model(
        recipe, start, weights, work / "text", work / "model", mean=mean if recipe.train.mean_normalised else None
    )


def main() -> None:
    """Run the command line; a failure is told in two lines, with its exit code."""
    try:
        app()
    except VoiceSkillError as error:
        typer.echo(f"training: {error}", err=True)
        sys.exit(error.exit_code)


if __name__ == "__main__":
    main()
