"""Tells someone else's voice from what is left of the assistant's own, after the echo canceller.

Not for taking the echo out (`echo.py`), nor for what the other voice says (`bargein.py`).
"""

from __future__ import annotations

from collections import deque

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from voice_skill.hearing.echo import TAIL_MS, EchoCanceller, Played
from voice_skill.hearing.frames import FRAME_BYTES, FRAME_MS, FRAME_SAMPLES, level_dbfs

# Of what the microphone gets while a command is said, at least so much must be left when the echo is taken out: what
# remains of the echo alone is 20 dB less and more, once the canceller has learnt.
LEFT_DB = -12.0
# And it must stand out by so much from what is usually left of the echo: from its loudest quarter in the last seconds.
RISE_DB = 4.0
USUAL_MS = 5_000
LEFT_OVER_MS = 600  # the stretch in which that is measured: about a command's length
# And what the microphone gets must not rise and fall as what was played does, up to `TAIL_MS` before. The correlation
# of both was 0.94 to 0.99 where only the echo was there and the canceller had lost its way, and fell below 0.87 where
# somebody spoke as loudly (virtual sound card). Words may fall in with the assistant's by chance: where they are louder
# than its voice ever is, that counts for nothing (within a stretch its voice rises by 7 dB over its loudest quarter).
# Where its voice is faint at the microphone, only such words count: a sound server that drops a piece of the echo now
# and then makes it rise and fall by itself.
ALIKE = 0.93
LOUD_DB = 10.0
FAINT_DBFS = -40.0
# Another voice is given with what came before it was noticed, and with its end, which is soft. Where the way of the
# sound changes, a stretch is like neither: it is taken back when it turns out to be echo, so soon that words still
# within the stretch can't be meant.
BEFORE_MS, AFTER_MS, TAKEN_BACK_MS = 300, 200, 500
_PLAYED_DBFS = -55.0  # louder is voice
_FAINT = FRAME_SAMPLES * (32_768 * 10 ** (FAINT_DBFS / 20)) ** 2
_SILENCE = bytes(FRAME_BYTES)


class Remainder:
    """Frames of the microphone in, frames of someone else's voice out: silence wherever there is only echo.

    What is left of the echo would stand beside the person's words, and a recognizer that knows a few commands takes it
    for some of them.

    Raises:
        MissingPartError: the echo canceller isn't installed.
    """

    def __init__(self, played: Played) -> None:
        self._played = played
        self._canceller = EchoCanceller()
        self._slips = 0  # of `played` so far
        self._steady_ms = 0  # for how long the canceller has had what belongs to what it heard
        stretch = LEFT_OVER_MS // FRAME_MS
        # powers: (heard, left), and what was played
        self._usual: deque[tuple[float, float]] = deque(maxlen=USUAL_MS // FRAME_MS)  # while it speaks
        self._levels: deque[tuple[float, float]] = deque(maxlen=stretch)
        self._loudspeaker: deque[float] = deque(maxlen=stretch + TAIL_MS // FRAME_MS)
        self._recent: deque[bytes] = deque(maxlen=BEFORE_MS // FRAME_MS)  # what was left
        self._withheld = 0  # frames of it, the newest, that nobody was given
        self._old_ms = AFTER_MS + FRAME_MS  # since there was last more than echo
        self._new_ms = 0  # since there first was
        self.taken_back = False
        """Whether what was given last was echo after all: whoever listened to it should forget it."""

    def skip(self, behind_s: float) -> None:
        """A frame that nobody asks about: keeps both clocks together."""
        self._played.take(behind_s)

    def of(self, heard: bytes, behind_s: float) -> list[bytes]:
        """What to listen to for a frame of the microphone: one frame, or several where another voice begins.

        behind_s: how long ago, at least, it was recorded.
        """
        played = self._played.take(behind_s)
        left = self._canceller.clean(heard, played)
        self._note(heard, left, played)
        is_new = self._is_new()
        self._new_ms = self._new_ms + FRAME_MS if self._old_ms <= AFTER_MS else 0
        self.taken_back = not is_new and 0 < self._new_ms < TAKEN_BACK_MS and self._is_echo()
        self._old_ms = 0 if is_new else AFTER_MS + FRAME_MS if self.taken_back else self._old_ms + FRAME_MS
        self._withheld = len(self._recent) if self.taken_back else self._withheld + 1
        if self._old_ms > AFTER_MS:
            return [_SILENCE]
        frames = list(self._recent)[-self._withheld :]
        self._withheld = 0
        return frames

    def _note(self, heard: bytes, left: bytes, played: bytes) -> None:
        self._levels.append((_power(heard), _power(left)))
        self._loudspeaker.append(_power(played))
        if self._played.slips != self._slips:  # the canceller begins anew: nothing is usual yet
            self._slips = self._played.slips
            self._usual.clear()
        if level_dbfs(played) > _PLAYED_DBFS:
            self._usual.append(self._levels[-1])
        self._steady_ms = self._steady_ms + FRAME_MS if self._played.steady else 0
        self._recent.append(left)

    def _is_new(self) -> bool:
        """Whether the microphone gets more than echo."""
        if len(self._usual) < LEFT_OVER_MS // FRAME_MS or self._steady_ms <= TAIL_MS:
            return False
        heard, left = (sum(powers) / len(self._levels) for powers in zip(*self._levels, strict=True))
        echo, rest = (sorted(powers)[3 * len(self._usual) // 4] for powers in zip(*self._usual, strict=True))
        if left < heard * 10 ** (LEFT_DB / 10) or left < rest * 10 ** (RISE_DB / 10):
            return False
        if left >= echo * 10 ** (LOUD_DB / 10):
            return True
        return echo > _FAINT and not self._is_echo()

    def _is_echo(self) -> bool:
        """Whether what is heard rises and falls as what was played did, at any of the delays that an echo may have."""
        heard = np.sqrt([heard for heard, _ in self._levels])
        played = sliding_window_view(np.sqrt(self._loudspeaker), len(heard))
        heard, played = heard - heard.mean(), played - played.mean(axis=1, keepdims=True)
        strong = np.sqrt((heard @ heard) * (played * played).sum(axis=1))
        return bool((played @ heard >= ALIKE * strong + 1e-9).any())


def _power(frame: bytes) -> float:
    samples = np.frombuffer(frame, np.int16).astype(np.float32)
    return float(np.dot(samples, samples))
