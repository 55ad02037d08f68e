"""Makes noisy copies of sentences: a synthetic voice says them in noise, and the bundled Vosk model writes them down.

What comes back has the recognizer's own mistakes, with its n-best list. The copies are kept as text, so that a fit
needs no audio. Not for the tests' sound files, nor for measuring the recognizer.
"""

from __future__ import annotations

import io
import json
import random
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import soundfile as sf
import soxr
from numpy.typing import NDArray

from voice_skill.events import Hypothesis
from voice_skill.understanding.normalize import normalize

RATE_HZ = 16000
ALTERNATIVES = 5
# Voices of the fit and of the dev split; no voice is in both.
TRAIN_VOICES = (
    "espeak-ng:en-us+f3",
    "espeak-ng:en-us+m3",
    "espeak-ng:en-gb+f2",
    "espeak-ng:en-gb+m1",
    "espeak-ng:en-gb-scotland",
    "espeak-ng:en-029",
    "espeak-ng:en-gb-x-rp",
)
DEV_VOICES = ("flite:slt", "flite:awb", "flite:rms")
# Signal-to-noise ratios in dB, one drawn per sentence: a quiet room, a fan, a kitchen.
SNR_DB = (25.0, 15.0, 10.0, 5.0)


def hear(sentences: Sequence[str], voices: Sequence[str], model_folder: Path, seed: int) -> Iterator[list[Hypothesis]]:
    """The n-best list of each sentence, in order; the same list for the same seed."""
    import vosk

    vosk.SetLogLevel(-1)
    recognizer: Any = vosk.KaldiRecognizer(vosk.Model(str(model_folder)), RATE_HZ)
    recognizer.SetMaxAlternatives(ALTERNATIVES)
    rng = random.Random(seed)
    for index, sentence in enumerate(sentences):
        sound = _noisy(_say(sentence, rng.choice(voices)), rng.choice(SNR_DB), np.random.default_rng([seed, index]))
        recognizer.AcceptWaveform((np.clip(sound, -1, 1) * 32767).astype("<i2").tobytes())
        yield _hypotheses(json.loads(recognizer.FinalResult())["alternatives"])
        recognizer.Reset()


def write_heard(path: Path, sentences: Iterable[str], heard: Iterable[Sequence[Hypothesis]]) -> None:
    """One line per sentence: what was said, then each alternative as `log_likelihood text`, tab separated."""
    with path.open("w", encoding="utf-8") as file:
        for said, alternatives in zip(sentences, heard, strict=True):
            cells = [f"{h.log_likelihood:.1f} {h.text}" for h in alternatives]
            file.write("\t".join([said, *cells]) + "\n")
            file.flush()


def read_heard(path: Path) -> dict[str, tuple[Hypothesis, ...]]:
    """Said -> n-best list, best first. Sentences of which nothing was heard have an empty list."""
    heard: dict[str, tuple[Hypothesis, ...]] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        said, *cells = line.split("\t")
        pairs = (cell.partition(" ") for cell in cells)
        heard[said] = tuple(Hypothesis(text, float(likelihood)) for likelihood, _, text in pairs if text)
    return heard


def _say(sentence: str, voice: str) -> NDArray[np.float32]:
    engine, _, name = voice.partition(":")
    command = {
        "espeak-ng": ["espeak-ng", "-v", name, "-s", "150", "--stdout", sentence],
        "flite": ["flite", "-voice", name, "-t", sentence, "-o", "/dev/stdout"],
    }[engine]
    wave = subprocess.run(command, capture_output=True, check=True).stdout
    sound, rate_hz = sf.read(io.BytesIO(wave), dtype="float32")
    return soxr.resample(sound, rate_hz, RATE_HZ).astype(np.float32)


def _noisy(sound: NDArray[np.float32], snr_db: float, rng: np.random.Generator) -> NDArray[np.float32]:
    """`sound` with half a second around it, and pink noise over all (digital silence is no sound that a room makes)."""
    padded = np.concatenate([np.zeros(RATE_HZ // 4), sound, np.zeros(RATE_HZ // 2)])
    spectrum = np.fft.rfft(rng.normal(size=len(padded)))
    pink = np.fft.irfft(spectrum / np.sqrt(np.maximum(np.arange(len(spectrum)), 20)), len(padded))
    gain = np.sqrt(np.mean(sound**2) / 10 ** (snr_db / 10) / np.mean(pink**2))
    return (padded + gain * pink).astype(np.float32)


def _hypotheses(alternatives: list[dict[str, Any]]) -> list[Hypothesis]:
    best: float = alternatives[0]["confidence"]
    texts: dict[str, float] = {}
    for alternative in alternatives:
        text = normalize(alternative["text"].replace("[unk]", " "))
        if text:
            texts.setdefault(text, alternative["confidence"] - best)
    return [Hypothesis(text, round(likelihood, 1)) for text, likelihood in texts.items()]
