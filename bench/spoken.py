"""Accuracy on recorded speech, through the same path as the microphone's: gate, Vosk, understanding.

All voices are synthetic and none speaks about real pain; people are harder. The tables say so.
"""

from __future__ import annotations

from collections.abc import Callable

from bench import corpora
from bench.corpora import Clip
from bench.figures import Share, Table, percentile
from bench.outcomes import flag_raised, outcome, word_errors
from voice_skill.asking import Answer, Asker

SYNTHETIC = "All voices are synthetic: expect less from people, above all far from the microphone."


def measure(asker: Asker, progress: Callable[[str], None]) -> list[Table]:
    """Tables by what is said, and by recording condition."""
    heard: list[tuple[Clip, Answer]] = []
    for clip in corpora.clips():
        progress(clip.file.name)
        heard.append((clip, asker.ask_file(clip.file)))
    return [_by_kind(heard), _by_condition(heard)]


def _by_kind(heard: list[tuple[Clip, Answer]]) -> Table:
    table = Table("spoken", "Spoken, tests/audio", ("what", "n", "right", "asked", "rejected", "wrong"))
    table.notes.append(SYNTHETIC)
    for kind in ("answer", "command"):
        outcomes = [outcome(a, tuple(c.entry.split("|"))) for c, a in heard if c.action == kind]
        shares = {name: Share(outcomes.count(name), len(outcomes)) for name in ("right", "asked", "rejected", "wrong")}
        table.add(kind, len(outcomes), *shares.values())
        table.figures[kind] = {name: value.as_json() for name, value in shares.items()}
    flags = [flag_raised(a, c.entry) for c, a in heard if c.entry.startswith("RF-")]
    raised = Share(sum(flags), len(flags))
    table.add("red flags: raised", len(flags), raised, "", "", "")
    table.figures["red flags"] = raised.as_json()
    outcomes = [outcome(a, ("none",)) for c, a in heard if c.action == "reject"]
    shares = {name: Share(outcomes.count(name), len(outcomes)) for name in ("accepted", "asked", "refused")}
    table.add("out of scope: accepted", len(outcomes), shares["accepted"], shares["asked"], shares["refused"], "")
    table.figures["out of scope"] = {name: value.as_json() for name, value in shares.items()}
    return table


def _by_condition(heard: list[tuple[Clip, Answer]]) -> Table:
    table = Table(
        "conditions", "Spoken, by recording condition", ("condition", "n", "right", "word errors", "decode RTF p50")
    )
    for condition in sorted({clip.condition for clip, _ in heard}):
        some = [(clip, answer) for clip, answer in heard if clip.condition == condition]
        right = Share(sum(_fine(clip, answer) for clip, answer in some), len(some))
        errors, words = (sum(values) for values in zip(*(_word_errors(c, a) for c, a in some), strict=True))
        rtf = percentile([a.timings_ms["decode"] / 1000 / a.recording.audio_s for _, a in some if a.recording], 0.5)
        table.add(condition, len(some), right, f"{100 * errors / words:.1f} %", f"{rtf:.3f}")
        table.figures[condition] = {"right": right.as_json(), "wer_percent": 100 * errors / words, "rtf_p50": rtf}
    return table


def _fine(clip: Clip, answer: Answer) -> bool:
    if clip.entry.startswith("RF-"):
        return flag_raised(answer, clip.entry)
    expected = ("none",) if clip.action == "reject" else tuple(clip.entry.split("|"))
    return outcome(answer, expected) in ("right", "refused")


def _word_errors(clip: Clip, answer: Answer) -> tuple[int, int]:
    decided = answer.exchange.decided
    return word_errors(clip.text, decided.heard if decided else "")
