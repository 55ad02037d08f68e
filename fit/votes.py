"""Finds what each word and pair of words says for each label: a logistic regression over all phrases.

Not for the weights of the features (`logit.py`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from sklearn.feature_extraction import DictVectorizer
from sklearn.linear_model import LogisticRegression

from voice_skill.understanding.reading import Item
from voice_skill.understanding.votes import ANY, Votes, ballots

_FREEDOM = 3.0  # scikit-learn's C, found on the dev split: less forgets rare words, more learns phrases by heart
_LEAST = 0.2  # nats: smaller votes are left out of the file


def fit_votes(readings: Mapping[str, Sequence[Sequence[Item]]]) -> Votes:
    """The votes that best tell the labels' phrases apart, rounded for the file; readings: label -> its phrases."""
    labels = tuple(readings)
    vectorizer = DictVectorizer()
    counts = vectorizer.fit_transform([ballots(items) for phrases in readings.values() for items in phrases])
    meant = [label for label, phrases in readings.items() for _ in phrases]
    regression = LogisticRegression(C=_FREEDOM, max_iter=150).fit(counts, meant)
    order = [list(regression.classes_).index(label) for label in labels]
    votes = regression.coef_[order].T
    votes = np.where(np.abs(votes) >= _LEAST, votes.round(1), 0.0)
    table = dict(zip(vectorizer.feature_names_, votes, strict=True))
    table[ANY] = table[ANY] + regression.intercept_[order].round(1)
    return Votes(labels, {key: vote for key, vote in table.items() if vote.any()})
