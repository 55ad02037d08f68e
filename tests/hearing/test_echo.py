"""The real echo canceller, and what it is told of the loudspeaker."""

from __future__ import annotations

import ctypes

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice_skill.errors import MissingPartError
from voice_skill.hearing.echo import HELD_BACK_MS, EchoCanceller, Played
from voice_skill.hearing.frames import FRAME_BYTES, FRAME_SAMPLES, level_dbfs

RATE = 16_000


def delayed(samples, seconds, gain_db):
    late = np.concatenate([np.zeros(int(seconds * RATE)), samples])[: len(samples)]
    return late * 10 ** (gain_db / 20)


def cleaned(sounds, heard, played):
    canceller = EchoCanceller()
    return b"".join(map(canceller.clean, sounds.frames(heard), sounds.frames(played)))


def test_what_was_played_is_taken_out_and_what_was_said_is_left(sounds):
    played = np.concatenate([sounds.samples(name) for name in sounds.names[:6]] * 3)
    echo = delayed(played, 0.05, -6)
    alone = cleaned(sounds, echo, played)
    second_half = len(alone) // 2
    before = level_dbfs(b"".join(sounds.frames(echo))[second_half:])
    assert level_dbfs(alone[second_half:]) < before - 15
    said = np.zeros(len(played))
    word = sounds.samples(sounds.names[0])
    said[-len(word) - RATE : -RATE] = word
    both = cleaned(sounds, echo + said, played)
    at = 2 * (len(said) - len(word) - RATE)
    assert level_dbfs(both[at : at + 2 * len(word)]) > level_dbfs(alone[at : at + 2 * len(word)]) + 10


def test_silence_stays_silence():
    assert EchoCanceller().clean(bytes(FRAME_BYTES), bytes(FRAME_BYTES)) == bytes(FRAME_BYTES)


@pytest.mark.parametrize(("heard", "played"), [(638, 640), (640, 638), (0, 0)])
def test_what_is_no_frame_is_refused(heard, played):
    with pytest.raises(ValueError, match="both frames"):
        EchoCanceller().clean(bytes(heard), bytes(played))


def test_a_missing_library_is_named_with_its_package(monkeypatch):
    def missing(_name):
        raise OSError

    monkeypatch.setattr(ctypes, "CDLL", missing)
    with pytest.raises(MissingPartError) as caught:
        EchoCanceller()
    assert "libspeexdsp1" in str(caught.value)


def taken(played, count):
    return np.frombuffer(b"".join(played.take() for _ in range(count)), np.int16)


@given(st.lists(st.integers(100, 1_600), min_size=3, max_size=20))
def test_blocks_of_any_size_come_out_in_order(sizes):
    played = Played()
    sound = np.arange(1, sum(sizes) + 1, dtype=np.int64).astype(np.int16)
    for start, size in zip(np.cumsum([0, *sizes[:-1]]), sizes, strict=True):
        played.put(sound[start : start + size], RATE)
    out = taken(played, 3)
    if sum(sizes) < HELD_BACK_MS * RATE // 1000:
        assert not out.any()
    else:
        heard = out[out != 0]
        assert np.array_equal(np.diff(heard), np.ones(len(heard) - 1))
        assert heard[-1] <= sound[-1]


def test_nothing_played_is_silence():
    assert Played().take() == bytes(FRAME_BYTES)


def test_what_is_left_over_from_a_stall_is_let_go():
    played = Played()
    for number in range(1, 101):
        played.put(np.full(FRAME_SAMPLES, number, np.int16), RATE)
    assert taken(played, 1)[0] > 90  # not two seconds ago


class Sides:
    """Loudspeaker and microphone around one `Played`: frames are numbered as they are put."""

    def __init__(self):
        self.played = Played()
        self.number = 0

    def put(self, frames=1):
        for _ in range(frames):
            self.number += 1
            self.played.put(np.full(FRAME_SAMPLES, self.number, np.int16), RATE)

    def take(self, behind_s=0.0):
        return int(np.frombuffer(self.played.take(behind_s), np.int16)[-1])

    def run(self, seconds, put=lambda step: 1):
        """A frame is taken in each step, after as many were put; what was taken, and how often the delay changed."""
        slips, taken = self.played.slips, []
        for step in range(round(seconds * 50)):
            self.put(put(step))
            taken.append(self.take())
        return taken, self.played.slips - slips


@pytest.fixture
def sides():
    """Both have run for three seconds, and agree."""
    sides = Sides()
    taken, slips = sides.run(3)
    assert slips == 1
    assert set(np.diff(taken[10:])) == {1}
    return sides


def test_a_loudspeaker_that_is_late_for_once_changes_nothing(sides):
    before = sides.run(0.02)[0][0]
    taken, slips = sides.run(2, put=lambda step: 0 if step < 8 else 9 if step == 8 else 1)
    assert slips == 0
    assert 0 in taken[:8]
    assert taken[-1] == before + len(taken)


def test_a_reader_that_is_late_finds_what_was_played_then(sides):
    before = sides.take()
    sides.put(40)  # 0.8 s
    taken = [sides.take((39 - step) / 50) for step in range(40)]
    assert sides.played.slips == 1
    assert taken[:39] == list(range(before + 1, before + 40))


def test_a_loudspeaker_that_stood_still_sets_the_delay_anew(sides):
    _, slips = sides.run(4, put=lambda step: int(step >= 10))
    assert slips == 1
    taken, slips = sides.run(2)
    assert slips == 0
    assert set(np.diff(taken)) == {1}


def test_a_microphone_that_stood_still_lets_go_of_what_is_old(sides):
    _, slips = sides.run(4, put=lambda step: 1 if step else 100)
    assert slips == 1
    taken, slips = sides.run(2)
    assert slips == 0
    assert sides.number - taken[-1] < 5  # frames, not two seconds


def test_another_rate_is_resampled():
    played = Played()
    tone = np.sin(2 * np.pi * 440 * np.arange(48_000) / 48_000) * 8_000
    for start in range(0, 9_600, 480):
        played.put(tone[start : start + 480].astype(np.int16), 48_000)
    out = taken(played, 3).astype(float)
    spectrum = np.abs(np.fft.rfft(out * np.hanning(len(out))))
    assert abs(np.argmax(spectrum) * RATE / len(out) - 440) < 20
