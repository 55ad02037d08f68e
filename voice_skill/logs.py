"""Where the log goes: a small rotating file, for developers. It never holds what was said, only what happened.

Not for talking to the user: that is the command line's and the voice's work.
"""

from __future__ import annotations

import contextlib
import logging
import logging.handlers

import platformdirs

from voice_skill.hearing.quiet import divert_native_stderr
from voice_skill.settings import APP

LOG_BYTES = 512_000  # two files of this size at most: a Pi's card is small and wears out


def start_log(*, verbose: bool = False) -> str:
    """Send the package's log to its file (and to stderr when `verbose`); returns where it is, "" when nowhere."""
    root = logging.getLogger("voice_skill")
    root.setLevel(logging.DEBUG if verbose else logging.INFO)
    root.propagate = False
    place = ""
    try:
        folder = platformdirs.user_log_path(APP)
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / "voice-skill.log"
        handler: logging.Handler = logging.handlers.RotatingFileHandler(path, maxBytes=LOG_BYTES, backupCount=1)
        place = str(path)
    except OSError:  # a full or read-only disk must not keep anyone from an answer
        handler = logging.NullHandler()
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    root.handlers = [handler]
    if verbose:
        root.addHandler(logging.StreamHandler())
    return place


def hush_native_code() -> None:
    """Send what C libraries write to stderr (Vosk's, ALSA's and PortAudio's warnings) to a file beside the log.

    Python's own stderr stays where it is. Call it once, before anything is printed.
    """
    path = platformdirs.user_log_path(APP) / "native.log"
    with contextlib.suppress(OSError):
        if path.stat().st_size > LOG_BYTES:
            path.unlink()
    divert_native_stderr(path)
