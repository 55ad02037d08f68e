"""The fitted numbers of the matcher, and reading them from their files beside this module: `weights.toml`, `votes.tsv`.

Written by `scripts/fit`; meant to be read by people. Not for fitting.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from voice_skill.understanding.training import TrainingSet
from voice_skill.understanding.votes import Votes, parse_votes

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

WEIGHTS_FILE, VOTES_FILE = "weights.toml", "votes.tsv"


@dataclass(frozen=True, slots=True)
class Bands:
    """Thresholds of probability: accept from this chance of the best label on; ask from this chance of the best two
    together on; below, refuse.
    """

    accept: float
    ask: float


@dataclass(frozen=True, slots=True)
class Weights:
    """What each feature counts for, in nats per unit of the feature, and where the bands lie.

    topic, command, refusal: feature -> weight, for each kind of label.
    trained_on: digest of the training set they were fitted on (see `digest`).
    votes: what each word says, for the labels of that training set.
    """

    topic: Mapping[str, float]
    command: Mapping[str, float]
    refusal: Mapping[str, float]
    bands: Bands
    trained_on: str
    votes: Votes


def digest(training: TrainingSet) -> str:
    """Sixteen hex digits that change with any phrase, concept or core of the training set."""
    whole: dict[str, Any] = {
        "phrases": dict(training.phrases),
        "concepts": dict(training.concepts),
        "core": dict(training.core),
    }
    return hashlib.sha256(json.dumps(whole, sort_keys=True).encode()).hexdigest()[:16]


@cache
def shipped_weights(labels: tuple[str, ...]) -> Weights:
    """The weights that come with the program, for these labels. Reads two files, once."""
    folder = files("voice_skill.understanding")
    return parse_weights(
        folder.joinpath(WEIGHTS_FILE).read_text(encoding="utf-8"),
        parse_votes(folder.joinpath(VOTES_FILE).read_text(encoding="utf-8"), labels),
    )


def parse_weights(text: str, votes: Votes) -> Weights:
    """Weights from the text of a weights file. Raises KeyError or TOMLDecodeError for a damaged one."""
    data = tomllib.loads(text)
    return Weights(
        topic=data["topic"],
        command=data["command"],
        refusal=data["refusal"],
        bands=Bands(**data["bands"]),
        trained_on=data["trained_on"],
        votes=votes,
    )
