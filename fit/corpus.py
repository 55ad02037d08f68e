"""The sentences that the fit learns from and is judged by, and where they lie in the checkout.

Not for measuring or fitting.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from rapidfuzz import fuzz, process

from fit.hear import read_heard
from voice_skill.article.loader import ARTICLE_FILE, COMMANDS_FILE, LEXICON_FILE, load_file
from voice_skill.article.schema import Article, Commands, Lexicon
from voice_skill.events import Hypothesis
from voice_skill.understanding.normalize import normalize
from voice_skill.understanding.training import NONE, TrainingSet, training_set

_TWINS = 85  # percent alike in spelling, words in any order: nearly the same phrase

CHECKOUT = Path(__file__).resolve().parent.parent
CONTENT = CHECKOUT / "content"
CORPUS = CHECKOUT / "tests" / "corpus"
HEARD_TRAIN = Path(__file__).parent / "data" / "heard-train.tsv"
MORE_PHRASES = Path(__file__).parent / "data" / "more-phrases.tsv"
HEARD_DEV = CORPUS / "dev-heard.tsv"


@dataclass(frozen=True, slots=True)
class Case:
    """One utterance with the labels that are right for it.

    group: "in scope", "near" (a near miss that must be refused) or "far" (one of another world).
    """

    alternatives: tuple[Hypothesis, ...]
    labels: tuple[str, ...]
    group: str


def load_training() -> TrainingSet:
    """The training set of the checkout's content. Raises ContentError when a file breaks a rule."""
    return training_set(
        load_file(CONTENT / ARTICLE_FILE, Article),
        load_file(CONTENT / COMMANDS_FILE, Commands),
        load_file(CONTENT / LEXICON_FILE, Lexicon),
    )


def with_more_phrases(training: TrainingSet) -> TrainingSet:
    """`training` and the phrases that are kept for fitting only, because the content has near twins of them."""
    phrases = {label: dict.fromkeys(texts) for label, texts in training.phrases.items()}
    for label, text in _rows(MORE_PHRASES):
        phrases[label][normalize(text)] = None
    return replace(training, phrases={label: tuple(texts) for label, texts in phrases.items()})


def folds(training: TrainingSet, count: int, seed: int) -> Iterator[tuple[TrainingSet, list[tuple[str, str]]]]:
    """`count` times: the training set without one part of its phrases, and that part as (label, phrase).

    Phrases of a label that are nearly the same stay together: a phrase must not be judged by its own twin.
    """
    draw = random.Random(seed)
    part_of: dict[tuple[str, str], int] = {}
    for label, texts in training.phrases.items():
        for family in _families(texts):
            part = draw.randrange(count)
            part_of |= {(label, text): part for text in family}
    for part in range(count):
        rest = {
            label: tuple(text for text in texts if part_of[label, text] != part)
            for label, texts in training.phrases.items()
        }
        held_out = [pair for pair, its_part in part_of.items() if its_part == part]
        yield replace(training, phrases=rest), held_out


def _families(texts: Sequence[str]) -> list[list[str]]:
    """Groups of texts; in each, every text has another one that is nearly the same."""
    ordered = [" ".join(sorted(text.split())) for text in texts]
    alike = process.cdist(ordered, ordered, scorer=fuzz.ratio, score_cutoff=_TWINS) > 0
    family_of = list(range(len(texts)))
    for first, second in zip(*np.nonzero(np.triu(alike, 1)), strict=True):
        old, new = family_of[second], family_of[first]
        if old != new:
            family_of = [new if family == old else family for family in family_of]
    families: dict[int, list[str]] = {}
    for text, family in zip(texts, family_of, strict=True):
        families.setdefault(family, []).append(text)
    return list(families.values())


def dev_cases() -> list[Case]:
    """The dev split as typed."""
    return read_cases(CORPUS / "dev.tsv", CORPUS / "out-of-scope-dev.tsv")


def read_cases(in_scope: Path, out_of_scope: Path) -> list[Case]:
    """Lines of `label|label<TAB>text`, and lines of `text<TAB>near or far`."""
    cases = [
        Case((Hypothesis(normalize(text)),), tuple(labels.split("|")), "in scope") for labels, text in _rows(in_scope)
    ]
    return cases + [Case((Hypothesis(normalize(text)),), (NONE,), group) for text, group in _rows(out_of_scope)]


def as_heard(cases: list[Case], path: Path) -> list[Case]:
    """The same cases through the recognizer, those without a copy left out."""
    heard = {normalize(said): alternatives for said, alternatives in read_heard(path).items()}
    return [
        Case(heard[text], case.labels, case.group) for case in cases if (text := case.alternatives[0].text) in heard
    ]


def _rows(path: Path) -> list[list[str]]:
    return [line.split("\t") for line in path.read_text(encoding="utf-8").splitlines() if line]
