import logging
import os
import resource
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import soundfile

from voice_skill.speaking.clip import Clip
from voice_skill.speaking.store import ClipStore

KEY, OTHER = "a" * 64, "b" * 64


def clip(seed: int = 0, samples: int = 2000) -> Clip:
    return Clip(np.random.default_rng(seed).integers(-9000, 9000, samples, dtype=np.int16), 22_050)


def key(number: int) -> str:
    return f"{number:064x}"


def same(found: Clip | None, expected: Clip) -> bool:
    return found is not None and found.rate == expected.rate and np.array_equal(found.samples, expected.samples)


def test_a_clip_comes_back_as_it_was_also_to_another_process(tmp_path: Path):
    ClipStore(tmp_path).save(KEY, clip())
    assert same(ClipStore(tmp_path).load(KEY), clip())
    assert ClipStore(tmp_path).load(OTHER) is None


def test_an_empty_clip_can_be_kept(tmp_path: Path):
    ClipStore(tmp_path).save(KEY, clip(samples=0))
    assert same(ClipStore(tmp_path).load(KEY), clip(samples=0))


def test_any_player_can_play_the_file(tmp_path: Path):
    ClipStore(tmp_path).save(KEY, clip())
    samples, rate = soundfile.read(tmp_path / f"{KEY}.wav", dtype="int16")
    assert rate == 22_050
    assert np.array_equal(samples, clip().samples)


@pytest.mark.parametrize("share", [0.0, 0.001, 0.01, 0.05, 0.3, 0.5, 0.9, 0.999])
def test_a_torn_file_is_a_miss_and_goes_away(tmp_path: Path, share: float):
    store, path = ClipStore(tmp_path), tmp_path / f"{KEY}.wav"
    store.save(KEY, clip())
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    assert store.load(KEY) is None
    assert not path.exists()
    store.save(KEY, clip())
    assert same(store.load(KEY), clip())


@pytest.mark.parametrize("place", range(0, 4200, 97))
def test_an_altered_byte_never_gives_a_wrong_sound(tmp_path: Path, place: int):
    store, path = ClipStore(tmp_path), tmp_path / f"{KEY}.wav"
    store.save(KEY, clip())
    content = bytearray(path.read_bytes())
    content[place % len(content)] ^= 0x55
    path.write_bytes(content)
    found = store.load(KEY)
    assert found is None or same(found, clip())


@pytest.mark.parametrize("content", [b"", b"garbage", b"RIFF" + bytes(100), os.urandom(5000)])
def test_garbage_is_a_miss(tmp_path: Path, content: bytes):
    (tmp_path / f"{KEY}.wav").write_bytes(content)
    assert ClipStore(tmp_path).load(KEY) is None


def test_a_foreign_sound_and_a_file_under_a_wrong_name_are_misses(tmp_path: Path):
    soundfile.write(tmp_path / f"{KEY}.wav", np.zeros((100, 2)), 44_100)
    assert ClipStore(tmp_path).load(KEY) is None
    ClipStore(tmp_path).save(KEY, clip())
    os.rename(tmp_path / f"{KEY}.wav", tmp_path / f"{OTHER}.wav")
    assert ClipStore(tmp_path).load(OTHER) is None


def test_the_folder_stays_below_its_limit_and_keeps_what_was_used_last(tmp_path: Path):
    one = len(_saved(tmp_path / "probe"))
    store = ClipStore(tmp_path / "clips", limit_bytes=10 * one)
    for number in range(10):
        store.save(key(number), clip(number))
        os.utime(tmp_path / "clips" / f"{key(number)}.wav", (number, number))
    assert same(store.load(key(0)), clip(0))  # used just now: 1 to 3 are the oldest
    foreign = tmp_path / "clips" / "notes.txt"
    foreign.write_text("mine")
    store.save(key(10), clip(10))
    assert sum(path.stat().st_size for path in (tmp_path / "clips").glob("*.wav")) <= 10 * one
    assert same(store.load(key(0)), clip(0))
    assert same(store.load(key(10)), clip(10))
    assert store.load(key(1)) is None
    assert foreign.exists()


def test_files_left_by_an_earlier_start_count_and_go(tmp_path: Path):
    one = len(_saved(tmp_path))
    (tmp_path / "clip-abandoned.tmp").write_bytes(bytes(50 * one))
    for number in range(20):
        ClipStore(tmp_path, limit_bytes=5 * one).save(key(number), clip(number))
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) <= 6 * one


def _saved(folder: Path) -> bytes:
    ClipStore(folder).save(KEY, clip())
    return (folder / f"{KEY}.wav").read_bytes()


@contextmanager
def full_disk() -> Iterator[None]:
    """The system refuses every byte beyond the first 1000 of a file."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_full_disk_costs_one_warning_and_leaves_no_rest(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    store = ClipStore(tmp_path)
    store.save(KEY, clip())
    with caplog.at_level(logging.WARNING), full_disk():
        for number in range(3):
            store.save(key(number), clip(number))
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert str(tmp_path) in caplog.text
    assert [path.name for path in tmp_path.iterdir()] == [f"{KEY}.wav"]
    assert same(store.load(KEY), clip())  # what is there can still be read


@pytest.mark.parametrize("folder", ["/proc/voice-skill", "a-file/below"])
def test_a_folder_that_cannot_be_made_costs_one_warning(tmp_path: Path, folder: str, caplog: pytest.LogCaptureFixture):
    (tmp_path / "a-file").touch()
    store = ClipStore(tmp_path / folder)
    with caplog.at_level(logging.WARNING):
        for number in range(3):
            store.save(key(number), clip(number))
            assert store.load(key(number)) is None
    assert len(caplog.records) == 1


def test_a_clip_that_another_process_clears_away_unfinished_is_not_a_failure(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
):
    def cleared_away(draft: str, _path: Path) -> None:
        os.unlink(draft)
        raise FileNotFoundError(draft)

    store = ClipStore(tmp_path)
    with monkeypatch.context() as patched:
        patched.setattr("voice_skill.speaking.store.os.replace", cleared_away)
        store.save(KEY, clip())
    assert not caplog.records
    store.save(KEY, clip())
    assert same(store.load(KEY), clip())


def test_many_threads_and_stores_in_one_small_folder_never_fail(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    stores = [ClipStore(tmp_path, limit_bytes=30_000) for _ in range(3)]
    wrong: list[int] = []

    def work(thread: int) -> None:
        for step in range(60):
            number = (thread * 7 + step) % 12
            store = stores[step % 3]
            store.save(key(number), clip(number))
            found = store.load(key(number))
            if found is not None and not same(found, clip(number)):
                wrong.append(number)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
    assert not caplog.records
    assert not list(tmp_path.glob("*.tmp"))
