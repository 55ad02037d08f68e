"""The computer's sound devices: which there are, and which one a person means by a name.

Not for recording or playing. PortAudio is loaded here only, at the first call, so that a computer without it can
still be typed to.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from types import ModuleType

from voice_skill.errors import DeviceError, MissingPartError

CARDS = Path("/proc/asound/cards")  # Linux's own list, always true; absent where there is no sound hardware at all

NO_MICROPHONE_FIX = (
    "Plug one in and check with: voice-skill devices  (if it stays missing: sudo usermod -aG audio $USER, log in again)"
)


@dataclass(frozen=True, slots=True)
class SoundDevice:
    """One entry of PortAudio's list.

    index: its place in the list, which changes when devices come and go: never store it, store the name.
    inputs, outputs: channels; default_rate: Hz.
    """

    index: int
    name: str
    host_api: str
    inputs: int
    outputs: int
    default_rate: int
    default_input: bool
    default_output: bool

    def __str__(self) -> str:
        """A line for people: the name first, as a setting takes it."""
        ways = [
            f"{kind}{' (default)' if default else ''}"
            for kind, channels, default in (
                ("microphone", self.inputs, self.default_input),
                ("speaker", self.outputs, self.default_output),
            )
            if channels
        ]
        return f"{self.name}  [{self.host_api}, {self.default_rate} Hz]  {', '.join(ways)}"

    def as_json(self) -> dict[str, object]:
        """The fields by name."""
        return asdict(self)


def portaudio() -> ModuleType:
    """The sounddevice module.

    Raises:
        MissingPartError: the PortAudio library isn't installed.
    """
    try:
        import sounddevice
    except OSError as error:
        raise MissingPartError(
            f"The sound library PortAudio is missing ({error}).", fix="sudo apt-get install -y libportaudio2"
        ) from error
    return sounddevice


def list_devices() -> tuple[SoundDevice, ...]:
    """Every sound device, as of the last `refresh_devices` (or of the first call). May be empty.

    Raises:
        MissingPartError: the PortAudio library isn't installed.
    """
    sd = portaudio()
    apis = sd.query_hostapis()
    default_input, default_output = _default_index(sd, "input"), _default_index(sd, "output")
    return tuple(
        SoundDevice(
            index=index,
            name=device["name"],
            host_api=apis[device["hostapi"]]["name"],
            inputs=device["max_input_channels"],
            outputs=device["max_output_channels"],
            default_rate=round(device["default_samplerate"]),
            default_input=index == default_input,
            default_output=index == default_output,
        )
        for index, device in enumerate(sd.query_devices())
    )


def _default_index(sd: ModuleType, kind: str) -> int | None:
    try:
        return sd.query_devices(kind=kind)["index"]
    except sd.PortAudioError:
        return None  # there is none of this kind


def refresh_devices() -> None:
    """Makes PortAudio look again: it lists what there was when it started, and nothing plugged in later.

    It does so by starting PortAudio anew, which kills every open stream of this process, those that play as well.
    So only whoever owns *all* streams may call it, with all of them closed: in this program, the assistant.
    """
    sd = portaudio()
    sd._terminate()
    sd._initialize()


def plugged_in() -> str:
    """Which sound cards the machine has now: another text whenever one comes or goes. Never raises."""
    try:
        return CARDS.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def find_input(name: str | None) -> SoundDevice:
    """The microphone of that name, or the default one for None.

    Args:
        name: whole or in part, in any case. The whole name outranks a part; of equal names the first counts.

    Raises:
        DeviceError: none fits, or several fit in part.
        MissingPartError: the PortAudio library isn't installed.
    """
    inputs = [device for device in list_devices() if device.inputs > 0]
    if not inputs:
        raise DeviceError("No microphone was found.", fix=NO_MICROPHONE_FIX)
    if name is None:
        return next((device for device in inputs if device.default_input), inputs[0])
    wanted = name.casefold()
    whole = [device for device in inputs if device.name.casefold() == wanted]
    part = [device for device in inputs if wanted in device.name.casefold()]
    if whole:
        return whole[0]
    if len({device.name for device in part}) == 1:
        return part[0]
    names = ", ".join(f'"{device.name}"' for device in part or inputs)
    if part:
        raise DeviceError(f'Several microphones are called "{name}": {names}.', fix="Name one of them in full.")
    raise DeviceError(f'There is no microphone "{name}"; there are: {names}.', fix="Plug it in, or name another one.")
