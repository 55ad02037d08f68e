"""Push buttons on a Raspberry Pi's pins, each wired between its pin and ground; they say what a key would say.

A contact bounces for some milliseconds when it is pressed and when it is let go: only the first touch after quiet
counts, and at once, because it silences the voice. Not for what a button means (`assistant.py`).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any

from voice_skill.errors import MissingPartError, UsageError

# BCM numbers. Left free: I2C (2, 3), SPI (7-11), the serial port (14, 15), and 18-21, which sound HATs use.
DEFAULT_PINS = {"talk": 17, "next": 27, "previous": 22, "repeat": 23, "stop": 24, "louder": 5, "quieter": 6}
QUIET_S = 0.05  # as long as cheap contacts bounce
NO_GPIO_FIX = (
    "On a Raspberry Pi: sudo usermod -aG gpio $USER, then log in again. Elsewhere: remove `buttons` from settings.toml"
)


@contextmanager
def buttons(pins: Mapping[str, int], press: Callable[[str], None]) -> Iterator[None]:
    """Calls `press(name)`, from another thread, for as long as the block lasts.

    Args:
        pins: BCM number of each button's pin, by the name to be pressed: those of DEFAULT_PINS.

    Raises:
        MissingPartError: this machine has no pins, or they can't be opened.
        UsageError: there is no such pin, or two buttons share one.
    """
    with ExitStack() as stack:
        if pins:
            _check(pins)
            open_pin = _opener()
            for name, pin in pins.items():
                stack.enter_context(_Contact(open_pin(name, pin), name, press))
        yield


def _check(pins: Mapping[str, int]) -> None:
    for name, pin in pins.items():
        shared = sorted(other for other, its in pins.items() if its == pin)
        if len(shared) > 1:
            raise UsageError(f"The buttons {' and '.join(shared)} share pin {pin}.", fix="give each a pin of its own")
        if name not in DEFAULT_PINS:
            raise UsageError(f"There is no button {name!r}.", fix=f"buttons are: {', '.join(DEFAULT_PINS)}")


def _opener() -> Callable[[str, int], Any]:
    import gpiozero

    def open_pin(name: str, pin: int) -> Any:
        try:
            return gpiozero.Button(pin, pull_up=True)
        except gpiozero.PinInvalidPin as error:
            raise UsageError(f"The button {name!r} has no pin {pin}: {error}", fix="name a BCM number, 2-27") from error
        except gpiozero.GPIOPinInUse as error:
            raise MissingPartError(f"Pin {pin} of the button {name!r} is in use.", fix="choose another pin") from error
        except Exception as error:  # whatever the machine's pin library raises where there are no pins
            raise MissingPartError(f"The buttons' pins can't be opened: {error}", fix=NO_GPIO_FIX) from error

    return open_pin


class _Contact:
    """One button, without its bouncing."""

    def __init__(self, button: Any, name: str, press: Callable[[str], None]) -> None:
        self._button, self._name, self._press = button, name, press
        self._changed = float("-inf")
        button.when_pressed, button.when_released = self._touched, self._let_go

    def __enter__(self) -> None: ...

    def __exit__(self, *_: object) -> None:
        self._button.close()

    def _touched(self) -> None:
        before, self._changed = self._changed, time.monotonic()
        if self._changed - before > QUIET_S:
            self._press(self._name)

    def _let_go(self) -> None:
        self._changed = time.monotonic()
