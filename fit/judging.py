"""The dev split as cases to be judged. Not for learning from (`corpus.py`), nor for counting (`judge.py`)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from fit.corpus import read_wording
from fit.files import CORPUS, rows
from fit.hear import read_heard
from voice_skill.events import Hypothesis
from voice_skill.understanding.normalize import normalize
from voice_skill.understanding.training import NONE

WORDING_DEV = CORPUS / "wording-dev.tsv"
RED_FLAGS_DEV = CORPUS / "red-flags-dev.tsv"
HEARD_DEV = CORPUS / "dev-heard.tsv"


@dataclass(frozen=True, slots=True)
class Case:
    """One utterance with the labels that are right for it.

    group: "in scope", "near" (a near miss that must be refused) or "far" (one of another world).
    """

    alternatives: tuple[Hypothesis, ...]
    labels: tuple[str, ...]
    group: str


def dev_cases() -> list[Case]:
    """The dev split as typed."""
    written = [
        Case((Hypothesis(line.text),), line.labels, line.frame if line.labels == (NONE,) else "in scope")
        for line in read_wording(WORDING_DEV)
    ]
    return read_cases(CORPUS / "dev.tsv", CORPUS / "out-of-scope-dev.tsv") + written


def read_cases(in_scope: Path, out_of_scope: Path) -> list[Case]:
    """Lines of `label|label<TAB>text`, and lines of `text<TAB>near or far`."""
    cases = [
        Case((Hypothesis(normalize(text)),), tuple(labels.split("|")), "in scope") for labels, text in rows(in_scope)
    ]
    return cases + [Case((Hypothesis(normalize(text)),), (NONE,), group) for text, group in rows(out_of_scope)]


def as_heard(cases: list[Case], path: Path) -> list[Case]:
    """The same cases through the recognizer, those without a copy left out."""
    heard = {normalize(said): alternatives for said, alternatives in read_heard(path).items()}
    return [
        Case(heard[text], case.labels, case.group) for case in cases if (text := case.alternatives[0].text) in heard
    ]
