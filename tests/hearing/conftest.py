"""What the tests of the hearing room share: real utterances, and the real bundled model, loaded once."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from voice_skill.hearing.files import read_frames
from voice_skill.hearing.frames import FRAME_BYTES
from voice_skill.hearing.models import ModelStore
from voice_skill.hearing.recognizer import Recognizer, SpeechModel

DATA = Path(__file__).parent / "data"
MODELS = Path(__file__).resolve().parents[2] / "models"


@pytest.fixture(scope="session")
def speech_model(tmp_path_factory):
    """The bundled model, loaded as the program does it."""
    return SpeechModel(ModelStore(MODELS, tmp_path_factory.mktemp("installed")).choose("foot-care-en"))


@pytest.fixture(scope="session")
def open_view(speech_model):
    """A recognizer of the model's own language; reset it when a test leaves something in it."""
    return Recognizer(speech_model)


class Sounds:
    """Utterances and noises in the one form the room works with: lists of 20 ms frames."""

    RATE = 16_000

    def __init__(self) -> None:
        self.names = sorted(path.stem for path in DATA.glob("*.flac"))

    def path(self, text: str) -> Path:
        """The file in which this is said."""
        return DATA / f"{text}.flac"

    def samples(self, text: str) -> np.ndarray:
        """The same as float samples in -1..1, without the silence around it."""
        samples, _ = soundfile.read(self.path(text))
        loud = np.flatnonzero(np.abs(samples) > 1e-3)
        return samples[loud[0] : loud[-1] + 1]

    def speech(self, text: str, dbfs: float | None = None) -> list[bytes]:
        """An utterance, at another level if wanted (RMS of the whole)."""
        if dbfs is None:
            return list(read_frames(self.path(text)))
        samples = self.samples(text)
        return self.frames(samples * 10 ** (dbfs / 20) / np.sqrt(np.mean(samples**2)))

    def silence(self, ms: int) -> list[bytes]:
        return [bytes(FRAME_BYTES)] * (ms // 20)

    def hiss(self, ms: int, dbfs: float, seed: int = 0) -> list[bytes]:
        """White noise."""
        noise = np.random.default_rng(seed).normal(0, 10 ** (dbfs / 20), self.RATE * ms // 1000)
        return self.frames(noise)

    def hum(self, ms: int, dbfs: float) -> list[bytes]:
        """A mains transformer: 50 Hz and its harmonics."""
        t = np.arange(self.RATE * ms // 1000) / self.RATE
        hum = sum(np.sin(2 * np.pi * 50 * k * t + k) / k for k in (1, 2, 3, 4, 6, 8))
        return self.frames(hum * 10 ** (dbfs / 20) / np.std(hum))

    def frames(self, samples: np.ndarray) -> list[bytes]:
        pcm = np.clip(np.rint(samples * 32768), -32768, 32767).astype(np.int16).tobytes()
        pcm += bytes(-len(pcm) % FRAME_BYTES)
        return [pcm[at : at + FRAME_BYTES] for at in range(0, len(pcm), FRAME_BYTES)]


@pytest.fixture(scope="session")
def sounds():
    return Sounds()
