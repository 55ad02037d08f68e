"""flite, festival and espeak-ng: voices older than neural ones, each a program of the distribution.

They sound less like people; they are here so that the model meets more speakers and other ways to pronounce a word.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import soundfile

from training.speech.engines import spoken
from training.speech.plan import Job
from training.speech.quality import Samples, to_rate
from voice_skill.errors import MissingPartError

PROGRAM_S = 60.0  # seconds a program may take for one batch before it counts as hung
WORDS_A_MINUTE = 160.0  # espeak-ng's tempo at speed 1
PITCHES = (35, 65)  # of espeak-ng's scale 0 to 99, 50 the voice's own


class _Program:
    """An engine that is a program: found on the path, or MissingPartError."""

    program = ""
    package = ""
    batch = 1

    def __init__(self) -> None:
        if not shutil.which(self.program):
            raise MissingPartError(f"{self.program} isn't installed.", fix=f"sudo apt-get install {self.package}")

    def say(self, jobs: Sequence[Job]) -> list[Samples | None]:
        """Let the program write a file for each job and read them."""
        with tempfile.TemporaryDirectory() as folder:
            files = [Path(folder, f"{number}.wav") for number in range(len(jobs))]
            self._render(jobs, files)
            return [_read(file) for file in files]

    def _render(self, jobs: Sequence[Job], files: Sequence[Path]) -> None:
        for job, file in zip(jobs, files, strict=True):
            _quietly(self._command(job, file))

    def _command(self, job: Job, file: Path) -> list[str]:
        raise NotImplementedError

    def versions(self) -> dict[str, str]:
        """Return the distribution's version of the program, "unknown" where dpkg doesn't know."""
        return {package: _installed_version(package) for package in self.package.split()}


class Flite(_Program):
    """Voices of flite."""

    program = package = "flite"

    def _command(self, job: Job, file: Path) -> list[str]:
        stretch = f"duration_stretch={1 / job.speed:.3f}"
        text = spoken(job.sentence.text).removesuffix(".")
        return [self.program, "-voice", job.voice.packs[0], "--setf", stretch, "-t", text, "-o", str(file)]


class Espeak(_Program):
    """espeak-ng's accents and variants; the pitch varies with the job's seed."""

    program = package = "espeak-ng"

    def _command(self, job: Job, file: Path) -> list[str]:
        pitch = np.random.default_rng(job.seed).integers(*PITCHES)
        tempo = round(WORDS_A_MINUTE * job.speed)
        text = spoken(job.sentence.text)
        return [self.program, "-v", job.voice.packs[0], "-s", str(tempo), "-p", str(pitch), "-w", str(file), text]


class Festival(_Program):
    """Voices of festival: a whole batch in one process, for it takes long to start."""

    program = "festival"
    package = "festival festvox-kallpc16k festvox-kdlpc16k festvox-us-slt-hts"
    batch = 48

    def _render(self, jobs: Sequence[Job], files: Sequence[Path]) -> None:
        lines = []
        voice = ""
        for job, file in sorted(zip(jobs, files, strict=True), key=lambda pair: pair[0].voice.name):
            if job.voice.packs[0] != voice:
                voice = job.voice.packs[0]
                lines.append(f"(voice_{voice})")
            # The statistical voice sets its tempo by its own model and takes no notice of this.
            lines.append(f"(Parameter.set 'Duration_Stretch {1 / job.speed:.3f})")
            text = spoken(job.sentence.text).removesuffix(".")
            lines.append(f'(set! u (utt.synth (Utterance Text "{text}"))) (utt.save.wave u "{file}" \'riff)')
        script = files[0].with_name("batch.scm")
        script.write_text("\n".join(lines) + "\n", encoding="ascii")
        _quietly([self.program, "--batch", str(script)])


def _quietly(command: Sequence[str]) -> None:
    try:
        subprocess.run(command, check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=PROGRAM_S)
    except subprocess.TimeoutExpired:
        return  # its file is missing or cut off, and is refused


def _read(file: Path) -> Samples | None:
    try:
        samples, rate = soundfile.read(file, dtype="float32", always_2d=True)
    except (OSError, soundfile.LibsndfileError):
        return None
    return to_rate(np.asarray(samples[:, 0], dtype=np.float32), rate)


def _installed_version(package: str) -> str:
    try:
        found = subprocess.run(
            ["dpkg-query", "-W", "-f", "${Version}", package], capture_output=True, text=True, check=False
        )
    except FileNotFoundError:
        return "unknown"
    return found.stdout or "unknown"
