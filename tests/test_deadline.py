"""Calls that may hang are waited for only so long, and it is known whether one still does."""

from __future__ import annotations

import threading
import time

from voice_skill.deadline import ends_within, something_hangs


def test_a_call_that_ends_is_waited_for():
    done = []
    assert ends_within(5, lambda: done.append(1))
    assert done
    assert not something_hangs()


def test_a_call_that_hangs_is_left_behind_and_known_until_it_ends():
    free = threading.Event()
    began = time.monotonic()
    assert not ends_within(0.1, free.wait)
    assert time.monotonic() - began < 2
    assert something_hangs()
    free.set()
    deadline = time.monotonic() + 5
    while something_hangs():
        assert time.monotonic() < deadline
        time.sleep(0.01)
