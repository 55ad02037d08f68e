"""The demo: a recorded voice asks, the recognizer hears it, the answer is spoken. Needs no microphone.

With a speaker one hears both; else both are written to a WAV file, or only shown.
"""

from __future__ import annotations

from pathlib import Path

from rich.console import Console
from rich.text import Text

from voice_skill.ears import Ears, open_ears
from voice_skill.errors import MissingPartError, VoiceError
from voice_skill.events import Heard
from voice_skill.settings import CONTENT_DIR, Settings
from voice_skill.skill import Skill, Visit, build
from voice_skill.voice import Mouth, open_mouth

QUESTIONS = CONTENT_DIR / "demo"


def run_demo(settings: Settings, *, write_to: Path | None) -> None:
    """Play the demo, or write it to a WAV file.

    Raises ModelError without a model, VoiceError without a voice, UsageError when the file can't be written.
    """
    skill = build(settings)
    ears = open_ears(settings)
    console = Console(highlight=False)
    if write_to is not None:
        from voice_skill.speaking.wavwriter import WavWriter

        with open_mouth(settings, speaker=WavWriter(write_to)) as mouth:
            play_demo(settings, skill, ears, mouth, console)
        console.print(f"written to {write_to}", markup=False, soft_wrap=True)
        return
    try:
        with open_mouth(settings) as mouth:
            play_demo(settings, skill, ears, mouth, console)
    except VoiceError:
        raise
    except MissingPartError as error:
        Console(stderr=True).print(str(error), markup=False)
        play_demo(settings, skill, ears, None, console)


def play_demo(settings: Settings, skill: Skill, ears: Ears, mouth: Mouth | None, console: Console) -> None:
    """Each recorded question and its answer; aloud where there is a mouth."""
    for question in sorted(QUESTIONS.glob("*.flac")):
        console.print(Text(f"A voice asks: {question.stem}", style="dim"), soft_wrap=True)
        if mouth is not None:
            mouth.play_file(question)
        exchange = Visit(skill, settings).on(Heard(ears.read(question).alternatives))
        if exchange.decided is not None:
            console.print(Text(f"I heard: {exchange.decided.heard}", style="dim"), soft_wrap=True)
        if exchange.said is not None:
            console.print(Text(exchange.said.text, style="bold"), soft_wrap=True)
        if mouth is not None:
            mouth.carry_out(exchange)
