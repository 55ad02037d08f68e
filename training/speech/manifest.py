"""The list of clips, `path<TAB>text<TAB>engine<TAB>voice<TAB>seconds`, which several processes append to at once.

A run that is killed may leave its last line torn: readers skip it, the next run cuts it off. Not for features.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

NAME = "manifest.tsv"


@dataclass(frozen=True)
class Clip:
    """One FLAC file: path relative to the manifest's folder, what is said, by whom, and how many seconds it lasts."""

    path: str
    text: str
    engine: str
    voice: str
    seconds: float

    def line(self) -> str:
        """Return the manifest's line, with its end."""
        return f"{self.path}\t{self.text}\t{self.engine}\t{self.voice}\t{self.seconds:.3f}\n"


def is_copy(clip: Clip) -> bool:
    """Tell whether a clip is another one played faster or slower."""
    return clip.voice.endswith(("+child", "+deep"))


def parse(text: str) -> list[Clip]:
    """Read the whole lines of a manifest; a last line without its end is left out."""
    clips = []
    for line in text.split("\n")[:-1]:
        path, said, engine, voice, seconds = line.split("\t")
        clips.append(Clip(path, said, engine, voice, float(seconds)))
    return clips


def read(file: Path) -> list[Clip]:
    """Return the clips of a manifest, none when it isn't there yet."""
    return parse(file.read_text(encoding="utf-8")) if file.exists() else []


def append(file: Path, clip: Clip) -> None:
    """Add a line in one write to a file opened for appending: lines of several processes don't mix."""
    _append(file, clip.line())


def append_row(file: Path, *fields: str) -> None:
    """Add a line of fields to another table of the run, in the same way."""
    _append(file, "\t".join(fields) + "\n")


def _append(file: Path, line: str) -> None:
    handle = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    try:
        os.write(handle, line.encode())
    finally:
        os.close(handle)


def mend(file: Path) -> None:
    """Cut off a torn last line. Only while nobody appends."""
    if file.exists() and (content := file.read_bytes()) and not content.endswith(b"\n"):
        with file.open("r+b") as handle:
            handle.truncate(content.rfind(b"\n") + 1)


def rewrite(file: Path, clips: Iterable[Clip]) -> None:
    """Write a manifest anew: beside it first, then in its place."""
    aside = file.with_name(file.name + ".new")
    aside.write_text("".join(clip.line() for clip in clips), encoding="utf-8")
    os.replace(aside, file)
