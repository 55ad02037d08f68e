"""What it costs: start-up, one utterance, memory, an idle microphone. Each beside a reference, given as a ratio.

Every figure comes from a fresh process, so that one doesn't warm up another.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from statistics import median

from bench.figures import Table
from fit.files import CHECKOUT

RUNS = 5
# A start-up that everyone knows: Python with numpy.
REFERENCE = "import numpy"

_PROBE = """
import json, resource, time
from bench.figures import percentile
import numpy as np
from voice_skill.asking import Asker
from voice_skill.settings import load_settings
from voice_skill.skill import build
from bench import corpora

def rss_mb():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) / 1024 for line in status if line.startswith("VmRSS"))

settings = load_settings()
texts = [case.text for case in corpora.typed_cases()]
before_mb = rss_mb()
begin = time.perf_counter()
skill = build(settings)
build_ms = (time.perf_counter() - begin) * 1000
asker = Asker(skill, settings, load_ms=0)
asker.ask_text(texts[0])
times = []
for text in texts:
    begin = time.perf_counter()
    asker.ask_text(text)
    times.append((time.perf_counter() - begin) * 1000)
typed_mb = rss_mb()

from voice_skill.ears import open_ears
begin = time.perf_counter()
ears = open_ears(settings)
load_ms = (time.perf_counter() - begin) * 1000
loaded_mb = rss_mb()

room = (np.random.default_rng(1).normal(0, 10 ** (-60 / 20) * 32768, (60 * 50, 320))).astype(np.int16)
begin = time.process_time()
for frame in room:
    list(ears.listener.feed(frame.tobytes()))
idle = (time.process_time() - begin) / 60
print(json.dumps({"understand_p50_ms": percentile(times, 0.5), "understand_p95_ms": percentile(times, 0.95),
    "build_ms": build_ms, "understanding_mb": typed_mb - before_mb, "typed_rss_mb": typed_mb, "ears_load_ms": load_ms,
    "rss_mb": loaded_mb, "idle_cpu_percent": 100 * idle}))
"""


def measure() -> list[Table]:
    """One table."""
    reference = _wall_ms([sys.executable, "-c", REFERENCE])
    ask = _wall_ms([sys.executable, "-m", "voice_skill", "ask", "my toes are cramping"])
    done = subprocess.run([sys.executable, "-c", _PROBE], cwd=CHECKOUT, capture_output=True, text=True, check=True)
    probe = json.loads(done.stdout.splitlines()[-1])
    table = Table("cost", "Cost", ("what", "figure", "beside python + numpy starting"))
    table.figures.update(probe, ask_process_ms=ask, reference_process_ms=reference, ask_ratio=ask / reference)

    def row(what: str, ms: float) -> None:
        table.add(what, f"{ms:.1f} ms", f"{ms / reference:.2f} x")

    row("reference: python + numpy starting", reference)
    row("voice-skill ask, whole process", ask)
    row("building the skill from its cache", probe["build_ms"])
    row("understanding and answering, p50", probe["understand_p50_ms"])
    row("understanding and answering, p95", probe["understand_p95_ms"])
    row("loading and warming up the recognizer", probe["ears_load_ms"])
    table.add("memory that understanding adds", f"{probe['understanding_mb']:.0f} MB RSS", "")
    table.add("memory, typed only", f"{probe['typed_rss_mb']:.0f} MB RSS", "")
    table.add("memory with the recognizer", f"{probe['rss_mb']:.0f} MB RSS", "")
    table.add("idle open microphone (gate on a quiet room)", f"{probe['idle_cpu_percent']:.2f} % of a core", "")
    return [table]


def _wall_ms(command: list[str]) -> float:
    """Median wall time of `RUNS` runs, ms, after one that isn't counted."""
    times: list[float] = []
    for _ in range(RUNS + 1):
        begin = time.perf_counter()
        subprocess.run(command, cwd=CHECKOUT, stdout=subprocess.DEVNULL, check=True)
        times.append((time.perf_counter() - begin) * 1000)
    return median(times[1:])
