import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from voice_skill.errors import VoiceError
from voice_skill.speaking.cache import ClipCache
from voice_skill.speaking.clip import Clip
from voice_skill.speaking.synthesizer import Synthesizer

TEXTS = tuple(f"Sentence number {number}." for number in range(12))


class CountingVoice:
    """Stands in for the synthesizer: remembers what it was asked for, and can be made to wait or to fail."""

    def __init__(self, identity: str = "voice 1") -> None:
        self.identity = identity
        self.words_per_minute = 150
        self.rendered: list[tuple[str, int]] = []
        self.started = threading.Event()
        self.go_on = threading.Event()
        self.go_on.set()
        self.error: Exception | None = None

    def set_rate(self, words_per_minute: int) -> None:
        self.words_per_minute = words_per_minute

    def render(self, text: str, words_per_minute: int | None = None) -> Clip:
        rate = words_per_minute or self.words_per_minute
        self.rendered.append((text, rate))
        self.started.set()
        assert self.go_on.wait(20)
        if self.error:
            raise self.error
        return Clip(np.full(1000, hash((self.identity, text, rate)) % 9999, np.int16), 22_050)


@pytest.fixture
def voice() -> CountingVoice:
    return CountingVoice()


def test_a_sentence_is_rendered_once(voice: CountingVoice, tmp_path: Path):
    cache = ClipCache(voice, tmp_path)
    first = cache.get("Stop.")
    assert cache.get("Stop.") is first
    assert voice.rendered == [("Stop.", 150)]


def test_text_rate_and_voice_each_make_another_clip(voice: CountingVoice, tmp_path: Path):
    cache = ClipCache(voice, tmp_path)
    cache.get("Stop.")
    cache.get("Stop. ")
    cache.get("Stop.", 200)
    voice.set_rate(110)
    cache.get("Stop.")
    other = CountingVoice("voice 2")
    ClipCache(other, tmp_path).get("Stop.", 150)
    assert voice.rendered == [("Stop.", 150), ("Stop. ", 150), ("Stop.", 200), ("Stop.", 110)]
    assert other.rendered == [("Stop.", 150)]


def test_the_next_start_finds_everything_on_disk(voice: CountingVoice, tmp_path: Path):
    first = ClipCache(voice, tmp_path).get("Stop.")
    again = CountingVoice()
    assert np.array_equal(ClipCache(again, tmp_path).get("Stop.").samples, first.samples)
    assert again.rendered == []


def test_without_a_folder_memory_serves(voice: CountingVoice):
    cache = ClipCache(voice, None)
    assert cache.get("Stop.") is cache.get("Stop.")
    assert len(voice.rendered) == 1


def test_a_damaged_file_is_rendered_anew(voice: CountingVoice, tmp_path: Path):
    ClipCache(voice, tmp_path).get("Stop.")
    (file,) = tmp_path.iterdir()
    whole = file.read_bytes()
    file.write_bytes(whole[:500])
    ClipCache(voice, tmp_path).get("Stop.")
    assert len(voice.rendered) == 2
    assert file.read_bytes() == whole


def test_memory_is_bounded_and_forgets_what_was_used_longest_ago(voice: CountingVoice):
    cache = ClipCache(voice, None, memory_bytes=3 * 2000)
    for text in (*TEXTS[:3], TEXTS[0], TEXTS[3]):
        cache.get(text)
    voice.rendered.clear()
    cache.get(TEXTS[0])
    cache.get(TEXTS[1])
    assert [text for text, _ in voice.rendered] == [TEXTS[1]]


def test_a_dead_disk_degrades_to_memory(voice: CountingVoice, tmp_path: Path, caplog: pytest.LogCaptureFixture):
    (tmp_path / "file").touch()
    cache = ClipCache(voice, tmp_path / "file" / "below")
    with caplog.at_level(logging.WARNING):
        for text in TEXTS * 2:
            cache.get(text)
    assert len(voice.rendered) == len(TEXTS)
    assert len(caplog.records) == 1


def test_many_threads_share_one_rendering(voice: CountingVoice, tmp_path: Path):
    cache = ClipCache(voice, tmp_path)
    with ThreadPoolExecutor(8) as pool:
        clips = list(pool.map(cache.get, TEXTS * 8))
    assert len(voice.rendered) == len(TEXTS)
    assert len({id(clip) for clip in clips}) == len(TEXTS)


def test_what_the_voice_raises_reaches_the_caller_and_nothing_is_kept(voice: CountingVoice, tmp_path: Path):
    cache = ClipCache(voice, tmp_path)
    voice.error = VoiceError("no sound", fix="try")
    with pytest.raises(VoiceError, match="no sound"):
        cache.get("Stop.")
    voice.error = None
    assert len(cache.get("Stop.").samples) == 1000


# --- ahead of time ----------------------------------------------------------------------------------------------------


def test_prerendering_makes_all_ready_in_order_and_reports(voice: CountingVoice, tmp_path: Path):
    seen: list[tuple[int, int]] = []
    cache = ClipCache(voice, tmp_path)
    cache.get(TEXTS[5])
    work = cache.prerender(TEXTS, lambda done, total: seen.append((done, total)))
    assert work.wait(20)
    assert seen == [(number + 1, 12) for number in range(12)]
    assert (work.done, work.total, work.error) == (12, 12, None)
    assert [text for text, _ in voice.rendered] == [TEXTS[5], *TEXTS[:5], *TEXTS[6:]]
    assert len(list(tmp_path.iterdir())) == 12


def test_a_sentence_wanted_now_waits_for_one_sentence_at_most(voice: CountingVoice):
    cache = ClipCache(voice, None)
    voice.go_on.clear()
    work = cache.prerender(TEXTS)
    assert voice.started.wait(20)
    live = [threading.Thread(target=cache.get, args=(text,)) for text in ("Now!", "And now!")]
    for thread in live:
        thread.start()
    while cache._wanted_now < 2:
        threading.Event().wait(0.001)
    voice.go_on.set()
    for thread in live:
        thread.join(20)
    assert work.wait(20)
    order = [text for text, _ in voice.rendered]
    assert order[0] == TEXTS[0]
    assert set(order[1:3]) == {"Now!", "And now!"}
    assert order[3:] == list(TEXTS[1:])


def test_prerendering_can_be_called_off(voice: CountingVoice):
    voice.go_on.clear()
    work = ClipCache(voice, None).prerender(TEXTS)
    assert voice.started.wait(20)
    assert not work.wait(0.05)
    work.cancel()
    voice.go_on.set()
    assert work.wait(20)
    assert work.done == len(voice.rendered) == 1


def test_prerendering_follows_a_changed_rate(voice: CountingVoice):
    cache = ClipCache(voice, None)
    voice.go_on.clear()
    work = cache.prerender(TEXTS[:3])
    assert voice.started.wait(20)
    voice.set_rate(200)
    voice.go_on.set()
    assert work.wait(20)
    assert [rate for _, rate in voice.rendered] == [150, 200, 200]


def test_a_dead_voice_ends_prerendering_with_one_warning(voice: CountingVoice, caplog: pytest.LogCaptureFixture):
    voice.error = VoiceError("the engine hangs", fix="restart")
    with caplog.at_level(logging.WARNING):
        work = ClipCache(voice, None).prerender(TEXTS)
        assert work.wait(20)
    assert work.error is voice.error
    assert (work.done, len(voice.rendered), len(caplog.records)) == (0, 1, 1)


def test_a_failing_progress_bar_ends_prerendering_without_a_traceback_on_the_screen(
    voice: CountingVoice, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
):
    def broken(_done: int, _total: int) -> None:
        raise ZeroDivisionError

    assert ClipCache(voice, None).prerender(TEXTS, broken).wait(20)
    assert "ended by a bug" in caplog.text
    assert capfd.readouterr() == ("", "")


def test_the_real_voice_is_kept_and_found_again(tmp_path: Path):
    sentence = "Gently pull your toes up toward your shin."
    rendered = ClipCache(Synthesizer(), tmp_path).get(sentence)
    found = ClipCache(Synthesizer(), tmp_path).get(sentence)
    assert found is not rendered
    assert np.array_equal(
        found.samples, rendered.samples
    )  # espeak-ng never gives the same samples twice: it's the file
