"""Utterances into batches of equal shape: few shapes (each is compiled once), little padding.

Pure: numpy in, numpy out. Not for reading shards (`features.py`) or for what is learnt from a batch.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.random import Generator

LENGTHS = (144, 204, 276, 372, 540, 1008)  # frames, multiples of 12; each takes 20 s to compile, padding 15 %
FRAMES_A_LABEL = 6  # at most one phone in 60 ms: nobody speaks faster for long
MASK_FRAMES = 18  # the longest stretch that is hidden from the network


@dataclass(frozen=True, slots=True)
class Labelled:
    """One utterance with its phones. frames: time x 40 (float16 or float32); phones: ids from 1."""

    frames: np.ndarray
    phones: np.ndarray


class Batch(NamedTuple):
    """Arrays of one shape.

    frames: batch x time x 40, float32; lengths: frames after subsampling by 3; labels: batch x most; sizes: phones.
    """

    frames: np.ndarray
    lengths: np.ndarray
    labels: np.ndarray
    sizes: np.ndarray


def fits(frames: int, phones: int) -> bool:
    """Whether an utterance can be learnt from: not too long for a batch, and long enough for its phones."""
    return 30 <= frames <= LENGTHS[-1] and 0 < phones <= frames // FRAMES_A_LABEL


def plan(lengths: Sequence[int], seconds: float, rng: Generator) -> list[list[int]]:
    """Which utterances (their numbers) make a batch: about `seconds` of audio, padding included, in random order.

    What doesn't fill a last batch of its length is left out this time.
    """
    order = rng.permutation(len(lengths))
    shelves: dict[int, list[int]] = {length: [] for length in LENGTHS}
    planned: list[list[int]] = []
    for number in order:
        length = padded(lengths[number])
        shelf = shelves[length]
        shelf.append(int(number))
        if len(shelf) == batch_size(length, seconds):
            planned.append(shelf)
            shelves[length] = []
    rng.shuffle(planned)  # type: ignore[arg-type]  # a list of lists is shuffled by its outer level
    return planned


def padded(frames: int) -> int:
    """The length among `LENGTHS` that an utterance of so many frames is filled up to."""
    return next(size for size in LENGTHS if frames <= size)


def batch_size(length: int, seconds: float) -> int:
    """Utterances of `length` frames in a batch of `seconds`."""
    return max(1, int(seconds * 100 / length))


def collate(utterances: Sequence[Labelled]) -> Batch:
    """Put utterances of about one length into one array, silence (their own last frame) after the shorter ones."""
    length = padded(max(len(u.frames) for u in utterances))
    frames = np.zeros((len(utterances), length, utterances[0].frames.shape[1]), np.float32)
    labels = np.zeros((len(utterances), length // FRAMES_A_LABEL), np.int32)
    for row, utterance in enumerate(utterances):
        size = len(utterance.frames)
        frames[row, :size] = utterance.frames
        frames[row, size:] = utterance.frames[-1]
        labels[row, : len(utterance.phones)] = utterance.phones
    heard = np.array([-(-len(u.frames) // 3) for u in utterances], np.int32)
    return Batch(frames, heard, labels, np.array([len(u.phones) for u in utterances], np.int32))


def mask(batch: Batch, masks: int, rng: Generator) -> Batch:
    """Hide up to `masks` short stretches of each utterance behind its mean frame, so that context has to do."""
    frames = batch.frames.copy()
    for row in frames:
        mean = row.mean(0)
        for _ in range(int(rng.integers(0, masks + 1))):
            length = int(rng.integers(3, MASK_FRAMES + 1))
            start = int(rng.integers(0, len(row) - length))
            row[start : start + length] = mean
    return batch._replace(frames=frames)
