"""Tells systemd how the box is: ready, what it is doing, still alive, about to stop. The sd_notify protocol is one
datagram for each message. Without systemd nobody listens, and nothing is sent. Not for judging (`health.py`).
"""

from __future__ import annotations

import contextlib
import logging
import os
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from voice_skill.kiosk.health import Health
from voice_skill.parts import Watchable

log = logging.getLogger(__name__)

LOOK_S = 0.5  # how often the health is looked at
PINGS = 10  # in the time that systemd waits for one


class Systemd:
    """The service manager that started this process, if one did.

    environment: where systemd says how to reach it: NOTIFY_SOCKET (a path, or @ and an abstract name), and, when it
        wants signs of life, WATCHDOG_USEC and WATCHDOG_PID.
    """

    def __init__(self, environment: Mapping[str, str]) -> None:
        place = environment.get("NOTIFY_SOCKET", "")
        self._address = "\0" + place[1:] if place.startswith("@") else place
        ours = environment.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
        wanted = environment.get("WATCHDOG_USEC", "")
        self.watchdog_s = int(wanted) / 1e6 if ours and wanted.isdecimal() else 0.0
        """Seconds without a sign of life after which it ends the process; 0: it doesn't watch."""

    @property
    def listens(self) -> bool:
        """Whether there is anybody to tell."""
        return bool(self._address)

    def tell(self, *lines: str) -> None:
        """Send assignments such as "READY=1"; a socket that is gone or full is only logged."""
        if not self._address:
            return
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK) as way:
                way.sendto("\n".join(lines).encode(), self._address)
        except OSError as error:
            log.warning("systemd can't be told %s: %s", lines[0], error)


@contextmanager
def watched(health: Health, systemd: Systemd | None = None) -> Iterator[None]:
    """Tells systemd about this health as long as the block lasts; STOPPING=1 at its end.

    WATCHDOG=1 is sent only while `Health.alive`, so that a box that neither hears nor mends is restarted.
    """
    manager = systemd or Systemd(os.environ)
    if not manager.listens:
        yield
        return
    over = threading.Event()
    thread = threading.Thread(target=_watch, args=(health, manager, over), name="systemd", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        with contextlib.suppress(RuntimeError):
            thread.join(timeout=1.0)
        manager.tell("STOPPING=1", "STATUS=stopping")


@contextmanager
def watchdog(assistant: Watchable, model: str) -> Iterator[Callable[[], dict[str, Any]]]:
    """Looks after the assistant as long as the block lasts; gives the report for /health. model: the speech model."""
    health = Health(model)
    assistant.watched_by(health)
    with watched(health):
        yield health.report


def _watch(health: Health, systemd: Systemd, over: threading.Event) -> None:
    every_s = min(LOOK_S, systemd.watchdog_s / PINGS) if systemd.watchdog_s else LOOK_S
    told, is_ready = "", False
    while not over.wait(every_s):
        report = health.report()
        status = f"STATUS={report['status']}: microphone {report['microphone']}, speaker {report['speaker']}"
        if status != told:
            systemd.tell(status)
            told = status
        if not is_ready and health.ready():
            is_ready = True
            systemd.tell("READY=1")
        if systemd.watchdog_s and health.alive():
            systemd.tell("WATCHDOG=1")
