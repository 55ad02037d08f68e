"""How the command line prints: text, complaints, lines of JSON. Not for what a running visit shows (`terminal.py`)."""

from __future__ import annotations

import json
from typing import Any

from voice_skill.errors import UsageError, VoiceSkillError


def show(*texts: object, **options: Any) -> None:
    """Print to standard output, styled where there is a terminal."""
    from rich.console import Console  # 50 ms: not paid for a plain answer

    Console(highlight=False).print(*texts, **options)


def tell(*texts: object, **options: Any) -> None:
    """Print to standard error."""
    from rich.console import Console

    Console(stderr=True, highlight=False).print(*texts, **options)


def complain(error: VoiceSkillError) -> None:
    """Print what failed, and what to do, to standard error."""
    tell(str(error), style="red" if not isinstance(error, UsageError) else None, markup=False, soft_wrap=True)


def print_json(values: dict[str, Any]) -> None:
    """Print one line of JSON."""
    print(json.dumps(values, ensure_ascii=False), flush=True)
