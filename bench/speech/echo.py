"""Can one command the assistant while it speaks, and does its own voice ever do so?

The microphone is given the assistant's real sentences, rendered by its own voice engine, as a room and 50 ms of sound
card bring them there, with or without a person's "stop" on top; the real `BargeIn` listens, echo canceller included.
Not for the open view, which hears everything else (`hearing.py`), nor for real sound cards (`bench/latency.py`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import soxr

from bench.figures import Share, percentile
from bench.speech.conditions import HISS_DBFS, RATE, in_room, speech_level
from bench.speech.corpus import STOPS, Clip, clips, stop_clips
from bench.speech.hearing import Bench, read, without_silence
from voice_skill.conversation.replies import Replies
from voice_skill.hearing.bargein import BargeIn
from voice_skill.hearing.frames import FRAME_BYTES
from voice_skill.settings import region_of
from voice_skill.skill import build
from voice_skill.speaking.synthesizer import Synthesizer

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Samples = NDArray[np.float64]

USER_DBFS = -26.0  # level of the person's speech, as in the clips
LEVELS_DB = (0.0, -10.0, -20.0, -30.0)  # of the assistant's voice at its own microphone, beside the person's
ALONE_S = 600
PAUSE_S = 0.35  # between sentences
DELAY_S = 0.05  # from what `Played` gives to the microphone: as on the virtual sound card
BEFORE_S, AFTER_S = 5.0, 1.4  # of the assistant's voice around the "stop"; the canceller has 5 s to learn


@dataclass(frozen=True, slots=True)
class EchoFigures:
    """By the level of its own voice (dB beside a person's), unless they say something else.

    heard: of "stop" in all its phrases, over that voice; by_chance: in the same stretches when nobody says it.
    wait_p50_ms, wait_p95_ms: from the end of the words to the decision, at all levels.
    false_per_10_min: commands that its voice alone gave; uncancelled_per_10_min: the same without the canceller.
    talk: clips of everyday talk, over its voice at the lowest level, that were taken for a command.
    """

    heard: dict[float, Share]
    by_chance: Share
    wait_p50_ms: float
    wait_p95_ms: float
    false_per_10_min: dict[float, float]
    uncancelled_per_10_min: dict[float, float]
    talk: Share


class _Player:
    """What is being played, as `BargeIn` asks for it."""

    steady = True
    slips = 1

    def __init__(self) -> None:
        self.frame = bytes(FRAME_BYTES)

    def take(self, behind_s: float = 0.0) -> bytes:
        return self.frame


class Watch:
    """The real listener for commands, fed with sound that has been computed."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self._phrases = build(bench.settings).content.requests.while_speaking

    def commands(self, heard: Samples, played: Samples, *, cancelled: bool = True) -> list[tuple[float, str]]:
        """Seconds into the sound, and the phrase, of each command that was decided on."""
        player = _Player()
        barge_in = BargeIn(self._bench.model, self._phrases, player if cancelled else None)
        microphone, loudspeaker = _pcm(heard), _pcm(played)
        found: list[tuple[float, str]] = []
        for start in range(0, len(microphone) - FRAME_BYTES + 1, FRAME_BYTES):
            player.frame = loudspeaker[start : start + FRAME_BYTES]
            said = barge_in.hear(microphone[start : start + FRAME_BYTES])
            if said is not None:
                found.append(((start + FRAME_BYTES) / 2 / RATE, said))
        return found


def _pcm(samples: Samples) -> bytes:
    return np.clip(np.rint(samples * 32_768), -32_768, 32_767).astype(np.int16).tobytes()


def measure(bench: Bench, progress: Callable[[str], None], alone_s: float = ALONE_S) -> EchoFigures:
    """All of it. Raises VoiceError when there is no voice engine, MissingPartError when a part or clips are missing."""
    progress("rendering the assistant's voice")
    own = own_voice(bench, alone_s)
    echo = _arriving(own)
    watch = Watch(bench)
    heard: dict[float, Share] = {}
    false: dict[float, float] = {}
    uncancelled: dict[float, float] = {}
    waits: list[float] = []
    per_10_min = 600 / (len(own) / RATE)
    for level_db in LEVELS_DB:
        random = np.random.default_rng(7)
        progress(f"the assistant's voice alone, {level_db:+.0f} dB")
        alone = _with_hiss(echo * 10 ** (level_db / 20), random)
        false[level_db] = len(watch.commands(alone, own)) * per_10_min
        uncancelled[level_db] = len(watch.commands(alone, own, cancelled=False)) * per_10_min
        progress(f'"stop" over it, {level_db:+.0f} dB')
        tried = [_try_clip(watch, clip, own, echo, level_db, random) for clip in stop_clips()]
        heard[level_db] = Share(sum(wait is not None for wait in tried), len(tried))
        waits += [wait * 1000 for wait in tried if wait is not None]
    progress("the same without the person")
    random = np.random.default_rng(7)
    by_chance = [_try_clip(watch, clip, own, echo, LEVELS_DB[0], random, gain=0.0) for clip in stop_clips()]
    progress("everyday talk")
    everyday = [clip for clip in clips() if clip.sentence.kind == "none"]
    taken = [_try_clip(watch, clip, own, echo, LEVELS_DB[-1], random, stops_only=False) for clip in everyday]
    return EchoFigures(
        heard,
        Share(sum(wait is not None for wait in by_chance), len(by_chance)),
        percentile(waits, 0.5),
        percentile(waits, 0.95),
        false,
        uncancelled,
        Share(sum(wait is not None for wait in taken), len(taken)),
    )


def _arriving(own: Samples) -> Samples:
    """The assistant's voice as the microphone gets it: late, from a room, as loud as a person's."""
    late = np.concatenate([np.zeros(int(DELAY_S * RATE)), in_room(own, 0)])[: len(own)]
    return late * (10 ** (USER_DBFS / 20) / speech_level(late))


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


def _try_clip(
    watch: Watch,
    clip: Clip,
    own: Samples,
    echo: Samples,
    level_db: float,
    random: np.random.Generator,
    *,
    gain: float = 1.0,
    stops_only: bool = True,
) -> float | None:
    """How long after its end (s) the clip was taken for a stop, or for any command; None: it wasn't.

    gain: of the person's voice; 0 leaves the assistant's alone.
    """
    said = without_silence(read(clip))
    length = int((BEFORE_S + AFTER_S) * RATE) + len(said)
    start = int(random.integers(len(own) - length))
    sound = echo[start : start + length] * 10 ** (level_db / 20)
    begin = int(BEFORE_S * RATE)
    sound[begin : begin + len(said)] += gain * said
    for at_s, text in watch.commands(_with_hiss(sound, random), own[start : start + length]):
        if at_s > BEFORE_S and (text in STOPS or not stops_only):
            return at_s - BEFORE_S - len(said) / RATE
    return None


def _with_hiss(samples: Samples, random: np.random.Generator) -> Samples:
    return samples + random.standard_normal(len(samples)) * 10 ** (HISS_DBFS / 20)
