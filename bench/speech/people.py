"""Word errors on recordings of people, from a folder and a list of what is said in each. None travel with the project.

The list is tab-separated: path, text, then optionally what the recordings are tallied under, and the speaker. Through
the gate and the recognizer as everything else; nothing is added to the sound. Not for judging what was understood:
such recordings are about other subjects.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bench.figures import Share
from bench.speech.hearing import Bench
from bench.speech.score import Rate, error_rate
from voice_skill.errors import UsageError


@dataclass(frozen=True, slots=True)
class Recording:
    """file, the words in it, what it is tallied under, and who speaks (or its own name, where that isn't known)."""

    file: Path
    text: str
    group: str
    speaker: str


@dataclass(frozen=True, slots=True)
class PeopleFigures:
    """rates: word errors by group, and "all"; unknown: of the words said, those the model can't hear at all."""

    rates: dict[str, Rate]
    unknown: dict[str, Share]


def recordings(folder: Path, transcripts: Path) -> list[Recording]:
    """What the list names; relative paths are looked for in `folder`.

    Raises UsageError for a file that isn't there, or a list without a usable line.
    """
    found: list[Recording] = []
    for line in transcripts.read_text(encoding="utf-8").splitlines():
        cells = line.split("\t")
        if len(cells) < 2 or not cells[1].strip() or line.startswith("#"):
            continue
        file = folder / cells[0]
        if not file.is_file():
            raise UsageError(f"There is no recording {file}.", fix=f"name the folder that {transcripts} speaks of")
        rest = [*cells[2:4], "", ""]
        found.append(Recording(file, cells[1], rest[0] or "people", rest[1] or file.name))
    if not found:
        raise UsageError(f"{transcripts} names no recording.", fix="one line each: path, tab, what is said in it")
    return found


def measure(bench: Bench, listed: list[Recording], progress: Callable[[str], None]) -> PeopleFigures:
    """Hears them all. Raises AudioFileError when one can't be read."""
    heard: list[tuple[Recording, str]] = []
    for recording in listed:
        progress(recording.file.name)
        alternatives = bench.ears.read(recording.file).alternatives
        heard.append((recording, alternatives[0].text if alternatives else ""))
    groups = sorted({recording.group for recording in listed})
    rates: dict[str, Rate] = {}
    unknown: dict[str, Share] = {}
    for name in [*groups, "all"] if len(groups) > 1 else groups:
        some = [(each, text) for each, text in heard if name in (each.group, "all")]
        rates[name] = error_rate((each.speaker, each.text, text) for each, text in some)
        words = [word for each, _ in some for word in each.text.lower().split()]
        unknown[name] = Share(sum(not bench.model.knows(word) for word in words), len(words))
    return PeopleFigures(rates, unknown)
