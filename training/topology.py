"""What the network's outputs mean to Kaldi: CTC units as phones of a transition model, and their transition ids.

CTC scores a phone for a frame or a few, and blank for the rest. As Kaldi sees it: a phone is a state with its own
output that may repeat, then perhaps a state with the blank output that may repeat; silence is nothing but blank. The
decoding graph (`graph.py`) strings these ids together. Nothing here knows words, or the file's bytes (`kaldi.py`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from training.kaldi import State, TransitionModel

Inventory = Literal["phones", "positions"]

BLANK: Final = 0  # the network's output, and Kaldi's pdf
SILENCE_PHONE: Final = 1  # Kaldi's phone id; `conf/model.conf` tells the endpointer
_BEGIN, _LOOP, _BLANK_LOOP = 2, 0, 3  # a phone's five ids, in order: loop, to blank, to end; blank loop, blank to end

_SILENCE_STATES = (State(0, 0, ((0, 0.5), (1, 0.5))), State(-1, -1, ()))
_PHONE_STATES = (
    State(0, 0, ((0, 1 / 3), (1, 1 / 3), (2, 1 / 3))),
    State(1, 1, ((1, 0.5), (2, 0.5))),
    State(-1, -1, ()),
)


@dataclass(frozen=True, slots=True)
class UnitIds:
    """Transition ids of one unit: its first frame, each further frame, and each frame of blank after it."""

    first: int
    more: int
    blank: int


SILENCE: Final = 1  # the transition id of a frame of silence


def output_count(inventory: Inventory, phones: int) -> int:
    """How many outputs the network has: blank, the phones, with `positions` each phone at a word's end once more."""
    return 1 + phones * (2 if inventory == "positions" else 1)


def output_of(inventory: Inventory, phones: int, phone: int, *, word_final: bool) -> int:
    """The output of a phone (ids from 1) in its place in a word."""
    return phone + phones if word_final and inventory == "positions" else phone


def unit_ids(output: int) -> UnitIds:
    """The transition ids of an output from 1 up. Raises ValueError for the blank."""
    if output < 1:
        raise ValueError("blank is no unit of its own: it follows one, or is silence")
    start = 3 + 5 * (output - 1)
    return UnitIds(start + _BEGIN, start + _LOOP, start + _BLANK_LOOP)


def transition_model(outputs: int) -> TransitionModel:
    """The transition model for a network with that many outputs, blank included.

    Its probabilities only have to be valid: the decoding graph brings its own costs.
    """
    phones = tuple(range(SILENCE_PHONE, outputs + 1))  # silence, then output n as phone n + 1
    tuples = [(SILENCE_PHONE, 0, BLANK, BLANK)]
    for output in range(1, outputs):
        tuples += [(output + 1, 0, output, output), (output + 1, 1, BLANK, BLANK)]
    log_probs = [0.0]  # ids count from 1
    for phone, state, _, _ in tuples:
        states = _SILENCE_STATES if phone == SILENCE_PHONE else _PHONE_STATES
        log_probs += [math.log(probability) for _, probability in states[state].transitions]
    return TransitionModel(
        phones=phones,
        topology_of=(-1, 0, *([1] * (outputs - 1))),
        topologies=(_SILENCE_STATES, _PHONE_STATES),
        tuples=tuple(tuples),
        log_probs=np.asarray(log_probs, np.float32),
        hmm=True,
    )
