"""Clips on disk: one WAV file per clip, named by its key, verified when read, bounded in sum.

A file that is torn or altered is a miss, never a wrong sound. A disk that is full, read-only or gone costs one
warning and the keeping, nothing else. Any player can play the files. Not for knowing how clips are made (`cache.py`).
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import logging
import os
import re
import tempfile
import threading
from pathlib import Path

import numpy as np
import soundfile

from voice_skill.speaking.clip import Clip

log = logging.getLogger(__name__)

LIMIT_BYTES = 64 * 2**20  # about 20 minutes of speech; the whole article takes 5 at one rate
ROOM_AFTER_CLEARING = 0.9  # of the limit, so that not every new clip clears again
OWN_FILES = re.compile(r"[0-9a-f]{64}\.wav|clip-\w+\.tmp")


class ClipStore:
    """A folder of clips. Several threads and several processes may use the same one.

    Args:
        directory: made when the first clip is kept.
        limit_bytes: when the files together pass it, those unused for longest go.
    """

    def __init__(self, directory: Path, limit_bytes: int = LIMIT_BYTES) -> None:
        self._directory = directory
        self._limit = limit_bytes
        self._lock = threading.Lock()
        self._size: int | None = None  # of the folder; counted at the first save
        self._broken = False

    def load(self, key: str) -> Clip | None:
        """The clip kept under a key (64 hexadecimal digits), or None when there is none that can be trusted."""
        path = self._path(key)
        try:
            content = path.read_bytes()
        except OSError:
            return None
        clip = _decode(content, key)
        with contextlib.suppress(OSError):
            if clip:
                os.utime(path)  # marks it as used
            else:
                log.info("a damaged clip was thrown away: %s", path.name)
                path.unlink()
        return clip

    def save(self, key: str, clip: Clip) -> None:
        """Keeps a clip: whole or not at all. Never raises; after the first failure nothing more is written."""
        if self._broken:
            return
        try:
            with self._lock:
                self._write(self._path(key), _encode(clip, key))
        except OSError as error:
            self._broken = True
            log.warning(
                "spoken sentences can't be kept in %s (%s); they are made anew each time", self._directory, error
            )

    def _path(self, key: str) -> Path:
        return self._directory / f"{key}.wav"

    def _write(self, path: Path, content: bytes) -> None:
        self._directory.mkdir(parents=True, exist_ok=True)
        if self._size is None:
            self._size = sum(size for _, size, _ in self._files())
        handle, temporary = tempfile.mkstemp(prefix="clip-", suffix=".tmp", dir=self._directory)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
            os.replace(temporary, path)
        except FileNotFoundError:  # another process was clearing out, and took it for one that was left behind
            return
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
            raise
        self._size += len(content)
        if self._size > self._limit:
            self._clear_out()

    def _files(self) -> list[tuple[float, int, Path]]:
        """Last use (s since the epoch), bytes, path of every file that is ours; the oldest first."""
        found: list[tuple[float, int, Path]] = []
        for path in self._directory.iterdir():
            with contextlib.suppress(OSError):  # another process may be clearing out as well
                if OWN_FILES.fullmatch(path.name):
                    status = path.stat()
                    found.append((status.st_mtime, status.st_size, path))
        return sorted(found)

    def _clear_out(self) -> None:
        files = self._files()
        self._size = sum(size for _, size, _ in files)
        for _, size, path in files:
            if self._size <= self._limit * ROOM_AFTER_CLEARING:
                return
            path.unlink(missing_ok=True)
            self._size -= size


def _checksum(key: str, rate: int, samples: bytes) -> str:
    return hashlib.sha256(f"{key} {rate} ".encode() + samples).hexdigest()


def _encode(clip: Clip, key: str) -> bytes:
    content = io.BytesIO()
    with soundfile.SoundFile(content, "w", clip.rate, 1, "PCM_16", format="WAV") as file:
        file.comment = _checksum(key, clip.rate, clip.samples.tobytes())
        file.write(clip.samples)
    return content.getvalue()


def _decode(content: bytes, key: str) -> Clip | None:
    try:
        with soundfile.SoundFile(io.BytesIO(content)) as file:
            samples = file.read(dtype="int16")
            if samples.ndim == 1 and file.comment == _checksum(key, file.samplerate, samples.tobytes()):
                return Clip(samples.astype(np.int16, copy=False), file.samplerate)
    except (soundfile.SoundFileError, ValueError):
        pass
    return None
