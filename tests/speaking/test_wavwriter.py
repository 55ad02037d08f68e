import resource
from pathlib import Path

import numpy as np
import pytest
import soundfile

from voice_skill.errors import EXIT_USAGE, UsageError, VoiceSkillError
from voice_skill.speaking.clip import Clip
from voice_skill.speaking.wavwriter import WavWriter

RATE = 22_050


def clip(seconds: float, value: int, rate: int = RATE) -> Clip:
    return Clip(np.full(round(seconds * rate), value, np.int16), rate)


def test_the_file_holds_what_would_have_been_heard(tmp_path: Path):
    told: list[tuple[int, bool]] = []
    with WavWriter(tmp_path / "out.wav", pause_s=0.25, turn_pause_s=0.5) as writer:
        first = writer.play([clip(0.1, 1000), clip(0.2, 2000)], lambda clips, whole: told.append((clips, whole)))
        writer.stop()
        second = writer.play([clip(0.1, 3000)])
        assert writer.position is None
    samples, rate = soundfile.read(tmp_path / "out.wav", dtype="int16")
    parts = [(0.1, 1000), (0.25, 0), (0.2, 2000), (0.5, 0), (0.1, 3000), (0.5, 0)]
    assert rate == RATE
    assert np.array_equal(samples, np.concatenate([clip(*part).samples for part in parts]))
    assert told == [(2, True)]
    assert (first, second) == (1, 2)


def test_other_rates_and_volumes_are_written_as_they_would_be_heard(tmp_path: Path):
    with WavWriter(tmp_path / "out.wav", turn_pause_s=0) as writer:
        writer.set_volume(0.5)
        writer.play([clip(1, 8000, rate=48_000)])
        with pytest.raises(ValueError, match="volume"):
            writer.set_volume(2)
    samples, _ = soundfile.read(tmp_path / "out.wav", dtype="int16")
    assert len(samples) == pytest.approx(RATE, abs=2)
    assert np.median(samples) == pytest.approx(4000, abs=5)


def test_it_may_be_closed_twice(tmp_path: Path):
    writer = WavWriter(tmp_path / "out.wav")
    writer.close()
    writer.close()


@pytest.mark.parametrize("name", ["", "no/such/folder/out.wav"])
def test_a_file_that_cannot_be_made_is_a_usage_error(tmp_path: Path, name: str):
    with pytest.raises(UsageError, match="can't be written") as refusal:
        WavWriter(tmp_path / name)
    assert refusal.value.exit_code == EXIT_USAGE


def test_a_full_disk_is_told(tmp_path: Path):
    told: list[tuple[int, bool]] = []
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    with WavWriter(tmp_path / "out.wav") as writer:
        resource.setrlimit(resource.RLIMIT_FSIZE, (5000, hard))  # the system refuses every byte after these
        try:
            with pytest.raises(VoiceSkillError, match="can't be written") as refusal:
                writer.play([clip(5, 1000)], lambda clips, whole: told.append((clips, whole)))
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert "room" in refusal.value.fix
    assert told == []
