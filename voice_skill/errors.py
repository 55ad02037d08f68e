"""Every failure a user may meet, in one hierarchy. Each names its cause, the next step, and the exit code.

Not for bugs: those stay ordinary exceptions, go to the log, and reach the user as one line without a traceback.
"""

from __future__ import annotations

EXIT_ANSWERED_WITH_ERROR = 1
EXIT_USAGE = 2
EXIT_MISSING_PART = 3


class VoiceSkillError(Exception):
    """A failure with a cause and a next step.

    Args:
        cause: what went wrong, one sentence, in the user's words.
        fix: what to do about it; when it is a command, the command itself.
    """

    exit_code: int = EXIT_ANSWERED_WITH_ERROR

    def __init__(self, cause: str, *, fix: str) -> None:
        super().__init__(cause)
        self.cause = cause
        self.fix = fix

    def __str__(self) -> str:
        return f"{self.cause}\n  -> {self.fix}"


class UsageError(VoiceSkillError):
    """The command line or a setting asks for something that doesn't exist."""

    exit_code = EXIT_USAGE


class ContentError(VoiceSkillError):
    """A content file breaks a rule of `article/schema.py`; the cause starts with `file:line:`."""


class AudioFileError(VoiceSkillError):
    """A sound file can't be read as speech."""


class MissingPartError(VoiceSkillError):
    """A part the skill needs (library, device, model, voice) isn't there; the fix is the command that brings it."""

    exit_code = EXIT_MISSING_PART


class ModelError(MissingPartError):
    """A speech model is absent, damaged, or not what its manifest says."""


class DeviceError(MissingPartError):
    """A microphone or speaker is absent, busy, or went away."""


class VoiceError(MissingPartError):
    """The voice engine is absent, hangs, or refuses a text."""
