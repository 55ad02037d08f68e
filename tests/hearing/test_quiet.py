"""C libraries' chatter stays off the terminal; Python's messages don't. In a process of its own: it changes fd 2."""

from __future__ import annotations

import subprocess
import sys

import pytest

PROGRAM = """
import os, sys
from pathlib import Path
from voice_skill.hearing.quiet import divert_native_stderr
divert_native_stderr(Path(sys.argv[1]) if len(sys.argv) > 1 else None)
os.write(2, b"from C\\n")
print("from Python", file=sys.stderr)
raise SystemExit("goodbye")
"""


def run(*arguments):
    return subprocess.run([sys.executable, "-c", PROGRAM, *arguments], capture_output=True, text=True, check=False)


def test_native_chatter_goes_to_the_log(tmp_path):
    log = tmp_path / "deep" / "native.log"
    for times in (1, 2):
        done = run(str(log))
        assert done.stderr == "from Python\ngoodbye\n"
        assert done.returncode == 1
        assert log.read_text() == "from C\n" * times


@pytest.mark.parametrize("arguments", [(), ("/dev/null/impossible",)])
def test_without_a_log_it_goes_nowhere(arguments):
    assert run(*arguments).stderr == "from Python\ngoodbye\n"
