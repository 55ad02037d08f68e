"""A `Speaker` that writes what would have been heard to a sound file: for `demo --out`, and where no loudspeaker is.

Not paced: a turn is written as fast as the disk takes it. Not for keeping rendered sentences (`store.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import soundfile

from voice_skill.errors import UsageError, VoiceSkillError
from voice_skill.speaking.clip import Clip
from voice_skill.speaking.player import PAUSE_S, Begun, Done, Position, checked_volume
from voice_skill.speaking.tape import splice

RATE = 22_050  # Hz; what espeak-ng makes, so that nothing is resampled
TURN_PAUSE_S = 0.6  # between two turns


class WavWriter:
    """Turns of clips into one mono 16-bit WAV file. A context manager; the file is complete after `close`.

    Args:
        path: written anew; its folder must exist.
        rate: of the file, Hz; clips at other rates are resampled.
        pause_s, turn_pause_s: silence between two clips of a turn, and between two turns.

    Raises:
        UsageError: the file can't be made.
    """

    def __init__(
        self, path: Path, rate: int = RATE, *, pause_s: float = PAUSE_S, turn_pause_s: float = TURN_PAUSE_S
    ) -> None:
        self._path, self._rate, self._pause_s, self._turn_pause_s = path, rate, pause_s, turn_pause_s
        self._volume = 1.0
        self._token = 0
        try:
            self._file = soundfile.SoundFile(path, "w", rate, 1, "PCM_16", format="WAV")
        except (OSError, soundfile.SoundFileError) as error:
            raise UsageError(f"{path} can't be written.", fix="name a file in a folder that exists") from error

    def __enter__(self) -> WavWriter:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def play(
        self,
        clips: Sequence[Clip],
        done: Done | None = None,
        *,
        opening: Clip | None = None,
        begun: Begun | None = None,
    ) -> int:
        """Writes the clips; `done(len(clips), True)` is called before it returns, `begun` never: nothing sounds.

        Raises:
            VoiceSkillError: the disk doesn't take them; `done` isn't called then.
        """
        self._token += 1
        first = opening.resampled(self._rate) if opening else None
        resampled = [clip.resampled(self._rate) for clip in clips]
        turn = splice(self._token, resampled, self._pause_s, self._rate, first)
        gap = np.zeros(round(self._turn_pause_s * self._rate), np.int16)
        try:
            self._file.write((np.concatenate([turn.samples, gap]) * np.float32(self._volume)).astype(np.int16))
            self._file.flush()
        except (OSError, soundfile.SoundFileError) as error:
            raise VoiceSkillError(f"{self._path} can't be written.", fix="make room on the disk") from error
        if done:
            done(len(clips), True)
        return self._token

    def stop(self) -> None:
        """Nothing: a turn is written at once."""

    def set_volume(self, volume: float) -> None:
        """Loudness of what is written from now on, 0.0 to 1.0. Raises ValueError outside."""
        self._volume = checked_volume(volume)

    @property
    def position(self) -> Position | None:
        """None: nothing is ever under way."""
        return None

    def close(self) -> None:
        """Completes the file. Safe to repeat."""
        self._file.close()
