from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice_skill.speaking.clip import Clip
from voice_skill.speaking.tape import Began, Outcome, Tape, Turn, splice

RATE = 1000  # Hz: a sample is a millisecond, a fade is 5 samples


def ones(length: int, value: int = 1000) -> Clip:
    return Clip(np.full(length, value, np.int16), RATE)


def noise(length: int, seed: int = 0) -> Clip:
    return Clip(np.random.default_rng(seed).integers(-9000, 9000, length, dtype=np.int16), RATE)


class Device:
    """Asks a tape for blocks and keeps what it got."""

    def __init__(self, *, lead_in_s: float = 0, idle_after_s: float = 1, latency_s: float = 0, channels: int = 1):
        self.outcomes: list[Outcome] = []
        self.tape = Tape(
            RATE, self.outcomes.append, lead_in_s=lead_in_s, idle_after_s=idle_after_s, latency_s=latency_s
        )
        self._channels = channels

    def run(self, *sizes: int) -> np.ndarray:
        blocks = []
        for size in sizes:
            block = np.full((size, self._channels), 12_345, np.int16)  # what a device hands over is not empty
            self.tape.fill(block)
            blocks.append(block)
        return np.concatenate(blocks)


def turn(token: int, *clips: Clip, pause_s: float = 0) -> Turn:
    return splice(token, clips, pause_s, RATE)


@given(st.lists(st.integers(1, 300), min_size=1, max_size=30), st.integers(1, 2))
def test_any_block_sizes_give_the_same_sound(sizes: list[int], channels: int):
    device = Device(channels=channels)
    first, second = noise(400, 1), noise(300, 2)
    device.tape.play(turn(1, first, second, pause_s=0.05))
    sizes = [*sizes, 800]
    out = device.run(*sizes)
    expected = np.concatenate([first.samples, np.zeros(50, np.int16), second.samples])
    assert all(np.array_equal(out[: len(expected), channel], expected) for channel in range(channels))
    assert not out[len(expected) :].any()
    assert device.outcomes == [Outcome(1, 2, True)]


def test_nothing_to_play_is_silence():
    assert not Device().run(10, 100).any()


def test_a_cut_fades_within_five_milliseconds_and_is_silent_from_then_on():
    device = Device()
    device.tape.play(turn(1, ones(1000)))
    device.run(100)
    device.tape.cut()
    out = device.run(50, 50)[:, 0]
    assert out[0] == 1000
    assert all(later < earlier for earlier, later in pairwise(out[:5]))
    assert not out[5:].any()
    assert device.outcomes == [Outcome(1, 0, False)]


@pytest.mark.parametrize(
    ("played", "done"),
    [(1, 0), (99, 0), (100, 1), (110, 1), (119, 1), (120, 1), (219, 1), (220, 2), (239, 2), (240, 2), (339, 2)],
)
def test_exactly_the_clips_handed_over_whole_are_counted(played: int, done: int):
    device = Device()
    device.tape.play(turn(1, ones(100), ones(100), ones(100), pause_s=0.020))
    device.run(played)
    device.tape.cut()
    device.run(10)
    assert device.outcomes == [Outcome(1, done, False)]


def test_a_turn_is_over_when_the_devices_own_buffer_has_run_out():
    device = Device(latency_s=0.030)
    device.tape.play(turn(1, ones(100)))
    device.run(100)
    assert device.outcomes == []
    device.run(29)
    assert device.outcomes == []
    device.run(1)
    assert device.outcomes == [Outcome(1, 1, True)]


def test_a_cut_in_the_devices_buffer_comes_too_late_to_cut_anything():
    device = Device(latency_s=0.030)
    device.tape.play(turn(1, ones(100)))
    device.run(110)
    device.tape.cut()
    assert not device.run(50).any()
    assert device.outcomes == [Outcome(1, 1, True)]


def test_a_new_turn_takes_over_after_the_fade():
    device = Device()
    device.tape.play(turn(1, ones(1000)))
    device.run(100)
    device.tape.play(turn(2, ones(20, -700)))
    out = device.run(40)[:, 0]
    assert (out[:4] > 0).all()
    assert (out[5:25] == -700).all()
    assert not out[25:].any()
    assert device.outcomes == [Outcome(1, 0, False), Outcome(2, 1, True)]


def test_of_several_turns_at_once_the_last_is_spoken_and_each_is_reported():
    device = Device()
    for token in (1, 2, 3):
        device.tape.play(turn(token, ones(10, token)))
    out = device.run(20)[:, 0]
    assert (out[:10] == 3).all()
    assert device.outcomes == [Outcome(1, 0, False), Outcome(2, 0, False), Outcome(3, 1, True)]


def test_lead_in_comes_after_idle_time_only():
    device = Device(lead_in_s=0.2, idle_after_s=1.0)

    def onset(number: int) -> int:
        device.tape.play(turn(number, ones(50)))
        out = device.run(*[25] * 20)[:, 0]
        return int(np.flatnonzero(out)[0])

    assert onset(1) == 200  # nothing has sounded yet
    assert onset(2) == 0
    device.run(999 - 450 - 1)
    assert onset(3) == 0
    device.run(1000)
    assert onset(4) == 200


def test_a_cut_during_the_lead_in_stays_silent():
    device = Device(lead_in_s=0.2)
    device.tape.play(turn(1, ones(50)))
    device.run(100)
    device.tape.cut()
    assert not device.run(500).any()
    assert device.outcomes == [Outcome(1, 0, False)]


def test_volume_glides_within_a_block_and_then_holds():
    device = Device()
    device.tape.play(turn(1, ones(300, 10_000)))
    device.run(100)
    device.tape.volume = 0.25
    out = device.run(100, 100)[:, 0]
    assert out[0] == 10_000
    assert np.abs(np.diff(out[:100].astype(int))).max() < 200
    assert (out[100:] == 2500).all()


def test_volume_set_in_silence_holds_from_the_first_sample_of_the_next_turn_on():
    device = Device()
    device.tape.volume = 0.5
    device.run(10)
    device.tape.play(turn(1, ones(20, 10_000)))
    assert (device.run(20)[:, 0] == 5000).all()


def test_no_volume_is_silence_but_the_turn_goes_on():
    device = Device()
    device.tape.volume = 0.0
    device.run(1)
    device.tape.play(turn(1, ones(20)))
    assert not device.run(30).any()
    assert device.outcomes == [Outcome(1, 1, True)]


def test_a_fade_starts_at_the_volume_that_was_heard():
    device = Device()
    device.tape.volume = 0.5
    device.run(1)
    device.tape.play(turn(1, ones(500, 10_000)))
    device.run(100)
    device.tape.cut()
    assert device.run(10)[0, 0] == 5000


def test_a_turn_of_nothing_is_spoken_at_once():
    device = Device()
    device.tape.play(turn(1))
    device.tape.play(turn(2, ones(0), ones(0)))
    device.run(10)
    assert device.outcomes[-1] == Outcome(2, 2, True)


@given(st.lists(st.one_of(st.integers(0, 200), st.just("cut"), st.just("play")), max_size=40))
def test_every_turn_is_reported_exactly_once_and_in_order(script: list[object]):
    device, tokens = Device(lead_in_s=0.02, idle_after_s=0.1, latency_s=0.01), 0
    for step in script:
        if step == "play":
            tokens += 1
            device.tape.play(turn(tokens, ones(60), ones(60), pause_s=0.01))
        elif step == "cut":
            device.tape.cut()
        elif isinstance(step, int):
            device.run(step)
    device.tape.drain()
    assert [outcome.token for outcome in device.outcomes] == list(range(1, tokens + 1))
    assert all(outcome.whole == (outcome.clips_done == 2) for outcome in device.outcomes)
    assert not device.run(100).any()


def test_each_clip_is_told_as_its_first_sample_is_handed_over():
    begun: list[Began] = []
    tape = Tape(RATE, lambda _outcome: None, lead_in_s=0.0, idle_after_s=60.0, latency_s=0.0, begun=begun.append)
    tape.play(splice(7, [ones(100), ones(100)], 50 / RATE, RATE, opening=ones(20)))
    block = np.zeros((10, 1), np.int16)
    told_after = []
    for number in range(60):
        tape.fill(block)
        if len(begun) > len(told_after):
            told_after.append(number)
    assert begun == [Began(7, 0), Began(7, 1)]
    first = told_after[0]
    assert first >= 2  # the opening tone is no clip
    assert told_after[1] - first == 15  # 100 samples and a pause of 50, in blocks of 10


def test_a_turn_that_is_cut_off_begins_nothing_more():
    begun: list[Began] = []
    tape = Tape(RATE, lambda _outcome: None, lead_in_s=0.0, idle_after_s=60.0, latency_s=0.0, begun=begun.append)
    tape.play(splice(1, [ones(100), ones(100)], 0.0, RATE))
    tape.fill(np.zeros((50, 1), np.int16))
    tape.cut()
    tape.fill(np.zeros((500, 1), np.int16))
    assert begun == [Began(1, 0)]
