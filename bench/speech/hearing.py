"""Takes clips through the product's own path (file, gate, recognizer, understanding) and notes what came of each.

Which clip meets which condition is decided here, noise and all drawn from seeds: two runs of one model are the same.
Not for adding anything up (`score.py`).
"""

from __future__ import annotations

import tempfile
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import soundfile

from bench.outcomes import flag_raised, outcome
from bench.speech.conditions import RATE, disturb
from bench.speech.corpus import CLIPS, Clip, Sentence, clips, sentences
from voice_skill.asking import Answer, Asker
from voice_skill.ears import MAX_ALTERNATIVES, Ears, model_store
from voice_skill.errors import MissingPartError, ModelError
from voice_skill.hearing.gate import GateSettings, VoiceGate
from voice_skill.hearing.listener import Listener
from voice_skill.hearing.models import CheckedModel
from voice_skill.hearing.recognizer import Recognizer, SpeechModel
from voice_skill.settings import Settings, load_settings
from voice_skill.skill import build

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Samples = NDArray[np.float64]

AT_10_DB = ("pink", "babble")  # dealt out in turn, so that every clip is heard in one of them
OTHERWISE = ("room", "quiet", "room", "tel8k")  # and in one of these
TYPED = "typed"  # the condition in which nothing is misheard
QUICK_STRIDE = 3  # of the clips of each kind, a quick run takes every third one
QUICK = ("clean", "pink", "babble", "room")


@dataclass(frozen=True, slots=True)
class Heard:
    """One clip in one condition.

    outcome: see `bench.outcomes.outcome`; "raised" or "missed" for a red flag.
    audio_s, cpu_s: length of the sound, and processor time until the answer was decided.
    """

    key: str
    kind: str
    voice: str
    condition: str
    said: str
    text: str
    outcome: str
    audio_s: float
    cpu_s: float


class Bench:
    """The skill with one model's ears, and a place to lay sound files."""

    def __init__(self, folder: Path | None, place: Path) -> None:
        """Loads the model of `folder`, or the one of the settings. Raises ModelError when it can't be used."""
        self.settings = load_settings()
        self.folder = model_folder(folder, self.settings)
        self.model = SpeechModel(CheckedModel(self.folder.name, self.folder, "choose another folder with --model"))
        self._place = place / "clip.wav"
        recognizer = Recognizer(self.model, MAX_ALTERNATIVES)
        recognizer.warm_up()
        gate = VoiceGate(GateSettings(end_silence_ms=self.settings.end_silence_ms))
        self.ears = Ears(Listener(recognizer, gate), self.model)
        self.asker = Asker(build(self.settings), self.settings, load_ms=0, ears=self.ears)

    def ask(self, samples: Samples) -> tuple[Answer, float]:
        """The answer to this sound, and the seconds of processor time it took."""
        soundfile.write(self._place, np.clip(samples, -1, 1), RATE, subtype="PCM_16")
        begin = time.process_time()
        return self.asker.ask_file(self._place), time.process_time() - begin

    def hear(self, clip: Clip, samples: Samples, condition: str) -> Heard:
        """What came of the clip, `samples` being its sound in that condition."""
        answer, cpu_s = self.ask(samples)
        return _heard(clip.sentence, clip.voice, condition, answer, len(samples) / RATE, cpu_s)

    def typed(self) -> list[Heard]:
        """What comes of every sentence when it is typed: a perfect model's ears would bring no more."""
        return [_heard(each, "", TYPED, self.asker.ask_text(each.text), 0, 0) for each in sentences()]


def _heard(sentence: Sentence, voice: str, condition: str, answer: Answer, audio_s: float, cpu_s: float) -> Heard:
    if sentence.kind == "flag":
        what = "raised" if any(flag_raised(answer, flag) for flag in sentence.expected) else "missed"
    else:
        what = outcome(answer, sentence.expected)
    text = answer.alternatives[0] if answer.alternatives else ""
    return Heard(sentence.key, sentence.kind, voice, condition, sentence.text, text, what, audio_s, cpu_s)


def model_folder(folder: Path | None, settings: Settings) -> Path:
    """`folder`, or that of the settings' model. Raises ModelError where there is none, before Vosk ends the process."""
    if folder is None:
        return model_store(settings).choose(settings.model).folder
    if not all((folder / part).is_file() for part in ("am/final.mdl", "conf/mfcc.conf", "graph/Gr.fst")):
        raise ModelError(
            f"{folder} is not a folder with a Vosk model.", fix="name the folder that holds am/ and graph/"
        )
    return folder


def read(clip: Clip) -> Samples:
    """The clean clip. Raises MissingPartError when its file isn't there."""
    if not clip.file.exists():
        raise MissingPartError(
            f"The clip {clip.file.name} is missing from {CLIPS}.", fix="scripts/make-test-audio --bench"
        )
    samples, rate = soundfile.read(clip.file, dtype="float64")
    assert rate == RATE, clip.file
    return samples


def without_silence(said: Samples) -> Samples:
    """The sound from its first to its last sample above a fiftieth of its peak."""
    loud = np.flatnonzero(np.abs(said) > 0.02 * np.abs(said).max())
    return said[loud[0] : loud[-1] + 1]


def plan(*, quick: bool) -> list[tuple[Clip, str]]:
    """Which clip is heard in which condition."""
    if quick:
        return [(clip, each) for clip in clips() if clip.number % QUICK_STRIDE == 0 for each in QUICK]
    return [(clip, each) for clip in clips() for each in conditions_of(clip)]


def conditions_of(clip: Clip) -> tuple[str, ...]:
    """Clean, one of the noises at 10 dB, and one other."""
    return ("clean", AT_10_DB[clip.number % len(AT_10_DB)], OTHERWISE[clip.number // 2 % len(OTHERWISE)])


def run(bench: Bench, planned: Sequence[tuple[Clip, str]], progress: Callable[[int], None]) -> Iterator[Heard]:
    """Hears them all; `progress` is told how many are done."""
    clean: dict[Path, Samples] = {}

    def sound(clip: Clip) -> Samples:
        if clip.file not in clean:
            clean[clip.file] = read(clip)
        return clean[clip.file]

    everyday = [clip for clip in clips() if clip.sentence.kind == "none"]
    for done, (clip, condition) in enumerate(planned, start=1):
        talk = []
        if condition == "babble":
            talk = [sound(other) for other in everyday if other.sentence != clip.sentence and other.voice != clip.voice]
        random = np.random.default_rng(zlib.crc32(f"{clip.file.stem} {condition}".encode()))
        yield bench.hear(clip, disturb(sound(clip), condition, random, talk), condition)
        progress(done)


def workplace() -> tempfile.TemporaryDirectory[str]:
    """A folder for the sound files of one run, gone afterwards."""
    return tempfile.TemporaryDirectory(prefix="bench-speech-")
