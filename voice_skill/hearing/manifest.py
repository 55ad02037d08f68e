"""The list of speech models: what they are called, where they come from, and what each of their bytes must be.

Typed reading of `models/manifest.toml`. Not for looking at what is on the disk (`integrity.py`, `models.py`).
"""

from __future__ import annotations

import sys
from pathlib import Path, PurePosixPath
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, field_validator, model_validator

from voice_skill.errors import ModelError, UsageError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib  # pyright: ignore[reportMissingImports]

Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class Strict(BaseModel):
    """Immutable; an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class FileHash(Strict):
    """A file that must be there. path: relative to the model's folder, with slashes; size: bytes."""

    path: str
    size: int = Field(ge=0)
    sha256: Sha256

    @field_validator("path")
    @classmethod
    def _inside(cls, path: str) -> str:
        pure = PurePosixPath(path)
        if pure.is_absolute() or ".." in pure.parts or not pure.parts:
            raise ValueError(f"{path!r} leaves the model's folder")
        return str(pure)


class Archive(Strict):
    """A zip to be downloaded. Sizes in bytes; `max_unpacked` bounds what it may become on the disk."""

    url: Annotated[str, StringConstraints(pattern=r"^https?://[^/\s]+/\S*$")]
    size: int = Field(gt=0)
    sha256: Sha256
    max_unpacked: int = Field(gt=0)


class ModelEntry(Strict):
    """A speech model: either bundled with the program (`files`) or to be installed (`archive`)."""

    name: Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9.-]*$")]
    description: str
    licence: str
    archive: Archive | None = None
    files: tuple[FileHash, ...] = ()

    @model_validator(mode="after")
    def _one_source(self) -> ModelEntry:
        if (self.archive is None) == (not self.files):
            raise ValueError(f"{self.name}: give either an archive (to be installed) or files (bundled)")
        return self

    @property
    def bundled(self) -> bool:
        """Whether it comes with the program."""
        return self.archive is None

    @property
    def repair(self) -> str:
        """The command that brings or mends it."""
        return f"git checkout -- models/{self.name}" if self.bundled else f"voice-skill model install {self.name}"


class Manifest(Strict):
    """All models, the preferred ones first."""

    models: tuple[ModelEntry, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _once_each(self) -> Manifest:
        names = [model.name for model in self.models]
        if len(set(names)) < len(names):
            raise ValueError("a model is listed twice")
        return self

    def entry(self, name: str) -> ModelEntry:
        """The model of that name. Raises UsageError if there is none."""
        for model in self.models:
            if model.name == name:
                return model
        names = ", ".join(model.name for model in self.models)
        raise UsageError(f'There is no speech model "{name}".', fix=f"Choose one of: {names}")


def load_manifest(path: Path) -> Manifest:
    """Reads the list. Raises ModelError if it is missing or wrong."""
    try:
        return Manifest.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        cause = f"The list of speech models {path} can't be read: {error.strerror}."
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        cause = f"The list of speech models {path} is wrong at {where or 'the top'}: {first['msg']}."
    except ValueError as error:  # no TOML, or no UTF-8
        cause = f"The list of speech models {path} is wrong: {error}."
    raise ModelError(cause, fix="git checkout -- models/manifest.toml")
