"""The real player on the virtual sound card: what is played comes out, a stop is heard, and faults are noticed."""

import threading
import time
from collections.abc import Iterator

import numpy as np
import pytest
import soxr
from rig import VirtualAudio, log_mel_correlation

from voice_skill.errors import DeviceError
from voice_skill.speaking.clip import Clip
from voice_skill.speaking.devices import list_outputs
from voice_skill.speaking.earcons import HEARD, LISTENING
from voice_skill.speaking.player import Player
from voice_skill.speaking.synthesizer import Synthesizer

RATE = 22_050
STEPS = (
    "Gently pull your toes up toward your shin.",
    "Rub the tight spot with your hands to relax it.",
    "Lay a warm pack on it to bring more blood there.",
)


class Ear:
    """Waits for what the player tells."""

    def __init__(self) -> None:
        self.outcomes: list[tuple[int, bool]] = []
        self.errors: list[DeviceError] = []
        self._done, self._lost = threading.Event(), threading.Event()

    def done(self, clips: int, whole: bool) -> None:
        self.outcomes.append((clips, whole))
        self._done.set()

    def lost(self, error: DeviceError) -> None:
        self.errors.append(error)
        self._lost.set()

    def wait_done(self) -> tuple[int, bool]:
        assert self._done.wait(30), "the turn never ended"
        self._done.clear()
        return self.outcomes[-1]

    def wait_lost(self) -> float:
        """Seconds until the loss was told."""
        began = time.monotonic()
        assert self._lost.wait(30), "the loss was never noticed"
        self._lost.clear()
        return time.monotonic() - began


@pytest.fixture
def ear() -> Ear:
    return Ear()


@pytest.fixture
def player(virtual_audio: VirtualAudio, ear: Ear) -> Iterator[Player]:
    """Somewhat ahead: with the device's own 35 ms a machine that is too busy tears holes into the sound, and
    the stream begins anew; that isn't tested here.
    """
    player = Player(on_lost=ear.lost, lead_in_s=0, latency_s=0.15)
    yield player
    player.close()


def noise(seconds: float) -> Clip:
    """Noise below 4 kHz: slow enough for a shift by half a sample not to count."""
    return Clip((3000 * np.random.default_rng(7).standard_normal(round(seconds * 8000))).astype(np.int16), 8000)


def correlation(recorded: np.ndarray, clip: Clip) -> float:
    """Of the waveforms, at the best alignment, -1..1; the clip is brought to the recording's 48 kHz."""
    reference = soxr.resample(clip.samples.astype(np.float64), clip.rate, 48_000)
    size = len(recorded) + len(reference)
    cross = np.fft.irfft(np.fft.rfft(recorded, size) * np.conj(np.fft.rfft(reference, size)), size)
    start = int(np.argmax(cross[: len(recorded)]))
    found = recorded[start : start + len(reference)]
    found = np.pad(found, (0, len(reference) - len(found)))
    return float(np.corrcoef(found, reference)[0, 1])


def test_the_virtual_card_is_the_default_output(virtual_audio: VirtualAudio):
    (device,) = list_outputs()
    assert device.is_default
    assert device.rate > 0
    with pytest.raises(DeviceError, match="no loudspeaker 'bluetooth'"):
        Player("bluetooth")
    Player(device.name).close()


def test_what_is_played_comes_out_sample_by_sample(virtual_audio: VirtualAudio, player: Player, ear: Ear):
    clip = noise(1.5)
    best = 0.0
    for _ in range(3):  # a machine that is too busy tears a hole into the sound; that is not what is tested here
        with virtual_audio.record() as recording:
            began = time.perf_counter()
            player.play([clip], ear.done)
            assert ear.wait_done() == (1, True)
            recording.wait_for_silence(began)
        best = max(best, correlation(recording.samples, clip))
        if best > 0.95:
            break
    assert best > 0.95


def test_spoken_sentences_come_out_in_order_and_no_others(virtual_audio: VirtualAudio, player: Player, ear: Ear):
    clips = [Synthesizer().render(step) for step in STEPS]
    with virtual_audio.record() as recording:
        began = time.perf_counter()
        player.play(clips[:2], ear.done)
        assert ear.wait_done() == (2, True)
        ended = recording.wait_for_silence(began)
    expected = sum(clip.seconds for clip in clips[:2]) + 0.25
    assert expected - 0.2 < ended - recording.onset_after(began) < expected + 2
    heard = recording.since(began)
    half = len(heard) * clips[0].seconds / (clips[0].seconds + clips[1].seconds)
    for clip, part in ((clips[0], heard[: int(half * 1.2)]), (clips[1], heard[int(half * 0.8) :])):
        assert log_mel_correlation(part, clip.samples / np.float32(32768), 48_000, RATE) > 0.9
    assert log_mel_correlation(heard, clips[2].samples / np.float32(32768), 48_000, RATE) < 0.8


def test_a_stop_is_heard_at_once(virtual_audio: VirtualAudio, player: Player, ear: Ear):
    delays_ms: list[float] = []
    with virtual_audio.record() as recording:
        for wait_s in (0.3, 0.41, 0.52):
            began = time.perf_counter()
            player.play([noise(0.1), noise(5)], ear.done)
            recording.wait_for_sound(began)
            time.sleep(wait_s)
            stopped = time.perf_counter()
            player.stop()
            delays_ms.append(1000 * (recording.wait_for_silence(stopped, lasting=0.5) - stopped))
            assert ear.wait_done() == (1, False)
    print("stop to silence, ms:", [round(delay) for delay in delays_ms])
    assert np.median(delays_ms) < 500  # 40 ms on an idle machine


def test_the_stream_stays_open_between_turns(virtual_audio: VirtualAudio, player: Player, ear: Ear):
    def streams() -> list[str]:
        return sorted(line.split()[0] for line in virtual_audio.pactl("list", "short", "sink-inputs").splitlines())

    before = streams()
    for clip in (LISTENING, HEARD, LISTENING):
        player.play([clip, clip], ear.done)
        assert ear.wait_done() == (2, True)
        assert streams() == before
        time.sleep(0.1)
    assert ear.errors == []
    player.close()
    assert len(streams()) == len(before) - 1


def test_volume_is_heard(virtual_audio: VirtualAudio, player: Player, ear: Ear):
    levels = []
    for volume in (1.0, 0.25):
        player.set_volume(volume)
        with virtual_audio.record() as recording:
            began = time.perf_counter()
            player.play([noise(0.8)], ear.done)
            ear.wait_done()
            onset = recording.wait_for_sound(began)
            recording.wait_for_silence(began)
            levels.append(float(np.sqrt(np.mean(recording.since(onset + 0.1)[:24_000] ** 2))))
    assert levels[0] / levels[1] == pytest.approx(4, rel=0.2)


def test_the_lead_in_comes_first_after_idle_time(virtual_audio: VirtualAudio, ear: Ear):
    player = Player(lead_in_s=0.6, idle_after_s=60)
    try:
        with virtual_audio.record() as recording:
            for least in (0.6, 0.0):
                began = time.perf_counter()
                player.play([noise(0.3)], ear.done)
                ear.wait_done()
                recording.wait_for_silence(began, lasting=0.3)
                assert recording.wait_for_sound(began) - began >= least
    finally:
        player.close()


# --- faults -----------------------------------------------------------------------------------------------------------


def test_a_card_that_goes_away_is_told_and_plays_again_when_it_is_back(
    virtual_audio: VirtualAudio, player: Player, ear: Ear
):
    player.play([noise(20)], ear.done)
    time.sleep(0.3)
    virtual_audio.kill()
    print(f"noticed after {ear.wait_lost():.1f} s")
    assert ear.wait_done() == (0, False)
    assert len(ear.errors) == 1
    with pytest.raises(DeviceError):
        player.play([LISTENING])
    with pytest.raises(DeviceError):
        player.reopen()
    virtual_audio.start()
    player.reopen()
    with virtual_audio.record() as recording:
        began = time.perf_counter()
        player.play([noise(0.5)], ear.done)
        assert ear.wait_done() == (1, True)
        recording.wait_for_sound(began)


def test_an_unplugged_speaker_is_told(virtual_audio: VirtualAudio, player: Player, ear: Ear):
    player.play([LISTENING, noise(20)], ear.done)
    time.sleep(0.8)
    virtual_audio.pactl("unload-module", "module-null-sink")
    print(f"noticed after {ear.wait_lost():.1f} s")
    assert ear.wait_done() == (1, False)
    with pytest.raises(DeviceError):
        player.reopen()
    assert len(ear.errors) == 1


def test_a_suspended_card_is_noticed_by_the_watchdog(virtual_audio: VirtualAudio, player: Player, ear: Ear):
    player.play([noise(20)], ear.done)
    time.sleep(0.3)
    virtual_audio.pactl("suspend-sink", "vspk", "1")
    print(f"noticed after {ear.wait_lost():.1f} s")
    assert ear.wait_done() == (0, False)
    virtual_audio.pactl("suspend-sink", "vspk", "0")
    player.reopen()
    player.play([HEARD], ear.done)
    assert ear.wait_done() == (1, True)


def test_a_sound_server_that_hangs_holds_nobody(virtual_audio: VirtualAudio, player: Player, ear: Ear):
    player.play([noise(20)], ear.done)
    time.sleep(0.3)
    virtual_audio.freeze()
    try:
        ear.wait_lost()
        assert ear.wait_done() == (0, False)
        began = time.monotonic()
        player.stop()
        player.close()
        assert time.monotonic() - began < 20
    finally:
        virtual_audio.thaw()
