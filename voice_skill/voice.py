"""The mouth of the running program: prompts in, speech out, from the speaking room's parts.

Joins the voice, its cache and a speaker into the few verbs the front ends need. Not for deciding what is said.
"""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import soundfile

from voice_skill.errors import DeviceError, VoiceError
from voice_skill.events import Prompt, SetRate, SetVolume
from voice_skill.hearing.echo import Played
from voice_skill.settings import Settings
from voice_skill.skill import Exchange
from voice_skill.speaking.cache import ClipCache, Prerender, Progress
from voice_skill.speaking.clip import Clip
from voice_skill.speaking.player import Begun, Lost, Player, Speaker
from voice_skill.speaking.synthesizer import Synthesizer

log = logging.getLogger(__name__)

# Held by the device in advance. At its own choice of 35 ms the always-open stream costs 3-4 % of a core and drops out
# on a busy machine; at 0.1 s it costs a third of that, and a key still silences it well within 0.2 s.
OUTPUT_LATENCY_S = 0.06
LONGEST_TURN_S = 60.0  # 40 words at the slowest rate take 25 s; whoever waits longer waits for a dead device

Done = Callable[[int, bool], None]


class Mouth:
    """Says prompts. One turn at a time; a new one replaces the one being said.

    on_lost: called, from another thread, when the loudspeaker goes away.
    on_voice: called with False when the voice engine fails, with True when it speaks again.
    """

    def __init__(
        self,
        cache: ClipCache,
        synthesizer: Synthesizer,
        speaker: Speaker | None,
        settings: Settings,
        *,
        patient: bool = False,
    ) -> None:
        self.on_lost: Lost = lambda error: log.warning("%s", error.cause)
        self.on_voice: Callable[[bool], None] = lambda _works: None
        self._works = True
        self._first_rate = settings.rate
        self._cache = cache
        cache.on_rendered = lambda: self._voice(works=True)
        self._synthesizer = synthesizer
        self._texts: tuple[str, ...] = ()  # of the last turn
        self.played = Played()
        """What the loudspeaker plays, for an echo canceller."""
        self._speaker = speaker or Player(
            settings.speaker,
            self._lost,
            volume=settings.volume,
            latency_s=OUTPUT_LATENCY_S,
            played=self.played.put,
            patient=patient,
        )

    def say(
        self, prompts: Sequence[Prompt], done: Done, *, opening: Clip | None = None, begun: Begun | None = None
    ) -> None:
        """Speak; returns at once. `opening` is a tone played first; `begun(which prompt, from 0)` is called as each
        begins.

        `done(prompts spoken, to the end?)` is called once, from another thread, also when nothing can be spoken:
        a mute assistant must go on listening.
        """
        try:
            clips = self._clips(prompts)
            self._texts = tuple(prompt.text for prompt in prompts)
            self._speaker.play(clips, done, opening=opening, begun=begun)
        except (VoiceError, DeviceError) as error:
            log.warning("%s", error.cause)
            done(0, True)
            if isinstance(error, VoiceError):
                self._voice(works=False)

    def _clips(self, prompts: Sequence[Prompt]) -> list[Clip]:
        """The sentences as sound; where the engine fails, at the first rate if they were made ready at that."""
        try:
            return [self._cache.get(prompt.text) for prompt in prompts]
        except VoiceError:
            if not all(self._cache.holds(prompt.text, self._first_rate) for prompt in prompts):
                raise
            return [self._cache.get(prompt.text, self._first_rate) for prompt in prompts]

    def at_hand(self, prompts: Sequence[Prompt]) -> bool:
        """Whether these can be said without the voice engine."""
        return all(self._cache.holds(prompt.text) for prompt in prompts)

    def _voice(self, *, works: bool) -> None:
        before, self._works = self._works, works
        if works != before:
            self.on_voice(works)

    def say_and_wait(self, prompts: Sequence[Prompt]) -> None:
        """Speak to the end."""
        over = threading.Event()
        self.say(prompts, lambda _spoken, _whole: over.set())
        over.wait(LONGEST_TURN_S)

    def play_file(self, path: Path) -> None:
        """Play a mono sound file to its end."""
        read, rate = soundfile.read(path, dtype="int16")
        samples = np.asarray(read, np.int16)
        over = threading.Event()
        self._speaker.play([Clip(samples, rate)], lambda _spoken, _whole: over.set())
        over.wait(LONGEST_TURN_S)

    def tone(self, clip: Clip) -> None:
        """Play an earcon; whatever is being said ends. Does nothing without a device."""
        try:
            self._speaker.play([clip])
        except DeviceError as error:
            log.warning("%s", error.cause)

    def prepare(self, prompts: Sequence[Prompt]) -> None:
        """Have these sentences at hand; what can't be is rendered, or complained of, when it is said."""
        with contextlib.suppress(VoiceError):
            self.render(prompts)

    def being_said(self) -> str:
        """What is being said, and the sentence before it, whose echo may still be in the air; "" when silent."""
        position = self._speaker.position
        return "" if position is None else " ".join(self._texts[max(0, position.clip - 1) : position.clip + 1])

    def render(self, prompts: Sequence[Prompt]) -> None:
        """Make these sentences ready now. Raises VoiceError when the engine refuses."""
        for prompt in prompts:
            self._cache.get(prompt.text)

    def prerender(self, prompts: Iterator[Prompt], progress: Progress | None = None) -> Prerender:
        """Make these sentences ready in the background, first come first."""
        return self._cache.prerender(tuple(dict.fromkeys(prompt.text for prompt in prompts)), progress)

    def carry_out(self, exchange: Exchange) -> None:
        """Change rate and volume as decided, then say the turn to its end."""
        for effect in exchange.effects:
            match effect:
                case SetRate(rate):
                    self.set_rate(rate)
                case SetVolume(volume):
                    self.set_volume(volume)
                case _:
                    pass
        if exchange.said is not None:
            self.say_and_wait(exchange.said.prompts)

    def hush(self) -> None:
        """Silence within one block."""
        self._speaker.stop()

    @property
    def missing(self) -> DeviceError | None:
        """Why there was no loudspeaker from the start; None when there was one."""
        return self._speaker.missing if isinstance(self._speaker, Player) else None

    @property
    def player(self) -> Player | None:
        """The loudspeaker, when it is one that can be lost."""
        return self._speaker if isinstance(self._speaker, Player) else None

    def _lost(self, error: DeviceError) -> None:
        self.on_lost(error)  # as set by then, not as it was when the player was made

    def close(self) -> None:
        """Let the loudspeaker go."""
        self._speaker.close()

    def set_rate(self, words_per_minute: int) -> None:
        """Words per minute from the next turn on."""
        self._synthesizer.set_rate(words_per_minute)

    def set_volume(self, volume: float) -> None:
        """Loudness from the next block on, 0.0-1.0."""
        self._speaker.set_volume(volume)


@contextmanager
def open_mouth(settings: Settings, speaker: Speaker | None = None, *, patient: bool = False) -> Iterator[Mouth]:
    """A mouth for as long as the block lasts, at the loudspeaker of the settings unless another speaker is given.

    patient: without a loudspeaker, be mute until one is found.

    Raises VoiceError when there is no voice engine, DeviceError or MissingPartError when there is no loudspeaker.
    """
    synthesizer = Synthesizer(settings.voice, settings.rate)
    cache = ClipCache(synthesizer, settings.cache_dir / "sentences")
    mouth = Mouth(cache, synthesizer, speaker, settings, patient=patient)
    try:
        yield mouth
    finally:
        mouth.close()
