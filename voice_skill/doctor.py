"""Checks every part the skill needs and says, for each, what is wrong and how to mend it. Changes nothing.

Used by `voice-skill doctor` and by `scripts/run --check`. Not for repairing.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Any, Literal

from voice_skill.article.lint import lint
from voice_skill.article.loader import load_content
from voice_skill.errors import VoiceSkillError
from voice_skill.settings import CONTENT_DIR, Settings, region_of

Verdict = Literal["ok", "warn", "fail"]
Finding = tuple[Verdict, str, str]  # the verdict, what was found, how to mend it ("" when there is nothing to mend)

LISTEN_S = 3.0
TOO_QUIET_DBFS = -65.0  # the gate's floor is -60: speech must come through well above the room
TOO_LOUD_DBFS = -3.0
# Rendered sentences take up to 64 MB and the better model 110 MB unpacked and zipped.
NEEDED_BYTES = 200 * 2**20
BUILT_AFTER = 1_750_000_000  # seconds; no clock that runs right shows a time before this program was written
DEVICES = ("microphone", "speaker")
SAMPLE = "I'm listening."


@dataclass(frozen=True, slots=True)
class Check:
    """One part: what was found, and the repair if there is one."""

    part: str
    verdict: Verdict
    finding: str
    fix: str = ""

    def as_json(self) -> dict[str, Any]:
        """Its fields."""
        return asdict(self)


def examine(settings: Settings, *, quick: bool = False) -> Iterator[Check]:
    """Every check, as soon as it is done.

    `quick` leaves out the recording (3 s) and the spoken sample, and only warns of missing devices: without them the
    skill still works typed.
    """
    checks: dict[str, Callable[[], Finding]] = {
        "content": _content,
        "speech model": lambda: _model(settings),
        "voice": lambda: _voice(settings),
        "microphone": lambda: _microphone(settings, quick=quick),
        "speaker": lambda: _speaker(settings, quick=quick),
        "emergency number": lambda: _region(settings),
        "clock": _clock,
        "disk": lambda: _disk(settings),
    }
    for part, check in checks.items():
        try:
            verdict, finding, fix = check()
            yield Check(part, verdict, finding, fix)
        except VoiceSkillError as error:
            yield Check(part, "warn" if quick and part in DEVICES else "fail", error.cause, error.fix)


def _content() -> Finding:
    findings = lint(load_content(CONTENT_DIR))
    if findings:
        return "warn", findings[0], "voice-skill content check"
    return "ok", "every file follows its rules", ""


def _model(settings: Settings) -> Finding:
    from voice_skill.ears import open_ears

    begin = time.perf_counter()
    ears = open_ears(settings)
    return "ok", f"{ears.model.name} loads and warms up in {time.perf_counter() - begin:.1f} s", ""


def _voice(settings: Settings) -> Finding:
    from voice_skill.speaking.synthesizer import Synthesizer

    synthesizer = Synthesizer(settings.voice, settings.rate)
    begin = time.perf_counter()
    clip = synthesizer.render(SAMPLE)
    took_ms = (time.perf_counter() - begin) * 1000
    if not clip.seconds:
        return "fail", "the voice engine gives no sound", "sudo apt-get install -y --reinstall espeak-ng-data"
    return "ok", f"{synthesizer.voice}, a sentence in {took_ms:.0f} ms", ""


def _microphone(settings: Settings, *, quick: bool) -> Finding:
    from voice_skill.hearing.frames import level_dbfs
    from voice_skill.hearing.microphone import Microphone

    with Microphone(settings.microphone) as microphone:
        if quick:
            return "ok", str(microphone), ""
        levels: list[float] = []
        end = time.monotonic() + LISTEN_S
        for frame in microphone.frames():
            levels.append(level_dbfs(frame))
            if time.monotonic() > end:
                break
    peak = max(levels)
    finding = f"{microphone}, loudest {peak:.0f} dBFS in {LISTEN_S:.0f} s"
    if peak < TOO_QUIET_DBFS:
        return "warn", finding, "speak while it measures; if that changes nothing: is it muted or turned down?"
    if peak > TOO_LOUD_DBFS:
        return "warn", finding, "turn the microphone down: what is clipped can't be understood"
    return "ok", finding, ""


def _speaker(settings: Settings, *, quick: bool) -> Finding:
    from voice_skill.events import Prompt
    from voice_skill.voice import open_mouth

    with open_mouth(settings) as mouth:
        if quick:
            return "ok", "opens and plays", ""
        mouth.say_and_wait([Prompt(SAMPLE)])
        return "ok", f"said {SAMPLE!r}: did you hear it?", ""


def _region(settings: Settings) -> Finding:
    region = region_of(settings)
    if region == "generic":
        return "warn", "no country is known", "set it: voice-skill region US, UK or EU"
    return "ok", f"that of {region}", ""


def _clock() -> Finding:
    if time.time() < BUILT_AFTER:
        return "warn", "the clock is wrong; only the log suffers", "sudo timedatectl set-ntp true"
    return "ok", time.strftime("%Y-%m-%d %H:%M"), ""


def _disk(settings: Settings) -> Finding:
    folder = settings.cache_dir
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    finding = f"{free // 2**20} MB free for {settings.cache_dir}"
    if free < NEEDED_BYTES:
        return "warn", finding, f"make room: {NEEDED_BYTES // 2**20} MB are enough"
    return "ok", finding, ""
