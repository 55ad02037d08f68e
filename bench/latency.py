"""From the end of a spoken question to the first sound of the answer, on the real process and the virtual sound card.

Includes the 0.8 s of silence that ends an utterance: that is what a person waits.
"""

from __future__ import annotations

import math
import sys
import time

import soundfile

from bench import corpora
from bench.figures import Table, percentile
from fit.files import CHECKOUT

QUESTIONS = 12
GAP_S = 1.0  # of silence before the next question: the microphone is deaf for 0.35 s after an answer


def measure() -> list[Table]:
    """One table. Raises RuntimeError with the next step where the virtual sound card's programs are missing."""
    sys.path.insert(0, str(CHECKOUT / "tests"))
    from assistant_process import RunningAssistant
    from rig import VirtualAudio

    clips = [clip for clip in corpora.clips() if clip.condition == "clean" and clip.action == "answer"][:QUESTIONS]
    waits: list[float] = []
    stops: list[float] = []
    with VirtualAudio() as card, card.record() as recording, RunningAssistant(card.env) as assistant:
        recording.wait_for_silence(assistant.ready())
        for clip in clips:
            tail_s = _trailing_silence_s(clip.file)
            card.play(clip.file)
            end_of_speech = time.perf_counter() - tail_s
            try:
                waits.append(recording.wait_for_sound(after=end_of_speech + 0.1, timeout=6) - end_of_speech)
            except TimeoutError:
                continue  # misheard into silence; the accuracy tables count that
            time.sleep(1.5)
            pressed = time.perf_counter()
            assistant.press(" ")
            stops.append(recording.wait_for_silence(after=pressed, lasting=0.6, timeout=30) - pressed)
            time.sleep(GAP_S)
    table = Table("latency", "Latency, real process on the virtual sound card", ("what", "n", "p50", "p95"))
    _row(table, "end of speech to first sound", waits)
    _row(table, "key press to silence", stops)
    return [table]


def _row(table: Table, what: str, seconds: list[float]) -> None:
    p50, p95 = percentile(seconds, 0.5), percentile(seconds, 0.95)
    table.add(what, len(seconds), f"{p50 * 1000:.0f} ms", f"{p95 * 1000:.0f} ms")
    table.figures[what] = {"n": len(seconds), "p50_ms": _ms(p50), "p95_ms": _ms(p95)}


def _ms(seconds: float) -> float | None:
    return None if math.isnan(seconds) else round(seconds * 1000, 1)


def _trailing_silence_s(path: object) -> float:
    """How long the clip goes on after its last loud sample (25 dB below its peak)."""
    samples, rate = soundfile.read(path)
    loud = abs(samples) > abs(samples).max() * 10 ** (-25 / 20)
    return float(len(samples) - 1 - loud.nonzero()[0][-1]) / rate
