"""The fitted numbers, and reading them from their files beside this module: `weights.toml` and two files of votes.

Written by `scripts/fit`; meant to be read by people. Not for fitting.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Mapping, Sequence
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

WEIGHTS_FILE, VOTES_FILE, ALARMS_FILE = "weights.toml", "votes.tsv", "alarms.tsv"
NO_FLAG = "no"  # in the alarms' votes, the outcome beside the red flags


@dataclass(frozen=True, slots=True)
class Bands:
    """Thresholds of probability: accept from this chance of the best label on; ask from this chance of the best two
    together on; below, refuse.
    """

    accept: float
    ask: float


@dataclass(frozen=True, slots=True)
class AlarmBands:
    """Thresholds of how far the votes for a red flag exceed those for none: from `raised` on it is raised, from `asked`
    on it is asked about.
    """

    raised: float
    asked: float


@dataclass(frozen=True, slots=True)
class Weights:
    """What each feature counts for, in nats per unit of the feature, and where the bands lie.

    topic, command, refusal: feature -> weight, for each kind of label.
    alarm_bands, alarms: the same for the red flags that `suspicion.py` looks for, and `NO_FLAG`.
    trained_on: digest of the training set they were fitted on (see `digest`).
    votes: what each word says, for the labels of that training set.
    """

    topic: Mapping[str, float]
    command: Mapping[str, float]
    refusal: Mapping[str, float]
    bands: Bands
    alarm_bands: AlarmBands
    trained_on: str
    votes: Votes
    alarms: Votes


def digest(training: TrainingSet, alarming: Mapping[str, Sequence[str]]) -> str:
    """Sixteen hex digits that change with any phrase, concept or core of the training set, and any alarming sentence.

    alarming: red flag, or `NO_FLAG` -> its sentences.
    """
    whole: dict[str, Any] = {
        "alarming": dict(alarming),
        "phrases": dict(training.phrases),
        "concepts": dict(training.concepts),
        "core": dict(training.core),
    }
    return hashlib.sha256(json.dumps(whole, sort_keys=True).encode()).hexdigest()[:16]


@cache
def shipped_weights(labels: tuple[str, ...]) -> Weights:
    """The weights that come with the program, for these labels. Reads three files, once."""
    folder = files("voice_skill.understanding")
    weights, votes, alarms = (
        folder.joinpath(name).read_text(encoding="utf-8") for name in (WEIGHTS_FILE, VOTES_FILE, ALARMS_FILE)
    )
    return parse_weights(weights, parse_votes(votes, labels), parse_votes(alarms))


def parse_weights(text: str, votes: Votes, alarms: Votes) -> Weights:
    """Weights from the text of a weights file. Raises KeyError or TOMLDecodeError for a damaged one."""
    data = tomllib.loads(text)
    return Weights(
        topic=data["topic"],
        command=data["command"],
        refusal=data["refusal"],
        bands=Bands(**data["bands"]),
        alarm_bands=AlarmBands(**data["alarms"]),
        trained_on=data["trained_on"],
        votes=votes,
        alarms=alarms,
    )
