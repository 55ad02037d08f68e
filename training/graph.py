"""The decoding graph of a Vosk model: `HCLr.fst` (from network outputs to words) and `Gr.fst` (which words follow).

The first is a prefix tree of pronunciations over CTC units, with `[unk]` as a loop of phones that sounds like English;
the second a language model. Vosk joins them while it decodes, so that a grammar can take the second's place. Needs
OpenFst's programs. Not for estimating language models (`ngram.py`).
"""

from __future__ import annotations

import math
import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from training import ngram, topology
from training.ngram import END, START, Context, NGramModel
from training.topology import Inventory, UnitIds
from voice_skill.errors import MissingPartError

UNKNOWN: Final = "[unk]"
EPSILON: Final = "<eps>"
PROGRAMS: Final = ("fstcompile", "fstarcsort", "fstconvert")
_PLUGIN = "olabel_lookahead-fst.so"
_PLUGIN_FOLDERS = ("/usr/lib/*/fst/[0-9]*", "/usr/lib/fst/[0-9]*", "/usr/local/lib/fst", "/usr/lib64/fst")
ROOT: Final = 0  # the start state of both transducers
_FIX = "sudo apt-get install libfst-tools libfst22-plugins-base"

Pronunciations = Mapping[str, Sequence[tuple[str, ...]]]


@dataclass(frozen=True, slots=True)
class GraphOptions:
    """Costs in nats, on top of the language model's. Vosk counts nine tenths of both in its results.

    inventory: which outputs the network has.
    word_cost: of every word.
    unk_cost: of entering `[unk]`.
    unk_phone_cost: of each phone in it, on top of how unusual it is after those before it.
    unk_order: how many phones the loop looks at to tell that, itself included.
    """

    inventory: Inventory = "phones"
    word_cost: float = 0.0
    unk_cost: float = -1.0
    unk_phone_cost: float = 0.0
    unk_order: int = 2


def write_graph(
    out: Path,
    phones: Sequence[str],
    lexicon: Pronunciations,
    english: Pronunciations,
    model: NGramModel,
    options: GraphOptions,
) -> None:
    """Write the folder `out/graph`.

    Args:
        out: the Vosk folder.
        phones: all of them, in the order of the network's outputs.
        lexicon: what the model can hear; words of the language model that aren't in it can't be said.
        english: general pronunciations, from which the sound of unknown words is learnt.
        model: the language model; its vocabulary is the lexicon's words, `[unk]`, and the sentence's end.

    Raises:
        MissingPartError: OpenFst's programs or its look-ahead plugin are missing.
        ValueError: a word has an unknown phone, or the vocabularies differ.
    """
    words = sorted(lexicon)
    if model.vocabulary != {*words, UNKNOWN, END}:
        odd = sorted(model.vocabulary.symmetric_difference({*words, UNKNOWN, END}))[:5]
        raise ValueError(f"words of only the language model or only the lexicon: {', '.join(odd)}")
    folder = out / "graph"
    folder.mkdir(parents=True, exist_ok=True)
    tools = OpenFst.find()
    ids = {word: number for number, word in enumerate([*words, UNKNOWN], start=1)}
    sounds = ngram.estimate((p for ps in english.values() for p in ps), phones, options.unk_order)
    sounding = _tree(_Units(phones, options.inventory), lexicon, sounds, ids, options)
    relabelled = tools.write_lookahead(sounding, folder / "HCLr.fst")
    ids = {word: relabelled[number] for word, number in ids.items()}
    symbols = [(EPSILON, 0), *sorted(ids.items(), key=lambda item: item[1])]
    (folder / "words.txt").write_text("".join(f"{word} {number}\n" for word, number in symbols), encoding="utf-8")
    tools.write_grammar(_language(model), folder / "words.txt", folder / "Gr.fst")
    (folder / "disambig_tid.int").write_text("", encoding="ascii")  # Vosk wants the file; nothing here needs such ids


class _Fst:
    """A transducer in OpenFst's text form. State 0 is the start."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._states = 0
        self.new()

    def new(self) -> int:
        self._states += 1
        return self._states - 1

    def arc(self, source: int, target: int, label_in: int | str, label_out: int | str, cost: float = 0.0) -> None:
        self._lines.append(f"{source}\t{target}\t{label_in}\t{label_out}\t{cost:.4f}")

    def final(self, state: int, cost: float = 0.0) -> None:
        self._lines.append(f"{state}\t{cost:.4f}")

    @property
    def text(self) -> str:
        """Lines of the start state first: that is how `fstcompile` knows it."""
        return "\n".join(sorted(self._lines, key=lambda line: not line.startswith("0\t"))) + "\n"


class _Units:
    """The transition ids of a phone in its place in a word."""

    def __init__(self, phones: Sequence[str], inventory: Inventory) -> None:
        self._inventory: Inventory = inventory
        self._number = {phone: n for n, phone in enumerate(phones, start=1)}

    def of(self, phone: str, *, last: bool) -> UnitIds:
        if phone not in self._number:
            raise ValueError(f"{phone!r} is no phone of this network")
        count = len(self._number)
        return topology.unit_ids(topology.output_of(self._inventory, count, self._number[phone], word_final=last))


def _tree(
    units: _Units, lexicon: Pronunciations, sounds: NGramModel, ids: Mapping[str, int], options: GraphOptions
) -> _Fst:
    """From transition ids to words. The root is where a word may begin, and where silence lasts."""
    fst = _Fst()
    fst.final(ROOT)
    fst.arc(ROOT, ROOT, topology.SILENCE, 0)
    spoken: dict[tuple[int, UnitIds], int] = {}  # from a node, through a unit: the state of being in it
    after: dict[int, int] = {}  # from that state: the node where its blanks last and the next unit begins
    for word in sorted(lexicon):
        for pronunciation in dict.fromkeys(lexicon[word]):
            node = ROOT
            for place, phone in enumerate(pronunciation, start=1):
                last = place == len(pronunciation)
                unit = units.of(phone, last=last)
                if (state := spoken.get((node, unit))) is None:
                    state = spoken[node, unit] = fst.new()
                    fst.arc(node, state, unit.first, 0)
                    fst.arc(state, state, unit.more, 0)
                if last:  # blanks after a word are silence: the root's
                    fst.arc(state, ROOT, 0, ids[word], options.word_cost)
                elif state in after:
                    node = after[state]
                else:
                    node = after[state] = fst.new()
                    fst.arc(state, node, 0, 0)
                    fst.arc(node, node, unit.blank, 0)
    _add_unknown(fst, units, sounds, ids[UNKNOWN], options)
    return fst


def _add_unknown(fst: _Fst, units: _Units, sounds: NGramModel, word: int, options: GraphOptions) -> None:
    """A loop that says anything, the dearer the less it sounds like English; two phones at least."""
    node = {context: fst.new() for context in sounds.seen}
    start = sounds.context((START,))
    fst.arc(ROOT, node[start], 0, word, options.unk_cost + options.word_cost)
    inner: dict[tuple[Context, str], int] = {}
    ends: dict[tuple[Context, str], int] = {}
    for context, followers in sounds.seen.items():
        for phone, probability in followers.items():
            if phone == END:
                continue
            cost = options.unk_phone_cost - math.log(probability)
            reached = sounds.context((*context, phone))
            within, last = units.of(phone, last=False), units.of(phone, last=True)
            if (reached, phone) not in inner:
                state, blanks = fst.new(), fst.new()
                inner[reached, phone] = state
                fst.arc(state, state, within.more, 0)
                fst.arc(state, blanks, within.blank, 0)
                fst.arc(blanks, blanks, within.blank, 0)
                fst.arc(state, node[reached], 0, 0)
                fst.arc(blanks, node[reached], 0, 0)
                ends[reached, phone] = fst.new()
                fst.arc(ends[reached, phone], ends[reached, phone], last.more, 0)
                fst.arc(ends[reached, phone], ROOT, 0, 0, -math.log(sounds.probability(reached, END)))
            fst.arc(node[context], inner[reached, phone], within.first, 0, cost)
            if context != start:
                fst.arc(node[context], ends[reached, phone], last.first, 0, cost)
        if context and context != start:
            fst.arc(node[context], node[sounds.context(context[1:])], 0, 0, -math.log(sounds.backoff[context]))


def _language(model: NGramModel) -> _Fst:
    """The language model as an acceptor of words; backing off reads nothing."""
    fst = _Fst()
    start = model.context((START,))
    state: dict[Context, int] = {start: 0}
    for context in model.seen:
        if context not in state:
            state[context] = fst.new()
    for context, followers in model.seen.items():
        here = state[context]
        for word, probability in followers.items():
            cost = -math.log(probability)
            if word == END:
                fst.final(here, cost)
            else:
                fst.arc(here, state[model.context((*context, word))], word, word, cost)
        if context and model.backoff[context] > 0:
            fst.arc(here, state[model.context(context[1:])], EPSILON, EPSILON, -math.log(model.backoff[context]))
    return fst


@dataclass(frozen=True, slots=True)
class OpenFst:
    """OpenFst's programs on this computer. plugins: the folder of its look-ahead type."""

    plugins: Path

    @classmethod
    def find(cls) -> OpenFst:
        """Raises MissingPartError when programs or plugin are missing."""
        for program in PROGRAMS:
            if shutil.which(program) is None:
                raise MissingPartError(f"OpenFst's program {program} isn't installed.", fix=_FIX)
        for pattern in _PLUGIN_FOLDERS:
            for folder in sorted(Path("/").glob(pattern.removeprefix("/"))):
                if (folder / _PLUGIN).is_file():
                    return cls(folder)
        raise MissingPartError(f"OpenFst's plugin {_PLUGIN} isn't installed.", fix=_FIX)

    def write_lookahead(self, fst: _Fst, out: Path) -> dict[int, int]:
        """Write a transducer that can look ahead to its output labels. Returns each label's new number."""
        pairs = out.with_suffix(".relabel")
        compiled = self._run(["fstarcsort", "--sort_type=olabel"], self._run(["fstcompile"], fst.text.encode()))
        convert = ["fstconvert", "--fst_type=olabel_lookahead", f"--save_relabel_opairs={pairs}", "-", str(out)]
        self._run(convert, compiled)
        numbers = pairs.read_text(encoding="ascii").split()
        pairs.unlink()
        return dict(zip(map(int, numbers[::2]), map(int, numbers[1::2]), strict=True))

    def write_grammar(self, fst: _Fst, symbols: Path, out: Path) -> None:
        """Write an acceptor of words, its symbols inside; `symbols` lies in the same folder."""
        name = symbols.name  # without the folder: the file keeps the name it was given
        named = [f"--isymbols={name}", f"--osymbols={name}", "--keep_isymbols", "--keep_osymbols"]
        compiled = self._run(["fstcompile", *named], fst.text.encode(), symbols.parent)
        ordered = self._run(["fstarcsort", "--sort_type=ilabel"], compiled)
        self._run(["fstconvert", "--fst_type=const", "-", str(out)], ordered)

    def _run(self, command: list[str], given: bytes, folder: Path | None = None) -> bytes:
        paths = [str(self.plugins), os.environ.get("LD_LIBRARY_PATH", "")]
        environment = {**os.environ, "LD_LIBRARY_PATH": os.pathsep.join(filter(None, paths))}
        done = subprocess.run(command, input=given, capture_output=True, check=False, cwd=folder, env=environment)
        if done.returncode:
            raise MissingPartError(
                f"OpenFst's {command[0]} failed: {done.stderr.decode(errors='replace').strip()[-300:]}", fix=_FIX
            )
        return done.stdout
