"""The board that the page reads from: threads put the latest view up, each browser is told when it has changed.

The newest view wins: whoever was slow misses what lay between, and nobody who puts one up ever waits. Not for making
views (`view.py`).
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator, Callable, Iterable

from voice_skill.kiosk.view import View

Wake = tuple[asyncio.AbstractEventLoop, asyncio.Event]


class Board:
    """Holds one view. `change` and `view` may be used by any thread, `views` by any event loop."""

    def __init__(self, view: View) -> None:
        self._lock = threading.Lock()  # guards the three below, for moments
        self._view = view
        self._readers: set[Wake] = set()
        self._closed = False

    @property
    def view(self) -> View:
        """What is up now."""
        with self._lock:
            return self._view

    def change(self, how: Callable[[View], View]) -> None:
        """Put up what `how` makes of the view that is up; tells nobody when that is the same."""
        with self._lock:
            before, self._view = self._view, how(self._view)
            readers = tuple(self._readers) if self._view != before else ()
        _wake(readers)

    def close(self) -> None:
        """Nothing more comes: ends every `views`."""
        with self._lock:
            self._closed = True
            readers = tuple(self._readers)
        _wake(readers)

    async def views(self) -> AsyncIterator[View]:
        """The view that is up, then each change, as fast as they are read."""
        changed = asyncio.Event()
        reader = (asyncio.get_running_loop(), changed)
        with self._lock:
            self._readers.add(reader)
        try:
            shown: View | None = None
            while not self._closed:
                changed.clear()
                view = self.view
                if view != shown:
                    yield view
                    shown = view
                await changed.wait()
        finally:
            with self._lock:
                self._readers.discard(reader)


def _wake(readers: Iterable[Wake]) -> None:
    for loop, changed in readers:
        with contextlib.suppress(RuntimeError):  # its loop has ended, it will be gone in a moment
            loop.call_soon_threadsafe(changed.set)
