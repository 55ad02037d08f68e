"""The writers' sentences: enough of each kind, and nothing nearly the same in two of the splits."""

from __future__ import annotations

from collections import Counter
from itertools import combinations

import numpy as np
import pytest
from rapidfuzz import fuzz, process

from bench.corpora import RED_FLAGS as RED_FLAGS_TEST
from bench.corpora import WORDING as TEST
from fit.corpus import RED_FLAGS, Line, load_corpus, load_training, read_red_flags, read_wording
from fit.files import HARMLESS
from fit.judging import RED_FLAGS_DEV, WORDING_DEV
from voice_skill.article.loader import load_content
from voice_skill.article.schema import COMMAND_IDS, ENTRY_IDS
from voice_skill.settings import CONTENT_DIR
from voice_skill.understanding.training import NONE

ALIKE = 85  # percent alike in spelling, words in any order: nearly the same sentence

CORPUS = load_corpus()
TRAIN = CORPUS.lines
DEV = read_wording(WORDING_DEV)
UNSEEN = [line for file in sorted(TEST.glob("*.tsv")) for line in read_wording(file)]

FLAGGED = {
    "train": [row for file in sorted(RED_FLAGS.glob("*.tsv")) for row in read_red_flags(file)],
    "dev": read_red_flags(RED_FLAGS_DEV),
    "test": [row for file in sorted(RED_FLAGS_TEST.glob("*.tsv")) for row in read_red_flags(file)],
}


def test_there_is_enough_of_everything() -> None:
    phrases = CORPUS.phrases()
    assert sum(len(texts) for label, texts in phrases.items() if label != NONE) >= 6000
    assert len(phrases[NONE]) >= 4000
    frames = Counter(line.frame for line in TRAIN if line.labels == (NONE,))
    assert frames["near"] >= frames["far"] >= 2000
    assert len(CORPUS.wording) >= 10


@pytest.mark.parametrize("lines", [TRAIN, DEV, UNSEEN])
def test_every_line_is_labelled_with_what_there_is(lines: list[Line]) -> None:
    allowed = {*ENTRY_IDS, *COMMAND_IDS, NONE}
    assert {label for line in lines for label in line.labels} == allowed
    assert all(line.frame in ("near", "far") for line in lines if line.labels == (NONE,))
    assert all(line.text and len(line.labels) == len(set(line.labels)) for line in lines)


def test_nothing_is_nearly_the_same_in_two_splits() -> None:
    content = [text for texts in load_training().phrases.values() for text in texts]
    splits = {
        "train": [*content, *(line.text for line in TRAIN)],
        "dev": [line.text for line in DEV],
        "test": [line.text for line in UNSEEN],
    }
    _assert_apart(splits)


def test_red_flags_of_the_splits_are_not_nearly_the_same_either() -> None:
    _assert_apart({name: [text for _, text in rows] for name, rows in FLAGGED.items()})


def test_every_red_flag_has_many_wordings() -> None:
    layer = load_content(CONTENT_DIR).safety
    ids = {flag.id for flag in layer.flags}
    for name, least in (("train", 150), ("dev", 30), ("test", 30)):
        counts = Counter(flag for flag, _ in FLAGGED[name])
        assert counts.keys() == ids | {HARMLESS}
        assert min(counts.values()) >= least, name


def _assert_apart(splits: dict[str, list[str]]) -> None:
    ordered = {name: [" ".join(sorted(text.split())) for text in texts] for name, texts in splits.items()}
    for one, other in combinations(ordered, 2):
        alike = process.cdist(
            ordered[other], ordered[one], scorer=fuzz.ratio, score_cutoff=ALIKE, dtype=np.uint8, workers=-1
        )
        assert not alike.any(), f"{one} and {other}"
