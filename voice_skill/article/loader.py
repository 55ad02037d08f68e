"""Reads the content files once and hands out immutable, checked objects.

The only module of the article room that touches files. Every error names file and line, and what to write instead.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import pickle
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar, cast

import pydantic
import yaml
from pydantic import BaseModel, ValidationError

from voice_skill.article.content import Content
from voice_skill.article.redflags import SafetyLayer
from voice_skill.article.schema import Article, Commands, Lexicon, Requests
from voice_skill.errors import ContentError

ARTICLE_FILE = "exploring-foot-cramps.yaml"
SAFETY_FILE = "safety.yaml"
COMMANDS_FILE = "commands.yaml"
REQUESTS_FILE = "requests.yaml"
LEXICON_FILE = "lexicon.yaml"
FILES = (ARTICLE_FILE, SAFETY_FILE, COMMANDS_FILE, REQUESTS_FILE, LEXICON_FILE)

_FastLoader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_M = TypeVar("_M", bound=BaseModel)


def load_content(folder: Path, cache: Path | None = None) -> Content:
    """Load the content files of `folder`.

    cache: a folder to keep the checked result in: reading it again takes a quarter of the time. It holds for exactly
        these files and this version of the schema; whatever is wrong with it is ignored.

    Raises ContentError on the first file that breaks a rule.
    """
    kept = cache / f"content-{_fingerprint(folder)}.pickle" if cache else None
    if kept and (content := _recall(kept)):
        return content
    content = Content(
        article=load_file(folder / ARTICLE_FILE, Article),
        safety=load_file(folder / SAFETY_FILE, SafetyLayer),
        commands=load_file(folder / COMMANDS_FILE, Commands),
        requests=load_file(folder / REQUESTS_FILE, Requests),
        lexicon=load_file(folder / LEXICON_FILE, Lexicon),
    )
    if kept:
        _keep(kept, content)
    return content


def _fingerprint(folder: Path) -> str:
    """Changes with any of the files, with the code that checks them, and with what wrote the cache."""
    digest = hashlib.sha256(f"{sys.version} {pydantic.VERSION}".encode())
    files = [folder / name for name in FILES]
    for path in (*files, *sorted(Path(__file__).parent.glob("*.py"))):
        with contextlib.suppress(OSError):  # load_file says what is wrong with a content file
            digest.update(path.read_bytes())
    return digest.hexdigest()[:32]


def _recall(kept: Path) -> Content | None:
    try:
        content: object = pickle.loads(kept.read_bytes())  # in the user's own cache folder, written by `_keep`
    except Exception:  # absent, torn, from another world: the files themselves are read instead
        return None
    return content if isinstance(content, Content) else None


def _keep(kept: Path, content: Content) -> None:
    with contextlib.suppress(OSError):
        kept.parent.mkdir(parents=True, exist_ok=True)
        for outdated in kept.parent.glob("content-*.pickle"):
            outdated.unlink()
        draft = kept.with_suffix(f".{os.getpid()}")
        draft.write_bytes(pickle.dumps(content, pickle.HIGHEST_PROTOCOL))
        draft.replace(kept)


def load_file(path: Path, model: type[_M]) -> _M:
    """One YAML file as one checked object. Raises ContentError with `file:line:` of every broken rule."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ContentError(
            f"{path}:1: can't be read: {error}", fix="restore the file: git checkout -- content"
        ) from None
    try:
        data: object = yaml.load(text, _FastLoader)
    except yaml.YAMLError as error:
        raise ContentError(f"{_where(path, error)}: not valid YAML: {_problem(error)}", fix=_YAML_FIX) from None
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise ContentError(
            "\n".join(_explain(path, text, error)), fix="correct the lines above, then run: voice-skill content check"
        ) from None


_YAML_FIX = "check indentation and quotes there; a text with ': ' or '#' in it needs quotes around it"


def _where(path: Path, error: yaml.YAMLError) -> str:
    mark = getattr(error, "problem_mark", None)
    return f"{path}:{mark.line + 1}" if mark else f"{path}:1"


def _problem(error: yaml.YAMLError) -> str:
    return str(getattr(error, "problem", None) or error).splitlines()[0]


def _explain(path: Path, text: str, error: ValidationError) -> list[str]:
    """One `file:line: field: rule` for each broken rule."""
    root = cast("yaml.Node | None", yaml.compose(text, _FastLoader))  # pyright: ignore[reportUnknownMemberType]
    lines: list[str] = []
    for problem in error.errors():
        location = cast("Sequence[str | int]", problem["loc"])
        field = ".".join(str(part) for part in location) or "file"
        message = problem["msg"].removeprefix("Value error, ")
        lines.append(f"{path}:{_line_of(root, location)}: {field}: {message}{_HINTS.get(problem['type'], '')}")
    return lines


_HINTS = {
    "missing": "; add this field",
    "extra_forbidden": "; remove it or correct its spelling",
    "string_pattern_mismatch": "; phrases are written in lower case",
    "too_short": "; add more",
    "string_type": "; put quotes around it",
}


def _line_of(node: yaml.Node | None, location: Sequence[str | int]) -> int:
    """The line (from 1) where the value at `location` stands, or where its nearest existing parent does."""
    line = 1
    for part in location:
        if isinstance(node, yaml.MappingNode):
            match = next(((key, value) for key, value in node.value if key.value == str(part)), None)
            if match is None:
                break
            line, node = match[0].start_mark.line + 1, match[1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            item: yaml.Node = node.value[part]
            line, node = item.start_mark.line + 1, item
        else:
            break
    return line
