"""Nothing leaves the machine and nothing said is kept."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from assistant_process import RunningAssistant
from rig import said

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


SPOKEN = "the periwinkle teapot sings on tuesday"


@pytest.mark.rig
@pytest.mark.timeout(240)
def test_no_trace_of_what_was_spoken_to_the_kiosk(virtual_audio, tmp_path):
    """Neither the words that were said nor those that were heard are in any file the process wrote or had open."""
    home = tmp_path / "home"
    home.mkdir()
    began = time.time()
    own = {"HOME": str(home), "TMPDIR": str(home)}
    own |= {f"XDG_{kind}_HOME": str(home / kind.lower()) for kind in ("CONFIG", "CACHE", "DATA", "STATE")}
    with RunningAssistant(virtual_audio.env | own, "--kiosk", "--region", "UK") as assistant:
        assistant.ready()
        time.sleep(4)
        virtual_audio.play(said(SPOKEN))
        heard = [assistant.wait_for(lambda e: bool(e["heard"]))["heard"]]
        written = _open_for_writing(assistant.pid)
        assistant.signal(signal.SIGTERM)
        assert assistant.exit_code() == 0
    outside = [path for path in written if home not in path.parents]
    assert outside == []
    newer = [path for path in _own_files() if path.stat().st_mtime > began]
    assert newer == []
    kept = [path for path in home.rglob("*") if path.is_file()]
    assert any(path.suffix == ".log" for path in kept)
    for path in kept:
        content = path.read_bytes().lower()
        for words in (NONCE, SPOKEN, "teapot", *heard):
            if path.match("content-*.pickle") and words not in (NONCE, SPOKEN):
                continue  # the checked content, which holds what people say in general
            assert words.encode() not in content, (path, words)


def _open_for_writing(pid: int) -> list[Path]:
    """The regular files that a process has open and may write to."""
    found: list[Path] = []
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        flags = int(Path(f"/proc/{pid}/fdinfo/{descriptor.name}").read_text().split("flags:")[1].split()[0], 8)
        path = Path(os.readlink(descriptor))
        if flags & os.O_ACCMODE != os.O_RDONLY and path.is_file():
            found.append(path)
    return found


def _own_files() -> list[Path]:
    """Everything of the program's own that it might write to."""
    folders = (CHECKOUT / name for name in ("voice_skill", "content", "models"))
    return [path for folder in folders for path in folder.rglob("*") if path.is_file() and path.suffix != ".pyc"]
