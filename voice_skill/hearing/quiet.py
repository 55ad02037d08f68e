"""Keeps the chatter of C libraries (Vosk, ALSA, PortAudio) off the terminal.

They write straight to file descriptor 2 and most of it can't be switched off. Not for Python's own messages: those go
through `sys.stderr`, which still reaches the terminal afterwards.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path


def divert_native_stderr(log: Path | None) -> None:
    """Sends everything that isn't written through `sys.stderr` to a file. For a program's first line, once.

    Args:
        log: where to append it; None, or a file that can't be written, means nowhere.
    """
    sys.stderr.flush()
    terminal = os.dup(2)
    sys.stderr = os.fdopen(terminal, "w", buffering=1, encoding=sys.stderr.encoding, errors="backslashreplace")
    sink = _open(log) if log else None
    if sink is None:
        sink = os.open(os.devnull, os.O_WRONLY)
    os.dup2(sink, 2)
    os.close(sink)


def _open(log: Path) -> int | None:
    try:
        log.parent.mkdir(parents=True, exist_ok=True)
        return os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    except OSError:
        return None
