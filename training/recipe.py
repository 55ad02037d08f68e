"""What a training run is made of: every choice that changes the model, read from a TOML file. No work is done here.

`recipe.toml` made the bundled model; `mini.toml` is the same in small, run by the tests.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import tomllib
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from training.topology import Inventory
from voice_skill.errors import UsageError

HERE = Path(__file__).parent

Share = Annotated[float, Field(ge=0, le=1)]
Positive = Annotated[float, Field(gt=0)]
Objective = Literal["ctc", "frame", "mmi"]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class SpeechPart(_Part):
    """How much is spoken. sentences: at most so many (0: all); engines: which (none named: all there are)."""

    engines: tuple[str, ...] = ()
    sentences: int = 0
    hours: Positive = 30.0


class FeaturesPart(_Part):
    """Clips, spoilt in different ways, as MFCC.

    voice_hours: at most so much of one voice, so that a quick engine doesn't outweigh the others (0: no limit);
    copies, people_copies: of a synthetic clip, of a person's; spoilt: share with added noise, at `snr_db`; roomy: share
    with echoes.
    """

    voice_hours: float = Field(default=0.0, ge=0)
    copies: int = Field(default=1, ge=1)
    people_copies: int = Field(default=8, ge=0)
    spoilt: Share = 0.6
    snr_db: tuple[float, float] = (3.0, 30.0)
    roomy: Share = 0.35


class TrainPart(_Part):
    """How the network learns.

    first_layer: the lowest layer that moves, 1 to 17 (the output); epochs: how often each stored copy is seen;
    steps: batches, whatever `epochs` says (0: as it says);
    seconds: audio of one batch; rate: scales every step; masks: stretches hidden at most; average: decay of the
    weights' running average (0: the last weights are kept).
    """

    objective: Objective = "ctc"
    units: Inventory = "phones"
    mean_normalised: bool = True
    first_layer: int = Field(default=2, ge=1, le=17)
    epochs: Positive = 1.0
    steps: int = Field(default=0, ge=0)
    seconds: Positive = 120.0
    rate: Positive = 1.0
    dropout: Share = 0.05
    masks: int = Field(default=2, ge=0)
    average: Share = 0.0


class GraphPart(_Part):
    """What the decoder may hear: n-gram order, pruning, how dear `[unk]` is, how much each kind of sentence weighs."""

    order: int = Field(default=3, ge=2, le=4)
    prune: float = Field(default=1e-8, ge=0)
    unk_cost: float = -1.0
    word_cost: float = 0.0
    acoustic_scale: Positive = 1.0
    blank_bias: float = -2.5
    weights: dict[str, float] = Field(
        default_factory=lambda: {"about": 0.4, "command": 0.15, "flag": 0.2, "everyday": 0.25}
    )
    beam: Positive = 12.0
    max_active: int = 3000
    lattice_beam: Positive = 4.0


class Recipe(_Part):
    """All choices of one run. `seed` decides every random draw; `history`: what the start had learnt, for the card."""

    seed: int = 4
    history: str = ""
    speech: SpeechPart = SpeechPart()
    features: FeaturesPart = FeaturesPart()
    train: TrainPart = TrainPart()
    graph: GraphPart = GraphPart()


def load(file: Path) -> Recipe:
    """Read a recipe. Raises UsageError that names the file and the field when it is missing or wrong."""
    try:
        return Recipe.model_validate(tomllib.loads(file.read_text(encoding="utf-8")))
    except OSError as error:
        raise UsageError(
            f"The recipe {file} can't be read: {error.strerror}.", fix="Name a TOML file as in training/recipe.toml."
        ) from error
    except tomllib.TOMLDecodeError as error:
        raise UsageError(
            f"The recipe {file} is not TOML: {error}.", fix="Compare it with training/recipe.toml."
        ) from error
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        raise UsageError(
            f"The recipe {file} is wrong at {field}: {first['msg']}.", fix="The fields are in training/recipe.py."
        ) from error
