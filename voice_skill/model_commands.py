"""What the `voice-skill model` commands say and do, over the store of the hearing room."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

from voice_skill.ears import model_store
from voice_skill.errors import ModelError
from voice_skill.hearing.models import AUTO, ModelStatus
from voice_skill.settings import Settings, save_setting


def describe_models(settings: Settings) -> list[dict[str, Any]]:
    """Each model with its state and whether it is the one in use; "line" is the same for people."""
    store = model_store(settings)
    chosen = store.choose(settings.model).name
    return [_described(status, in_use=status.entry.name == chosen) for status in store.list_models()]


def _described(status: ModelStatus, *, in_use: bool) -> dict[str, Any]:
    entry = status.entry
    state = f"{status.state}: {status.problem}" if status.problem else status.state
    line = f"{'*' if in_use else ' '} {entry.name}  ({state}; {entry.licence})\n      {entry.description}"
    return {
        "name": entry.name,
        "state": status.state,
        "problem": status.problem,
        "in_use": in_use,
        "folder": str(status.folder),
        "line": line,
    }


def install_model(settings: Settings, name: str, *, from_file: Path | None, connect_timeout_s: float) -> str:
    """Bring a model, with a progress bar; gives the closing line. Raises ModelError, UsageError."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(name, total=None, start=True)

        def show(done: int, total: int) -> None:
            progress.update(task, completed=done, total=total)

        checked = model_store(settings).install(name, from_file, connect_timeout_s, show)
    return f"{checked.name} is installed in {checked.folder}"


def verify_models(settings: Settings, name: str | None) -> list[str]:
    """Read every byte of one model, or of all that are there; a line for each.

    Raises ModelError for one that is damaged, or named and not installed; UsageError for an unknown name.
    """
    store = model_store(settings)
    names = [name] if name else [s.entry.name for s in store.list_models() if s.state != "not installed"]
    lines: list[str] = []
    for each in names:
        status = store.verify(each)
        if not status.sound:
            raise ModelError(f"The speech model {each} is {status.state}. {status.problem}", fix=status.entry.repair)
        lines.append(f"ok: {each} ({status.folder})")
    return lines


def use_model(settings: Settings, name: str) -> str:
    """Write the choice to the settings file. Raises ModelError when the model isn't there or sound."""
    model_store(settings).choose(name)
    path = save_setting("model", None if name == AUTO else name)
    return f"from now on: {name} (written to {path})"
