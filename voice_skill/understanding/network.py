"""Reads a sentence as a whole: a small transformer, taught with all our sentences, that also knows words they lack.

The votes (`votes.py`) know only words they have seen; this knows that "spasm" is like "cramp" and "my ticker" like "my
heart". Three layers of a public sentence encoder, taught further by `scripts/fit`. Its numbers can't be read by a
person, so it is one feature among others for the matcher and a second pair of ears for the red flags. Pure arithmetic;
not for teaching it (`fit/`).
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

NETWORK_FILE = "network.npz"
LONGEST = 40  # word pieces, the marks at both ends included: what comes after them is not read
UNLIKELIEST = -7.0  # nats: of a label that the network rules out

_BEGIN, _END, _UNKNOWN = "[CLS]", "[SEP]", "[UNK]"
HEADS = 12  # of attention, as in the encoder it comes from
_EPSILON = 1e-12
_SCALES = ":scale"  # of a matrix, behind its name in the file
REMEMBERED = 256  # texts
_CACHED = 384 * 192  # floats: 0.3 MB

Floats = NDArray[np.floating[Any]]  # of 32 bits


@dataclass(frozen=True, slots=True)
class Rounded:
    """A matrix as its file has it, a quarter of the size.

    whole: outputs x inputs, whole numbers -127..127.
    scales: outputs; each row of `whole` is to be multiplied by its own.
    """

    whole: NDArray[np.int8]
    scales: Floats

    @classmethod
    def of(cls, matrix: Floats) -> Rounded:
        """Of outputs x inputs."""
        scales = np.maximum(np.abs(matrix).max(axis=1) / 127, 1e-12).astype(np.float32)
        return cls(np.rint(matrix / scales[:, None]).astype(np.int8, order="C"), scales)

    def rows(self, numbers: Any = slice(None)) -> Floats:
        """These rows, or all, as floats."""
        rows: Floats = self.whole[numbers] * self.scales[numbers, None]
        return rows

    def applied_to(self, x: Floats) -> Floats:
        """Pieces x inputs to pieces x outputs.

        A few rows at a time become floats: so many stay in the processor's cache, and a sentence waits for memory
        longer than for arithmetic. As floats ahead of time they took four times the memory and, all in all, longer.
        """
        outputs, inputs = self.whole.shape
        across = np.ascontiguousarray(x.T)
        found = np.empty((outputs, len(x)), np.float32)
        rows = max(1, _CACHED // inputs)
        room = np.empty((min(rows, outputs), inputs), np.float32)
        for start in range(0, outputs, rows):
            some = self.whole[start : start + rows]
            np.copyto(room[: len(some)], some)
            np.matmul(room[: len(some)], across, out=found[start : start + rows])
        found *= self.scales[:, None]
        return found.T


Layer = Mapping[str, Any]  # by name: vectors, and matrices either as floats (inputs x outputs) or `Rounded`


@dataclass(frozen=True, slots=True)
class Reading:
    """What the network makes of one text.

    labels: log-probability of each label, in the order asked for; at least `UNLIKELIEST`.
    flags: log-probability of each red flag, and of `NO_FLAG` (`training.py`).
    """

    labels: NDArray[np.float64]
    flags: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class NetworkWeights:
    """The network's numbers.

    pieces: the word pieces, in the order of the rows of `words`; what continues a word begins with "##".
    labels, flags: what the outputs stand for, in order; `flags` includes `NO_FLAG`.
    words: pieces x width.
    places: longest x width, added by position.
    layers: what each layer multiplies by and adds (see `_attend`, `_rethink`).
    ends: what stands before and after the layers: `first.gain`, `first.bias`, `out.weight` (floats), `out.bias`.
    trained_on: digest of the sentences it was taught with.
    """

    pieces: tuple[str, ...]
    labels: tuple[str, ...]
    flags: tuple[str, ...]
    words: Rounded
    places: Floats
    layers: tuple[Layer, ...]
    ends: Layer
    trained_on: str


class SentenceNetwork:
    """The network, ready to read.

    Args:
        weights: its numbers.
        labels: the labels whose probabilities are wanted, in this order; one that it doesn't know is never likely.
        remembers: of so many texts it keeps what it made of them.
    """

    def __init__(self, weights: NetworkWeights, labels: Sequence[str], remembers: int = REMEMBERED) -> None:
        self._weights = weights
        self.trained_on = weights.trained_on
        self._number = {piece: number for number, piece in enumerate(weights.pieces)}
        self.unknown = self._number[_UNKNOWN]
        self._columns = [weights.labels.index(label) if label in weights.labels else None for label in labels]
        self.pieces_of = lru_cache(maxsize=20_000)(self._pieces_of)
        self._remembers = remembers
        self._remembered: dict[str, Reading] = {}

    def read(self, texts: Sequence[str]) -> list[Reading]:
        """What it makes of each normalised text; of an empty one too. Several at once take little longer than one."""
        new = [text for text in dict.fromkeys(texts) if text not in self._remembered]
        if len(self._remembered) + len(new) > self._remembers:
            self._remembered, new = {}, list(dict.fromkeys(texts))
        self._remembered |= zip(new, self._readings(new), strict=True)
        return [self._remembered[text] for text in texts]

    def _readings(self, texts: Sequence[str]) -> Iterator[Reading]:
        if not texts:
            return
        count = len(self._weights.labels)
        for sums in self.outputs([self.numbers(text) for text in texts]):
            meant, flagged = _log_softmax(sums[:count]), _log_softmax(sums[count:])
            row = [UNLIKELIEST if column is None else float(meant[column]) for column in self._columns]
            flags = dict(zip(self._weights.flags, flagged.tolist(), strict=True))
            yield Reading(np.maximum(np.array(row), UNLIKELIEST), flags)

    def numbers(self, text: str) -> list[int]:
        """The numbers of the pieces of a normalised text, with the marks at both ends, `LONGEST` at most."""
        inner = [number for word in text.split() for number in self.pieces_of(word)]
        return [self._number[_BEGIN], *inner[: LONGEST - 2], self._number[_END]]

    def _pieces_of(self, word: str) -> tuple[int, ...]:
        """The longest piece that the word begins with, the longest that the rest begins with, and so on."""
        found: list[int] = []
        start = 0
        while start < len(word):
            for end in range(len(word), start, -1):
                number = self._number.get(("##" if start else "") + word[start:end])
                if number is not None:
                    found.append(number)
                    start = end
                    break
            else:
                return (self.unknown,)
        return tuple(found)

    def outputs(self, rows: Sequence[Sequence[int]]) -> Floats:
        """Texts x outputs, of rows of `numbers`.

        All pieces of all texts go through the layers together; only attention keeps texts apart. After the last text
        come empty pieces that nobody looks at, see `_filled_up`.
        """
        w = self._weights
        edges = np.cumsum([0, *map(len, rows)]).tolist()
        pieces = np.concatenate([np.asarray(row) for row in rows])
        places = np.concatenate([w.places[: len(row)] for row in rows])
        x = np.zeros((_filled_up(len(pieces)), places.shape[1]), np.float32)
        x[: len(pieces)] = w.words.rows(pieces) + places
        x = _levelled(x, w.ends, "first")
        for layer in w.layers:
            x = _rethink(_attend(x, edges, layer), layer)
        means = np.stack([x[start:end].mean(axis=0) for start, end in pairwise(edges)])
        return _through(means, w.ends, "out")


def _filled_up(pieces: int) -> int:
    """How many pieces to compute with: 8, or a multiple of 16. OpenBLAS is a third slower with 11 than with 16."""
    return 8 if pieces <= 8 else -(-pieces // 16) * 16


def _through(x: Floats, numbers: Layer, name: str) -> Floats:
    """Pieces x inputs to pieces x outputs."""
    matrix = numbers[f"{name}.weight"]
    sums: Floats = matrix.applied_to(x) if isinstance(matrix, Rounded) else x @ matrix
    return sums + numbers[f"{name}.bias"]


def _attend(x: Floats, edges: Sequence[int], layer: Layer) -> Floats:
    """Every piece looks at the other pieces of its text and takes something of them."""
    wide = _through(x, layer, "look")  # what it seeks, what it offers, what it gives: side by side
    size = wide.shape[1] // (3 * HEADS)
    mixed = np.zeros((len(x), HEADS * size), np.float32)
    for start, end in pairwise(edges):
        seeks, offers, gives = wide[start:end].reshape(end - start, 3, HEADS, size).transpose(1, 2, 0, 3)
        close = np.exp(_log_softmax(seeks @ offers.transpose(0, 2, 1) / np.float32(size**0.5)))
        mixed[start:end] = (close @ gives).transpose(1, 0, 2).reshape(end - start, -1)
    return _levelled(x + _through(mixed, layer, "take"), layer, "taken")


def _rethink(x: Floats, layer: Layer) -> Floats:
    """Every piece is worked on by itself."""
    inner = _bent(_through(x, layer, "widen"))
    return _levelled(x + _through(inner, layer, "narrow"), layer, "thought")


def _levelled(x: Floats, numbers: Layer, name: str) -> Floats:
    """Layer normalisation."""
    width = np.float32(x.shape[-1])
    centred = x - np.add.reduce(x, axis=-1, keepdims=True) / width
    spread = np.sqrt(np.einsum("...w,...w->...", centred, centred) / width + np.float32(_EPSILON))
    centred /= spread[..., None]
    centred *= numbers[f"{name}.gain"]
    centred += numbers[f"{name}.bias"]
    return centred


def _bent(x: Floats) -> Floats:
    """The activation GELU, by its usual approximation with tanh."""
    return np.float32(0.5) * x * (1 + np.tanh(np.float32(0.7978845608) * (x + np.float32(0.044715) * x * x * x)))


def _log_softmax(x: Any) -> Any:
    raised = x - x.max(axis=-1, keepdims=True)
    return raised - np.log(np.exp(raised).sum(axis=-1, keepdims=True))


@cache
def shipped_network(labels: tuple[str, ...]) -> SentenceNetwork:
    """The network that comes with the program, for these labels. Reads its file, once."""
    return SentenceNetwork(shipped_network_weights(), labels)


def shipped_network_weights() -> NetworkWeights:
    """The numbers that come with the program. Reads their file."""
    return parse_network(files("voice_skill.understanding").joinpath(NETWORK_FILE).read_bytes())


def parse_network(data: bytes) -> NetworkWeights:
    """The numbers in a network file. Raises ValueError, KeyError or zipfile.BadZipFile for a damaged one."""
    with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
        about: dict[str, Any] = json.loads(arrays["about"].tobytes())
        named: dict[str, Any] = {name: arrays[name] for name in arrays.files if name != "about"}
    for name in [name for name in named if name.endswith(_SCALES)]:
        matrix = name.removesuffix(_SCALES)
        named[matrix] = Rounded(named[matrix], named.pop(name))
    named["out.weight"] = named["out.weight"].rows().T
    layers = [
        {name.partition("/")[2]: value for name, value in named.items() if name.startswith(f"{number}/")}
        for number in range(about["layers"])
    ]
    return NetworkWeights(
        pieces=tuple(about["pieces"]),
        labels=tuple(about["labels"]),
        flags=tuple(about["flags"]),
        words=named.pop("words"),
        places=named.pop("places"),
        layers=tuple(layers),
        ends={name: value for name, value in named.items() if "/" not in name},
        trained_on=about["trained_on"],
    )


def written_network(weights: NetworkWeights) -> bytes:
    """The content of a network file: matrices as whole numbers -127..127, with a scale for each output."""
    about = {
        "pieces": weights.pieces,
        "labels": weights.labels,
        "flags": weights.flags,
        "layers": len(weights.layers),
        "trained_on": weights.trained_on,
    }
    arrays: dict[str, NDArray[Any]] = {"about": np.frombuffer(json.dumps(about).encode(), dtype=np.uint8)}
    named: dict[str, Any] = {"words": weights.words, "places": weights.places, **weights.ends}
    for number, layer in enumerate(weights.layers):
        named |= {f"{number}/{name}": value for name, value in layer.items()}
    for name, value in named.items():
        matrix = Rounded.of(value.T) if name.endswith(".weight") and not isinstance(value, Rounded) else value
        arrays |= {name: matrix.whole, name + _SCALES: matrix.scales} if isinstance(matrix, Rounded) else {name: matrix}
    out = io.BytesIO()
    np.savez(out, allow_pickle=False, **arrays)
    return out.getvalue()
