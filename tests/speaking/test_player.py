import logging
import threading
import time
from collections.abc import Callable, Iterator

import numpy as np
import pytest

from voice_skill.errors import DeviceError
from voice_skill.speaking import player as player_module
from voice_skill.speaking.clip import Clip, Samples
from voice_skill.speaking.devices import Ended, Fill
from voice_skill.speaking.player import Player, Position

RATE = 8000
BLOCK = 80  # 10 ms
WAIT_S = 20


class Card:
    """A loudspeaker that asks for a block every few milliseconds, keeps what it gets, and can fail in every way."""

    def __init__(self) -> None:
        self.rate, self.latency_s, self.underflows = RATE, 0.0, 0
        self.heard = np.zeros(0, np.int16)
        self.opened = self.closed = 0
        self.missing = self.mute = False
        self.hold_close = threading.Event()
        self.hold_close.set()
        self._running = threading.Event()
        self._thread: threading.Thread | None = None

    def open(self, _name: str | None, _latency_s: float | None, ended: Ended) -> "Card":
        if self.missing:
            raise DeviceError("There is no loudspeaker.", fix="plug one in")
        self.opened += 1
        self._ended = ended
        return self

    def start(self, fill: Fill) -> None:
        self._running.set()
        self._thread = threading.Thread(target=self._run, args=(fill,), daemon=True)
        self._thread.start()

    def unplug(self) -> None:
        self.missing = True
        self._stop()

    def close(self) -> None:
        assert self.hold_close.wait(WAIT_S)
        self.closed += 1
        self._stop()

    def _stop(self) -> None:
        self._running.clear()
        if self._thread:
            self._thread.join(WAIT_S)

    def _run(self, fill: Fill) -> None:
        while self._running.is_set():
            if not self.mute:
                block = np.full((BLOCK, 1), 12_345, np.int16)
                fill(block)
                self.heard = np.concatenate([self.heard, block[:, 0]])
            time.sleep(0.002)
        self._ended()


class Ear:
    """What the player has told, in order."""

    def __init__(self) -> None:
        self.told: list[object] = []
        self.threads: set[str] = set()
        self._news = threading.Condition()

    def done(self, name: str) -> Callable[[int, bool], None]:
        return lambda clips, whole: self._add((name, clips, whole))

    def lost(self, error: DeviceError) -> None:
        self._add(error.cause)

    def _add(self, what: object) -> None:
        with self._news:
            self.told.append(what)
            self.threads.add(threading.current_thread().name)
            self._news.notify_all()

    def wait_for(self, count: int) -> list[object]:
        with self._news:
            assert self._news.wait_for(lambda: len(self.told) >= count, WAIT_S), self.told
            return self.told


def until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + WAIT_S
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.002)


def clip(seconds: float = 0.1, value: int = 1000) -> Clip:
    return Clip(np.full(round(seconds * RATE), value, np.int16), RATE)


@pytest.fixture
def card() -> Card:
    return Card()


@pytest.fixture
def ear() -> Ear:
    return Ear()


@pytest.fixture
def player(card: Card, ear: Ear, monkeypatch: pytest.MonkeyPatch) -> Iterator[Player]:
    monkeypatch.setattr(player_module, "TICK_S", 0.05)  # so that the watchdog bites after 0.3 s
    player = Player(on_lost=ear.lost, lead_in_s=0, pause_s=0.05, open_stream=card.open)
    yield player
    player.close()


def sound(card: Card) -> Samples:
    """What was heard of a turn that is over, without the silence around it."""
    until(lambda: not card.heard[-BLOCK:].any())  # its end is told from within the last block
    loud = np.flatnonzero(card.heard)
    return card.heard[loud[0] : loud[-1] + 1] if len(loud) else card.heard[:0]


def test_clips_are_heard_in_order_with_a_pause_and_reported_from_another_thread(player: Player, card: Card, ear: Ear):
    token = player.play([clip(0.1, 500), clip(0.2, 700)], ear.done("turn"))
    assert ear.wait_for(1) == [("turn", 2, True)]
    assert token == 1
    expected = np.concatenate([clip(0.1, 500).samples, np.zeros(400, np.int16), clip(0.2, 700).samples])
    assert np.array_equal(sound(card), expected)
    assert ear.threads == {"speaker"}


def test_clips_are_resampled_to_the_devices_rate(player: Player, card: Card, ear: Ear):
    tone = Clip((8000 * np.sin(np.arange(22_050) * 2 * np.pi * 440 / 22_050)).astype(np.int16), 22_050)
    player.play([tone], ear.done("turn"))
    ear.wait_for(1)
    spectrum = np.abs(np.fft.rfft(sound(card)))
    assert np.argmax(spectrum) * RATE / len(sound(card)) == pytest.approx(440, abs=3)
    assert len(sound(card)) == pytest.approx(RATE, abs=5)


def test_stop_tells_how_many_clips_were_spoken(player: Player, card: Card, ear: Ear):
    player.play([clip(0.05), clip(0.05, 900), clip(5, 800)], ear.done("turn"))
    until(lambda: player.position == Position(1, 2))
    player.stop()
    assert ear.wait_for(1) == [("turn", 2, False)]
    assert player.position is None
    silent_from = len(card.heard)
    until(lambda: len(card.heard) > silent_from + 10 * BLOCK)
    assert not card.heard[silent_from:].any()


def test_stop_and_play_in_silence_do_nothing_odd(player: Player, ear: Ear):
    player.stop()
    player.stop()
    player.play([clip()], ear.done("turn"))
    assert ear.wait_for(1) == [("turn", 1, True)]


def test_a_new_turn_cuts_off_the_old_one_and_tokens_tell_them_apart(player: Player, ear: Ear):
    assert player.play([clip(5)], ear.done("old")) == 1
    until(lambda: player.position == Position(1, 0))
    assert player.play([clip(0.05)], ear.done("new")) == 2
    assert ear.wait_for(2) == [("old", 0, False), ("new", 1, True)]


def test_a_turn_without_clips_is_done_at_once(player: Player, ear: Ear):
    player.play([], ear.done("turn"))
    assert ear.wait_for(1) == [("turn", 0, True)]


def test_a_turn_needs_no_listener(player: Player, ear: Ear):
    player.play([clip(0.02)])
    player.play([clip(0.02)], ear.done("turn"))
    assert ear.wait_for(1) == [("turn", 1, True)]


def test_a_listener_that_fails_is_logged_and_the_next_is_told(
    player: Player, ear: Ear, caplog: pytest.LogCaptureFixture
):
    def broken(_clips: int, _whole: bool) -> None:
        raise ZeroDivisionError

    player.play([], broken)
    player.play([], ear.done("turn"))
    assert ear.wait_for(1) == [("turn", 0, True)]
    assert "ZeroDivisionError" in caplog.text


def test_a_listener_may_play_the_next_turn(player: Player, ear: Ear):
    player.play([clip(0.02)], lambda *_: player.play([clip(0.02)], ear.done("second")) and None)
    assert ear.wait_for(1) == [("second", 1, True)]


def test_volume_is_between_silence_and_as_rendered(player: Player, card: Card, ear: Ear):
    player.set_volume(0.25)
    player.play([clip(0.1, 8000)], ear.done("turn"))
    ear.wait_for(1)
    assert set(sound(card)) == {2000}
    assert player.volume == 0.25
    for wrong in (-0.1, 1.1, float("nan")):
        with pytest.raises(ValueError, match="volume"):
            player.set_volume(wrong)


def test_the_stream_is_opened_once_and_closed_once(player: Player, card: Card, ear: Ear):
    for number in range(5):
        player.play([clip(0.02)], ear.done("turn"))
        ear.wait_for(number + 1)
        player.stop()
    player.close()
    player.close()
    assert (card.opened, card.closed) == (1, 1)


def test_close_reports_what_was_cut_off_and_then_refuses(player: Player, ear: Ear):
    player.play([clip(5)], ear.done("turn"))
    until(lambda: player.position)
    player.close()
    assert ear.told == [("turn", 0, False)]
    with pytest.raises(DeviceError, match="not open"):
        player.play([clip()])
    player.stop()
    with pytest.raises(DeviceError):
        player.reopen()


# --- the device fails -------------------------------------------------------------------------------------------------


def test_an_unplugged_device_is_told_once_after_its_turn(player: Player, card: Card, ear: Ear):
    player.play([clip(5)], ear.done("turn"))
    until(lambda: player.position)
    card.unplug()
    assert ear.wait_for(2) == [("turn", 0, False), "The loudspeaker is gone."]
    with pytest.raises(DeviceError, match="not open"):
        player.play([clip()], ear.done("never"))
    assert player.position is None
    with pytest.raises(DeviceError, match="no loudspeaker"):
        player.reopen()
    assert len(ear.told) == 2


def test_a_device_that_asks_for_nothing_any_more_is_told(player: Player, card: Card, ear: Ear):
    player.play([clip(5)], ear.done("turn"))
    until(lambda: player.position)
    card.mute = True
    assert ear.wait_for(2) == [("turn", 0, False), "The loudspeaker doesn't take any sound."]


def test_it_plays_again_after_reopening_even_at_another_rate(player: Player, card: Card, ear: Ear):
    one = clip(0.1)
    player.play([one], ear.done("before"))
    ear.wait_for(1)
    player.set_volume(0.5)
    card.unplug()
    ear.wait_for(2)
    card.missing, card.rate = False, 2 * RATE
    card.heard = card.heard[:0]
    player.reopen()
    player.play([one], ear.done("after"))
    assert ear.wait_for(3)[2] == ("after", 1, True)
    assert len(sound(card)) == pytest.approx(2 * len(one.samples), abs=40)
    assert np.median(np.abs(sound(card))) == pytest.approx(500, abs=10)


def test_reopening_a_working_device_cuts_off_its_turn(player: Player, card: Card, ear: Ear):
    player.play([clip(5)], ear.done("old"))
    until(lambda: player.position)
    player.reopen()
    player.play([clip(0.02)], ear.done("new"))
    assert ear.wait_for(2) == [("old", 0, False), ("new", 1, True)]
    assert (card.opened, card.closed) == (2, 1)


def test_the_one_who_is_told_may_reopen(card: Card, ear: Ear):
    player: Player

    def repair(error: DeviceError) -> None:
        card.missing = False
        player.reopen()
        ear.lost(error)

    player = Player(on_lost=repair, lead_in_s=0, open_stream=card.open)
    card.unplug()
    ear.wait_for(1)
    player.play([clip(0.02)], ear.done("turn"))
    assert ear.wait_for(2)[1] == ("turn", 1, True)
    player.close()


def test_a_device_that_opens_but_never_asks_is_an_error(card: Card, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(player_module, "FIRST_BLOCK_S", 0.1)
    card.mute = True
    with pytest.raises(DeviceError, match="doesn't play"):
        Player(open_stream=card.open)
    assert card.closed == 1


def test_a_device_that_hangs_when_closed_holds_nobody(player: Player, card: Card, ear: Ear, monkeypatch):
    monkeypatch.setattr(player_module, "CLOSE_S", 0.05)
    player.play([clip(5)], ear.done("turn"))
    until(lambda: player.position)
    card.hold_close.clear()
    card.mute = True
    try:
        player.close()
        assert ear.told[0] == ("turn", 0, False)
    finally:
        card.hold_close.set()


def test_a_missing_device_is_told_at_once(card: Card, caplog: pytest.LogCaptureFixture):
    card.missing = True
    with caplog.at_level(logging.WARNING), pytest.raises(DeviceError, match="no loudspeaker"):
        Player(open_stream=card.open)
    assert not caplog.records


def test_who_speaks_is_told_which_clip_begins_before_it_is_told_the_end(player: Player, ear: Ear):
    told: list[object] = []
    player.play([clip(), clip()], lambda *outcome: told.append(outcome), begun=told.append)
    until(lambda: len(told) == 3)
    assert told == [0, 1, (2, True)]


def test_with_patience_a_missing_loudspeaker_is_waited_for(card: Card, ear: Ear):
    card.missing = True
    player = Player(open_stream=card.open, patient=True)
    assert player.missing is not None
    with pytest.raises(DeviceError):
        player.play([clip()])
    card.missing = False
    player.reopen()
    player.play([clip()], ear.done("turn"))
    until(lambda: ear.told)
    player.close()
