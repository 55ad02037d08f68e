"""Serves the page to this machine, from a thread of its own, for as long as a block lasts.

It comes up again when it fails: the voice doesn't need it, and goes on meanwhile. Not for what it answers (`app.py`).
"""

from __future__ import annotations

import logging
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from starlette.types import ASGIApp

from voice_skill.errors import MissingPartError

log = logging.getLogger(__name__)

HOST = "127.0.0.1"
RETRY_S = 2.0
CLOSE_S = 3.0


@contextmanager
def serve(app: ASGIApp, port: int) -> Iterator[str]:
    """Serve `app` while the block lasts; gives the page's address. Port 0 takes a free one.

    Raises MissingPartError when something else has the port.
    """
    listener = _listen(port)
    noted = logging.getLogger("uvicorn")
    noted.handlers, noted.propagate = list(logging.getLogger("voice_skill").handlers), False  # never on a terminal
    server = _Server(app, listener)
    thread = threading.Thread(target=server.run, name="page", daemon=True)
    thread.start()
    try:
        yield f"http://{HOST}:{listener.getsockname()[1]}/"
    finally:
        server.end()
        thread.join(CLOSE_S)
        listener.close()


class _Server:
    """uvicorn, again and again until the end."""

    def __init__(self, app: ASGIApp, listener: socket.socket) -> None:
        self._listener = listener
        self._ended = threading.Event()
        self._config = uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            lifespan="off",
            ws="none",
            server_header=False,
            timeout_graceful_shutdown=1,
        )
        self._server = uvicorn.Server(self._config)

    def run(self) -> None:
        while not self._ended.is_set():
            try:
                self._server.run(sockets=[self._listener.dup()])
            except Exception:  # a page that is gone must not take the voice with it
                log.exception("the page's server failed")
            if not self._ended.wait(RETRY_S):
                self._server = uvicorn.Server(self._config)

    def end(self) -> None:
        self._ended.set()
        self._server.should_exit = True


def _listen(port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
        listener.listen()
    except OSError as error:
        listener.close()
        raise MissingPartError(
            f"The page can't be served at port {port}: {error.strerror or error}.",
            fix=f"end what else uses it, or take another one: voice-skill kiosk --port {port + 1 if port else 8766}",
        ) from None
    return listener
