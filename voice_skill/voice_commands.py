"""What `voice-skill voices` says and does: which voices there are, which one speaks, a sample, and choosing another."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from voice_skill.errors import DeviceError, MissingPartError
from voice_skill.events import Prompt
from voice_skill.settings import Settings, load_settings, save_setting
from voice_skill.speaking.synthesizer import Synthesizer
from voice_skill.voice import open_mouth

SAMPLE = "Let's ease that cramp. Gently pull your toes up toward your shin."


def describe_voices(settings: Settings, *, every: bool) -> Iterator[dict[str, Any]]:
    """One line per voice, English ones first or only. Raises VoiceError when there is no voice engine."""
    speaking = Synthesizer(settings.voice, settings.rate).voice
    base = speaking.partition("+")[0]
    voices = Synthesizer(settings.voice, settings.rate).voices()
    for voice in sorted(voices, key=lambda each: (not _is_english(each.languages), each.id)):
        if not (every or _is_english(voice.languages)):
            continue
        used = voice.id == base
        mark = "*" if used else " "
        yield {
            "id": voice.id,
            "languages": list(voice.languages),
            "used": used,
            "line": f"{mark} {speaking if used else voice.id:28} {', '.join(voice.languages)}",
        }


def use_voice(name: str, rate: int | None) -> str:
    """Speak with this voice, at this rate (words per minute), from now on.

    Raises VoiceError for a voice that doesn't exist, UsageError for a rate that can't be spoken.
    """
    rate = rate or load_settings().rate
    voice = Synthesizer(name, rate).voice
    save_setting("rate", str(rate))
    path = save_setting("voice", voice)
    return f"from now on: {voice} at {rate} words per minute (written to {path})"


def play_sample(settings: Settings, name: str | None, rate: int | None) -> str:
    """Let a voice say two sentences; what came of it in a line. Raises VoiceError for a voice that doesn't exist."""
    chosen = settings.model_copy(update={"voice": name or settings.voice, "rate": rate or settings.rate})
    try:
        with open_mouth(chosen) as mouth:
            mouth.say_and_wait([Prompt(f"{sentence}.") for sentence in SAMPLE.rstrip(".").split(". ")])
    except (DeviceError, MissingPartError) as error:
        return f"No sample: {error}"
    return SAMPLE


def _is_english(languages: tuple[str, ...]) -> bool:
    return any(language.startswith("en") for language in languages)
