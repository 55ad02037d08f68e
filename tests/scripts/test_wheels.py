"""Every package of the lock has a ready-made wheel for a 64-bit Raspberry Pi, with one of the hashes in the lock."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LOCK = ROOT / "requirements.lock"
BUILT_THERE = "srt"  # plain Python, published as source only; everything else would need a compiler

AARCH64 = 183  # in the header of an ELF file

pytestmark = [pytest.mark.registry, pytest.mark.timeout(300)]


def uv():
    found = shutil.which("uv") or shutil.which("uv", path=ROOT / ".uv/bin")
    assert found, "uv is missing: run scripts/setup --test"
    return found


def install(lock, python, folder):
    """Unpack what Raspberry Pi OS (glibc 2.36, that of Debian 12, and later) would get with this Python."""
    command = [uv(), "pip", "install", "--python", str(ROOT / ".venv/bin/python"), "--target", str(folder)]
    command += ["--python-version", python, "--python-platform", "aarch64-manylinux_2_36", "--only-binary", ":all:"]
    command += ["--no-binary", BUILT_THERE, "--build-constraints", str(ROOT / "scripts/bootstrap.lock")]
    command += ["--require-hashes", "--requirement", str(lock)]
    return subprocess.run(command, capture_output=True, text=True, timeout=280, check=False)


@pytest.mark.parametrize("python", ["3.11", "3.13"])
def test_a_raspberry_pi_compiles_nothing(tmp_path, python):
    done = install(LOCK, python, tmp_path)
    assert done.returncode == 0, done.stderr
    installed = set(re.findall(r"^ \+ ([a-z0-9.-]+)==", done.stderr, re.MULTILINE))
    assert {"vosk", "numpy", "soxr", "webrtcvad-wheels", "rapidfuzz", "gpiozero"} <= installed
    assert ("lgpio" in installed) == (python == "3.11")  # later ones: scripts/install-kiosk takes the system's
    libraries = [path for path in tmp_path.rglob("*.so*") if path.read_bytes()[:4] == b"\x7fELF"]
    assert libraries
    assert {int.from_bytes(path.read_bytes()[18:20], "little") for path in libraries} == {AARCH64}


def test_a_package_without_a_wheel_would_be_noticed(tmp_path):
    text = LOCK.read_text()
    (tmp_path / "lock").write_text(re.sub(r"(lgpio==\S+) ;.*?( \\)$", r"\1\2", text, flags=re.MULTILINE))
    done = install(tmp_path / "lock", "3.13", tmp_path / "there")
    assert done.returncode != 0
    assert "lgpio" in done.stderr


def test_a_hash_that_does_not_fit_would_be_noticed(tmp_path):
    head, rest = LOCK.read_text().split("vosk==", 1)
    (tmp_path / "lock").write_text(head + "vosk==" + re.sub(r"sha256:\w+", "sha256:" + "0" * 64, rest))
    done = install(tmp_path / "lock", "3.11", tmp_path / "there")
    assert done.returncode != 0
    assert "ash" in done.stderr  # "Hash mismatch"
