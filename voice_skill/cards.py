"""The sound devices of the running program: opens the microphone, reopens the loudspeaker, makes PortAudio look again.

PortAudio knows only what was plugged in when it started, and starting it anew kills every open stream. So all of the
program's streams are opened and closed through here, one at a time. Not for noticing a loss (`hearing/microphone.py`,
`speaking/player.py`), nor for deciding when to try again (`ear.py`, `assistant.py`).
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

from voice_skill.deadline import something_hangs
from voice_skill.errors import DeviceError
from voice_skill.hearing.devices import list_devices, plugged_in, refresh_devices
from voice_skill.hearing.microphone import Microphone
from voice_skill.speaking.player import Player

log = logging.getLogger(__name__)

LOOK_EVERY_S = 5.0  # when a direction is missing altogether: a sound server may have started after this program


class SoundCards:
    """One microphone and one loudspeaker that may both come and go.

    Args:
        microphone: its name or a part of it; None: the default one.
        player: the loudspeaker, open or not; None: there is none that can be lost.
    """

    def __init__(self, microphone: str | None, player: Player | None) -> None:
        self._name = microphone
        self._player = player
        self._changing = threading.RLock()  # held while anything is opened or closed, which may take seconds
        self._microphone: Microphone | None = None
        self._seen = plugged_in()
        self._looked = float("-inf")

    @contextmanager
    def microphone(self) -> Iterator[Microphone]:
        """The microphone, open for as long as the block lasts.

        Its frames end early when it has to be opened again for the loudspeaker's sake: just enter again.

        Raises:
            DeviceError: there is none; may be tried again. A newly plugged one isn't found while something is said.
        """
        with self._changing:
            self._look_again()
            microphone = Microphone(self._name)
            microphone.open()
            self._microphone = microphone
        try:
            yield microphone
        finally:
            with self._changing:
                microphone.close()

    def mend_speaker(self) -> bool:
        """Opens the loudspeaker again; whatever is being said is cut off.

        Returns whether it is the wanted one; False: another one stands in.

        Raises:
            DeviceError: there is still none; may be tried again.
        """
        if self._player is None:
            return True
        with self._changing:
            self._look_again()
            self._player.reopen()
            return not self._player.on_other

    @property
    def silent(self) -> bool:
        """Whether nothing is being said."""
        return self._player is None or self._player.position is None

    def _look_again(self) -> None:
        """Starts PortAudio anew if its list is out of date and nobody is being talked to."""
        now = plugged_in()
        look = now != self._seen or (not _has_both() and time.monotonic() - self._looked >= LOOK_EVERY_S)
        if not look or not self.silent:
            return
        if self._microphone is not None:
            self._microphone.close()
        with self._player.let_go() if self._player is not None else nullcontext():
            if something_hangs():
                raise DeviceError("The sound system hangs.", fix="restart it, or this program")
            log.info("looking for sound devices again")
            refresh_devices()
        self._seen, self._looked = now, time.monotonic()


def _has_both() -> bool:
    devices = list_devices()
    return any(device.inputs for device in devices) and any(device.outputs for device in devices)
