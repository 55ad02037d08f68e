"""Numpy computes with one thread: on a busy machine two of them wait for each other, longer than they work."""

from __future__ import annotations

import os
import subprocess
import sys

CODE = (
    "import voice_skill, numpy; from threadpoolctl import threadpool_info as t; print([p['num_threads'] for p in t()])"
)


def threads(**environment: str) -> str:
    own = {name: value for name, value in os.environ.items() if name != "OPENBLAS_NUM_THREADS"}
    done = subprocess.run(
        [sys.executable, "-c", CODE], env=own | environment, capture_output=True, text=True, check=True, timeout=60
    )
    return done.stdout.strip()


def test_numpy_computes_with_one_thread_unless_told_otherwise() -> None:
    assert threads() == "[1]"
    if (os.cpu_count() or 1) > 1:
        assert threads(OPENBLAS_NUM_THREADS="2") == "[2]"
