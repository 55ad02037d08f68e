"""Every command of the README works as written."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parent.parent.parent
README = (CHECKOUT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```sh\n(.*?)```", README, re.DOTALL)
COMMANDS = [line.split("#")[0].strip() for block in BLOCKS for line in block.splitlines() if line.strip()]
THIS_SUITE = "scripts/test"


def test_the_readme_has_its_two_commands_first_and_ci_runs_the_second():
    assert COMMANDS[:2] == ["scripts/run", THIS_SUITE]
    assert re.search(rf"^exec .*{THIS_SUITE}", (CHECKOUT / ".ci" / "run").read_text(), re.MULTILINE)


@pytest.mark.parametrize("command", [command for command in COMMANDS if command != THIS_SUITE])
def test_command(command, tmp_path):
    """On a machine without a sound card or a terminal; `scripts/test` is what runs this."""
    line = command.replace("demo.wav", str(tmp_path / "demo.wav"))
    done = subprocess.run(
        line,
        shell=True,
        cwd=CHECKOUT,
        env=os.environ,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )
    assert "Traceback" not in done.stderr
    assert done.returncode == 0, done.stderr
    assert done.stdout


@pytest.mark.parametrize("target", re.findall(r"\]\((?!http)([^)]+)\)", README))
def test_links_lead_somewhere(target):
    assert (CHECKOUT / target).exists()
