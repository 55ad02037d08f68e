"""Speaks the sentences of the speech benchmark into Ogg files; run by `scripts/make-test-audio --bench`.

Clean speech only: rooms and noises are put on when the benchmark runs. The voices' engines are those of
`tests/audio/make.py`. The same row gives the same sound on the same kind of machine. Nothing else imports it.
"""

from __future__ import annotations

import argparse
import sys
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

import soundfile

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "audio")]

from make import RATE, SPEEDS, speak  # noqa: E402  # type: ignore[import-not-found]

from bench.speech.corpus import CLIPS, Clip, clips, stop_clips  # noqa: E402

if TYPE_CHECKING:
    import numpy as np

# libsndfile's scale from 0 (256 kbit/s a channel) to 1 (6 kbit/s). At this one (about 31 kbit/s) a weak model made
# 34.3 % word errors on 80 clips, and 33.7 % on the same as FLAC, which takes four times the space.
COMPRESSION = 0.9


def render(clip: Clip) -> np.ndarray:
    """The clip's samples, float64 at 16 kHz, speech at -26 dBFS; its file's name chooses the speed."""
    seed = zlib.crc32(clip.file.name.encode())
    return speak(clip.sentence.text, clip.voice, SPEEDS[seed % len(SPEEDS)])


def write(path: Path, samples: np.ndarray) -> None:
    """Opus at 16 kHz."""
    peak = abs(samples).max()
    if peak > 0.99:
        samples = samples * (0.99 / peak)
    soundfile.write(path, samples, RATE, format="OGG", subtype="OPUS", compression_level=COMPRESSION)


def main() -> None:
    """Make the clips that are missing, or all of them; take away those that no row names any more."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--all", action="store_true", help="also make the clips that are there")
    everything = parser.parse_args().all
    CLIPS.mkdir(exist_ok=True)
    wanted = [*clips(), *stop_clips()]
    for stale in set(CLIPS.glob("*.ogg")) - {clip.file for clip in wanted}:
        stale.unlink()
    for clip in wanted:
        if everything or not clip.file.exists():
            write(clip.file, render(clip))
            print(clip.file.name, flush=True)


if __name__ == "__main__":
    main()
