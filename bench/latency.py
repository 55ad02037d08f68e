"""How long one waits, on the real process and the virtual sound card: for the text, the first sound, and for silence.

A question is played into the virtual microphone, the virtual speaker is recorded, and the process tells what each stage
took. Includes the silence that ends an utterance: that is what a person waits.
"""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import soundfile
import typer

from bench import corpora, loop
from bench.figures import Table, percentile
from bench.reporting import Page, WriteTo, report
from fit.files import CHECKOUT

if TYPE_CHECKING:
    from assistant_process import RunningAssistant
    from rig import Recording, VirtualAudio

QUESTIONS = 54
STOPS = 12  # by key, and as many by voice
GAP_S = 1.0  # of silence before the next question: the microphone is deaf for 0.35 s after an answer
ECHO_DB = -20.0  # its voice at its own microphone
PICTURE = "performance-waterfall.svg"
STAGES = ("endpoint", "decode", "queue", "understand", "render")  # as the process tells them
STAGE_NAMES = {
    "noticed": "noise taken for voice",
    "endpoint": "waiting for more words",
    "decode": "decoding the rest",
    "queue": "until it is taken up",
    "understand": "understanding",
    "render": "voice at hand",
    "card": "sound card",
}
AFTER_THE_END = ("decode", "queue", "understand", "render", "card")


@dataclass(slots=True)
class Waits:
    """Seconds, one for each utterance that was answered; stages in ms."""

    text: list[float] = field(default_factory=list[float])
    sound: list[float] = field(default_factory=list[float])
    stages: dict[str, list[float]] = field(default_factory=dict[str, list[float]])
    key_stops: list[float] = field(default_factory=list[float])
    voice_stops: list[float] = field(default_factory=list[float])


def measure(picture: Path | None = None, questions: int = QUESTIONS) -> list[Table]:
    """The tables of waiting and of its stages; `picture`: where the waterfall is drawn (SVG).

    Raises RuntimeError with the next step where the virtual sound card's programs are missing.
    """
    sys.path.insert(0, str(CHECKOUT / "tests"))
    from assistant_process import RunningAssistant
    from rig import VirtualAudio

    waits = Waits()
    with VirtualAudio() as card, card.record() as recording, RunningAssistant(card.env) as assistant:
        recording.wait_for_silence(assistant.ready())
        clips = [
            clip for clip in corpora.clips() if clip.condition != "white10" and clip.action in ("answer", "command")
        ]
        for number, clip in enumerate((clips * 2)[:questions]):
            _ask(card, recording, assistant, clip.file, waits, stop=number < STOPS)
    waits.voice_stops = loop.at_level(ECHO_DB, STOPS).waits_s
    if picture is not None:
        _draw(waits, picture)
    return [_table(waits), _stages(waits)]


def _ask(
    card: VirtualAudio, recording: Recording, assistant: RunningAssistant, file: Path, waits: Waits, *, stop: bool
) -> None:
    tail_s = _trailing_silence_s(file)
    before = len(assistant.exchanges)
    card.play(file)
    end_of_speech = time.perf_counter() - tail_s
    try:
        exchange = assistant.wait_for(lambda each: bool(each.get("timings_ms")), after=before, timeout=6)
        told = assistant.told_at(exchange)
        sound = recording.wait_for_sound(after=end_of_speech + 0.1, timeout=6) - end_of_speech
    except TimeoutError:
        return  # misheard into silence; the accuracy tables count that
    _note(waits, exchange, told - end_of_speech, sound)
    if stop:
        time.sleep(1.5)
        pressed = time.perf_counter()
        assistant.press(" ")
        waits.key_stops.append(recording.wait_for_silence(after=pressed, lasting=0.6, timeout=30) - pressed)
    else:
        time.sleep(0.5)
        assistant.press(" ")
        recording.wait_for_silence(after=time.perf_counter(), lasting=0.5, timeout=30)
    time.sleep(GAP_S)


def _note(waits: Waits, exchange: dict[str, Any], text_s: float, sound_s: float) -> None:
    waits.text.append(text_s)
    waits.sound.append(sound_s)
    told = {stage: float(exchange["timings_ms"].get(stage, 0.0)) for stage in STAGES}
    card_ms = max(0.0, 1000 * (sound_s - text_s))  # the process tells of an answer when its voice has begun
    late_ms = max(0.0, 1000 * sound_s - sum(told.values()) - card_ms)
    stages = {"noticed": late_ms, **told, "card": card_ms}
    for stage, ms in stages.items():
        waits.stages.setdefault(stage, []).append(ms)


def _table(waits: Waits) -> Table:
    unheard = STOPS - len(waits.voice_stops)
    table = Table("latency", "Latency, real process on the virtual sound card", ("what", "n", "p50", "p95"))
    table.notes.append(
        f'The first sound is a short tone, the words follow 0.2 s later. "stop" is said over its own voice, which its '
        f"microphone gets at {ECHO_DB:g} dB; {unheard} of {STOPS} were not heard (more of that: `scripts/bench loop`)."
    )
    _row(table, "end of speech to text", waits.text)
    _row(table, "end of speech to first sound", waits.sound)
    after = [sum(each) / 1000 for each in zip(*(waits.stages[stage] for stage in AFTER_THE_END), strict=True)]
    _row(table, "end of utterance to first sound", after)
    _row(table, "key press to silence", waits.key_stops)
    _row(table, 'end of "stop" to silence', waits.voice_stops)
    table.figures["unheard stops"] = {"n": STOPS, "unheard": unheard}
    return table


def _stages(waits: Waits) -> Table:
    table = Table("latency-stages", "What the wait for the first sound is made of", ("stage", "p50", "p95"))
    for stage, all_ms in waits.stages.items():
        p50, p95 = percentile(all_ms, 0.5), percentile(all_ms, 0.95)
        table.add(STAGE_NAMES[stage], f"{p50:.0f} ms", f"{p95:.0f} ms")
        table.figures[stage] = {"p50_ms": round(p50, 1), "p95_ms": round(p95, 1)}
    return table


def _row(table: Table, what: str, seconds: Sequence[float]) -> None:
    p50, p95 = percentile(seconds, 0.5), percentile(seconds, 0.95)
    table.add(what, len(seconds), f"{p50 * 1000:.0f} ms", f"{p95 * 1000:.0f} ms")
    table.figures[what] = {"n": len(seconds), "p50_ms": _ms(p50), "p95_ms": _ms(p95)}


def _draw(waits: Waits, picture: Path) -> None:
    """A waterfall: one bar for each stage, beginning where the one before it ends (medians)."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 2.6), layout="constrained")
    axes = figure.subplots()
    begin = 0.0
    for place, all_ms in enumerate(waits.stages.values()):
        length = percentile(all_ms, 0.5)
        axes.barh(place, length, left=begin, color="#3b6ea5")
        axes.text(begin + length + 8, place, f"{length:.0f} ms", va="center", fontsize=8)
        begin += length
    axes.set_yticks(range(len(waits.stages)), [STAGE_NAMES[stage] for stage in waits.stages], fontsize=8)
    axes.invert_yaxis()
    axes.set_xlim(0, begin * 1.15)
    axes.set_xlabel("ms after the last word, to the first sound (medians)", fontsize=8)
    figure.savefig(picture, format="svg", metadata={"Date": None})


def _ms(seconds: float) -> float | None:
    return None if math.isnan(seconds) else round(seconds * 1000, 1)


def _trailing_silence_s(path: object) -> float:
    """How long the clip goes on after its last loud sample (25 dB below its peak)."""
    samples, rate = soundfile.read(path)
    loud = abs(samples) > abs(samples).max() * 10 ** (-25 / 20)
    return float(len(samples) - 1 - loud.nonzero()[0][-1]) / rate


def main(
    questions: Annotated[int, typer.Option(help="How many are asked.")] = QUESTIONS,
    write_to: WriteTo = None,
    page: Page = None,
) -> None:
    """Measure how long one waits for an answer, and for silence."""
    tables = measure(page.parent / PICTURE if page else None, questions)
    report("latency", tables, write_to, page, f"![The stages one after the other, medians]({PICTURE})")


if __name__ == "__main__":
    typer.run(main)
