"""Can one talk over it, and does it ever obey itself? On the real process, its loudspeaker looped into its microphone.

The virtual sound card brings its voice back as the machine's own programs would: late by whatever that takes, at any
level. Not for echoes of a room, nor for hundreds of clips (`bench/speech/echo.py` computes both).
"""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import typer
from rich.console import Console
from rich.progress import Progress

from bench.figures import Share, Table, percentile
from bench.reporting import Page, WriteTo, report
from bench.speech.corpus import STOPS, stop_clips
from bench.speech.hearing import read, without_silence
from fit.files import CHECKOUT

if TYPE_CHECKING:
    from assistant_process import RunningAssistant
    from numpy.typing import NDArray
    from rig import VirtualAudio

LEVELS_DB = (0.0, -10.0, -20.0, -30.0)  # from loudspeaker to microphone
TRIES = 24  # at each level; of the clips every third is said, in their order
MINUTES = 10.0  # of its own speech, at each level
AFTER_S = (2.5, 4.5)  # of its speech, which takes 7 s and more, before somebody says stop; drawn anew for each
HEARD_WITHIN_S = 3.0
BETWEEN_S = 0.8  # of silence between two turns; its sentences are less far apart
QUESTIONS = ("my toes are cramping", "what causes foot cramps")
PARTS = 4  # of an answer, at most, before the next question


@dataclass(slots=True)
class Tried:
    """What came of it at one level.

    waits_s: of each stop that was obeyed, from the end of the words until it is silent. alone_s: of its own speech.
    obeyed: what it took for somebody's words meanwhile.
    """

    tries: int = 0
    waits_s: list[float] = field(default_factory=list[float])
    alone_s: float = 0.0
    obeyed: list[str] = field(default_factory=list[str])


def measure(levels_db: Sequence[float], tries: int, minutes: float, progress: Progress) -> list[Table]:
    """The table, a row for each level.

    Raises RuntimeError with the next step where the virtual sound card's programs are missing.
    """
    return [_table({level_db: at_level(level_db, tries, minutes, progress) for level_db in levels_db})]


def at_level(level_db: float, tries: int, minutes: float = 0.0, progress: Progress | None = None) -> Tried:
    """Lets it speak for so long, and then talks over it so often."""
    sys.path.insert(0, str(CHECKOUT / "tests"))
    from assistant_process import RunningAssistant
    from rig import VirtualAudio

    tried = Tried()
    chance = random.Random(7)
    task = progress.add_task(f"{level_db:+.0f} dB", total=minutes * 60 + tries) if progress else None
    with VirtualAudio() as card, RunningAssistant(card.env) as assistant:
        card.loop_back(level_db)
        assistant.ready()
        _await_silence(card)
        while tried.alone_s < minutes * 60:
            _listen_to_itself(card, assistant, tried)
            if progress and task is not None:
                progress.update(task, completed=tried.alone_s)
        for clip in (stop_clips()[::3] * tries)[:tries]:
            tried.tries += 1
            wait_s = _interrupt(card, assistant, without_silence(read(clip)), chance.uniform(*AFTER_S))
            if wait_s is not None:
                tried.waits_s.append(wait_s)
            if progress and task is not None:
                progress.advance(task)
    return tried


def _listen_to_itself(card: VirtualAudio, assistant: RunningAssistant, tried: Tried) -> None:
    """One question, and all parts of its answer, asked for by key: nobody else is heard meanwhile."""
    card.play(CHECKOUT / "content" / "demo" / f"{random.Random(tried.alone_s).choice(QUESTIONS)}.flac")
    known = len(assistant.exchanges) + 1  # the question's own
    for part in range(PARTS):
        if part:
            assistant.press("n")
        with card.record() as recording:
            try:
                began = recording.wait_for_sound(recording.began, timeout=10)
            except TimeoutError:
                return  # there is no next part, or the question wasn't heard
            tried.alone_s += recording.wait_for_silence(began, lasting=BETWEEN_S) - began
        tried.obeyed += [each["heard"] for each in assistant.exchanges[known:] if each["heard"]]
        known = max(known, len(assistant.exchanges))


def _interrupt(
    card: VirtualAudio, assistant: RunningAssistant, words: NDArray[np.float64], after_s: float
) -> float | None:
    """Asks, lets it speak, says the words over its voice: seconds from their end until it is silent; None: unheard."""
    _await_silence(card)
    with card.record() as recording:
        card.play(CHECKOUT / "content" / "demo" / f"{QUESTIONS[0]}.flac")
        recording.wait_for_sound(time.perf_counter(), timeout=15)
        time.sleep(after_s)
        before = len(assistant.exchanges)
        card.play(words.astype(np.float32))
        said = time.perf_counter()
        try:
            stop = assistant.wait_for(lambda each: each["heard"] in STOPS, after=before, timeout=HEARD_WITHIN_S)
        except TimeoutError:
            assistant.press(" ")
            return None
        # it may be silent between two sentences at that moment: then the decision counts
        silent = recording.wait_for_silence(after=said, lasting=BETWEEN_S, timeout=30)
        return max(0.0, silent - said, assistant.told_at(stop) - said)


def _await_silence(card: VirtualAudio) -> None:
    with card.record() as recording:
        recording.wait_for_silence(time.perf_counter(), lasting=1.2)


def _table(levels: dict[float, Tried]) -> Table:
    columns = ("level", "heard", "until silent, p50", "p95", "its own speech", "obeyed itself")
    table = Table("loop", "Talking over it, real process on the virtual sound card", columns)
    for level_db, tried in levels.items():
        heard = Share(len(tried.waits_s), tried.tries)
        p50, p95 = (1000 * percentile(tried.waits_s, share) for share in (0.5, 0.95))
        table.add(
            f"{level_db:+.0f} dB",
            f"{heard.hits} of {heard.total}",
            f"{p50:.0f} ms",
            f"{p95:.0f} ms",
            f"{tried.alone_s / 60:.1f} minutes",
            ", ".join(map(repr, tried.obeyed)) or "never",
        )
        figures: dict[str, Any] = {"heard": heard.as_json(), "waits_ms": [round(1000 * each) for each in tried.waits_s]}
        table.figures[f"{level_db:+.0f} dB"] = figures | {"alone_s": round(tried.alone_s), "obeyed": tried.obeyed}
    every = [each for tried in levels.values() for each in tried.waits_s]
    table.notes.append(
        f'"stop" in its {len(STOPS)} phrases, by many voices, over its own, which its microphone gets at that level: '
        f"silent within {1000 * percentile(every, 0.5):.0f} ms (p50), {1000 * percentile(every, 0.95):.0f} ms (p95) "
        "after the last word, over all levels."
    )
    return table


def main(
    tries: Annotated[int, typer.Option(min=0, help='How often "stop" is said, at each level.')] = TRIES,
    minutes: Annotated[float, typer.Option(min=0.0, help="How long it hears itself only, at each level.")] = MINUTES,
    level: Annotated[list[float] | None, typer.Option(help="Only at this level, dB.")] = None,
    write_to: WriteTo = None,
    page: Page = None,
) -> None:
    """Talk over the assistant's voice, and let it hear nothing but itself. Takes an hour as it stands."""
    with Progress(console=Console(stderr=True)) as progress:
        tables = measure(level or LEVELS_DB, tries, minutes, progress)
    report("loop", tables, write_to, page)


if __name__ == "__main__":
    typer.run(main)
