"""`voice-skill run` or `kiosk` as its own process, on a terminal of its own, as a person would start it."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pexpect


def hear_ctrl_c() -> None:
    """For a child process: a suite that runs in the background has Ctrl-C ignored, and its children inherit that."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


class RunningAssistant:
    """Starts it with `--json` and collects its exchanges; use as a context manager.

    environment: added to this process's own, e.g. that of a virtual sound card.
    command: "run", or "kiosk"; before: a program and its arguments that starts it.
    """

    def __init__(
        self,
        environment: Mapping[str, str],
        *arguments: str,
        command: str = "run",
        before: Sequence[str] = (),
    ) -> None:
        program, *rest = [*before, sys.executable, "-m", "voice_skill", command, "--json", *arguments]
        environ = {**os.environ, **environment, "TERM": "dumb"}
        self._child = pexpect.spawn(program, rest, env=environ, encoding="utf-8", echo=False, preexec_fn=hear_ctrl_c)
        self._child.delaybeforesend = None  # a key press is to arrive at once
        self._condition = threading.Condition()
        self.exchanges: list[dict[str, Any]] = []
        self._told_at: list[float] = []
        self.output = ""
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __enter__(self) -> RunningAssistant:
        return self

    def __exit__(self, *_: object) -> None:
        if self._child.isalive():
            self._child.kill(signal.SIGKILL)
        self._reader.join(timeout=5)
        self._child.close(force=True)

    @property
    def pid(self) -> int:
        """The process's id."""
        return self._child.pid

    def ready(self, timeout: float = 60) -> float:
        """Wait for the greeting; gives the moment (`time.perf_counter`)."""
        self.wait_for(lambda exchange: exchange["key"] == "reply:greeting", timeout=timeout)
        return time.perf_counter()

    def wait_for(self, wanted: Callable[[dict[str, Any]], bool], after: int = 0, timeout: float = 30) -> dict[str, Any]:
        """The first exchange, from number `after` on, that is wanted. Raises TimeoutError with what came instead."""
        deadline = time.monotonic() + timeout
        with self._condition:
            while True:
                found = next((exchange for exchange in self.exchanges[after:] if wanted(exchange)), None)
                if found is not None:
                    return found
                if not self._condition.wait(deadline - time.monotonic()) or time.monotonic() > deadline:
                    raise TimeoutError(f"not within {timeout:g} s; so far: {self.exchanges}\n{self.output}")

    def told_at(self, exchange: dict[str, Any]) -> float:
        """When that exchange was printed (`time.perf_counter`)."""
        with self._condition:
            return self._told_at[next(at for at, each in enumerate(self.exchanges) if each is exchange)]

    def press(self, key: str) -> None:
        """Type a key."""
        self._child.send(key)

    def signal(self, number: signal.Signals) -> None:
        """Send a signal."""
        self._child.kill(number)

    def exit_code(self, timeout: float = 20) -> int:
        """Wait for the end. Raises TimeoutError."""
        deadline = time.monotonic() + timeout
        while self._child.isalive():
            if time.monotonic() > deadline:
                raise TimeoutError(f"still running after {timeout:g} s\n{self.output}")
            time.sleep(0.05)
        self._reader.join(timeout=5)
        status = self._child.exitstatus
        return status if status is not None else -(self._child.signalstatus or 0)

    def _read(self) -> None:
        while True:
            try:
                line = self._child.readline()
            except (pexpect.TIMEOUT, pexpect.EOF, OSError, ValueError):
                if self._child.closed or self._child.eof():
                    return
                continue
            if not line:
                return
            with self._condition:
                self.output += line
                if line.startswith("{"):
                    self.exchanges.append(json.loads(line))
                    self._told_at.append(time.perf_counter())
                self._condition.notify_all()
