"""Whether the box is alive: what its threads last did, and in what state its parts are. Noted here, judged by `alive`.

systemd restarts a box that isn't (`notify.py`), and /health shows the report. Not for mending anything: the ear and the
sound cards do that.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from voice_skill import __version__
from voice_skill.parts import Part, PartState

FRAMES_S = 2.0  # a working microphone sends one every 0.04 s
LOOP_S = 3.0  # it runs every second, later while a sentence is being rendered
TRY_S = 10.0  # a lost microphone is tried every 2 s; an attempt that takes longer hangs inside the sound library


class Health:
    """Signs of life; every method may be called by any thread, `frame` 50 times a second.

    A microphone that is missing, known and announced is no reason to restart the process: a new one would miss it
    too. So without frames the box still counts as alive as long as it keeps trying. When an attempt itself hangs, as
    it does with a frozen sound server, only a restart helps, and `alive` says no.

    Args:
        model: name of the speech model that has been loaded.
        clock: seconds that only go forward.
    """

    def __init__(self, model: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._model = model
        self._began = clock()
        self._frame = self._loop = self._try = float("-inf")
        self._sounded = False
        self._states: dict[Part, PartState] = {"microphone": "waiting", "speaker": "waiting", "voice": "ok"}

    def frame(self) -> None:
        """A frame came from the microphone."""
        self._frame = self._clock()
        if self._states["microphone"] == "waiting":
            self._states["microphone"] = "ok"

    def loop(self) -> None:
        """The assistant's loop ran."""
        self._loop = self._clock()

    def tried(self) -> None:
        """An attempt to open the microphone has ended, whether it worked or not."""
        self._try = self._clock()

    def sounded(self) -> None:
        """Something was played."""
        self._sounded = True
        if self._states["speaker"] == "waiting":
            self._states["speaker"] = "ok"

    def part(self, part: Part, state: PartState) -> None:
        """This part is in that state from now on; a loss is told when it has been announced, not before."""
        self._states[part] = state

    def alive(self) -> bool:
        """Whether the loop runs, and frames come or are being seen to."""
        now = self._clock()
        frames = now - self._frame <= FRAMES_S
        seen_to = self._states["microphone"] == "lost" and now - self._try <= TRY_S
        return now - self._loop <= LOOP_S and (frames or seen_to)

    def ready(self) -> bool:
        """Whether somebody can be served: it hears and has been heard, or has announced which of both is missing."""
        hears = self._frame > float("-inf") or self._states["microphone"] == "lost"
        return hears and (self._sounded or "lost" in (self._states["speaker"], self._states["voice"]))

    @property
    def verdict(self) -> str:
        """starting, ok, degraded (a part is missing) or stalled (not alive)."""
        if not self.ready():
            return "starting"
        if not self.alive():
            return "stalled"
        return "ok" if set(self._states.values()) == {"ok"} else "degraded"

    def report(self) -> dict[str, Any]:
        """For /health: ok or not, the verdict, the parts' states, ages of the last frame and loop, model, uptime.

        Seconds; ages are null when nothing of the kind has happened yet.
        """
        now = self._clock()
        return {
            "ok": self.verdict == "ok",
            "status": self.verdict,
            **self._states,
            "frame_age_s": _age(now, self._frame),
            "loop_age_s": _age(now, self._loop),
            "model": self._model,
            "version": __version__,
            "uptime_s": round(now - self._began, 1),
        }


def _age(now: float, then: float) -> float | None:
    return None if then == float("-inf") else round(max(0.0, now - then), 2)
