"""A private sound card for tests: a virtual microphone, a virtual speaker, the faults they can have, and ears.

One PulseAudio daemon per `VirtualAudio`, in its own folder, on its own socket: no hardware, no desktop session, no
files in the home folder; several may run at once. What a test plays comes out of the default input of whatever runs
with `VirtualAudio.env`; what that program plays is recorded. Not for judging what was spoken: see `mel.py`.
"""

from __future__ import annotations

import io
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import numpy as np
import soundfile
import soxr
from mel import log_mel_correlation
from recording import SPEAKER_HZ, FloatArray, Playback, Recording, end

__all__ = ["MICROPHONE_HZ", "SPEAKER_HZ", "Recording", "VirtualAudio", "log_mel_correlation", "said", "silent_house"]

MICROPHONE_HZ = 16_000
PROGRAMS = ("pulseaudio", "pactl", "pacat", "parec", "setpriv")
NEXT_STEP = "run `scripts/setup --test`, which installs the virtual sound card"

# norewinds, together with the keep-alive streams below, makes the null sinks run in blocks of about 20 ms: otherwise
# they render up to 2 s at once, and the first question loses its beginning.
# The default source is one that never goes away: whenever it changes, the server moves recorders along with it.
_DAEMON_SCRIPT = """\
.fail
load-module module-native-protocol-unix auth-anonymous=1 auth-cookie-enabled=0 socket={dir}/native
load-module module-cli-protocol-unix socket={dir}/cli
load-module module-null-sink sink_name=vmic_feed norewinds=1 rate={mic} channels=1 format=s16le
load-module module-null-sink sink_name=vspk norewinds=1 rate={spk} channels=2 format=s16le
set-default-sink vspk
set-default-source vmic_feed.monitor
"""
_MICROPHONE_MODULE = ("load-module", "module-remap-source", "master=vmic_feed.monitor", "source_name=vmic")

# ALSA sees these and nothing else, so no real sound card of the machine can get into a test. Each direction names its
# device: an unplugged microphone must not be replaced by the speaker's monitor, as PulseAudio would do.
_PLAYBACK = 'playback.pcm { type pulse server "unix:%s/native" device vspk }'
_CAPTURE = 'capture.pcm { type pulse server "unix:%s/native" device vmic }'


def silent_house(folder: Path) -> dict[str, str]:
    """Environment of a machine without any sound card, whatever this one has; `folder` gets the ALSA configuration."""
    return _environment(folder, "no-sound-card", f"{_PLAYBACK} {_CAPTURE}" % (folder / "none", folder / "none"))


def _environment(folder: Path, name: str, directions: str) -> dict[str, str]:
    config = folder / f"{name}.conf"
    config.write_text(f"pcm.default {{ type asym {directions} }}\nctl.default {{ type pulse }}\n", encoding="utf-8")
    return {
        "ALSA_CONFIG_PATH": str(config),
        "PULSE_SERVER": f"unix:{folder}/native",
        "PULSE_RUNTIME_PATH": f"{folder}/runtime",
        "PULSE_STATE_PATH": f"{folder}/state",
        "PULSE_COOKIE": f"{folder}/cookie",
        "VOICE_SKILL_MUTED_AFTER_S": "0",  # its silence is zeros, which a kiosk takes for a microphone switched off
    }


class VirtualAudio:
    """A running virtual sound card; use as a context manager.

    env: environment variables of a program that shall use it (both directions).
    env_without_microphone, env_without_speaker: the same card with one direction missing.
    socket: where the daemon listens; gone after `close`.

    Raises:
        RuntimeError: a program is missing, or the daemon did not come up; the message has the next step or its log.
    """

    def __init__(self) -> None:
        missing = [program for program in PROGRAMS if shutil.which(program, path=_search_path()) is None]
        if missing:
            raise RuntimeError(f"The virtual sound card lacks {', '.join(missing)}: {NEXT_STEP}")
        # not pytest's own folder: a socket's path may have 107 characters at most
        self._folder = Path(tempfile.mkdtemp(prefix="voice-skill-rig-"))
        self.socket = self._folder / "native"
        playback, capture = _PLAYBACK % self._folder, _CAPTURE % self._folder
        self.env = _environment(self._folder, "both", f"{playback} {capture}")
        self.env_without_microphone = _environment(self._folder, "speaker-only", playback)
        self.env_without_speaker = _environment(self._folder, "microphone-only", capture)
        self._daemon: subprocess.Popen[bytes] | None = None
        self._helpers: list[subprocess.Popen[bytes]] = []
        self._microphone_module = ""
        self._speakers: dict[str, str] = {}

    def __enter__(self) -> VirtualAudio:
        try:
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # --- life --------------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Start the daemon (again, after `kill`); returns when it serves and both directions are plugged in."""
        for name in ("runtime", "state", "config"):
            (self._folder / name).mkdir(mode=0o700, exist_ok=True)
        for name in ("native", "cli"):
            (self._folder / name).unlink(missing_ok=True)
        script = self._folder / "daemon.pa"
        script.write_text(_DAEMON_SCRIPT.format(dir=self._folder, mic=MICROPHONE_HZ, spk=SPEAKER_HZ), encoding="utf-8")
        log = self._folder / "daemon.log"
        # HOME and XDG_CONFIG_HOME: the person's own folders stay as they are; disable-shm: else the log fills up
        own = {"HOME": str(self._folder), "XDG_CONFIG_HOME": str(self._folder / "config")}
        options = (
            "--daemonize=no --system=no --use-pid-file=no --exit-idle-time=-1 --disallow-exit=yes --disable-shm=yes "
            f"--realtime=no --high-priority=no --log-level=notice --log-target=file:{log}"
        )
        environment = {key: value for key, value in (self._environment() | own).items() if key != "PULSE_SERVER"}
        self._daemon = self._spawn(["pulseaudio", "-n", "-F", str(script), *options.split()], env=environment)
        self._until(lambda: self.socket.exists() and self._answers(), "the sound server answers", log)
        self.plug_in_microphone()
        for device, rate in (("vmic_feed", MICROPHONE_HZ), ("vspk", SPEAKER_HZ)):
            command = ["pacat", "--playback", *_raw(device, rate, "s16le"), "--latency-msec=20"]
            with open("/dev/zero", "rb") as zeros:
                self._helpers.append(self._spawn(command, stdin=zeros))
        self._until(lambda: len(self.pactl("list", "short", "sink-inputs").splitlines()) >= 2, "both clocks run", log)

    def close(self) -> None:
        """End every process of the card, by its pid, and remove its folder."""
        self.thaw()
        for process in [*self._helpers, *([self._daemon] if self._daemon else [])]:
            end(process)
        self._helpers, self._daemon = [], None
        shutil.rmtree(self._folder, ignore_errors=True)

    # --- mouth and ears ----------------------------------------------------------------------------------------------

    def play(self, sound: str | Path | FloatArray, rate: int = MICROPHONE_HZ, *, wait: bool = True) -> Playback:
        """Let the virtual microphone hear a sound file, or samples in -1..1 at `rate` Hz (mono).

        16 kHz mono 16-bit sound arrives bit-exact; several at once are mixed. With `wait`, returns when the last sample
        has entered the microphone.
        """
        if isinstance(sound, np.ndarray):
            samples = sound
        else:
            channels, rate = soundfile.read(sound, dtype="float32", always_2d=True)
            samples = channels.mean(axis=1)
        if rate != MICROPHONE_HZ:
            samples = soxr.resample(samples, rate, MICROPHONE_HZ)
        pcm = np.clip(np.round(samples * 32768), -32768, 32767).astype("<i2")
        command = ["pacat", "--playback", *_raw("vmic_feed", MICROPHONE_HZ, "s16le"), "--latency-msec=200"]
        with tempfile.TemporaryFile(dir=self._folder) as file:
            file.write(pcm.tobytes())
            file.seek(0)
            playback = Playback(self._spawn(command, stdin=file))
        self._helpers.append(playback.process)
        if wait:
            playback.wait(timeout=30 + len(pcm) / MICROPHONE_HZ)
        return playback

    @contextmanager
    def record(self, source: str = "vspk.monitor") -> Iterator[Recording]:
        """Record what comes out of the speaker (or goes into the microphone: "vmic") until the block ends."""
        command = ["parec", *_raw(source, SPEAKER_HZ, "float32le"), "--latency-msec=20"]
        process = self._spawn(command, stdout=subprocess.PIPE)
        self._helpers.append(process)
        recording = Recording(process)
        try:
            recording.wait_until(lambda: recording.samples.size > 0, timeout=10, what="the recorder gets frames")
            yield recording
        finally:
            end(process)
            recording.join()

    # --- faults ------------------------------------------------------------------------------------------------------

    def pactl(self, *arguments: str) -> str:
        """Run `pactl` against this card and give its output; e.g. ("set-source-mute", "vmic", "1") gives zeros."""
        command = ["pactl", *arguments]
        done = subprocess.run(command, env=self._environment(), capture_output=True, text=True, timeout=20, check=False)
        if done.returncode:
            raise RuntimeError(f"{' '.join(command)}: {done.stderr.strip()}")
        return done.stdout.strip()

    def loop_back(self, gain_db: float = 0.0) -> None:
        """What the speaker plays is heard by the microphone, so much louder (negative: softer)."""
        volume = f"{gain_db:g}dB"
        module = self.pactl(
            "load-module", "module-loopback", "source=vspk.monitor", "sink=vmic_feed", "latency_msec=20"
        )
        for block in self.pactl("list", "sink-inputs").split("Sink Input #")[1:]:
            if f"Owner Module: {module}\n" in block:
                self.pactl("set-sink-input-volume", block.split(maxsplit=1)[0], volume)

    def suspend_microphone(self, suspended: bool = True) -> None:
        """The frames stop (or come again) without any error: the fault only a watchdog notices."""
        self.pactl("suspend-source", "vmic", str(int(suspended)))

    def unplug_microphone(self) -> None:
        """Streams from the microphone end, and it can't be opened again."""
        self.pactl("unload-module", self._microphone_module)
        self._kill_streams("source-output")

    def plug_in_microphone(self) -> None:
        """The microphone is there (again)."""
        self._microphone_module = self.pactl(*_MICROPHONE_MODULE)

    def add_speaker(self, name: str) -> dict[str, str]:
        """Plug in one more loudspeaker; environment of a program that sees it, beside "default", by this name."""
        if name not in self._speakers:
            self._speakers[name] = ""
            self.plug_in_speaker(name)
        config = self._folder / f"{'-'.join(self._speakers)}.conf"
        pcms = [
            f'pcm.{each} {{ type pulse server "{self.socket}" device {each} hint.description "{each}" }}\n'
            for each in self._speakers
        ]
        config.write_text(Path(self.env["ALSA_CONFIG_PATH"]).read_text() + "".join(pcms), encoding="utf-8")
        return self.env | {"ALSA_CONFIG_PATH": str(config)}

    def plug_in_speaker(self, name: str) -> None:
        """A loudspeaker of `add_speaker` is there (again)."""
        self._speakers[name] = self.pactl("load-module", "module-null-sink", f"sink_name={name}", "norewinds=1")

    def unplug_speaker(self, name: str) -> None:
        """Streams to it end, and it can't be opened again."""
        self.pactl("unload-module", self._speakers[name])
        self._kill_streams("sink-input")  # the server has moved them to the default one

    def kill(self) -> None:
        """The whole card goes away at once, in mid-stream; `start` brings it back."""
        if self._daemon:
            self._daemon.kill()
            self._daemon.wait()

    def freeze(self) -> None:
        """The sound server hangs, its connections stay open; `thaw` lets it go on."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Undo `freeze`."""
        self._signal(signal.SIGCONT)

    # --- inside ------------------------------------------------------------------------------------------------------

    def _environment(self) -> dict[str, str]:
        return os.environ | self.env | {"PATH": _search_path()}

    def _spawn(
        self,
        command: list[str],
        stdin: int | IO[bytes] = subprocess.DEVNULL,
        stdout: int = subprocess.DEVNULL,
        env: dict[str, str] | None = None,
    ) -> subprocess.Popen[bytes]:
        # pdeathsig: nothing may outlive a test run that is killed
        command = ["setpriv", "--pdeathsig", "KILL", *command]
        env = env or self._environment()
        return subprocess.Popen(command, stdin=stdin, stdout=stdout, stderr=subprocess.DEVNULL, env=env)

    def _signal(self, number: signal.Signals) -> None:
        if self._daemon and self._daemon.poll() is None:
            self._daemon.send_signal(number)

    def _answers(self) -> bool:
        try:
            self.pactl("info")
        except RuntimeError:
            return False
        return True

    def _until(self, condition: Callable[[], bool], what: str, log: Path) -> None:
        deadline = time.monotonic() + 30
        while not condition():
            ended = self._daemon is None or self._daemon.poll() is not None
            if ended or time.monotonic() > deadline:
                told = log.read_text(errors="replace") if log.exists() else "(no log)"
                raise RuntimeError(f"The virtual sound card did not get to where {what}: {told}")
            time.sleep(0.02)

    def _kill_streams(self, kind: str) -> None:
        """Ends all but the card's own."""
        own = {str(helper.pid) for helper in self._helpers}
        for block in self.pactl("list", f"{kind}s").split(f"{kind.replace('-', ' ').title()} #")[1:]:
            if not any(f'application.process.id = "{pid}"' in block for pid in own):
                self._tell_server(f"kill-{kind} {block.split(maxsplit=1)[0]}")

    def _tell_server(self, line: str) -> None:
        # the only way to end one stream: pactl has no word for it
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(str(self._folder / "cli"))
            connection.settimeout(10)
            connection.sendall(f"{line}\n".encode())
            connection.shutdown(socket.SHUT_WR)
            while connection.recv(4096):
                pass


def said(text: str) -> FloatArray:
    """A sentence in another voice than the assistant's, at `MICROPHONE_HZ` and -26 dBFS."""
    command = ["flite", "-voice", "slt", "-t", text, "-o", "/dev/stdout"]
    wave = subprocess.run(command, capture_output=True, check=True).stdout
    samples, rate = soundfile.read(io.BytesIO(wave), dtype="float32")
    sound = soxr.resample(samples, rate, MICROPHONE_HZ)
    return (sound * 10 ** (-26 / 20) / np.sqrt(np.mean(sound**2))).astype(np.float32)


def _search_path() -> str:
    # set-up puts pulseaudio beside Python where the system's own sound excludes the package
    return os.pathsep.join([f"{sys.prefix}/bin", os.environ.get("PATH", os.defpath)])


def _raw(device: str, rate: int, sample_format: str) -> list[str]:
    return ["--raw", f"--device={device}", f"--rate={rate}", "--channels=1", f"--format={sample_format}"]
