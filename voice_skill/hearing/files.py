"""Sound files (WAV, FLAC, OGG, whatever else libsndfile reads) as frames, block by block: length doesn't matter.

Not for judging what is in them: a file of silence is a good file in which nothing is heard.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, cast

import numpy as np
import soundfile

from voice_skill.errors import AudioFileError
from voice_skill.hearing.frames import Framer

if TYPE_CHECKING:
    from numpy.typing import NDArray

MIN_RATE = 4_000  # Hz; below, the consonants are gone (a telephone has 8,000)
BLOCK_S = 1

_CONVERT = "Convert it, for instance with: ffmpeg -i {} -ac 1 -ar 16000 speech.wav"


def read_frames(path: Path) -> Iterator[bytes]:
    """All of a file in 20 ms frames of 16 kHz mono int16, the last one filled up with silence.

    Raises:
        AudioFileError: at once if there is no such file, it can't be read, is no sound, holds no sample, or has too low
            a rate; on the way at a damaged place or at a sample that is no number.
    """
    return _read(path, _checked_rate(path))


def _read(path: Path, rate: int) -> Iterator[bytes]:
    framer = Framer(rate)
    try:
        with soundfile.SoundFile(path) as file:
            for block in file.blocks(blocksize=rate * BLOCK_S, dtype="float32", always_2d=True):
                if not np.isfinite(block).all():
                    raise AudioFileError(
                        f"{path} holds samples that are no numbers (NaN or infinite).",
                        fix="Export it again as 16-bit WAV.",
                    )
                yield from framer.push(cast("NDArray[np.float32]", block))
    except soundfile.LibsndfileError as error:
        raise AudioFileError(f"{path} is damaged: {error.error_string}", fix=_CONVERT.format(path)) from error
    yield from framer.flush()


def _checked_rate(path: Path) -> int:
    """The file's rate in Hz, once its header has been found in order."""
    if path.is_dir():
        raise AudioFileError(f"{path} is a folder, not a sound file.", fix="Name the files in it.")
    if path.exists() and not path.is_file():
        raise AudioFileError(f"{path} is not an ordinary file.", fix="Save the sound to a file first.")
    try:
        with path.open("rb") as file:
            empty = not file.read(1)
    except FileNotFoundError as error:
        raise AudioFileError(f"There is no file {path}.", fix="Check its name.") from error
    except OSError as error:
        raise AudioFileError(f"{path} can't be read: {error.strerror}.", fix="Check who may read it.") from error
    if empty:
        raise AudioFileError(f"{path} is empty.", fix="Record it again.")
    try:
        info = soundfile.info(str(path))
    except soundfile.LibsndfileError as error:
        raise AudioFileError(
            f"{path} is not a sound file that can be read here: {error.error_string}", fix=_CONVERT.format(path)
        ) from error
    if info.frames == 0:
        raise AudioFileError(f"{path} holds no sound, only a header.", fix="Record it again.")
    if info.samplerate < MIN_RATE:
        raise AudioFileError(
            f"{path} has {info.samplerate} samples a second, too few for speech.",
            fix=f"Record it at {MIN_RATE} Hz or more, best at 16000 Hz.",
        )
    return info.samplerate
