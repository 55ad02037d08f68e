"""The speech models on this computer: which there are, whether they are sound, installing one, choosing one.

Bundled models lie in the checkout and are never written to; installed ones lie in a folder of the user's. Not for
loading a model (`recognizer.py`), which takes nothing but the `CheckedModel` that `choose` hands out.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import logging
import shutil
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import TypeAdapter, ValidationError

from voice_skill.errors import ModelError
from voice_skill.hearing.archive import UnsafeArchiveError, unpack
from voice_skill.hearing.download import Progress, disk_error, fetch
from voice_skill.hearing.integrity import HASHES_FILE, find_damage, hash_files, sha256_of
from voice_skill.hearing.manifest import Archive, FileHash, Manifest, ModelEntry, load_manifest

log = logging.getLogger(__name__)

AUTO = "auto"
MANIFEST_FILE = "manifest.toml"
CONNECT_TIMEOUT_S = 5.0
LOCK_TIMEOUT_S = 600.0  # a 41 MB download over a slow line

State = Literal["bundled", "installed", "not installed", "damaged"]
_FILE_HASHES = TypeAdapter(tuple[FileHash, ...])


@dataclass(frozen=True, slots=True)
class CheckedModel:
    """A model that was found sound and may be loaded. repair: the command to give when it isn't after all."""

    name: str
    folder: Path
    repair: str


@dataclass(frozen=True, slots=True)
class ModelStatus:
    """One line of `voice-skill model list`. problem: what is damaged, "" otherwise."""

    entry: ModelEntry
    state: State
    folder: Path
    problem: str = ""

    @property
    def sound(self) -> bool:
        """Whether it can be used."""
        return self.state in ("bundled", "installed")


class ModelStore:
    """The models of one checkout and one user.

    Args:
        bundled_dir: the checkout's `models/`, with `manifest.toml` in it.
        installed_dir: the user's folder for installed models; need not exist.

    Raises:
        ModelError: the manifest is missing or wrong.
    """

    def __init__(self, bundled_dir: Path, installed_dir: Path) -> None:
        self.manifest: Manifest = load_manifest(bundled_dir / MANIFEST_FILE)
        self._bundled = bundled_dir
        self._installed = installed_dir

    def list_models(self) -> tuple[ModelStatus, ...]:
        """Every model with its state, the preferred ones first."""
        return tuple(self._status(entry) for entry in self.manifest.models)

    def verify(self, name: str) -> ModelStatus:
        """The state of one model, every byte of it read. Raises UsageError for an unknown name."""
        return self._status(self.manifest.entry(name), full=True)

    def choose(self, setting: str = AUTO) -> CheckedModel:
        """The model to be loaded.

        Args:
            setting: a model's name, or "auto": the first one of the manifest that is there and sound.

        Raises:
            ModelError: it isn't installed, or it is damaged; the fix is the command that repairs it.
            UsageError: there is no such model.
        """
        if setting != AUTO:
            return _usable(self._status(self.manifest.entry(setting)))
        status = None
        for entry in self.manifest.models:
            status = self._status(entry)
            if status.sound:
                return _usable(status)
            if status.problem:
                log.warning("the speech model %s is damaged (%s): %s", entry.name, status.problem, entry.repair)
        assert status is not None  # a manifest lists at least one model
        return _usable(status)

    def install(
        self,
        name: str,
        from_file: Path | None = None,
        connect_timeout_s: float = CONNECT_TIMEOUT_S,
        progress: Progress = lambda _done, _total: None,
    ) -> CheckedModel:
        """Brings a model; one that is there and sound is left alone, a damaged one replaced.

        May be interrupted at any moment and repeated; a second one at the same time waits for the first.

        Args:
            from_file: a zip fetched by other means; it must have the very same hash.
            progress: called with the bytes downloaded and the bytes in all.

        Raises:
            ModelError: see `download.fetch`; or the file isn't the right one; or a bundled model is damaged.
            UsageError: there is no such model.
        """
        entry = self.manifest.entry(name)
        if entry.archive is None:
            return _usable(self._status(entry, full=True))
        try:
            self._installed.mkdir(parents=True, exist_ok=True)
            with _lock(self._installed / ".lock", entry):
                status = self._status(entry, full=True)
                if not status.sound:
                    self._bring(entry, entry.archive, from_file, connect_timeout_s, progress)
                    status = self._status(entry, full=True)
                return _usable(status)
        except OSError as error:
            raise disk_error(entry, self._installed, error) from error

    def _bring(
        self, entry: ModelEntry, archive: Archive, from_file: Path | None, connect_timeout_s: float, progress: Progress
    ) -> None:
        for rest in self._installed.glob(".new-*"):  # of an install that was killed
            shutil.rmtree(rest)
        with tempfile.TemporaryDirectory(prefix=".new-", dir=self._installed) as made:
            work = Path(made)
            if from_file is None:
                zipped = fetch(entry, archive, work, connect_timeout_s, progress)
            else:
                zipped = _right_file(entry, archive, from_file)
            unpacked = work / "unpacked"
            unpacked.mkdir()
            try:
                unpack(zipped, unpacked, archive.max_unpacked)
            except UnsafeArchiveError as error:
                raise ModelError(f"The archive of {entry.name} isn't used: {error}.", fix=entry.repair) from error
            model = _only_folder(unpacked)
            if not (model / "am" / "final.mdl").is_file():
                raise ModelError(f"The archive of {entry.name} holds no Vosk model.", fix=entry.repair)
            hashes = [file.model_dump() for file in hash_files(model)]
            (model / HASHES_FILE).write_text(json.dumps(hashes, indent=1), encoding="utf-8")
            target = self._installed / entry.name
            if target.exists():
                target.rename(work / "damaged")
            model.rename(target)

    def _status(self, entry: ModelEntry, *, full: bool = False) -> ModelStatus:
        if entry.bundled:
            folder, files = self._bundled / entry.name, entry.files
        else:
            folder = self._installed / entry.name
            if not folder.exists():
                return ModelStatus(entry, "not installed", folder)
            files = _read_hashes(folder)
            if files is None:
                return ModelStatus(entry, "damaged", folder, f"{HASHES_FILE} is missing or wrong")
        problem = find_damage(folder, files, self._installed / f".seen-{entry.name}.json", full=full)
        if problem:
            return ModelStatus(entry, "damaged", folder, problem)
        return ModelStatus(entry, "bundled" if entry.bundled else "installed", folder)


def _usable(status: ModelStatus) -> CheckedModel:
    entry = status.entry
    if status.sound:
        return CheckedModel(entry.name, status.folder, entry.repair)
    if status.state == "not installed":
        raise ModelError(f"The speech model {entry.name} isn't installed.", fix=entry.repair)
    raise ModelError(f"The speech model {entry.name} is damaged: {status.problem}.", fix=entry.repair)


def _right_file(entry: ModelEntry, archive: Archive, path: Path) -> Path:
    try:
        right = path.stat().st_size == archive.size and sha256_of(path) == archive.sha256
    except OSError as error:
        raise ModelError(f"{path} can't be read: {error.strerror}.", fix="Check its name.") from error
    if not right:
        raise ModelError(
            f"{path} is not the archive of {entry.name}: its size or SHA-256 differs.",
            fix=f"Fetch it again: {archive.url}",
        )
    return path


def _only_folder(unpacked: Path) -> Path:
    """Where the model is: archives hold it in one folder, or right at the top."""
    inside = list(unpacked.iterdir())
    return inside[0] if len(inside) == 1 and inside[0].is_dir() else unpacked


def _read_hashes(folder: Path) -> tuple[FileHash, ...] | None:
    try:
        return _FILE_HASHES.validate_json((folder / HASHES_FILE).read_bytes())
    except (OSError, ValidationError):
        return None


@contextlib.contextmanager
def _lock(path: Path, entry: ModelEntry) -> Iterator[None]:
    """One install at a time; the system lets go of the lock when its owner dies."""
    with path.open("w") as file:
        deadline = time.monotonic() + LOCK_TIMEOUT_S
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise ModelError(
                        "Another install has been running for long.", fix=f"End it, then: {entry.repair}"
                    ) from None
                time.sleep(0.2)
        yield
