"""Sound files of every kind come out as the same frames; what is no speech file says so."""

from __future__ import annotations

import os
import struct

import numpy as np
import pytest
import soundfile
import soxr

from voice_skill.errors import AudioFileError
from voice_skill.hearing.files import read_frames
from voice_skill.hearing.frames import FRAME_BYTES, SILENCE_DBFS, level_dbfs
from voice_skill.hearing.listener import Listener
from voice_skill.hearing.recognizer import Final

QUESTION = "my toes are cramping what should i do"


def speech_file(path, sounds, rate, channels=1, **options):
    samples, _ = soundfile.read(sounds.path(QUESTION))
    samples = soxr.resample(samples, 16_000, rate)
    soundfile.write(path, np.stack([samples] * channels, axis=1), rate, **options)
    return path


@pytest.mark.parametrize(
    ("name", "rate", "channels", "subtype"),
    [
        ("a.wav", 8_000, 1, "ULAW"),
        ("a.wav", 11_025, 1, "PCM_16"),
        ("a.wav", 16_000, 1, "PCM_16"),
        ("a.wav", 16_000, 1, "PCM_U8"),
        ("a.wav", 22_050, 2, "FLOAT"),
        ("a.wav", 44_100, 2, "PCM_24"),
        ("a.wav", 48_000, 6, "PCM_32"),
        ("a.flac", 44_100, 2, "PCM_16"),
        ("a.flac", 96_000, 1, "PCM_24"),
        ("a.ogg", 48_000, 2, "VORBIS"),
        ("a.ogg", 16_000, 1, "OPUS"),
        ("a.mp3", 44_100, 1, "MPEG_LAYER_III"),
        ("no suffix", 37_800, 1, "DOUBLE"),
    ],
)
def test_every_form_is_heard_the_same(open_view, sounds, tmp_path, name, rate, channels, subtype):
    options = {"subtype": subtype} | ({"format": "WAV"} if "." not in name else {})
    path = speech_file(tmp_path / name, sounds, rate, channels, **options)
    frames = list(read_frames(path))
    assert {len(frame) for frame in frames} == {FRAME_BYTES}
    assert abs(len(frames) - len(sounds.speech(QUESTION))) <= 4
    open_view.reset()
    listener = Listener(open_view)
    heard = [result for frame in frames for result in listener.feed(frame)] + list(listener.flush())
    (final,) = (result for result in heard if isinstance(result, Final))
    assert final.text.startswith("my toes are cramping") or rate < 12_000
    assert "toes are cramping" in final.text


def test_16_khz_is_read_bit_by_bit(sounds):
    pcm, _ = soundfile.read(sounds.path(QUESTION), dtype="int16")
    assert b"".join(read_frames(sounds.path(QUESTION)))[: len(pcm) * 2] == pcm.tobytes()


def test_a_long_file_is_read_in_pieces(tmp_path):
    path = tmp_path / "long.wav"
    soundfile.write(path, np.zeros(44_100 * 120, np.int16), 44_100)
    frames = read_frames(path)
    assert level_dbfs(next(frames)) == SILENCE_DBFS
    assert abs(sum(1 for _ in frames) + 1 - 6_000) <= 2


def test_one_sample_is_a_frame(tmp_path):
    path = tmp_path / "short.wav"
    soundfile.write(path, np.array([1000], np.int16), 16_000)
    assert [len(frame) for frame in read_frames(path)] == [FRAME_BYTES]


def test_louder_than_full_scale_is_clipped(tmp_path):
    path = tmp_path / "hot.wav"
    soundfile.write(path, np.full(640, -4.0), 16_000, subtype="FLOAT")
    assert set(np.frombuffer(b"".join(read_frames(path)), np.int16)) == {-32768}


def empty(path):
    path.write_bytes(b"")


def text(path):
    path.write_text("not a sound")


def header_only(path):
    soundfile.write(path, np.zeros(0, np.int16), 16_000)


def not_numbers(path):
    soundfile.write(path, np.array([0.1, np.nan, 0.2]), 16_000, subtype="FLOAT")


def infinite(path):
    soundfile.write(path, np.array([0.1, np.inf]), 16_000, subtype="FLOAT")


def slow(path):
    soundfile.write(path, np.zeros(2_000, np.int16), 2_000)


def folder(path):
    path.mkdir()


def pipe(path):
    os.mkfifo(path)


def damaged_flac(path):
    soundfile.write(path, np.random.default_rng(0).integers(-9000, 9000, 160_000, np.int16), 16_000, format="FLAC")
    content = bytearray(path.read_bytes())
    content[20_000:60_000] = bytes(40_000)
    path.write_bytes(content)


def no_rate(path):
    header = struct.pack("<4sI4s4sIHHIIHH4sI", b"RIFF", 40, b"WAVE", b"fmt ", 16, 1, 1, 0, 0, 2, 16, b"data", 4)
    path.write_bytes(header + bytes(4))


@pytest.mark.parametrize(
    ("make", "cause"),
    [
        (lambda _path: None, "There is no file"),
        (empty, "is empty"),
        (text, "is not a sound file"),
        (header_only, "holds no sound"),
        (not_numbers, "no numbers"),
        (infinite, "no numbers"),
        (slow, "too few for speech"),
        (folder, "is a folder"),
        (pipe, "not an ordinary file"),
        (damaged_flac, "is damaged"),
        (no_rate, "a.wav"),
    ],
)
def test_what_is_no_speech_file_says_so(tmp_path, make, cause):
    path = tmp_path / "a.wav"
    make(path)
    with pytest.raises(AudioFileError) as caught:
        list(read_frames(path))
    assert cause in caught.value.cause
    assert "a.wav" in caught.value.cause
    assert caught.value.fix


def test_the_header_is_looked_at_before_the_first_frame(tmp_path):
    with pytest.raises(AudioFileError):
        read_frames(tmp_path / "missing.wav")


def test_a_truncated_recording_is_read_as_far_as_it_goes(sounds, tmp_path):
    whole = speech_file(tmp_path / "whole.wav", sounds, 16_000).read_bytes()
    path = tmp_path / "part.wav"
    path.write_bytes(whole[: len(whole) // 2])
    assert len(list(read_frames(path))) == pytest.approx(len(sounds.speech(QUESTION)) / 2, abs=2)
