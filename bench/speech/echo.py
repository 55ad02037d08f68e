"""Can one say "stop" while the assistant speaks, and does its own voice ever say it? Measured without echo cancelling.

The microphone is given the assistant's real sentences, rendered by its own voice engine, with or without a person's
"stop" on top; a closed view of the model listens, as it would during speech. A partial result that holds counts: that
is what could silence the voice soon enough. Not for the open view, which hears everything else (`hearing.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import soxr

from bench.figures import Share, percentile
from bench.speech.conditions import HISS_DBFS, RATE, speech_level
from bench.speech.corpus import STOPS, Clip, clips, stop_clips
from bench.speech.hearing import Bench, read
from voice_skill.conversation.replies import Replies
from voice_skill.hearing.frames import FRAME_BYTES, FRAME_MS, FRAME_SAMPLES
from voice_skill.hearing.gate import GateSettings, VoiceGate
from voice_skill.hearing.listener import Listener
from voice_skill.hearing.recognizer import Final, Partial, Recognizer
from voice_skill.settings import region_of
from voice_skill.skill import build
from voice_skill.speaking.synthesizer import Synthesizer

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Samples = NDArray[np.float64]

USER_DBFS = -26.0  # level of the person's speech, as in the clips
ECHO_DB = -20.0  # the assistant's voice at its own microphone, beside the person's
LEVELS_DB = (ECHO_DB, 0.0)  # for its voice alone; at 0 dB it is as loud as a person
ALONE_S = 600
PAUSE_S = 0.35  # between sentences
BEFORE_S, AFTER_S = 1.6, 1.4  # of the assistant's voice around the "stop"
# A partial result flickers: it counts as a stop when it has been one for so long. At 0 ms the first bundled model gave
# more than 100 false stops in 10 minutes.
HOLD_MS = 300
NEVER_MS = 1_000_000  # only final results count
# Besides the stops: what else one may want to say then, so that it isn't squeezed into a "stop".
OTHER_PHRASES = ("pause", "wait", "repeat", "say that again", "next", "go back", "louder", "slower", "help")


@dataclass(frozen=True, slots=True)
class EchoFigures:
    """heard: of "stop" in all its phrases; by_chance: in the same stretches when nobody says it.

    wait_ms: from the end of the words to the decision, negative when before it.
    false_per_10_min: stops that the assistant's voice alone gave, by its level (dB beside a person's).
    late_heard, late_false_per_10_min: the same at `ECHO_DB` when only final results count, up to 1.5 s later.
    talk: clips of everyday talk, in silence, that were taken for a stop.
    """

    heard: Share
    by_chance: Share
    wait_p50_ms: float
    wait_p95_ms: float
    false_per_10_min: dict[float, float]
    late_heard: Share
    late_false_per_10_min: float
    talk: Share


class StopWatch:
    """A closed view behind its own gate, that tells when it hears a stop."""

    def __init__(self, bench: Bench, hold_ms: int = HOLD_MS) -> None:
        recognizer = Recognizer(bench.model, grammar=[*STOPS, *OTHER_PHRASES])
        recognizer.warm_up()
        self._listener = Listener(recognizer, VoiceGate(GateSettings(end_silence_ms=bench.settings.end_silence_ms)))
        self._hold = hold_ms // FRAME_MS

    def stops(self, samples: Samples) -> Iterator[float]:
        """Seconds into the sound at which a stop was decided on; after each, the utterance is forgotten."""
        pcm = np.clip(np.rint(samples * 32_768), -32_768, 32_767).astype(np.int16).tobytes()
        frames = [pcm[start : start + FRAME_BYTES] for start in range(0, len(pcm) - FRAME_BYTES + 1, FRAME_BYTES)]
        since: int | None = None  # the frame at which the partial result began to hold a stop
        for number, frame in enumerate(frames):
            decided = False
            for result in self._listener.feed(frame):
                stop = _is_stop(result.text)
                decided |= stop and isinstance(result, Final)
                since = (number if since is None else since) if stop and isinstance(result, Partial) else None
            if decided or (since is not None and number - since >= self._hold):
                self._listener.discard()
                since = None
                yield (number + 1) * FRAME_SAMPLES / RATE
        if any(_is_stop(result.text) for result in self._listener.flush()):
            yield len(samples) / RATE


def _is_stop(text: str) -> bool:
    return any(f" {phrase} " in f" {text} " for phrase in STOPS)


def measure(bench: Bench, progress: Callable[[str], None], alone_s: float = ALONE_S) -> EchoFigures:
    """All of it. Raises VoiceError when there is no voice engine, MissingPartError when clips are missing."""
    progress("rendering the assistant's voice")
    own = own_voice(bench, alone_s)
    heard: dict[int, list[bool]] = {}
    false: dict[int, dict[float, float]] = {}
    waits: list[float] = []
    for hold_ms, levels in ((HOLD_MS, LEVELS_DB), (NEVER_MS, LEVELS_DB[:1])):
        watch = StopWatch(bench, hold_ms)
        progress('"stop" over the assistant\'s voice')
        random = np.random.default_rng(7)
        tried = [_try_stop(watch, clip, own, random) for clip in stop_clips()]
        heard[hold_ms] = [found for found, _ in tried]
        waits = waits or [wait_s * 1000 for found, wait_s in tried if found]
        false[hold_ms] = {}
        for level_db in levels:
            progress(f"the assistant's voice alone, {level_db:+.0f} dB")
            # the whole of it for the goal, half of it for the rest
            alone = own if (hold_ms, level_db) == (HOLD_MS, ECHO_DB) else own[: len(own) // 2]
            stops = sum(1 for _ in watch.stops(_with_hiss(alone * 10 ** (level_db / 20), random)))
            false[hold_ms][level_db] = stops * 600 / (len(alone) / RATE)
    progress("the same without the person")
    watch, random = StopWatch(bench), np.random.default_rng(7)
    by_chance = [_try_stop(watch, clip, own, random, gain=0.0)[0] for clip in stop_clips()]
    progress("everyday talk")
    everyday = [clip for clip in clips() if clip.sentence.kind == "none"]
    taken = [bool(list(watch.stops(_with_hiss(read(clip), random)))) for clip in everyday]
    return EchoFigures(
        _share(heard[HOLD_MS]),
        _share(by_chance),
        percentile(waits, 0.5),
        percentile(waits, 0.95),
        false[HOLD_MS],
        _share(heard[NEVER_MS]),
        false[NEVER_MS][ECHO_DB],
        _share(taken),
    )


def _share(found: list[bool]) -> Share:
    return Share(sum(found), len(found))


def own_voice(bench: Bench, seconds: float) -> Samples:
    """Everything the assistant can say, over and over at changing rates, its speech at `USER_DBFS`.

    At least `seconds` long where there is enough to say in three rounds, and never longer.
    """
    settings = bench.settings
    texts = list(dict.fromkeys(p.text for p in Replies(build(settings).content, region_of(settings)).all_prompts()))
    np.random.default_rng(3).shuffle(texts)
    voice = Synthesizer(settings.voice, settings.rate)
    parts: list[Samples] = []
    length, wanted = 0, int(seconds * RATE)
    for words_per_minute in (150, 175, 130):
        for text in texts:
            if length >= wanted:
                break
            clip = voice.render(text, words_per_minute)
            parts += [soxr.resample(clip.samples / 32_768, clip.rate, RATE), np.zeros(int(PAUSE_S * RATE))]
            length += len(parts[-2]) + len(parts[-1])
    own = np.concatenate(parts)[:wanted]
    return own * (10 ** (USER_DBFS / 20) / speech_level(own))


def _try_stop(
    watch: StopWatch, clip: Clip, own: Samples, random: np.random.Generator, gain: float = 1.0
) -> tuple[bool, float]:
    """Whether it was heard, and how long after its end (s). What is decided before it begins is the echo's doing.

    gain: of the person's voice; 0 leaves the assistant's alone.
    """
    said = read(clip)
    loud = np.flatnonzero(np.abs(said) > 0.02 * np.abs(said).max())
    said = said[loud[0] : loud[-1] + 1]
    begin_s, end_s = BEFORE_S, BEFORE_S + len(said) / RATE
    start = int(random.integers(len(own) - int((end_s + AFTER_S) * RATE)))
    sound = own[start : start + int((end_s + AFTER_S) * RATE)] * 10 ** (ECHO_DB / 20)
    sound[int(begin_s * RATE) : int(begin_s * RATE) + len(said)] += gain * said
    after = [at for at in watch.stops(_with_hiss(sound, random)) if at > begin_s]
    return (True, after[0] - end_s) if after else (False, 0.0)


def _with_hiss(samples: Samples, random: np.random.Generator) -> Samples:
    return samples + random.standard_normal(len(samples)) * 10 ** (HISS_DBFS / 20)
