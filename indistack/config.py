"""The whole settings file, composed of the slots' own settings."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from typing import Annotated, Self

from pydantic import AfterValidator, Field, field_validator, model_validator

from indistack.align import AlignSettings
from indistack.calibrate import CalibrateSettings
from indistack.centre import CentreSettings
from indistack.debayer import DebayerSettings
from indistack.decode import DecodeSettings
from indistack.enhance import PictureSettings
from indistack.field.comet import CometSettings
from indistack.field.drift_settings import DriftSettings
from indistack.grading.quality_settings import QualitySettings
from indistack.photometry import MatchSettings
from indistack.settings import OFF, Settings, Wanted, as_toml, example
from indistack.settings.faces import NotifySettings, WebSettings
from indistack.sinks import SINKS
from indistack.solve import SolveSettings
from indistack.sources import EkosSettings, FolderSettings, HookSettings, IndiSettings
from indistack.stack import BranchSettings, StackSettings
from indistack.stars import StarsSettings
from indistack.store.checkpoint import CheckpointSettings
from indistack.store.session_record import RecordSettings
from indistack.store.spool import SpoolSettings

MarginsPx = Annotated[
    list[Annotated[int, Field(ge=0)]],
    Field(min_length=4, max_length=4),
    Wanted("how many pixels to cut off: [left, right, top, bottom]", "[10, 10, 0, 20]"),
]


class PublishSettings(Settings):
    """How often the growing stack is written."""

    interval_s: float = Field(default=2.0, ge=0)
    """Shortest time between two publications of one file."""
    duty: float = Field(default=0.05, gt=0, le=1)
    """Largest share of the time that writing one file may take: a big FITS on a slow card is written less often."""
    maps: bool = False
    """Add to each stack's FITS what else is known of every pixel: COVERAGE, WEIGHT, NOISE, REJECTED."""
    crop: MarginsPx | None = None
    """Pixels of the stack that are cut off at its edges wherever it is written: left, right, top, bottom."""
    sinks: list[Annotated[str, SINKS.choice()]] = Field(default=["jpeg", "png", "fits"])
    """Live: in which forms each picture is written, in this order."""

    growth: int = Field(default=240, ge=0, le=10000)
    """Live: small pictures of the growing stack that each session keeps for its film, a quarter of a MB each at most;
    0 = none."""

    @field_validator("sinks")
    @classmethod
    def _a_file_each(cls, names: list[str]) -> list[str]:
        suffixes = [SINKS.get(name).suffix for name in names]
        if len(set(suffixes)) < len(suffixes):
            raise ValueError(f"two of them would write the same file: {', '.join(names)}")
        return names


class GoalSettings(Settings):
    """What a stack is to reach."""

    snr: float | None = Field(default=None, gt=0)
    """Signal to noise of the stack's stars, as the ledger's `snr` of one sub; status and faces tell how long it will
    take."""
    exposure_s: float | None = Field(default=None, gt=0)
    """Exposure of all its subs together; see `ekos.stop_at_goal`."""


class QueueSettings(Settings):
    """What waits between the camera and the stack."""

    max_mb: float = Field(default=512, gt=0)
    """Frames kept in memory; more wait in the spool folder on disk until their turn comes."""


MAIN = "stack"
"""Name of the main stack, in files and status."""


def _branch_name(name: str) -> str:
    if not re.fullmatch("[a-z][a-z0-9_]{0,30}", name):
        raise ValueError("a stack's name is a part of file names: small letters a to z, digits and _, as trails_2")
    return name


BranchName = Annotated[str, AfterValidator(_branch_name)]


HOW_IT_MOVES = (
    "nothing tells how it moves: set, in the table comet, rate_arcsec_min and direction_deg, or rate_px_min and"
    " angle_deg, or first, first_time, second and second_time; for example --set comet.rate_arcsec_min=2.5"
    " --set comet.direction_deg=210"
)


class Config(Settings):
    """All settings; every table belongs to one slot."""

    indi: IndiSettings = IndiSettings()
    folder: FolderSettings = FolderSettings()
    hook: HookSettings = HookSettings()
    ekos: EkosSettings = EkosSettings()
    queue: QueueSettings = QueueSettings()
    spool: SpoolSettings = SpoolSettings()
    checkpoint: CheckpointSettings = CheckpointSettings()
    decode: DecodeSettings = DecodeSettings()
    calibrate: CalibrateSettings = CalibrateSettings()
    debayer: DebayerSettings = DebayerSettings()
    stars: StarsSettings = StarsSettings()
    quality: QualitySettings = QualitySettings()
    align: AlignSettings = AlignSettings()
    match: MatchSettings = MatchSettings()
    drift: DriftSettings = DriftSettings()
    solve: SolveSettings = SolveSettings()
    centre: CentreSettings = CentreSettings()
    comet: CometSettings = CometSettings()
    stack: StackSettings = StackSettings()
    branches: dict[BranchName, BranchSettings] = Field(default_factory=dict)
    """Further stacks from the same subs, by name."""
    picture: PictureSettings = PictureSettings()
    publish: PublishSettings = PublishSettings()
    web: WebSettings = WebSettings()
    goal: GoalSettings = GoalSettings()
    notify: NotifySettings = NotifySettings()

    @field_validator("branches")
    @classmethod
    def _only_one_is_main(cls, branches: dict[str, BranchSettings]) -> dict[str, BranchSettings]:
        if MAIN in branches:
            raise ValueError(f"{MAIN!r} is the name of the main stack: set it in the table of that name")
        return branches

    @model_validator(mode="after")
    def _operators_exist(self) -> Self:
        for stack in stacks_of(self).values():
            PictureSettings(operators=stack.operators or [])
        return self

    @model_validator(mode="after")
    def _motion_is_told(self) -> Self:
        followers = [name for name, stack in stacks_of(self).items() if stack.followed == "comet"]
        if followers and not self.comet.is_given:
            raise ValueError(f"{' and '.join(followers)}: the comet is to be followed, and {HOW_IT_MOVES}")
        return self


def to_toml(config: Config) -> str:
    """Return the effective settings as TOML that reads back to the same; what is not set stands there as a comment."""
    tables = dict(config)
    branches = tables.pop("branches")
    lines = [line for name, table in tables.items() for line in _table(name, table)]
    for name, branch in branches.items():
        lines += _table(f"branches.{name}", branch)
    if not branches:
        lines += (f"# {line}" if line else "" for line in _table("branches.NAME", BranchSettings()))
    return "\n".join(lines[1:]) + "\n"


def _table(name: str, table: Settings) -> Iterator[str]:
    """Yield an empty line, a table's lines, and those of the tables in it."""
    yield from ("", f"[{name}]")
    plain, below = table.model_dump(mode="json"), []
    for key, value in table:
        if isinstance(value, Settings):
            below.append((f"{name}.{key}", value))
        elif value is None and type(table).model_fields[key].default is None:
            yield f"# {example(type(table).model_fields[key], key)}  # not set"
        elif value is None:
            yield f'{key} = "{OFF}"'
        else:
            yield f"{key} = {as_toml(plain[key])}"
    for way, settings in below:
        yield from _table(way, settings)


def record_settings(config: Config, asked: Config | None = None) -> RecordSettings:
    """Return what a session's record needs to know of the settings, and of those asked for at the start if others."""
    started_with = _without_secrets(asked) if asked is not None else ""
    return RecordSettings(config.spool, config.checkpoint, _without_secrets(config), started_with)


def _without_secrets(config: Config) -> str:
    web = config.web.model_copy(update={"code": "", "mqtt": ""})
    return to_toml(config.model_copy(update={"notify": NotifySettings(), "web": web}))


def stacks_of(config: Config) -> dict[str, BranchSettings]:
    """Return the settings of every stack by its name, the main one first."""
    return {MAIN: config.stack, **config.branches}


def jobs_of(settings: StackSettings) -> int:
    """Return the number of threads: as set, else one for each core that this process may use."""
    return settings.jobs or len(os.sched_getaffinity(0))
