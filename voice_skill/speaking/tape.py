"""What the audio thread does: one turn of clips after the other, block by block, cut off within one block.

No locks, no waiting, no calls out: commands come in and outcomes go out through queues that never block. Not for
devices and threads (`player.py`), and no user code ever runs here.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from voice_skill.speaking.clip import Clip, Samples

FADE_S = 0.005  # the shortest fade that doesn't click
OPENING_PAUSE_S = 0.08  # after a tone: enough to tell it from the voice

Heed = Callable[[Samples, int], None]  # a mono block, and its rate in Hz


@dataclass(eq=False)
class Turn:
    """Clips to be spoken in a row, and how far that has got.

    token: which turn this is.
    samples: all clips with the pauses between them, at the device's rate.
    starts, ends: for each clip, the index in `samples` where it begins, and where it is complete.
    at_once: begins without a lead-in.
    position: index of the next sample to be played; beyond `samples` while the device's buffer runs out.
    """

    token: int
    samples: Samples
    starts: tuple[int, ...]
    ends: tuple[int, ...]
    at_once: bool = False
    position: int = 0
    clips_begun: int = 0

    @property
    def clips_done(self) -> int:
        """How many clips have been handed to the device whole: those are heard, whatever happens next."""
        return bisect_right(self.ends, self.position) if self.position else 0


class Began(NamedTuple):
    """Clip number `clip` (from 0) of a turn is being handed to the device."""

    token: int
    clip: int


class Outcome(NamedTuple):
    """How a turn ended: spoken to its end, or cut off after `clips_done` whole clips."""

    token: int
    clips_done: int
    whole: bool


def splice(token: int, clips: Sequence[Clip], pause_s: float, rate: int, opening: Clip | None = None) -> Turn:
    """A turn of clips that are at `rate` already, with a pause between each two.

    opening: a tone before the first; it counts as no clip, and as the lead-in: a device that swallows the beginning
        swallows that.
    """
    pause = np.zeros(round(pause_s * rate), np.int16)
    parts: list[Samples] = []
    if opening is not None:
        parts += [opening.samples, np.zeros(round(OPENING_PAUSE_S * rate), np.int16)]
    length = sum(map(len, parts))
    starts: list[int] = []
    ends: list[int] = []
    for clip in clips:
        if ends:
            parts.append(pause)
            length += len(pause)
        parts.append(clip.samples)
        starts.append(length)
        length += len(clip.samples)
        ends.append(length)
    samples = np.concatenate(parts) if parts else np.zeros(0, np.int16)
    return Turn(token, samples, tuple(starts), tuple(ends), at_once=opening is not None)


class Tape:
    """Fills the blocks that a device asks for.

    Args:
        rate: of the device, Hz.
        report: takes the outcome of every turn, exactly once; called on the audio thread, so it must never block.
        lead_in_s: silence before a turn after idle time: HDMI and Bluetooth swallow the first syllable otherwise.
        idle_after_s: how long nothing must have sounded for that.
        played: told every block, one channel of it, and its rate; called on the audio thread, so it must never block.
        begun: told of every clip as it begins; the same holds for it.
        latency_s: what the device still plays after the last sample was handed over; the outcome waits for it.
    """

    def __init__(
        self,
        rate: int,
        report: Callable[[Outcome], None],
        *,
        lead_in_s: float,
        idle_after_s: float,
        latency_s: float,
        played: Heed | None = None,
        begun: Callable[[Began], None] | None = None,
    ) -> None:
        self.rate = rate
        self.volume = 1.0
        self.blocks = 0  # filled so far: the sign of life that the watchdog looks at
        self.turn: Turn | None = None
        self._report = report
        self._played = played
        self._begun = begun
        self._commands: deque[Turn | None] = deque()
        self._gain = 1.0
        self._fade = max(1, round(FADE_S * rate))
        self._lead_in, self._latency = round(lead_in_s * rate), round(latency_s * rate)
        self._idle_limit = round(idle_after_s * rate)
        self._idle: float = math.inf  # samples since something sounded
        self._waiting = 0  # samples of silence before the turn goes on

    def play(self, turn: Turn) -> None:
        """Speak this turn from the next block on, cutting off the one under way. May be called by any thread."""
        self._commands.append(turn)

    def cut(self) -> None:
        """Be silent from the next block on. May be called by any thread."""
        self._commands.append(None)

    def drain(self) -> None:
        """Ends every turn without sound: for when no block will be asked for any more."""
        self._obey()
        self._end()

    def fill(self, out: Samples) -> None:
        """Writes the next block: int16, shape (frames, channels), every sample of it."""
        self.blocks += 1
        out.fill(0)
        if self._commands:
            faded = self._fade_out(out)
            self._obey()
            self._waiting = max(self._waiting, faded)
        if self.turn:
            self._advance(self.turn, out)
        else:
            self._idle += len(out)
        if self._played:
            self._played(out[:, 0].copy(), self.rate)

    def _obey(self) -> None:
        while self._commands:
            self._end()
            self.turn = self._commands.popleft()
            if self.turn and not self.turn.at_once and self._idle >= self._idle_limit:
                self._waiting = self._lead_in

    def _advance(self, turn: Turn, out: Samples) -> None:
        start = min(self._waiting, len(out))
        self._waiting -= start
        left = turn.samples[turn.position : turn.position + len(out) - start]
        if start < len(out):
            if not turn.position:
                self._gain = self.volume  # a change made in silence is not heard as a glide
            self._mix(left, out[start : start + len(left)])
            turn.position += len(out) - start
            self._idle = 0.0
            self._tell_beginnings(turn)
        if turn.position >= len(turn.samples) + self._latency:
            self._end()

    def _tell_beginnings(self, turn: Turn) -> None:
        while turn.clips_begun < len(turn.starts) and turn.starts[turn.clips_begun] < turn.position:
            if self._begun:
                self._begun(Began(turn.token, turn.clips_begun))
            turn.clips_begun += 1

    def _mix(self, samples: Samples, out: Samples) -> None:
        """Copies mono samples to every channel, gliding to the wanted volume over the block."""
        before, self._gain = self._gain, self.volume
        if before == self._gain == 1.0:
            out[:] = samples[:, None]
            return
        gain = np.linspace(before, self._gain, len(samples), dtype=np.float32)
        out[:] = (samples * gain).astype(np.int16)[:, None]

    def _fade_out(self, out: Samples) -> int:
        """Lets the turn under way end within 5 ms; gives the samples that took."""
        turn = self.turn
        if not turn or self._waiting:
            return 0
        tail = turn.samples[turn.position : turn.position + min(self._fade, len(out))]
        ramp = np.linspace(self._gain, 0.0, len(tail), dtype=np.float32)
        out[: len(tail)] = (tail * ramp).astype(np.int16)[:, None]
        return len(tail)

    def _end(self) -> None:
        turn, self.turn, self._waiting = self.turn, None, 0
        if turn:
            done = turn.clips_done
            self._report(Outcome(turn.token, done, done == len(turn.ends)))
