import numpy as np
import pytest

from training import batches
from training.batches import Labelled


def utterance(frames: int, phones: int = 3) -> Labelled:
    return Labelled(np.full((frames, 40), frames, np.float16), np.arange(1, phones + 1, dtype=np.int32))


def test_a_plan_uses_each_utterance_at_most_once_and_wastes_little() -> None:
    lengths = np.random.default_rng(0).integers(60, 1000, 2000).tolist()
    planned = batches.plan(lengths, 60, np.random.default_rng(1))
    numbers = [n for batch in planned for n in batch]
    assert len(numbers) == len(set(numbers)) > 1800
    for batch in planned:
        padded = min(size for size in batches.LENGTHS if size >= max(lengths[n] for n in batch))
        assert all(lengths[n] <= padded for n in batch)
        assert padded * len(batch) <= 6000


def test_plans_are_the_same_for_the_same_seed_and_differ_for_another() -> None:
    lengths = [100] * 300
    first, again, other = (batches.plan(lengths, 20, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert first == again != other


def test_shorter_utterances_are_filled_up_with_their_last_frame() -> None:
    batch = batches.collate([utterance(100), utterance(131)])
    assert batch.frames.shape == (2, 144, 40)
    assert (batch.frames[0] == 100).all()
    assert batch.lengths.tolist() == [34, 44]
    assert batch.labels[0, :3].tolist() == [1, 2, 3]
    assert batch.sizes.tolist() == [3, 3]


@pytest.mark.parametrize(
    ("frames", "phones", "fine"), [(600, 100, True), (600, 101, False), (600, 0, False), (1009, 9, False)]
)
def test_what_can_be_learnt_from(frames: int, phones: int, fine: bool) -> None:
    assert batches.fits(frames, phones) is fine


def test_masks_hide_short_stretches_only() -> None:
    rng = np.random.default_rng(0)
    batch = batches.collate([Labelled(rng.standard_normal((276, 40)), np.array([1]))] * 8)
    masked = batches.mask(batch, 2, rng)
    changed = (masked.frames != batch.frames).any(-1).sum(-1)
    assert changed.max() > 0
    assert changed.max() <= 2 * batches.MASK_FRAMES
    assert (batch.frames[0] == batch.frames[1]).all()  # the original is left as it was
