"""What a model costs: the size of its folder, the time to load it, the memory it takes. Each load in a fresh process.

Not for the cost of the whole program (`bench/cost.py`).
"""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from fit.files import CHECKOUT

RUNS = 3
_PROBE = """
import json, sys, time
from pathlib import Path
import vosk, numpy
from voice_skill.hearing.models import CheckedModel
from voice_skill.hearing.recognizer import Recognizer, SpeechModel

def rss_mb():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) / 1024 for line in status if line.startswith("VmRSS"))

before = rss_mb()
begin = time.perf_counter()
model = SpeechModel(CheckedModel("model", Path(sys.argv[1]), ""))
recognizer = Recognizer(model)
recognizer.warm_up()
load_ms = (time.perf_counter() - begin) * 1000
print(json.dumps({"load_ms": load_ms, "rss_mb": rss_mb(), "model_mb": rss_mb() - before}))
"""


@dataclass(frozen=True, slots=True)
class CostFigures:
    """folder_mb: 10^6 bytes; load_ms: loading and warming up; rss_mb: the process then; model_mb: the model's part."""

    folder_mb: float
    load_ms: float
    rss_mb: float
    model_mb: float


def measure(folder: Path) -> CostFigures:
    """Medians of `RUNS` loads."""
    size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) / 1e6
    probes: list[dict[str, float]] = []
    for _ in range(RUNS):
        command = [sys.executable, "-c", _PROBE, str(folder.resolve())]
        done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=True)
        probes.append(json.loads(done.stdout.splitlines()[-1]))
    return CostFigures(size, *(median(probe[name] for probe in probes) for name in ("load_ms", "rss_mb", "model_mb")))
