"""On a machine that has no network at all, everything works: real processes in a namespace without one."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from assistant_process import RunningAssistant

ROOT = Path(__file__).resolve().parents[2]
OFFLINE = [sys.executable, str(ROOT / "tests/offline.py")]
QUESTION = ROOT / "content/demo/my toes are cramping.flac"


def offline(*command, **options):
    return subprocess.run(
        [*OFFLINE, *map(str, command)], cwd=ROOT, capture_output=True, text=True, timeout=110, check=False, **options
    )


def test_there_is_no_network_there_but_loopback():
    listing = offline(sys.executable, "-c", "import socket; print([name for _, name in socket.if_nameindex()])")
    assert (listing.returncode, listing.stdout.strip()) == (0, "['lo']"), listing.stderr
    code = "import socket; socket.create_connection(('192.0.2.1', 80), 2)"
    assert "unreachable" in offline(sys.executable, "-c", code).stderr
    with socket.create_server(("127.0.0.1", 0)) as ours:  # what listens outside isn't there inside
        code = f"import socket; socket.create_connection(('127.0.0.1', {ours.getsockname()[1]}), 2)"
        assert "refused" in offline(sys.executable, "-c", code).stderr


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["ask", "my toes are cramping"], "Step 1 of 4."),
        (["ask", "--audio", QUESTION], "Step 1 of 4."),
        (["run"], "A voice asks: my toes are cramping"),
        (["doctor", "--quick"], "speech model: "),
    ],
)
def test_commands_work_without_a_network(arguments, expected):
    done = offline(sys.executable, "-m", "voice_skill", *arguments, stdin=subprocess.DEVNULL)
    assert expected in done.stdout, done.stderr


@pytest.mark.rig
@pytest.mark.timeout(180)
def test_the_kiosk_works_without_a_network(virtual_audio):
    with RunningAssistant(virtual_audio.env, "--kiosk", "--region", "UK", before=OFFLINE) as assistant:
        assistant.ready()
        time.sleep(4)
        virtual_audio.play(QUESTION)
        assert assistant.wait_for(lambda e: e["entry"] == "relief-now")
        networks = {os.readlink(f"/proc/{pid}/ns/net") for pid in ("self", assistant.pid)}
        assert len(networks) == 2
        assistant.signal(signal.SIGTERM)
        assert assistant.exit_code() == 0


@pytest.mark.timeout(300)
def test_so_do_tests():
    """A part of the suite; all of it: scripts/test --offline."""
    parts = ("tests/article", "tests/conversation/test_machine.py", "tests/hearing/test_recognizer.py")
    done = offline(sys.executable, "-m", "pytest", "-q", "-m", "not registry", *parts)
    assert done.returncode == 0, done.stdout
