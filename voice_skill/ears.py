"""The ears of the running program: model, recognizer and gate as the settings want them, and files read with them.

Joins the hearing room's parts for the front ends. Not for microphones that come and go (`assistant.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from voice_skill.events import Hypothesis
from voice_skill.hearing.files import read_frames
from voice_skill.hearing.frames import FRAME_MS
from voice_skill.hearing.gate import GateSettings, VoiceGate
from voice_skill.hearing.listener import Listener
from voice_skill.hearing.models import ModelStore
from voice_skill.hearing.recognizer import Final, Recognizer, SpeechModel, join_readings
from voice_skill.settings import BUNDLED_MODELS_DIR, Settings

MAX_ALTERNATIVES = 5
TAKE_YOUR_TIME_MS = 2_000  # of silence before an utterance is over, for those who set it (reference U14)


@dataclass(frozen=True, slots=True)
class Reading:
    """What was heard in a file: readings of all its utterances joined, best first; its length; how many utterances."""

    alternatives: tuple[Hypothesis, ...]
    audio_s: float
    segments: int


@dataclass(frozen=True, slots=True)
class Ears:
    """A loaded, warm recognizer behind its gate."""

    listener: Listener
    model: SpeechModel

    def read(self, path: Path) -> Reading:
        """Hear a sound file, the way a microphone is heard. Raises AudioFileError when it can't be read."""
        finals: list[Final] = []
        frames = 0
        for frame in read_frames(path):
            frames += 1
            finals += [result for result in self.listener.feed(frame) if isinstance(result, Final)]
        finals += [result for result in self.listener.flush() if isinstance(result, Final)]
        alternatives = join_readings((final.alternatives for final in finals), MAX_ALTERNATIVES)
        return Reading(alternatives, frames * FRAME_MS / 1000, len(finals))


def model_store(settings: Settings) -> ModelStore:
    """The models that are bundled and installed."""
    return ModelStore(BUNDLED_MODELS_DIR, settings.data_dir / "models")


def open_ears(settings: Settings) -> Ears:
    """Load and warm up the model of the settings. Raises ModelError when it is absent or damaged."""
    model = SpeechModel(model_store(settings).choose(settings.model))
    recognizer = Recognizer(model, MAX_ALTERNATIVES)
    recognizer.warm_up()
    end_silence_ms = TAKE_YOUR_TIME_MS if settings.take_your_time else settings.end_silence_ms
    gate = VoiceGate(GateSettings(end_silence_ms=end_silence_ms))
    return Ears(Listener(recognizer, gate), model)
