"""Calls into sound libraries that may never return, waited for only so long. Not for our own code: it doesn't hang."""

from __future__ import annotations

import threading
from collections.abc import Callable

_left_behind: list[threading.Thread] = []


def ends_within(seconds: float, call: Callable[[], object]) -> bool:
    """Run `call` and say whether it has ended in time; if not, it is left behind, on a thread of its own."""
    thread = threading.Thread(target=call, name="may-hang", daemon=True)
    thread.start()
    thread.join(seconds)
    if thread.is_alive():
        _left_behind.append(thread)
        return False
    return True


def something_hangs() -> bool:
    """Whether a call that was left behind still hasn't ended."""
    _left_behind[:] = [thread for thread in _left_behind if thread.is_alive()]
    return bool(_left_behind)
