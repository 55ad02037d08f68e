import concurrent.futures
import errno
import io
import os
import subprocess
import sys
import textwrap
import threading
from pathlib import Path

import numpy as np
import pytest
from rig import log_mel_correlation

from voice_skill.errors import EXIT_MISSING_PART, UsageError, VoiceError
from voice_skill.speaking.clip import Clip
from voice_skill.speaking.engine import Engine, shared_engine
from voice_skill.speaking.synthesizer import RATES, Synthesizer, Voice

STEP = "Gently pull your toes up toward your shin."
OTHERS = ("Rub the tight spot with your hands to relax it.", "Lay a warm pack on it to bring more blood there.")
LONG = " ".join([STEP, *OTHERS] * 12)


@pytest.fixture(scope="module")
def voice() -> Synthesizer:
    return Synthesizer()


@pytest.fixture
def engine() -> Engine:
    return shared_engine()


def alike(one: Clip, other: Clip) -> float:
    samples = (clip.samples.astype(np.float32) / 32768 for clip in (one, other))
    return log_mel_correlation(*samples, one.rate, other.rate)


def python(code: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


# --- what it sounds like ----------------------------------------------------------------------------------------------


def test_the_same_sentence_sounds_the_same_and_others_do_not(voice: Voice):
    first = voice.render(STEP)
    assert alike(first, voice.render(STEP)) > 0.95
    for other in OTHERS:
        assert alike(first, voice.render(other)) < 0.8


def test_a_clip_is_trimmed_and_at_the_voices_level(voice: Voice):
    clip = voice.render(STEP)
    assert clip.rate == 22_050
    assert 1.5 < clip.seconds < 5
    loud = np.flatnonzero(np.abs(clip.samples) > 100)
    assert loud[0] < 0.03 * clip.rate
    assert len(clip.samples) - loud[-1] < 0.03 * clip.rate
    assert 20 * np.log10(clip.spoken_amplitude / 32768) == pytest.approx(-20, abs=1)
    assert np.abs(clip.samples).max() < 30_000


def test_every_rate_is_shorter_than_the_one_before(voice: Voice):
    seconds = [voice.render(STEP, rate).seconds for rate in RATES]
    assert seconds == sorted(seconds, reverse=True)
    assert seconds[0] > 2 * seconds[-1]


def test_a_set_rate_holds_from_the_next_sentence_on():
    voice = Synthesizer(words_per_minute=150)
    before = voice.render(STEP).seconds
    voice.set_rate(300)
    assert voice.words_per_minute == 300
    assert voice.render(STEP).seconds < 0.7 * before


@pytest.mark.parametrize("rate", [0, 79, 451, -150])
def test_a_rate_the_engine_cannot_do_is_refused(rate: int):
    with pytest.raises(UsageError, match="words per minute"):
        Synthesizer(words_per_minute=rate)


def test_an_emergency_number_sounds_like_its_digits(voice: Voice):
    spoken = voice.render("Call 911 now.")
    assert alike(spoken, voice.render("Call nine one one now.")) > 0.95


@pytest.mark.parametrize("text", ["", "   ", "\n", "\0"])
def test_nothing_to_say_is_an_empty_clip(voice: Voice, text: str):
    assert len(voice.render(text).samples) == 0


@pytest.mark.parametrize(
    "text",
    [
        "Stop.\0 Now relax.",
        "Stop. \ud800 Now relax.",
        "Stop.\nNow relax.",
        "<b>Stop</b>",
        "Straße, naïve, 한국어",
        "🦶",
    ],
)
def test_odd_characters_are_said_without_harm(voice: Voice, text: str):
    assert voice.render(text).seconds > 0.3
    assert alike(voice.render(STEP), voice.render(STEP)) > 0.95


def test_what_comes_after_a_nul_is_said_too(voice: Voice):
    assert voice.render("Stop.\0 Now relax your foot.").seconds > 2 * voice.render("Stop.").seconds


def test_a_text_without_end_is_refused_at_once(voice: Voice):
    with pytest.raises(VoiceError, match="too long"):
        voice.render("toe " * 1000)


# --- voices -----------------------------------------------------------------------------------------------------------


def test_the_default_voice_is_american_english(voice: Synthesizer):
    assert voice.voice == "gmw/en-us"
    described = {each.id: each for each in voice.voices()}["gmw/en-us"]
    assert described.languages == ("en-us",)
    assert described.name == "English (America)"


@pytest.mark.parametrize(
    ("wanted", "chosen"),
    [("gmw/en", "gmw/en"), ("en-gb", "gmw/en"), ("en-us+f3", "gmw/en-us+f3")],
)
def test_a_voice_is_chosen_by_id_language_or_variant(wanted: str, chosen: str):
    assert Synthesizer(wanted).voice == chosen


def test_two_voices_take_turns_and_keep_their_own_sound(voice: Synthesizer):
    other = Synthesizer("en-us+f3")
    alone = voice.render(STEP)
    assert alike(alone, other.render(STEP)) < 0.95
    assert alike(alone, voice.render(STEP)) > 0.95
    assert voice.identity != other.identity


@pytest.mark.parametrize("wanted", ["nonsense", "", "gmw/en-uss", "mb/mb-us1"])
def test_an_unknown_voice_is_refused_and_the_choices_are_named(wanted: str):
    with pytest.raises(VoiceError, match="no voice") as refusal:
        Synthesizer(wanted)
    assert "gmw/en-us" in refusal.value.fix


def test_an_unknown_variant_is_refused_and_the_engine_goes_on(voice: Voice):
    with pytest.raises(VoiceError, match="refuses the voice"):
        Synthesizer("gmw/en-us+nonesuch")
    assert voice.render(STEP).seconds > 1.5


# --- faults -----------------------------------------------------------------------------------------------------------


def test_no_text_is_lost_in_a_long_run(voice: Voice):
    expected = {text: voice.render(text).seconds for text in (STEP, *OTHERS)}
    for text in (STEP, *OTHERS) * 15:
        assert voice.render(text).seconds == pytest.approx(expected[text], abs=0.15)


@pytest.mark.parametrize("busy", [(1, 1, 1, 1), (0, 1), (1, 0, 1)], ids=["before", "just after", "both"])
def test_an_engine_still_winding_up_its_last_text_does_not_lose_the_next(
    voice: Voice, engine: Engine, monkeypatch: pytest.MonkeyPatch, busy: tuple[int, ...]
):
    before, answers = voice.render(STEP), list(busy)
    playing = engine._library.IsPlaying
    monkeypatch.setattr(engine._library, "IsPlaying", lambda: answers.pop(0) if answers else playing())
    assert alike(before, voice.render(STEP)) > 0.95
    assert not answers


def test_threads_get_their_own_sentences(voice: Voice):
    texts = (STEP, *OTHERS) * 6
    expected = {text: voice.render(text) for text in (STEP, *OTHERS)}
    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        clips = list(pool.map(voice.render, texts))
    for text, clip in zip(texts, clips, strict=True):
        assert alike(clip, expected[text]) > 0.95


class FullDisk(io.BytesIO):
    def write(self, *_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_an_engine_that_cannot_write_frees_itself_and_speaks_again(
    voice: Voice, engine: Engine, monkeypatch: pytest.MonkeyPatch
):
    before = voice.render(STEP)
    with monkeypatch.context() as patch:
        patch.setattr(engine, "_deadline_s", 0.5)
        patch.setattr(engine, "_sink", FullDisk)
        for _ in range(2):
            with pytest.raises(VoiceError, match=r"more than 0\.5 s"):
                voice.render(STEP)
    for _ in range(3):
        assert alike(before, voice.render(STEP)) > 0.95


def test_a_missed_deadline_does_not_spoil_the_next_sentence(
    voice: Voice, engine: Engine, monkeypatch: pytest.MonkeyPatch
):
    before = voice.render(STEP)
    with monkeypatch.context() as patch:
        patch.setattr(engine, "_deadline_s", 0.0)
        with pytest.raises(VoiceError):
            voice.render(LONG)
    assert alike(before, voice.render(STEP)) > 0.95


def test_a_library_that_hangs_holds_no_caller(voice: Voice, engine: Engine, monkeypatch: pytest.MonkeyPatch):
    hold = threading.Event()
    synth = engine._library.Synth
    with monkeypatch.context() as patch:
        patch.setattr(engine, "_deadline_s", 0.1)
        patch.setattr(engine._library, "Synth", lambda *a, **k: (hold.wait(30), synth(*a, **k)))
        with pytest.raises(VoiceError, match="doesn't answer"):
            voice.render(STEP)
        with pytest.raises(VoiceError, match="hangs"):
            voice.render(STEP)
        hold.set()
    while engine._stuck.is_set():
        threading.Event().wait(0.01)
    assert voice.render(STEP).seconds > 1.5


def test_a_missing_library_is_told_with_its_remedy():
    done = python(
        """
        import ctypes
        real = ctypes.cdll.LoadLibrary
        def load(name):
            if "espeak" in name:
                raise OSError(name + ": cannot open shared object file")
            return real(name)
        ctypes.cdll.LoadLibrary = load
        from voice_skill.errors import VoiceError
        from voice_skill.speaking.synthesizer import Synthesizer
        for _ in range(2):
            try:
                Synthesizer()
            except VoiceError as error:
                print(error.exit_code, error)
        """
    )
    assert done.stdout.count("sudo apt-get install -y espeak-ng libespeak-ng1") == 2
    assert done.stdout.startswith(str(EXIT_MISSING_PART))
    assert "Traceback" not in done.stderr


def test_damaged_voice_data_is_told_and_does_not_end_the_process(tmp_path: Path):
    (tmp_path / "espeak-ng-data").mkdir()
    done = python(
        """
        from voice_skill.errors import VoiceError
        from voice_skill.speaking.synthesizer import Synthesizer
        try:
            Synthesizer()
        except VoiceError as error:
            print(error)
        """,
        ESPEAK_DATA_PATH=str(tmp_path),
    )
    assert done.returncode == 0
    assert "damaged or missing" in done.stdout
    assert "--reinstall espeak-ng-data" in done.stdout


def test_rendering_prints_nothing_leaves_no_file_and_does_not_touch_the_root_logger(tmp_path: Path):
    done = python(
        """
        import logging
        from voice_skill.speaking.synthesizer import Synthesizer
        Synthesizer().render("Gently pull your toes up toward your shin.")
        assert not logging.getLogger().handlers
        """,
        TMPDIR=str(tmp_path),
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert list(tmp_path.iterdir()) == []


def test_the_process_may_end_in_mid_sentence():
    done = python(
        """
        import threading, time
        from voice_skill.speaking.synthesizer import Synthesizer
        voice = Synthesizer()
        def forever():
            while True:
                voice.render("Lay a warm pack on it to bring more blood there.")
        threading.Thread(target=forever, daemon=True).start()
        time.sleep(0.2)
        """
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
