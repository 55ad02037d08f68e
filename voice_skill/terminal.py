"""What a terminal adds: keys that act at once, and lines that show what is heard and said. The voice works without it.

Not for deciding anything: keys become names, exchanges become lines.
"""

from __future__ import annotations

import json
import os
import select
import sys
import termios
import threading
import tty
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from rich.console import Console
from rich.live import Live
from rich.text import Text

from voice_skill.conversation.state import State
from voice_skill.skill import Exchange

KEYS = {
    " ": "talk",
    "\n": "talk",
    "\r": "talk",
    "s": "stop",
    "n": "next",
    "b": "previous",
    "r": "repeat",
    "-": "slower",
    "+": "faster",
    "q": "quit",
}
KEYS_HELP = "any key: silence   n next   b back   r repeat   - slower   + faster   q quit"


@contextmanager
def keys(press: Callable[[str], None]) -> Iterator[None]:
    """Reads single keys in the background and calls `press` (from that thread) with what each stands for.

    A key without a meaning still counts as "talk": any key must silence the voice. Without a terminal, does nothing.
    """
    if not sys.stdin.isatty():
        yield
        return
    descriptor = sys.stdin.fileno()
    before = termios.tcgetattr(descriptor)
    over = threading.Event()

    def read() -> None:
        while not over.is_set():
            if select.select([descriptor], [], [], 0.2)[0]:
                typed = os.read(descriptor, 16).decode(errors="ignore")
                if not typed:  # the terminal is gone
                    return
                press(KEYS.get(typed[0].lower(), "talk"))

    thread = threading.Thread(target=read, name="keys", daemon=True)
    try:
        tty.setcbreak(descriptor)
        thread.start()
        yield
    finally:
        over.set()
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)


class Screen:
    """Shows a running visit as lines of text, or as one JSON object per exchange."""

    def __init__(self, console: Console, *, as_json: bool, push_to_talk: bool = False, show_heard: bool = True) -> None:
        self._console = console
        self._as_json = as_json
        self._show_heard = show_heard
        self._ready = "Press space, then speak." if push_to_talk else "Listening ..."
        self._unready = ""
        self._shown = ""
        self._live: Live | None = None
        self._showing = threading.RLock()

    def preparing(self, done: int, total: int) -> None:
        """So many of all sentences are ready to be spoken at once; any thread."""
        if done % 10 and done < total:
            return
        with self._showing:
            self._unready = f" (making my voice ready: {done} of {total})" if done < total else ""
            if self._shown == self._ready:
                self._show(self._ready)

    def listening(self, *, asked: bool = False) -> None:
        """Ready for the next utterance."""
        self._show(self._ready)

    def hearing(self, text: str) -> None:
        """What has been understood so far of the utterance that goes on."""
        self._show(f"... {text}" if text else self._ready)

    def heard(self, text: str) -> None:
        """Nothing: the exchange says it in a moment."""

    def saying(self, sentence: str) -> None:
        """Nothing: the whole turn is there to be read."""

    def now(self, state: State) -> None:
        """Nothing: what matters of it is said."""

    def exchange(self, exchange: Exchange, timings_ms: Mapping[str, float] | None = None) -> None:
        """What was heard, and what is said; timings_ms: what that took, by stage."""
        self._show("")
        if self._as_json:
            if exchange.decided is not None or exchange.said is not None:
                fields = exchange.as_json() | ({"timings_ms": dict(timings_ms)} if timings_ms else {})
                print(json.dumps(fields, ensure_ascii=False), flush=True)
            return
        if self._show_heard and exchange.decided is not None and exchange.decided.heard:
            self._console.print(Text(f"I heard: {exchange.decided.heard}", style="dim"), soft_wrap=True)
        if exchange.said is not None:
            self._console.print(Text(exchange.said.text, style="bold"), soft_wrap=True)

    def notice(self, text: str) -> None:
        """Something about the machine, not about the talk."""
        Console(stderr=True, highlight=False).print(Text(text), soft_wrap=True)

    def _show(self, text: str) -> None:
        """One line that is overwritten by the next; only where there is a terminal to overwrite it on."""
        if self._as_json or not self._console.is_terminal:
            return
        with self._showing:
            if self._live is not None:
                self._live.stop()
                self._live = None
            self._shown = text
            if text:
                line = Text(text + self._unready if text == self._ready else text, style="italic")
                self._live = Live(line, console=self._console, transient=True, auto_refresh=False)
                self._live.start(refresh=True)
