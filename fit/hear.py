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
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import soundfile as sf
import soxr
from numpy.typing import NDArray

from training.augment import spoil
from training.recipe import FeaturesPart
from voice_skill.events import Hypothesis
from voice_skill.understanding.normalize import normalize

RATE_HZ = 16000
TALKERS = 6  # at most, in noise made of other voices
ALTERNATIVES = 5
# Voices of the fit and of the dev split; no voice is in both.
TRAIN_VOICES = (
    "flite:slt",
    "flite:kal16",
    "espeak-ng:en-us+f3",
    "espeak-ng:en-us+m3",
    "espeak-ng:en-gb+f2",
    "espeak-ng:en-gb-scotland",
)
DEV_VOICES = ("flite:awb", "espeak-ng:en-gb-x-rp", "espeak-ng:en-us+f2")
# Hiss, rumble, hum, knocks, coughs or other voices, 5 to 25 dB below the speech; echoes under every third sentence.
SURROUNDINGS = FeaturesPart(spoilt=1.0, snr_db=(5.0, 25.0), roomy=0.35)


def hear(sentences: Sequence[str], voices: Sequence[str], model_folder: Path, seed: int) -> Iterator[list[Hypothesis]]:
    """The n-best list of each sentence, in order; the same list for the same seed. One process for each core.

    Other people, where some are heard, say other sentences of the list, with the same voices.
    """
    jobs = []
    for index, sentence in enumerate(sentences):
        draw = random.Random(f"{seed} {index}")
        others = tuple((draw.choice(sentences), draw.choice(voices)) for _ in range(TALKERS))
        jobs.append(_Job(sentence, draw.choice(voices), others, (seed, index), model_folder))
    # Spawned: Vosk's threads wouldn't survive a fork.
    with ProcessPoolExecutor(mp_context=get_context("spawn")) as pool:
        yield from pool.map(_heard, jobs, chunksize=20)


@dataclass(frozen=True, slots=True)
class _Job:
    """others: what is said by other voices, if any are heard."""

    sentence: str
    voice: str
    others: tuple[tuple[str, str], ...]
    seed: tuple[int, int]
    model_folder: Path


@cache
def _recognizer(model_folder: Path) -> Any:
    """This process's."""
    import vosk

    vosk.SetLogLevel(-1)
    recognizer: Any = vosk.KaldiRecognizer(vosk.Model(str(model_folder)), RATE_HZ)
    recognizer.SetMaxAlternatives(ALTERNATIVES)
    return recognizer


def _heard(job: _Job) -> list[Hypothesis]:
    recognizer = _recognizer(job.model_folder)
    others = (_say(*other) for other in job.others)
    sound = spoil(_say(job.sentence, job.voice), SURROUNDINGS, np.random.default_rng(job.seed), lambda: next(others))
    recognizer.AcceptWaveform(sound.astype("<i2").tobytes())
    found = _hypotheses(json.loads(recognizer.FinalResult())["alternatives"])
    recognizer.Reset()
    return found


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


def _hypotheses(alternatives: list[dict[str, Any]]) -> list[Hypothesis]:
    best: float = alternatives[0]["confidence"]
    texts: dict[str, float] = {}
    for alternative in alternatives:
        text = normalize(alternative["text"].replace("[unk]", " "))
        if text:
            texts.setdefault(text, alternative["confidence"] - best)
    return [Hypothesis(text, round(likelihood, 1)) for text, likelihood in texts.items()]
