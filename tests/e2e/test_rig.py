"""The virtual sound card itself: what goes in comes out, faults are real, nothing is left behind."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile
from recording import PRECISION_S
from rig import MICROPHONE_HZ, SPEAKER_HZ, VirtualAudio, log_mel_correlation

LISTEN = """
import sys, time, sounddevice as sd
pcm = bytearray()
ended = []
callback = lambda data, frames, clock, status: pcm.extend(data)
with sd.RawInputStream(samplerate=16000, channels=1, dtype="int16", blocksize=480, callback=callback,
                       finished_callback=lambda: ended.append(1)) as stream:
    print("open", flush=True)
    sys.stdin.readline()
sys.stdout.buffer.write(bytes(pcm))
"""


def noise(seconds: float, rate: int = MICROPHONE_HZ) -> np.ndarray:
    pcm = np.random.default_rng(1).integers(-16_000, 16_000, round(seconds * rate))
    return (pcm / 32768).astype(np.float32)


def tone(seconds: float, peak: float, rate: int = MICROPHONE_HZ, hertz: float = 440) -> np.ndarray:
    return (peak * np.sin(2 * np.pi * hertz * np.arange(round(seconds * rate)) / rate)).astype(np.float32)


def espeak(text: str, folder: Path, voice: str = "en-us") -> np.ndarray:
    path = folder / f"{abs(hash((text, voice)))}.wav"
    subprocess.run(["espeak-ng", "-v", voice, "-w", path, text], check=True)
    samples, rate = soundfile.read(path, dtype="float32")
    assert rate == 22_050
    return samples


def run(code: str, env: dict[str, str]) -> str:
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, env=os.environ | env, text=True, capture_output=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def hear(card: VirtualAudio, sound: np.ndarray) -> np.ndarray:
    """What a program of its own, with nothing but the card's environment, gets from its default input."""
    command = [sys.executable, "-c", LISTEN]
    program = subprocess.Popen(command, env=os.environ | card.env, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert program.stdin
    assert program.stdout
    assert program.stdout.readline() == b"open\n"
    card.play(sound)
    time.sleep(0.5)
    program.stdin.write(b"\n")
    return np.frombuffer(program.communicate(timeout=30)[0], "<i2") / np.float32(32768)


def place(needle: np.ndarray, haystack: np.ndarray) -> int:
    """Where the part of `haystack` that correlates best with `needle` begins."""
    size = len(haystack) + len(needle)
    product = np.fft.irfft(np.fft.rfft(haystack, size) * np.conj(np.fft.rfft(needle, size)), size)
    return int(np.argmax(product[: len(haystack) - len(needle) + 1]))


def find(needle: np.ndarray, haystack: np.ndarray) -> np.ndarray:
    """That part."""
    start = place(needle, haystack)
    return haystack[start : start + len(needle)]


def test_a_program_hears_every_sample_that_is_played(virtual_audio: VirtualAudio) -> None:
    question = noise(2.0)
    assert np.array_equal(find(question, hear(virtual_audio, question)), question)


def test_the_recorder_hears_what_this_process_plays(virtual_audio: VirtualAudio) -> None:
    import sounddevice

    answer = noise(1.0, SPEAKER_HZ) * 0.5
    with virtual_audio.record() as recording:
        before = time.perf_counter()
        time.sleep(PRECISION_S)  # the times hold no better
        padded = np.concatenate([answer, np.zeros(SPEAKER_HZ // 2, np.float32)])  # `play` may break off the last block
        # half a second in advance: with less, a busy machine leaves gaps, and those are heard as well
        sounddevice.play(padded, SPEAKER_HZ, blocking=True, latency=0.5)
        # not the first sound: on a busy machine a sample of what was played before can still be on its way
        played = time.perf_counter()
        recording.wait_until(lambda: recording.time_of(recording.samples.size) > played + 0.5, 30, "it has caught up")
        onset = recording.time_of(place(answer, recording.samples))
        end = recording.wait_for_silence(after=onset, lasting=0.3)
    assert np.abs(find(answer, recording.samples) - answer).max() < 2 / 32768
    assert before < onset < end
    assert end - onset == pytest.approx(1.0, abs=0.01)
    assert recording.onset_after(end + 0.1) is None


def test_times_of_a_recording_are_those_of_the_clock(virtual_audio: VirtualAudio) -> None:
    with virtual_audio.record("vmic") as recording:
        time.sleep(0.3)
        before = time.perf_counter()
        virtual_audio.play(noise(0.5))
        after = time.perf_counter()
    onset = recording.onset_after(0)
    assert onset is not None
    assert before - 0.1 < onset < after


def test_files_of_any_rate_and_two_channels_can_be_played(virtual_audio: VirtualAudio, tmp_path: Path) -> None:
    soundfile.write(tmp_path / "tone.flac", np.stack([tone(1.0, 0.4, 44_100)] * 2, axis=1), 44_100)
    with virtual_audio.record("vmic") as recording:
        virtual_audio.play(tmp_path / "tone.flac")
        time.sleep(0.3)
    assert np.abs(recording.samples).max() == pytest.approx(0.4, abs=0.03)


def test_sounds_played_together_are_mixed_and_can_be_broken_off(virtual_audio: VirtualAudio) -> None:
    with virtual_audio.record("vmic") as recording:
        background = virtual_audio.play(tone(30, 0.2, hertz=1000), wait=False)
        virtual_audio.play(tone(0.5, 0.6))
        background.stop()
        end = recording.wait_for_silence(after=time.perf_counter(), lasting=0.5, timeout=10)
    assert np.abs(recording.samples).max() == pytest.approx(0.8, abs=0.05)
    assert end < time.perf_counter()


def test_two_cards_do_not_hear_each_other() -> None:
    with VirtualAudio() as one, VirtualAudio() as other, one.record("vmic") as mine, other.record("vmic") as theirs:
        player = threading.Thread(target=other.play, args=(tone(0.5, 0.2),))
        player.start()
        one.play(tone(0.5, 0.6))
        player.join()
        time.sleep(0.3)
    assert np.abs(mine.samples).max() == pytest.approx(0.6, abs=0.03)
    assert np.abs(theirs.samples).max() == pytest.approx(0.2, abs=0.03)


def processes_that_mention(text: str) -> list[str]:
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            environment = (entry / "environ").read_bytes().decode(errors="replace")
        except OSError:
            continue
        if (text in command or text in environment) and int(entry.name) != os.getpid():
            found.append(command)
    return found


def test_closing_leaves_no_process_and_no_file() -> None:
    with VirtualAudio() as card:
        folder = card.socket.parent
        card.play(noise(20), wait=False)
        deadline = time.monotonic() + 10
        while len(processes_that_mention(str(folder))) < 4:  # the daemon, two clocks, the sound that plays
            assert time.monotonic() < deadline
        card.freeze()
    assert processes_that_mention(str(folder)) == []
    assert not folder.exists()


def test_nothing_is_written_to_the_home_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_CONFIG_HOME")
    with VirtualAudio() as card, card.record():
        card.play(noise(0.1))
    assert list(tmp_path.iterdir()) == []


def test_a_missing_program_is_named_with_the_next_step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(RuntimeError, match=r"lacks .*pactl.*scripts/setup --test"):
        VirtualAudio()


DEVICES = """
import sounddevice
print([(device["max_input_channels"] > 0, device["max_output_channels"] > 0) for device in sounddevice.query_devices()])
"""


def test_either_direction_or_both_may_be_missing(virtual_audio: VirtualAudio) -> None:
    assert run(DEVICES, virtual_audio.env) == "[(True, True)]"
    assert run(DEVICES, virtual_audio.env_without_microphone) == "[(False, True)]"
    assert run(DEVICES, virtual_audio.env_without_speaker) == "[(True, False)]"


def test_without_the_card_there_is_no_sound_device_at_all() -> None:
    assert run(DEVICES, {}) == "[]"


FAULTS = """
import sys, time, sounddevice as sd
frames, ended = [0], []
def callback(data, count, clock, status): frames[0] += count
def new(): return sd.RawInputStream(samplerate=16000, channels=1, dtype="int16", blocksize=480, callback=callback,
                                    finished_callback=lambda: ended.append(1))
stream = new(); stream.start()
for line in sys.stdin:
    if line.strip() == "reopen":
        try:
            stream.close(); ended.clear(); stream = new(); stream.start()
        except sd.PortAudioError: print("refused", flush=True); continue
    before = frames[0]; time.sleep(0.6)
    print("frames" if frames[0] > before else "nothing", "ended" if ended else "open", flush=True)
"""


def test_faults_look_to_a_program_like_the_real_ones(virtual_audio: VirtualAudio) -> None:
    command = [sys.executable, "-c", FAULTS]
    program = subprocess.Popen(
        command, env=os.environ | virtual_audio.env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )

    def ask(line: str = "") -> str:
        assert program.stdin
        assert program.stdout
        print(line, file=program.stdin, flush=True)
        return program.stdout.readline().strip()

    assert ask() == "frames open"
    virtual_audio.pactl("set-source-mute", "vmic", "1")
    assert ask() == "frames open"
    virtual_audio.suspend_microphone()
    assert ask() == "nothing open"
    virtual_audio.suspend_microphone(False)
    assert ask() == "frames open"
    virtual_audio.freeze()
    assert ask() == "nothing open"
    virtual_audio.thaw()
    assert ask() == "frames open"
    virtual_audio.unplug_microphone()
    assert ask() == "nothing ended"
    assert ask("reopen") == "refused"
    virtual_audio.plug_in_microphone()
    assert ask("reopen") == "frames open"
    virtual_audio.kill()
    assert ask() == "nothing ended"
    assert ask("reopen") == "refused"
    virtual_audio.start()
    assert ask("reopen") == "frames open"
    program.communicate(timeout=30)
    assert program.returncode == 0


SENTENCES = (
    "Put a warm pack on the sore place for a few minutes.",
    "Pull your toes gently towards your shin and hold them there.",
    "Call your doctor if the cramp does not go away.",
)


def test_the_right_sentence_correlates_best(tmp_path: Path) -> None:
    references = [espeak(text, tmp_path) for text in SENTENCES]
    hush = np.zeros(22_050, np.float32)
    recorded = np.concatenate([hush, references[2], hush, references[1] * np.float32(0.2), hush])
    scores = [log_mel_correlation(recorded, reference, 22_050, 22_050) for reference in references]
    assert scores[0] < 0.8
    assert min(scores[1:]) > 0.95


def test_correlation_bears_other_rates_and_room_noise(virtual_audio: VirtualAudio, tmp_path: Path) -> None:
    reference, other = espeak(SENTENCES[0], tmp_path), espeak(SENTENCES[1], tmp_path)
    with virtual_audio.record("vmic") as recording:
        virtual_audio.play(reference, 22_050)
        time.sleep(0.3)
    assert log_mel_correlation(recording.samples, reference, reference_rate=22_050) > 0.9
    assert log_mel_correlation(recording.samples, other, reference_rate=22_050) < 0.8


def test_correlation_of_nothing_is_nothing() -> None:
    silence, sound = np.zeros(SPEAKER_HZ, np.float32), noise(0.5, SPEAKER_HZ)
    assert log_mel_correlation(silence, sound) == pytest.approx(0.0)
    assert log_mel_correlation(silence[:10], sound) == 0.0
