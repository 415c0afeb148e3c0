"""The scenario: everything that decides what a simulated camera sees, checked once when it is loaded."""

from __future__ import annotations

import tomllib
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AwareDatetime, Field, ValidationError, model_validator

from .events import Clouds, Dew, Event, Slew
from .strict import Fraction, NotNegative, Pair, Positive, Strict, Triple

Cfa = Literal["RGGB", "BGGR", "GRBG", "GBRG", "mono"]


class ScenarioError(ValueError):
    """A scenario that cannot be used; the message lists every fault, one per line."""


class Target(Strict):
    """A place on the sky with its own stars and its own nebula."""

    name: str = "Simulated Nebula"
    ra_deg: Annotated[float, Field(ge=0.0, lt=360.0)] = 299.9
    dec_deg: Annotated[float, Field(ge=-90.0, le=90.0)] = 22.7
    nebula_e_per_s: NotNegative = 12.0


class Filter(Strict):
    """A filter in the wheel before a mono camera: which shares of the red, green and blue light it lets pass."""

    name: str
    passes: Triple = (1.0, 1.0, 1.0)
    nebula_passes: Triple | None = None  # of the nebula's light, where it is emitted in lines; default: as `passes`
    exposure_s: Positive | None = None  # of lights through this filter; default: the scenario's


NO_FILTER = Filter(name="")


class Scenario(Strict):
    """One night at one telescope. Every field has a default, so `Scenario()` is a usable night.

    Rates that belong to the mount are per sub, not per second, so that a scenario looks the same
    however short its exposures are made. Signal rates are per second of exposure.
    """

    seed: Annotated[int, Field(ge=0)] = 1

    # The camera.
    personality: Literal["cmos", "dslr"] = "cmos"
    width_px: Annotated[int, Field(ge=16, le=20000)] = 1600
    height_px: Annotated[int, Field(ge=16, le=20000)] = 1200
    cfa: Cfa = "RGGB"
    pixel_um: Positive = 3.76
    gain_setting: NotNegative = 100.0
    e_per_adu: Positive = 0.5  # at `gain_setting` above
    offset_setting: NotNegative = 50.0
    offset_adu: NotNegative = 500.0  # at `offset_setting` above
    read_noise_e: NotNegative = 1.6
    full_well_e: Positive = 50000.0
    max_adu: Annotated[int, Field(ge=255, le=65535)] = 65535
    temperature_c: Annotated[float, Field(ge=-80.0, le=60.0)] = -10.0
    dark_e_per_s: NotNegative = 0.01  # at `temperature_c` above
    hot_pixel_fraction: Fraction = 0.0004
    hot_pixel_e_per_s: NotNegative = 60.0
    dead_pixel_fraction: Fraction = 0.00001
    dark_spread: NotNegative = 0.0  # relative spread of the pixels' dark currents
    column_pattern_adu: NotNegative = 1.5
    row_noise_adu: NotNegative = 0.0  # offset of each row, another one in every frame
    pixel_response_spread: Fraction = 0.004
    vignetting: Annotated[float, Field(ge=0.0, le=0.95)] = 0.25
    dust_motes: Annotated[int, Field(ge=0, le=1000)] = 6
    filters: Annotated[tuple[Filter, ...], Field(strict=False)] = ()  # one after the other, a light through each
    flat_level: Fraction = 0.45  # of the range, at the centre; whatever the exposure, as if the panel were dimmed to it

    # The telescope and the sky.
    telescope: str = "Simulated Refractor"
    focal_length_mm: Positive = 400.0
    targets: Annotated[tuple[Target, ...], Field(strict=False, min_length=1)] = (Target(),)
    n_stars: Annotated[int, Field(ge=0)] = 1500  # mean number inside the frame
    mag_min: float = 6.5
    mag_max: float = 15.0
    mag_slope: Positive = 0.34  # log10 of the star counts per magnitude
    zero_point_e_per_s: Positive = 3.0e7  # green electrons per second from a star of magnitude 0
    psf: Literal["moffat", "gaussian"] = "moffat"
    fwhm_px: Annotated[float, Field(ge=0.5, le=50.0)] = 3.0
    seeing_jitter: Annotated[float, Field(ge=0.0, le=0.5)] = 0.03  # relative spread of the FWHM from sub to sub
    sky_e_per_s: NotNegative = 12.0  # green, per pixel
    gradient: Annotated[float, Field(ge=0.0, le=1.5)] = 0.25  # relative difference across the frame's width
    gradient_angle_deg: float = 60.0
    cosmic_rays: NotNegative = 0.0  # mean number per frame

    # The mount.
    exposure_s: Positive = 10.0
    flat_exposure_s: Positive = 2.0
    pause_s: NotNegative = 2.0
    start_utc: AwareDatetime = datetime(2024, 8, 10, 21, 0, tzinfo=UTC)
    drift_px_per_sub: Pair = (0.0, 0.0)
    rotation_deg_per_sub: float = 0.0
    rotation_deg: float = 0.0  # of the first sub
    periodic_error_px: NotNegative = 0.0
    periodic_error_subs: Positive = 16.0
    guide_jitter_px: NotNegative = 0.0
    dither_px: NotNegative = 0.0
    dither_every: Annotated[int, Field(ge=1)] = 1
    events: Annotated[tuple[Event, ...], Field(strict=False)] = ()

    # The files.
    header_extra: dict[str, str | int | float | bool] = Field(default_factory=dict)
    header_drop: Annotated[tuple[str, ...], Field(strict=False)] = ()
    compression: Literal["fz", "z"] = "fz"
    native_format: Literal["dng", "jpg"] = "dng"
    truth_path: str = ""

    @model_validator(mode="after")
    def _check_together(self) -> Self:
        faults = []
        if self.mag_max <= self.mag_min:
            faults.append(f"mag_max ({self.mag_max}) must be above mag_min ({self.mag_min})")
        if self.filters and self.is_colour:
            faults.append('filters are for cfa = "mono"')
        names = [target.name for target in self.targets]
        if len(set(names)) != len(names):
            faults.append("targets must have different names")
        for number, event in enumerate(self.events):
            if isinstance(event, Slew) and event.target not in names:
                faults.append(f"events.{number}: slew to unknown target {event.target!r} (known: {', '.join(names)})")
            if isinstance(event, Clouds | Dew) and event.until_sub < event.sub:
                faults.append(f"events.{number}: until_sub ({event.until_sub}) is before sub ({event.sub})")
        if faults:
            raise ValueError("; ".join(faults))
        return self

    @property
    def is_colour(self) -> bool:
        """Whether the sensor has a colour filter array."""
        return self.cfa != "mono"

    def filter_of(self, index: int) -> Filter:
        """Return what is before the camera in light number `index`."""
        return self.filters[index % len(self.filters)] if self.filters else NO_FILTER

    @property
    def plate_scale_arcsec(self) -> float:
        """Arcseconds per unbinned pixel (206.265 arcsec is one micrometre seen from one metre)."""
        return 206.265 * self.pixel_um / self.focal_length_mm

    def with_changes(self, **changes: Any) -> Scenario:
        """Return a checked copy with some fields changed."""
        return make_scenario({**dict(self), **changes})


def make_scenario(values: dict[str, Any]) -> Scenario:
    """Build a scenario from plain values (`events` and `targets` as tables).

    Raises
    ------
    ScenarioError
        With every fault on a line of its own.
    """
    try:
        return Scenario.model_validate(values)
    except ValidationError as error:
        raise ScenarioError("\n".join(_fault(item) for item in error.errors())) from error


def load_scenario(path: str | Path, **changes: Any) -> Scenario:
    """Read a scenario from a TOML file; keyword arguments override the file's values.

    A bare name such as ``"demo"`` means one of the scenarios shipped in ``simulators/scenarios``.

    Raises
    ------
    ScenarioError
        When the file cannot be read, is not TOML, or holds faults; all of them are listed.
    """
    file = find_scenario(path)
    try:
        values = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ScenarioError(f"{file}: {error}") from error
    try:
        return make_scenario({**values, **changes})
    except ScenarioError as error:
        raise ScenarioError(f"{file}:\n{error}") from error


def find_scenario(path: str | Path) -> Path:
    """Return the file meant by a path or by the bare name of a shipped scenario."""
    shipped = Path(__file__).parent / "scenarios" / f"{path}.toml"
    return shipped if "/" not in str(path) and shipped.is_file() else Path(path)


def _fault(item: Any) -> str:
    where = ".".join(str(part) for part in item["loc"]) or "scenario"
    return f"{where}: {item['msg']}" + ("" if item["type"] == "missing" else f" (got {_short(item['input'])})")


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
