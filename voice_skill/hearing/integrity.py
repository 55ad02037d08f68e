"""Whether a model's folder is what it should be, checked before Vosk sees it.

Vosk ends the whole process, without an exception, when it meets certain damages. So every file's size is looked at each
time, and its SHA-256 unless the file is the very one that was right before: same size, times of change to the
nanosecond. That takes 1 ms instead of 20 (bundled model; a second or more on a small computer without SHA
instructions). What this can't see is a disk that changes bytes by itself: for that there is the full check.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from voice_skill.hearing.manifest import FileHash

log = logging.getLogger(__name__)

HASHES_FILE = "voice-skill-hashes.json"  # lies in the folder of each installed model
_CHUNK = 1 << 20


def sha256_of(path: Path) -> str:
    """SHA-256 of a file, in hex. Raises OSError."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def hash_files(folder: Path) -> tuple[FileHash, ...]:
    """What is in a folder now, to be compared with later. Raises OSError."""
    return tuple(
        FileHash(path=path, size=(folder / path).stat().st_size, sha256=sha256_of(folder / path))
        for path in sorted(_files_in(folder))
    )


def find_damage(folder: Path, files: Iterable[FileHash], seen: Path, *, full: bool = False) -> str | None:
    """What is wrong with a model's folder, in a few words; None if it is sound.

    Args:
        files: what must be there; nothing else may be, since Vosk also loads files that it only finds by chance.
            Texts at the top (`*.md`, `README*`) are nobody's business.
        seen: where to remember which files were found right; used if it can be written.
        full: believe no memory, read everything.
    """
    if not folder.is_dir():
        return "the folder is missing"
    trusted = {} if full else _read_seen(seen)
    stamps: dict[str, list[Any]] = {}
    try:
        extra = {path for path in _files_in(folder) if not _is_text(path)} - {file.path for file in files}
        if extra:
            return f"{min(extra)} doesn't belong there"
        for file in files:
            path = folder / file.path
            status = path.stat()
            if status.st_size != file.size:
                return f"{file.path} has {status.st_size} bytes instead of {file.size}"
            stamps[file.path] = [file.sha256, status.st_size, status.st_mtime_ns, status.st_ctime_ns]
            if trusted.get(file.path) != stamps[file.path] and sha256_of(path) != file.sha256:
                return f"{file.path} has changed"
    except FileNotFoundError as error:
        return f"{Path(error.filename).relative_to(folder)} is missing"
    except OSError as error:
        return f"{error.filename} can't be read ({error.strerror})"
    if stamps != trusted:
        _write_seen(seen, stamps)
    return None


def _files_in(folder: Path) -> Iterator[str]:
    """Paths of all files below, relative; links to folders count as files, so that they are noticed."""
    for parent, folders, names in os.walk(folder):
        links = [name for name in folders if (Path(parent) / name).is_symlink()]
        for name in [*names, *links]:
            path = (Path(parent) / name).relative_to(folder).as_posix()
            if path != HASHES_FILE:
                yield path


def _is_text(path: str) -> bool:
    return "/" not in path and (path.endswith(".md") or path.startswith("README"))


def _read_seen(seen: Path) -> dict[str, list[Any]]:
    try:
        content = json.loads(seen.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def _write_seen(seen: Path, stamps: dict[str, list[Any]]) -> None:
    new = seen.with_name(f"{seen.name}.{os.getpid()}")
    try:
        seen.parent.mkdir(parents=True, exist_ok=True)
        new.write_text(json.dumps(stamps), encoding="utf-8")
        new.replace(seen)
    except OSError as error:
        log.debug("the next start will read the whole model again: %s", error)
        with contextlib.suppress(OSError):
            new.unlink()
