"""The voice gate: decides, frame by frame, where an utterance begins and ends, so that silence costs no decoding.

A pure state machine: the same frames give the same events; no clock, no thread. Not for words (`recognizer.py`).
It asks two questions of a frame. Does it sound like a voice (WebRTC's detector)? And does it stand out from the room?
The second is needed because WebRTC's detector calls every steady noise above -30 dBFS a voice: with it alone a fan at
-25 dBFS held the gate open for ever, and babble 20 dB below the speaker hid the end of every utterance.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import deque
from dataclasses import dataclass
from typing import Literal

from voice_skill.hearing.frames import FRAME_BYTES, FRAME_MS, SAMPLE_RATE, level_dbfs

# At its start the gate listens to the room for so long, and then judges that time as well. Without it, noise at the
# start of one recording in five was taken for an utterance, or speech at the start of another for the room's noise.
LEARN_MS = 1_000


@dataclass(frozen=True, slots=True)
class GateSettings:
    """How the gate decides. Defaults: measured on 384 clips of 8 voices, clean to 10 dB SNR; two were lost in noise.

    aggressiveness: WebRTC's mode, 0 (lets most through) to 3; 3 loses speech at -45 dBFS.
    floor_dbfs: a frame quieter than this is silence, whatever it sounds like.
    margin_db: how far a voice must stand out from the room's own noise. At 6 dB a fan at -25 dBFS still opens the gate.
    trigger, window: that many voiced frames within the window open it.
    preroll_ms: sound kept from before the first voiced frame: initial consonants are voiceless.
    end_silence_ms: this much without a voice ends the utterance.
    min_voiced_ms: an utterance with less voice is a click; the shortest "no" in noise has 80 ms.
    max_utterance_ms: then it is cut, e.g. when the radio talks on.
    """

    aggressiveness: int = 2
    floor_dbfs: float = -60.0
    margin_db: float = 9.0
    trigger: int = 3
    window: int = 10
    preroll_ms: int = 300
    end_silence_ms: int = 800
    min_voiced_ms: int = 80
    max_utterance_ms: int = 15_000


@dataclass(frozen=True, slots=True)
class SpeechStart:
    """Someone began to speak. audio: the pre-roll and all frames so far; at_ms: where it begins in the stream."""

    audio: bytes
    at_ms: int


@dataclass(frozen=True, slots=True)
class SpeechFrame:
    """The next frame of the utterance; `voiced` is False in its pauses."""

    audio: bytes
    voiced: bool


@dataclass(frozen=True, slots=True)
class SpeechEnd:
    """The utterance is over.

    at_ms: where that was decided in the stream; voice_end_ms: where the last voiced frame ended.
    reason: `silence`: enough quiet followed; `too long`: cut;
    `click`: too short to be a word, to be thrown away; `end of sound`: the stream itself ended.
    """

    at_ms: int
    voice_end_ms: int
    reason: Literal["silence", "too long", "click", "end of sound"]


GateEvent = SpeechStart | SpeechFrame | SpeechEnd


class NoiseFloor:
    """How loud the room is when nobody speaks: the quietest tenth of the last 3 s.

    A tenth, because even hurried speech pauses that long.
    """

    HISTORY = 3_000 // FRAME_MS

    def __init__(self) -> None:
        self._recent: deque[float] = deque(maxlen=self.HISTORY)
        self._sorted: list[float] = []

    def __len__(self) -> int:
        return len(self._recent)

    @property
    def dbfs(self) -> float:
        """The floor, dBFS. Raises IndexError before the first frame."""
        return self._sorted[len(self._sorted) // 10]

    def update(self, level: float) -> None:
        """Takes in one frame's level (dBFS)."""
        if len(self._recent) == self.HISTORY:
            del self._sorted[bisect_left(self._sorted, self._recent[0])]
        self._recent.append(level)
        insort(self._sorted, level)


class VoiceGate:
    """Frames in, events out."""

    def __init__(self, settings: GateSettings | None = None) -> None:
        self.settings = settings or GateSettings()
        self._begin_stream()

    @property
    def open(self) -> bool:
        """Whether an utterance is under way."""
        return self._open

    @property
    def patient(self) -> bool:
        """Whether it waits longer than the settings say."""
        return self._end_silence_ms > self.settings.end_silence_ms

    def wait(self, end_silence_ms: int) -> None:
        """Let this much silence end the utterance under way, instead of the settings'."""
        self._end_silence_ms = end_silence_ms

    def push(self, frame: bytes) -> list[GateEvent]:
        """Takes in one frame. The first second of a stream is judged all at once, at its end.

        Args:
            frame: 20 ms of 16 kHz mono int16. Raises ValueError for any other length.
        """
        if len(frame) != FRAME_BYTES:
            raise ValueError(f"a frame has {FRAME_BYTES} bytes, not {len(frame)}")
        level = level_dbfs(frame)
        self._floor.update(level)
        self._unjudged.append((frame, level))
        return self._judge() if len(self._floor) * FRAME_MS >= LEARN_MS else []

    def finish(self) -> list[GateEvent]:
        """The stream has ended, and with it the utterance under way, if any. For the next stream the gate is as new."""
        events = self._judge()
        if self._open:
            events.append(self._end("end of sound"))
        self._begin_stream()
        return events

    def discard(self) -> None:
        """Forgets the utterance under way and the pre-roll; what is known of the room's noise stays."""
        self._elapsed_ms += FRAME_MS * len(self._unjudged)
        self._unjudged.clear()
        self._close()

    def _begin_stream(self) -> None:
        import webrtcvad

        self._vad = webrtcvad.Vad(self.settings.aggressiveness)
        self._floor = NoiseFloor()
        self._unjudged: list[tuple[bytes, float]] = []
        self._elapsed_ms = 0
        self._close()

    def _judge(self) -> list[GateEvent]:
        events: list[GateEvent] = []
        for frame, level in self._unjudged:
            self._elapsed_ms += FRAME_MS
            # the detector adapts to what it is given, so it is given every frame, quiet ones too
            voice = self._vad.is_speech(frame, SAMPLE_RATE)
            loud = level > max(self._floor.dbfs + self.settings.margin_db, self.settings.floor_dbfs)
            events += (self._continue if self._open else self._wait)(frame, voice and loud)
        self._unjudged.clear()
        return events

    def _wait(self, frame: bytes, voiced: bool) -> list[GateEvent]:
        self._before.append((frame, voiced))
        recent = list(self._before)[-self.settings.window :]
        voiced_frames = sum(v for _, v in recent)
        if voiced_frames < self.settings.trigger:
            return []
        first_voiced = len(self._before) - len(recent) + next(i for i, (_, v) in enumerate(recent) if v)
        kept = list(self._before)[max(0, first_voiced - self.settings.preroll_ms // FRAME_MS) :]
        self._close()
        self._open = True
        self._voiced_ms = voiced_frames * FRAME_MS
        self._length_ms = len(kept) * FRAME_MS
        self._voice_end_ms = self._elapsed_ms
        return [SpeechStart(b"".join(f for f, _ in kept), self._elapsed_ms - self._length_ms)]

    def _continue(self, frame: bytes, voiced: bool) -> list[GateEvent]:
        events: list[GateEvent] = [SpeechFrame(frame, voiced)]
        self._length_ms += FRAME_MS
        if voiced:
            self._voiced_ms += FRAME_MS
            self._voice_end_ms = self._elapsed_ms
        if self._elapsed_ms - self._voice_end_ms >= self._end_silence_ms:
            events.append(self._end("silence"))
        elif self._length_ms >= self.settings.max_utterance_ms:
            events.append(self._end("too long"))
        return events

    def _end(self, reason: Literal["silence", "too long", "end of sound"]) -> SpeechEnd:
        click = self._voiced_ms < self.settings.min_voiced_ms
        end = SpeechEnd(self._elapsed_ms, self._voice_end_ms, "click" if click else reason)
        self._close()
        return end

    def _close(self) -> None:
        self._open = False
        self._voiced_ms = self._length_ms = self._voice_end_ms = 0
        self._end_silence_ms = self.settings.end_silence_ms
        before = self.settings.window + self.settings.preroll_ms // FRAME_MS
        self._before: deque[tuple[bytes, bool]] = deque(maxlen=before)
