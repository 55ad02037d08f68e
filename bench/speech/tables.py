"""The tables of the speech benchmark, and its goals beside what was measured. Pure: figures in, tables out."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from bench.figures import Share, Table
from bench.speech.conditions import CONDITIONS, NOISY
from bench.speech.corpus import IN_DOMAIN, KINDS, NATIVE
from bench.speech.cost import CostFigures
from bench.speech.echo import EchoFigures
from bench.speech.hearing import AT_10_DB, TYPED, Heard
from bench.speech.people import PeopleFigures
from bench.speech.score import rate_of, share_of, where

UNDERSTOOD = {"about": "right", "command": "right", "flag": "raised", "none": "accepted"}
NAMES = {"about": "about foot cramps", "command": "commands", "flag": "red flags", "none": "out of scope"}
CONDITION_NAMES = {
    "clean": "clean",
    "pink": "pink noise, 10 dB",
    "babble": "babble, 10 dB",
    "room": "room",
    "quiet": "quiet",
    "tel8k": "telephone",
    TYPED: "typed, nothing misheard",
}
BESIDE_DB = -20.0  # its voice beside a person's, for the goal: what a kiosk's microphone gets
VOICES_NOTE = (
    "Voices and wording that the recipe never learns from (the first version had heard the native voices and flite's "
    "rms), all synthetic: expect less from people. Word errors with their 95 % interval over sentences. In scope, "
    "understood is the share answered rightly; out of scope, the share wrongly accepted."
)


def accuracy(heard: Sequence[Heard], typed: Sequence[Heard] = ()) -> Table:
    """A line for each kind of sentence in each condition, then for all that is in scope; `typed` for comparison."""
    heard = [*heard, *typed]
    table = Table("speech", "Speech model: accuracy", ("what", "condition", "clips", "word errors", "understood"))
    table.notes.append(VOICES_NOTE)
    for kind in KINDS:
        for condition in (*CONDITIONS, TYPED):
            if some := where(heard, [kind], [condition]):
                outcome = UNDERSTOOD[kind]
                understood = share_of(some, outcome)
                table.add(NAMES[kind], CONDITION_NAMES[condition], len(some), rate_of(some), f"{understood} {outcome}")
                table.figures[f"{kind} {condition}"] = {
                    "wer": rate_of(some).as_json(),
                    outcome: understood.as_json(),
                }
    domain = where(heard, IN_DOMAIN)
    sets = {CONDITION_NAMES[each]: where(domain, (), [each]) for each in (*CONDITIONS, TYPED)}
    clean = where(domain, (), ["clean"])
    sets["clean, native voices"] = [each for each in clean if each.voice in NATIVE]
    sets["clean, other voices"] = [each for each in clean if each.voice not in NATIVE]
    for name, some in sets.items():
        if some:
            fine = share_of(some, "right", "raised")
            table.add("all in scope", name, len(some), rate_of(some), fine)
            table.figures[f"in scope, {name}"] = {"wer": rate_of(some).as_json(), "understood": fine.as_json()}
    return table


def goals(heard: Sequence[Heard], echo: EchoFigures | None, before: dict[str, Any] | None = None) -> Table:
    """Each goal, what was measured, and, given another run's figures of this table, what that run measured."""
    columns = ("goal", "wanted", "measured", "met", *(("before",) if before else ()))
    table = Table("speech-goals", "Speech model: goals", columns)
    noisy = where(heard, IN_DOMAIN, NOISY)
    clean = where(heard, IN_DOMAIN, ["clean"])

    def line(name: str, limit: float, measured: Any, percent: float, *, at_least: bool, unit: str = " %") -> None:
        met = percent >= limit if at_least else percent <= limit
        wanted = f"{'at least' if at_least else 'at most'} {limit:g}{unit}"
        earlier = (before or {}).get(name, {}).get("measured")
        past = ("" if earlier is None else f"{earlier:.1f}{unit}",) if before else ()
        table.add(name, wanted, measured, "yes" if met else "no", *past)
        table.figures[name] = {"limit": limit, "at_least": at_least, "measured": round(percent, 2), "met": met}

    def of_errors(name: str, limit: float, some: Sequence[Heard]) -> None:
        if some:
            line(name, limit, rate_of(some), rate_of(some).percent, at_least=False)

    def of_share(name: str, limit: float, some: Sequence[Heard], outcome: str, *, at_least: bool = True) -> None:
        if some:
            measured = share_of(some, outcome)
            line(name, limit, measured, measured.percent, at_least=at_least)

    of_errors("word errors in scope, clean", 6, clean)
    of_errors("word errors in scope, babble, pink noise and room", 20, noisy)
    of_share("right entry, clean", 92, where(heard, ["about"], ["clean"]), "right")
    of_share("right entry, 10 dB", 85, where(heard, ["about"], AT_10_DB), "right")
    of_share("red flags raised, 10 dB", 95, where(heard, ["flag"], AT_10_DB), "raised")
    of_share("out of scope accepted, all conditions", 2, where(heard, ["none"]), "accepted", at_least=False)
    if echo is not None:
        heard = echo.heard[BESIDE_DB]
        line('"stop" heard over its own voice', 95, heard, heard.percent, at_least=True)
        false = max(echo.false_per_10_min.values())
        line("false commands by its own voice", 0, f"{false:.1f}", false, at_least=False, unit=" in 10 min")
    return table


def stopping(echo: EchoFigures) -> Table:
    """What the closed view does while the assistant speaks."""
    table = Table("speech-echo", "Speech model: commands while the assistant speaks", ("what", "its voice", "figure"))
    table.notes.append(
        "The microphone gets the assistant's own sentences through a room, so much beside the level of the person's "
        "voice. It listens for the phrases of `while_speaking` in content/requests.yaml; its echo is cancelled unless "
        "the line says otherwise. On the virtual sound card: docs/performance.md."
    )
    for level_db, share in echo.heard.items():
        table.add(f"stop heard ({share.total} clips)", _level(level_db), share)
    table.add("stop heard there though nobody said it", _level(0.0), echo.by_chance)
    table.add("from the end of the words to the decision, p50", "all", _ms(echo.wait_p50_ms))
    table.add("from the end of the words to the decision, p95", "all", _ms(echo.wait_p95_ms))
    for level_db, count in echo.false_per_10_min.items():
        table.add("false commands in 10 min of its own voice", _level(level_db), f"{count:.1f}")
    for level_db, count in echo.uncancelled_per_10_min.items():
        table.add("the same without the canceller", _level(level_db), f"{count:.1f}")
    table.add(f"everyday talk taken for a command ({echo.talk.total} clips)", _level(min(echo.heard)), echo.talk)
    table.figures.update(
        heard={_level(level): share.as_json() for level, share in echo.heard.items()},
        by_chance=echo.by_chance.as_json(),
        wait_p50_ms=_number(echo.wait_p50_ms),
        wait_p95_ms=_number(echo.wait_p95_ms),
        false_per_10_min={_level(level): count for level, count in echo.false_per_10_min.items()},
        uncancelled_per_10_min={_level(level): count for level, count in echo.uncancelled_per_10_min.items()},
        talk=echo.talk.as_json(),
    )
    return table


def _level(level_db: float) -> str:
    return f"{level_db:+.0f} dB"


def of_people(people: PeopleFigures) -> Table:
    """Word errors on recordings of people."""
    table = Table("speech-people", "Speech model: people", ("recordings", "n", "word errors", "words it can't know"))
    table.notes.append(
        "Recordings of people on other subjects; most of their words are outside what the model expects."
    )
    for name, rate in people.rates.items():
        table.add(name, rate.clips, rate, people.unknown[name])
        table.figures[name] = {"wer": rate.as_json(), "unknown_words": people.unknown[name].as_json()}
    return table


def costs(heard: Sequence[Heard], cost: CostFigures) -> Table:
    """Size, start and speed."""
    table = Table("speech-cost", "Speech model: cost", ("what", "figure"))
    rtf = sum(each.cpu_s for each in heard) / sum(each.audio_s for each in heard)
    silent = Share(sum(not each.text for each in heard), len(heard))
    table.add("folder", f"{cost.folder_mb:.1f} MB")
    table.add("loading and warming up", f"{cost.load_ms:.0f} ms")
    table.add("memory: the model, of the process", f"{cost.model_mb:.0f} of {cost.rss_mb:.0f} MB RSS")
    table.add("processor time per second of sound", f"{rtf:.3f} s")
    table.add("clips in which no word was heard", silent)
    table.figures.update({name: round(value, 2) for name, value in asdict(cost).items()}, rtf=round(rtf, 4))
    table.figures["clips_without_a_word"] = silent.as_json()
    return table


def _ms(value: float) -> str:
    return "" if math.isnan(value) else f"{value:.0f} ms"


def _number(value: float) -> float | None:
    return None if math.isnan(value) else round(value, 1)
