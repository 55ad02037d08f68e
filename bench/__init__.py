"""Measures the skill: accuracy, false accepts, speed, memory, latency. Prints tables, writes JSON; asserts nothing.

A developer's tool beside the package, never imported by it except by the `bench` command. Uses the development
corpora of the checkout (`tests/corpus`, `tests/audio`) and, for latency, the virtual sound card of the tests.
"""

import voice_skill  # noqa: F401  # before numpy, which it tells to use one thread, as in the program
