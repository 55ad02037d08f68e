"""Who can say a sentence: every voice of every engine, and the check that no held-out voice is ever among them.

A table and nothing more: the sound is made in the module of each engine's family. Weights are shares within an engine.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations, product

from training.heldout import is_held_out_voice
from voice_skill.errors import UsageError


class HeldOutVoiceError(UsageError):
    """A voice that the model is judged with was asked to speak for training."""


@dataclass(frozen=True)
class Voice:
    """A voice of an engine. `packs` are what it loads (several: their mean), `accent` a rewriting of phonemes.

    Raises HeldOutVoiceError for a held-out voice or a mixture with one, so that none can even be named.
    """

    engine: str
    name: str
    packs: tuple[str, ...]
    weight: float = 1.0
    british: bool = False
    accent: str = ""

    def __post_init__(self) -> None:
        for pack in (self.name, *self.packs):
            if is_held_out_voice(self.engine, pack):
                raise HeldOutVoiceError(
                    f"The voice {self.engine}:{pack} is held out: the model is judged with it.",
                    fix="Take it out of training/speech/voices.py.",
                )


# fmt: off
# Kokoro's packs, without the held-out ones: first letter the language (a American, b British), second the sex.
_US_WOMEN = ("af_alloy", "af_aoede", "af_heart", "af_jessica", "af_kore", "af_nicole", "af_river", "af_sarah", "af_sky")
_US_MEN = ("am_adam", "am_echo", "am_eric", "am_fenrir", "am_liam", "am_onyx", "am_santa")
_GB_WOMEN = ("bf_alice", "bf_isabella")
_GB_MEN = ("bm_daniel", "bm_fable")
NATIVE = (*_US_WOMEN, *_US_MEN, *_GB_WOMEN, *_GB_MEN)
FOREIGN = (
    "hf_alpha", "hf_beta", "hm_omega", "hm_psi", "ff_siwis", "em_alex", "em_santa", "if_sara", "pf_dora", "pm_alex",
    "pm_santa", "zf_xiaobei", "zf_xiaoni", "zf_xiaoxiao", "zf_xiaoyi", "zm_yunjian", "zm_yunxia", "zm_yunyang",
    "jf_gongitsune", "jf_nezumi", "jf_tebukuro", "jm_kumo",
)
_ESPEAK = (
    "en-us", "en-us+f2", "en-us+f3", "en-us+m3", "en-us+m7", "en-us+klatt", "en-us+Annie", "en-gb", "en-gb+f4",
    "en-gb+f5", "en-gb+m5", "en-gb-x-rp", "en-gb-x-rp+f4", "en-gb-scotland", "en-gb-scotland+f1",
)
# fmt: on
# Of what Kokoro says: as people are met, mostly native, many different, some with an accent.
_NATIVE, _MIXED, _FOREIGN, _ACCENTED = 0.48, 0.28, 0.14, 0.10
_BRITISH_TAUGHT = ("h", "f", "i")  # Hindi, French, Italian: English as taught there


def _kokoro() -> Iterator[Voice]:
    def voice(*packs: str, share: float, british: bool = False, accent: str = "") -> Voice:
        name = "+".join(packs) + (f"+{accent}" if accent else "")
        return Voice("kokoro", name, packs, share, british, accent)

    pairs = [
        pair
        for us, gb in ((_US_WOMEN, _GB_WOMEN), (_US_MEN, _GB_MEN))
        for pair in (*combinations(us, 2), *product(gb, us), *combinations(gb, 2))
    ]
    accents = [(pack, pack[0]) for pack in FOREIGN]
    accents += [(pack, "au") for pack in (*_GB_WOMEN, *_GB_MEN)] + [
        (pack, "sc") for pack in (*_GB_MEN, "am_echo", "af_river")
    ]
    for pack in NATIVE:
        yield voice(pack, share=_NATIVE / len(NATIVE), british=pack[0] == "b")
    for pair in pairs:
        yield voice(*pair, share=_MIXED / len(pairs), british=pair[0][0] == "b")
    for pack in FOREIGN:
        yield voice(pack, share=_FOREIGN / len(FOREIGN), british=pack[0] in _BRITISH_TAUGHT)
    for pack, accent in accents:
        yield voice(pack, share=_ACCENTED / len(accents), british=accent == "au", accent=accent)


VOICES: dict[str, tuple[Voice, ...]] = {
    "kokoro": tuple(_kokoro()),
    "hibari": (Voice("hibari", "heart", ("heart",)),),
    "piper": (Voice("piper", "joe", ("joe",)),),
    "flite": tuple(Voice("flite", name, (name,)) for name in ("awb", "slt", "kal16")),
    "festival": (
        Voice("festival", "kal", ("kal_diphone",)),
        Voice("festival", "ked", ("ked_diphone",)),
        Voice("festival", "slt-hts", ("cmu_us_slt_arctic_hts",), 1.5),
    ),
    "espeak": tuple(Voice("espeak", name, (name,)) for name in _ESPEAK),
}
ENGINES = tuple(VOICES)
# Of the hours asked for. Kokoro speaks best and slowest; of espeak-ng's words whisper (tiny.en) gets
# every third wrong, of the others' one in twenty at most: a pinch of it, for other voices' sake.
SHARES = {"kokoro": 0.29, "hibari": 0.15, "piper": 0.15, "flite": 0.21, "festival": 0.15, "espeak": 0.05}
LICENCES = {
    "kokoro": "Apache-2.0",
    "hibari": "Apache-2.0",
    "piper": "engine GPL-3.0-or-later, voice CC0-1.0",
    "flite": "BSD-like",
    "festival": "BSD-like",
    "espeak": "GPL-3.0-or-later",
}


def voice_named(engine: str, name: str) -> Voice:
    """Return a voice of the tables. Raises HeldOutVoiceError for a held-out one, UsageError for one there isn't."""
    Voice(engine, name, (name,))
    for voice in VOICES.get(engine, ()):
        if voice.name == name:
            return voice
    raise UsageError(f"There is no voice {engine}:{name}.", fix="The voices are in training/speech/voices.py.")
