"""Fetching a model's archive: the only place in the program that ever opens a network connection.

Every failure becomes a ModelError with its cause and the next step. Not for what happens to the file (`models.py`).
"""

from __future__ import annotations

import errno
import logging
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

from voice_skill.errors import ModelError
from voice_skill.hearing.manifest import Archive, ModelEntry

CHUNK = 1 << 16  # bytes
READ_TIMEOUT_S = 30.0  # a server that says nothing for so long has gone
FULL_DISK = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)

Progress = Callable[[int, int], None]
"""Called with the bytes done and the bytes in all."""


def fetch(entry: ModelEntry, archive: Archive, into: Path, connect_timeout_s: float, progress: Progress) -> Path:
    """Downloads the archive into a folder and compares its hash.

    Args:
        connect_timeout_s: how long to wait for the server's name and for each of its addresses.

    Raises:
        ModelError: unreachable, refused, broken off, not the right file, or no room on the disk.
    """
    import pooch  # 0.3 s with requests: paid by those who install
    import requests
    from pooch.downloaders import HTTPDownloader

    host = urlsplit(archive.url).hostname or archive.url
    _look_up(entry, archive, host, connect_timeout_s)
    meter = _Meter(archive.size, progress)
    pooch.get_logger().setLevel(logging.ERROR)
    # pooch declares neither that a meter may be given, nor a downloader's parameters as it really calls them
    download: Any = HTTPDownloader(
        progressbar=cast("bool", meter), chunk_size=CHUNK, timeout=(connect_timeout_s, READ_TIMEOUT_S)
    )
    name = f"{entry.name}.zip"
    try:
        return Path(pooch.retrieve(archive.url, f"sha256:{archive.sha256}", fname=name, path=into, downloader=download))
    except requests.HTTPError as error:
        status = "unknown" if error.response is None else error.response.status_code
        cause = f"{host} doesn't give out the speech model {entry.name} (HTTP status {status})."
    except requests.exceptions.SSLError:
        cause = f"No secure connection to {host} could be made; if this computer's date is wrong, set it first."
    except requests.exceptions.ChunkedEncodingError:
        cause = f"The download from {host} broke off after {meter.done} of {archive.size} bytes."
    except (requests.ConnectionError, requests.Timeout):
        if not meter.done:
            raise _unreachable(entry, archive, f"{host} can't be reached") from None
        cause = f"The download from {host} broke off after {meter.done} of {archive.size} bytes."
    except requests.RequestException as error:
        cause = f"The download from {host} failed: {error}"
    except OSError as error:
        raise disk_error(entry, into, error) from error
    except ValueError:  # pooch: another hash
        cause = f"What {host} sent ({meter.done} bytes) is not the speech model {entry.name}: its SHA-256 differs."
    raise ModelError(cause, fix=_other_ways(entry, archive))


def disk_error(entry: ModelEntry, folder: Path, error: OSError) -> ModelError:
    """The ModelError for a file that couldn't be written while installing."""
    if error.errno in FULL_DISK:
        return ModelError(
            f"The disk is full: {entry.name} doesn't fit into {folder}.", fix=f"Make room, then: {entry.repair}"
        )
    return ModelError(
        f"{error.filename or folder} can't be written: {error.strerror}.", fix=f"Allow it, then: {entry.repair}"
    )


class _Meter:
    """What pooch wants of a progress bar. Ends a download that grows beyond its known size."""

    def __init__(self, size: int, progress: Progress) -> None:
        self.total = size
        self.done = 0
        self._counted = 0
        self._size = size
        self._progress = progress

    def update(self, count: int) -> None:
        self._counted += count
        if self._counted >= self._size + CHUNK:
            raise ValueError("more bytes than the file has")
        # pooch counts the last chunk as a whole one, and at the end everything once more
        self.done = max(self.done, min(self._counted, self._size))
        self._progress(self.done, self._size)

    def reset(self) -> None:
        self._counted = 0

    def close(self) -> None:
        pass


def _look_up(entry: ModelEntry, archive: Archive, host: str, timeout_s: float) -> None:
    """Asks for the server's address, at most for that long: the system's own limit is up to half a minute."""
    from requests.utils import get_environ_proxies

    if get_environ_proxies(archive.url):
        return  # the proxy looks names up
    answer: list[OSError | None] = []

    def ask() -> None:
        try:
            socket.getaddrinfo(host, None)
            answer.append(None)
        except OSError as error:
            answer.append(error)

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(timeout_s)
    if not answer or answer[0]:
        raise _unreachable(entry, archive, f"the address of {host} can't be found")


def _unreachable(entry: ModelEntry, archive: Archive, what: str) -> ModelError:
    return ModelError(f"No connection: {what}.", fix=_other_ways(entry, archive))


def _other_ways(entry: ModelEntry, archive: Archive) -> str:
    return (
        f"Try again later: {entry.repair}\n"
        f"     or fetch {archive.url} on another computer, then: {entry.repair} --from FILE"
    )
