"""Kaldi's binary file of an acoustic model (`final.mdl`): a transition model, then an nnet3 network, read and written.

Knows the container and the components that occur in TDNN-F models, and gives back every byte it read. It doesn't run
a network (`network.py`), nor know what its outputs mean (`topology.py`).
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from voice_skill.errors import ModelError

Array = npt.NDArray[Any]
Value = Array | bool | int | float | tuple[int | float, ...] | None

BINARY_MARK: Final = b"\0B"

# Kaldi marks a number's size, not its kind. These fields of components are whole numbers; all others are floats.
_WHOLE_NUMBERS: Final = frozenset(
    {"<Dim>", "<BlockDim>", "<RankIn>", "<RankOut>", "<RankInOut>", "<TimePeriod>", "<UpdatePeriod>"}
)
_ARRAY_MARKS: Final = {b"FM ": ("<f4", 2), b"FV ": ("<f4", 1), b"DM ": ("<f8", 2), b"DV ": ("<f8", 1)}


@dataclass(frozen=True, slots=True)
class State:
    """One emitting state of a phone's topology, or its end (no transitions, classes -1).

    forward, self_loop: which of the phone's pdf classes a frame belongs to, by the kind of transition taken.
    transitions: (destination state, probability).
    """

    forward: int
    self_loop: int
    transitions: tuple[tuple[int, float], ...]


@dataclass(frozen=True, slots=True)
class TransitionModel:
    """Which transition ids exist, and which network output (pdf) each reads.

    phones: ids from 1. topology_of: phone id -> index into `topologies`, -1 for ids without one (as id 0).
    tuples: (phone, state, forward pdf, self-loop pdf). log_probs: by transition id, [0] unused.
    hmm: both pdfs of a state are one, and the file says so in its shorter form.
    """

    phones: tuple[int, ...]
    topology_of: tuple[int, ...]
    topologies: tuple[tuple[State, ...], ...]
    tuples: tuple[tuple[int, int, int, int], ...]
    log_probs: Array
    hmm: bool


@dataclass(frozen=True, slots=True)
class Component:
    """One component of the network.

    type: as in the file without brackets, e.g. `TdnnComponent`.
    fields: `<Token>` -> value; None for a token that carries nothing. Arrays are read-only views.
    spans: where each array lies in `raw`, marks included.
    raw: the component's bytes, from `<ComponentName>` to its closing token.
    """

    name: str
    type: str
    fields: Mapping[str, Value]
    spans: Mapping[str, tuple[int, int]]
    raw: bytes = field(repr=False)

    def array(self, token: str) -> Array:
        """The array of this token. Raises KeyError when there is none."""
        value = self.fields[token]
        if not isinstance(value, np.ndarray):
            raise KeyError(f"{self.name} has no array {token}")
        return value

    def number(self, token: str) -> float:
        """The number of this token. Raises KeyError when there is none."""
        value = self.fields[token]
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise KeyError(f"{self.name} has no number {token}")
        return value

    def with_arrays(self, arrays: Mapping[str, Array]) -> Component:
        """The same component with other arrays (float32; any shape of the same rank). Raises KeyError, ValueError."""
        raw, fields = self.raw, dict(self.fields)
        for token in arrays:
            if arrays[token].ndim != self.array(token).ndim:
                raise ValueError(f"{self.name} {token}: {arrays[token].ndim} axes, not {self.array(token).ndim}")
        for token in sorted(arrays, key=lambda t: -self.spans[t][0]):  # from the back: spans before it stay true
            start, end = self.spans[token]
            raw = raw[:start] + array_bytes(arrays[token]) + raw[end:]
            fields[token] = np.ascontiguousarray(arrays[token], "<f4")
        return _Reader(raw).component()


@dataclass(frozen=True, slots=True)
class NnetFile:
    """A whole `final.mdl`.

    config: the network's lines, as `component-node name=… component=… input=…`.
    components: by name, in file order.
    left_context, right_context: input frames the network wants around each output frame.
    priors: log-prior per output that the decoder subtracts; usually empty.
    """

    transitions: TransitionModel
    config: tuple[str, ...]
    components: Mapping[str, Component]
    left_context: int
    right_context: int
    priors: Array

    def array(self, key: str) -> Array:
        """The array of `component.<Token>` written `component/<Token>`. Raises KeyError."""
        name, token = key.rsplit("/", 1)
        return self.components[name].array(token)

    def arrays(self) -> dict[str, Array]:
        """Every array of every component as `component/<Token>`."""
        return {f"{c.name}/{token}": c.array(token) for c in self.components.values() for token in c.spans}

    def with_arrays(self, arrays: Mapping[str, Array]) -> NnetFile:
        """The same network with other weights, keyed as in `arrays()`. Raises KeyError, ValueError."""
        by_component: dict[str, dict[str, Array]] = {}
        for key, value in arrays.items():
            name, token = key.rsplit("/", 1)
            by_component.setdefault(name, {})[token] = value
        components = dict(self.components)
        for name, new in by_component.items():
            components[name] = components[name].with_arrays(new)
        return replace(self, components=components)

    def to_bytes(self) -> bytes:
        """The file's bytes."""
        config = "".join(f"{line}\n" for line in self.config).encode()
        return b"".join(
            (
                BINARY_MARK,
                transition_bytes(self.transitions),
                b"<Nnet3> \n",
                config,
                b"\n<NumComponents> ",
                int_bytes(len(self.components)),
                *(component.raw for component in self.components.values()),
                b"</Nnet3> <LeftContext> ",
                int_bytes(self.left_context),
                b"<RightContext> ",
                int_bytes(self.right_context),
                b"<Priors> ",
                array_bytes(self.priors),
            )
        )


def read(path: Path) -> NnetFile:
    """Reads a `final.mdl`.

    Raises:
        ModelError: no such file, or not one this reader understands.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ModelError(f"{path} can't be read: {error.strerror}", fix="name an existing final.mdl") from error
    try:
        return parse(data)
    except (ValueError, IndexError, struct.error, UnicodeDecodeError) as error:
        raise ModelError(
            f"{path} is not an nnet3 acoustic model this program understands: {error}",
            fix="use a final.mdl as Vosk ships it (binary, not compressed)",
        ) from error


def parse(data: bytes) -> NnetFile:
    """The network in a file's bytes. Raises ValueError, IndexError or struct.error when they are something else."""
    if not data.startswith(BINARY_MARK):
        raise ValueError("no binary mark at the start")
    reader = _Reader(data, len(BINARY_MARK))
    transitions = reader.transition_model()
    reader.expect("<Nnet3>")
    end = data.index(b"<NumComponents>", reader.at)
    config = tuple(line for line in data[reader.at : end].decode("ascii").split("\n") if line)
    reader.at = end
    reader.expect("<NumComponents>")
    components = [reader.component() for _ in range(reader.whole())]
    reader.expect("</Nnet3>", "<LeftContext>")
    left = reader.whole()
    reader.expect("<RightContext>")
    right = reader.whole()
    reader.expect("<Priors>")
    priors = reader.array()
    return NnetFile(transitions, config, {c.name: c for c in components}, left, right, priors)


def int_bytes(value: int) -> bytes:
    """A 32-bit number with its size in front."""
    return b"\4" + struct.pack("<i", value)


def float_bytes(value: float) -> bytes:
    """A 32-bit float with its size in front."""
    return b"\4" + struct.pack("<f", value)


def double_bytes(value: float) -> bytes:
    """A 64-bit float with its size in front."""
    return b"\x08" + struct.pack("<d", value)


def ints_bytes(values: tuple[int, ...]) -> bytes:
    """A vector of 32-bit numbers: size of one, count, numbers."""
    return b"\4" + struct.pack(f"<i{len(values)}i", len(values), *values)


def array_bytes(array: Array, *, double: bool = False) -> bytes:
    """A matrix or vector, in single precision unless told."""
    mark = {1: b"V ", 2: b"M "}[array.ndim]
    sizes = b"".join(int_bytes(size) for size in array.shape)
    return (b"D" if double else b"F") + mark + sizes + np.ascontiguousarray(array, "<f8" if double else "<f4").tobytes()


def component_bytes(name: str, kind: str, *fields: tuple[str, bytes]) -> bytes:
    """A component from its fields' bytes, for those that no template has."""
    body = b"".join(f"{token} ".encode() + value for token, value in fields)
    return f"<ComponentName> {name} <{kind}> ".encode() + body + f"</{kind}> ".encode()


def new_component(name: str, kind: str, *fields: tuple[str, bytes]) -> Component:
    """A component made of its fields' bytes (see `component_bytes`)."""
    return _Reader(component_bytes(name, kind, *fields)).component()


def transition_bytes(model: TransitionModel) -> bytes:
    """The transition model's part of the file."""
    parts = [b"<TransitionModel> <Topology> ", ints_bytes(model.phones), ints_bytes(model.topology_of)]
    if not model.hmm:
        parts.append(int_bytes(-1))
    parts.append(int_bytes(len(model.topologies)))
    for states in model.topologies:
        parts.append(int_bytes(len(states)))
        for state in states:
            parts.append(int_bytes(state.forward))
            if not model.hmm:
                parts.append(int_bytes(state.self_loop))
            parts.append(int_bytes(len(state.transitions)))
            parts.extend(int_bytes(to) + float_bytes(probability) for to, probability in state.transitions)
    name = "Triples" if model.hmm else "Tuples"
    parts += [b"</Topology> ", f"<{name}> ".encode(), int_bytes(len(model.tuples))]
    for entry in model.tuples:
        parts.extend(int_bytes(value) for value in (entry[:3] if model.hmm else entry))
    parts += [f"</{name}> <LogProbs> ".encode(), array_bytes(model.log_probs), b"</LogProbs> </TransitionModel> "]
    return b"".join(parts)


class _Reader:
    """A place in a file's bytes. Every method moves it, and raises ValueError on anything unexpected."""

    def __init__(self, data: bytes, at: int = 0) -> None:
        self.data = data
        self.at = at

    def token(self) -> str:
        end = self.data.index(b" ", self.at)
        token, self.at = self.data[self.at : end].decode("ascii").lstrip("\n"), end + 1
        return token

    def expect(self, *tokens: str) -> None:
        for wanted in tokens:
            found = self.token()
            if found != wanted:
                raise ValueError(f"{found} at byte {self.at} where {wanted} belongs")

    def _number(self, formats: Mapping[int, str]) -> Any:
        size = self.data[self.at]
        if size not in formats:
            raise ValueError(f"no number at byte {self.at}")
        value = struct.unpack_from(formats[size], self.data, self.at + 1)[0]
        self.at += 1 + size
        return value

    def whole(self) -> int:
        return self._number({4: "<i"})

    def real(self) -> float:
        return self._number({4: "<f", 8: "<d"})

    def ints(self) -> tuple[int, ...]:
        if self.data[self.at] != 4:
            raise ValueError(f"no vector of numbers at byte {self.at}")
        (count,) = struct.unpack_from("<i", self.data, self.at + 1)
        values = struct.unpack_from(f"<{count}i", self.data, self.at + 5)
        self.at += 5 + 4 * count
        return values

    def array(self) -> Array:
        mark = self.data[self.at : self.at + 3]
        if mark not in _ARRAY_MARKS:
            raise ValueError(f"no plain matrix or vector at byte {self.at}")
        kind, rank = _ARRAY_MARKS[mark]
        self.at += 3
        shape = tuple(self.whole() for _ in range(rank))
        array = np.frombuffer(self.data, kind, int(np.prod(shape)), self.at).reshape(shape)
        self.at += array.nbytes
        return array

    def transition_model(self) -> TransitionModel:
        self.expect("<TransitionModel>", "<Topology>")
        phones, topology_of, count = self.ints(), self.ints(), self.whole()
        hmm = count != -1
        if not hmm:
            count = self.whole()
        topologies = tuple(tuple(self._state(hmm) for _ in range(self.whole())) for _ in range(count))
        self.expect("</Topology>", name := "<Triples>" if hmm else "<Tuples>")
        tuples = tuple(self._tuple(hmm) for _ in range(self.whole()))
        self.expect(f"</{name[1:]}", "<LogProbs>")
        log_probs = self.array()
        self.expect("</LogProbs>", "</TransitionModel>")
        return TransitionModel(phones, topology_of, topologies, tuples, log_probs, hmm)

    def _state(self, hmm: bool) -> State:
        forward = self.whole()
        self_loop = forward if hmm else self.whole()
        return State(forward, self_loop, tuple((self.whole(), self.real()) for _ in range(self.whole())))

    def _tuple(self, hmm: bool) -> tuple[int, int, int, int]:
        phone, state, forward = self.whole(), self.whole(), self.whole()
        return phone, state, forward, forward if hmm else self.whole()

    def component(self) -> Component:
        start = self.at
        self.expect("<ComponentName>")
        name, opening = self.token(), self.token()
        fields: dict[str, Value] = {}
        spans: dict[str, tuple[int, int]] = {}
        token = ""
        while True:
            if self.data[self.at : self.at + 1] == b"<":
                token = self.token()
                if token == f"</{opening[1:]}":
                    break
                fields[token] = None
                continue
            value_start = self.at
            value = self._value(token)
            if isinstance(value, np.ndarray):
                spans[token] = (value_start - start, self.at - start)
            before = fields.get(token)
            if before is None:
                fields[token] = value
            elif isinstance(before, tuple) and isinstance(value, int | float):
                fields[token] = (*before, value)
            elif isinstance(before, int | float) and isinstance(value, int | float):
                fields[token] = (before, value)
            else:
                raise ValueError(f"two arrays for {token} of {name}")
        return Component(name, opening[1:-1], fields, spans, self.data[start : self.at])

    def _value(self, token: str) -> Value:
        if token == "<TimeOffsets>":
            return self.ints()
        mark = self.data[self.at : self.at + 3]
        if mark in _ARRAY_MARKS:
            return self.array()
        if mark[:1] in (b"T", b"F"):
            self.at += 1
            return mark[:1] == b"T"
        return self.whole() if token in _WHOLE_NUMBERS else self.real()
