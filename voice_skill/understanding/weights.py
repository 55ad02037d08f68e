"""The fitted numbers, and reading them from their files beside this module: `weights.toml` and two files of votes.

Written by `scripts/fit`; meant to be read by people. Not for fitting.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from voice_skill.understanding.votes import Votes, parse_votes

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

WEIGHTS_FILE, VOTES_FILE, ALARMS_FILE = "weights.toml", "votes.tsv", "alarms.tsv"


@dataclass(frozen=True, slots=True)
class Bands:
    """Thresholds of probability: accept from this chance of the best label on; ask from this chance of the best two
    together on; below, refuse.
    """

    accept: float
    ask: float


@dataclass(frozen=True, slots=True)
class AlarmWeights:
    """How the second pair of ears for red flags weighs what it hears (`suspicion.py`), and when it speaks up.

    votes, sentence, any: what the votes (their margin), the sentence network (log-odds) and every utterance add to the
    log-odds of an emergency or an urgent flag.
    raised, asked: probabilities of one from which it is raised, or asked about.
    overruled: probability of a grave flag below which a rule that raised one is taken to have misfired.
    mentioned: probability of a flag that wants a doctor soon from which that is mentioned.
    """

    votes: float
    sentence: float
    any: float
    raised: float
    asked: float
    overruled: float
    mentioned: float


@dataclass(frozen=True, slots=True)
class ContextWeights:
    """What the place in the conversation adds to the sums of labels, in nats.

    command_in_steps: to commands while an entry is open.
    refusal_in_steps: to refusing then (negative: whoever listens to steps talks to us).
    open_entry: to the open entry itself, for an utterance of one word; the longer it is the less.
    answer_when_asked, refusal_when_asked: to "yes" and "no", and to refusing, after a question of ours.
    """

    command_in_steps: float
    refusal_in_steps: float
    open_entry: float
    answer_when_asked: float
    refusal_when_asked: float


@dataclass(frozen=True, slots=True)
class Weights:
    """What each feature counts for, in nats per unit of the feature, and where the bands lie.

    topic, command, refusal: feature -> weight, for each kind of label.
    context: what the place in the conversation adds.
    alarm: how red flags that no rule knows are weighed.
    trained_on: digest of all that they, the votes and the network were fitted on (`fit/corpus.py`).
    votes, alarms: what each word says for the labels of that training set, and for red flags.
    """

    topic: Mapping[str, float]
    command: Mapping[str, float]
    refusal: Mapping[str, float]
    context: ContextWeights
    bands: Bands
    alarm: AlarmWeights
    trained_on: str
    votes: Votes
    alarms: Votes


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
        context=ContextWeights(**data["context"]),
        bands=Bands(**data["bands"]),
        alarm=AlarmWeights(**data["alarm"]),
        trained_on=data["trained_on"],
        votes=votes,
        alarms=alarms,
    )
