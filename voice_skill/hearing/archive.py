"""Unpacking a zip that came from outside, so that nothing of it can land anywhere but in the folder meant for it.

Not for deciding whether it is the right zip: its hash is compared before (`models.py`). This is the second lock.
"""

from __future__ import annotations

import shutil
import stat
import zipfile
import zlib
from pathlib import Path, PurePosixPath

MAX_FILES = 1_000  # the largest Vosk model has a few dozen


class UnsafeArchiveError(ValueError):
    """The zip is damaged or would do harm; the message says how."""


def unpack(archive: Path, into: Path, max_bytes: int) -> None:
    """Unpacks all files of a zip into an existing folder.

    Args:
        max_bytes: how large all of them together may become.

    Raises:
        UnsafeArchiveError: no zip, damaged, encrypted, too large, or with links, devices, or paths out of the folder.
            Some files may have been written by then.
        OSError: they can't be written.
    """
    try:
        with zipfile.ZipFile(archive) as zipped:
            members = zipped.infolist()
            _check(members, max_bytes)
            for member in members:
                target = into / _safe_path(member)
                if member.is_dir():
                    target.mkdir(parents=True, exist_ok=True)
                    continue
                target.parent.mkdir(parents=True, exist_ok=True)
                # zipfile never reads more of a member than the size that was checked
                with zipped.open(member) as source, target.open("xb") as file:
                    shutil.copyfileobj(source, file)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
        raise UnsafeArchiveError(f"it is no sound zip file ({error})") from error
    except (FileExistsError, NotADirectoryError, IsADirectoryError) as error:
        raise UnsafeArchiveError(f"{error.filename} comes twice") from error


def _check(members: list[zipfile.ZipInfo], max_bytes: int) -> None:
    if len(members) > MAX_FILES:
        raise UnsafeArchiveError(f"it holds {len(members)} files")
    size = sum(member.file_size for member in members)
    if size > max_bytes:
        raise UnsafeArchiveError(f"it would unpack to {size} bytes, more than the {max_bytes} allowed")
    for member in members:
        mode = member.external_attr >> 16
        if mode and stat.S_IFMT(mode) not in (0, stat.S_IFREG, stat.S_IFDIR):
            raise UnsafeArchiveError(f"{member.filename!r} is a link or a device")
        if member.flag_bits & 1:
            raise UnsafeArchiveError(f"{member.filename!r} is encrypted")
        _safe_path(member)


def _safe_path(member: zipfile.ZipInfo) -> PurePosixPath:
    path = PurePosixPath(member.filename)
    drive = len(member.filename) > 1 and member.filename[1] == ":"
    if path.is_absolute() or drive or "\\" in member.orig_filename or ".." in path.parts or not path.parts:
        raise UnsafeArchiveError(f"{member.filename!r} leads out of the folder")
    return path
