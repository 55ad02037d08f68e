"""Reads the corpora that the benchmark measures with; expected ids may be given as a|b. Not for tallying."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from fit.files import CHECKOUT, CORPUS, HARMLESS, rows

AUDIO = CHECKOUT / "tests" / "audio"
# The test splits: read by nothing but this package.
WORDING = Path(__file__).parent / "wording"
RED_FLAGS = Path(__file__).parent / "red-flags"
IN_SCOPE = "in scope"


@dataclass(frozen=True, slots=True)
class Case:
    """One utterance. expected: ids that are right, "none" when it must be refused; group: what it is tallied under."""

    text: str
    expected: tuple[str, ...]
    group: str


@dataclass(frozen=True, slots=True)
class Clip:
    """One recorded utterance: what is said in it, what must come of it, and how it was recorded."""

    file: Path
    text: str
    action: str
    entry: str
    condition: str


def typed_cases() -> list[Case]:
    """In-scope wording of the development split."""
    return [Case(text, tuple(expected.split("|")), IN_SCOPE) for expected, text in rows(CORPUS / "dev.tsv")]


def refused_cases() -> list[Case]:
    """Out-of-scope wording of the development split, near misses and far ones apart."""
    return [Case(text, ("none",), group) for text, group in rows(CORPUS / "out-of-scope-dev.tsv")]


def written_cases(*files: Path) -> list[Case]:
    """What writers wrote who had seen no phrase of ours: `label|label<TAB>frame<TAB>text`; frame: near or far."""
    found = [(labels.split("|"), frame, text) for file in files for labels, frame, text in rows(file)]
    return [Case(text, tuple(expected), frame if expected == ["none"] else IN_SCOPE) for expected, frame, text in found]


def unseen() -> list[Case]:
    """The wording of the test split."""
    return written_cases(*sorted(WORDING.glob("*.tsv")))


def flagged_cases() -> list[Case]:
    """Red flags that the rules were written with in view, and harmless talk; groups as in `written_flags`."""
    red = [Case(text, (flag,), flag[3]) for flag, text, _ in rows(CORPUS / "red-flags.tsv")]
    return red + [Case(text, (), HARMLESS) for text, _ in rows(CORPUS / "benign.tsv")]


def written_flags(*files: Path) -> list[Case]:
    """Red flags of writers who had seen no rule of ours: `flag<TAB>text`, or "harmless" for what only sounds like one.

    group: the tier's letter (E, U, D), or `HARMLESS`.
    """
    cases = [(flag, text) for file in files for flag, text in rows(file)]
    return [Case(t, (), HARMLESS) if flag == HARMLESS else Case(t, (flag,), flag[3]) for flag, t in cases]


def clips() -> list[Clip]:
    """The recorded utterances of tests/audio."""
    found = rows(AUDIO / "expected.tsv")
    header, body = found[0], found[1:]
    index = {name: header.index(name) for name in ("file", "text", "action", "entry", "condition")}
    return [Clip(AUDIO / row[index["file"]], *(row[index[name]] for name in list(index)[1:])) for row in body]
