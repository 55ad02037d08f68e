"""Nothing leaves the machine and nothing said is kept."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parent.parent.parent
QUESTION = CHECKOUT / "content" / "demo" / "my toes are cramping.flac"

# Any attempt to reach another machine, or even to look one up, ends the process.
NO_NETWORK = """
import os, socket
def refuse(*args, **kwargs):
    os._exit(99)
class Socket(socket.socket):
    connect = connect_ex = sendto = sendmsg = listen = refuse
socket.socket = Socket
socket.getaddrinfo = refuse
"""
NONCE = "periwinkle"


@pytest.mark.parametrize(
    ("arguments", "typed"),
    [
        (["ask", f"my toes are cramping {NONCE}"], ""),
        (["ask", "--audio", str(QUESTION)], ""),
        (["chat"], f"my toes are cramping {NONCE}\nstop\n"),
        (["demo", "--out", "demo.wav"], ""),
        (["run"], ""),
    ],
)
def test_no_network_and_no_trace_of_what_was_said(tmp_path, arguments, typed):
    (tmp_path / "sitecustomize.py").write_text(NO_NETWORK)
    home = tmp_path / "home"
    home.mkdir()
    own = {"PYTHONPATH": f"{tmp_path}:{CHECKOUT}", "HOME": str(home), "TMPDIR": str(home)}
    own |= {f"XDG_{kind}_HOME": str(home / kind.lower()) for kind in ("CONFIG", "CACHE", "DATA", "STATE")}
    command = [sys.executable, "-m", "voice_skill", *arguments]
    done = subprocess.run(
        command, input=typed, env=os.environ | own, cwd=home, capture_output=True, text=True, timeout=110, check=False
    )
    assert done.returncode == 0, done.stderr
    kept = [path for path in home.rglob("*") if path.is_file() and path.name != "demo.wav"]
    assert [path for path in kept if NONCE.encode() in path.read_bytes()] == []
    own_phrases = "content-*.pickle"  # the checked content, which holds what people say in general
    said = [path for path in kept if not path.match(own_phrases) and b"toes are cramping" in path.read_bytes()]
    assert said == []


def test_the_guard_works(tmp_path):
    """The test above would notice a connection."""
    (tmp_path / "sitecustomize.py").write_text(NO_NETWORK)
    done = subprocess.run(
        [sys.executable, "-c", "import socket; socket.create_connection(('127.0.0.1', 9))"],
        env=os.environ | {"PYTHONPATH": str(tmp_path)},
        check=False,
    )
    assert done.returncode == 99
