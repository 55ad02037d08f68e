"""Finds what each word, concept and pair of neighbours says for each label: a linear classifier over all phrases.

One support vector machine for each label against all others. Not for the weights of the features (`logit.py`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from sklearn.feature_extraction import DictVectorizer
from sklearn.preprocessing import normalize as to_length_1
from sklearn.svm import LinearSVC

from voice_skill.understanding.reading import Item
from voice_skill.understanding.votes import ANY, Votes, ballots

# Chosen on the dev split: scikit-learn's C (0.1 and 0.3 forget rare words), and in how many phrases a key must be.
_FREEDOM, _FEWEST = 1.0, 2
_LEAST = 0.03  # smaller votes are left out of the file


def fit_votes(readings: Mapping[str, Sequence[Sequence[Item]]]) -> Votes:
    """The votes that best tell the labels' phrases apart, rounded for the file; readings: label -> its phrases."""
    labels = tuple(readings)
    meant = [label for label, phrases in readings.items() for _ in phrases]
    vectorizer = DictVectorizer()
    ballots_cast = [ballots(items) for phrases in readings.values() for items in phrases]
    counts: Any = vectorizer.fit_transform(ballots_cast).tocsc()
    held_by = np.diff(counts.indptr)
    kept = held_by >= _FEWEST
    # As scikit-learn's TfidfTransformer has it.
    rarity = (np.log((1 + len(meant)) / (1 + held_by[kept])) + 1).round(2)
    machine = LinearSVC(C=_FREEDOM).fit(to_length_1(counts[:, kept].multiply(rarity).tocsr()), meant)
    order = [list(machine.classes_).index(label) for label in labels]
    votes = machine.coef_[order].T
    votes = np.where(np.abs(votes) >= _LEAST, votes.round(2), 0.0)
    keys = np.array(vectorizer.feature_names_)[kept].tolist()
    rows = {key: (float(r), vote) for key, r, vote in zip(keys, rarity, votes, strict=True) if vote.any()}
    return Votes(labels, rows | {ANY: (0.0, machine.intercept_[order].round(2))})
