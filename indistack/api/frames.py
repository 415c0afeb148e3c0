"""Single frames: open, calibrate, find stars, register; and the masters that calibrate them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from indistack.align import ALIGNERS
from indistack.api.common import Name, SettingsLike, blob_of, settings_of
from indistack.calibrate import Master
from indistack.config import Config, jobs_of
from indistack.decode import decode
from indistack.errors import SettingsError
from indistack.output.destinations import require_writable
from indistack.pipeline import calibrators
from indistack.sources import expand
from indistack.stars import StarFinder
from indistack.system.workers import Workers
from indistack.values.frame import CalibratedFrame, Kind, RawFrame
from indistack.values.star_list import StarList
from indistack.values.transform import Transform


def open_frame(source: Name | bytes | memoryview, settings: SettingsLike = None) -> RawFrame:
    """Read a frame of any format that can be stacked.

    Parameters
    ----------
    source : path or bytes
        A file's name, or its content.

    Raises
    ------
    DecodeError
        The bytes are no frame; `reason` is a stable word for why.
    """
    return decode(blob_of(source), settings_of(settings).decode)


def calibrate_frame(frame: RawFrame, settings: SettingsLike = None) -> CalibratedFrame:
    """Return a frame free of the camera's own pattern, by the masters that the settings name.

    For many frames use `stack_files` or `Session`: here the masters are loaded for each.

    Raises
    ------
    CalibrationError
        A master does not fit.
    SettingsError
        A master is missing.
    """
    config = settings_of(settings)
    with Workers(jobs_of(config.stack)) as workers:
        return calibrators.calibrator_factory(config)(workers).calibrate(frame)


def find_stars(frame: RawFrame | CalibratedFrame, settings: SettingsLike = None) -> StarList:
    """Return a frame's stars, brightest first; none is an empty list."""
    config = settings_of(settings)
    with Workers(jobs_of(config.stack)) as workers:
        return StarFinder(config.stars, workers).find(_calibrated(frame, config))


def register(
    sub: RawFrame | CalibratedFrame, reference: RawFrame | CalibratedFrame, settings: SettingsLike = None
) -> Transform:
    """Find where one frame lies on another.

    Returns
    -------
    Transform
        Sub (x, y) -> reference (x, y), with its rms and error in px.

    Raises
    ------
    RegistrationError
        There is none that could be stood for.
    """
    config = settings_of(settings)
    kind = ALIGNERS.get(config.align.method)
    with Workers(jobs_of(config.stack)) as workers:
        finder = StarFinder(config.stars, workers)
        ours, theirs = (finder.scene(_calibrated(one, config), kind.needs_luminance) for one in (sub, reference))
    return kind(config.align).for_reference(theirs).register(ours, theirs, None)


def build_master(
    kind: Kind,
    files: Sequence[Name],
    output: Name,
    settings: SettingsLike = None,
    *,
    force: bool = False,
    progress: Callable[[int], None] = lambda _: None,
    tell: Callable[[str], None] = lambda _: None,
) -> Master:
    """Combine raw calibration frames to a master and write it.

    Parameters
    ----------
    kind : str
        dark, flat, bias or darkflat. Off a flat is taken what the settings name as dark-flat, else dark, else bias.
    files : sequence of path
        Files, folders or globs.
    output : path
        A FITS file.
    force : bool
        Combine what is given, whatever it seems to be.
    progress : callable
        Told how many of the files are done.
    tell : callable
        Told a sentence for each frame that is left out.

    Raises
    ------
    FrameError
        The frames do not belong together, or none is usable.
    SettingsError
        No name matches a file, something is to be taken off another kind than flats, or the output cannot be written or
        is one of the inputs.
    SinkError
        The file cannot be written.
    """
    config = settings_of(settings)
    named = config.calibrate
    if kind != "flat" and (named.bias or named.darkflat or named.dark):
        raise SettingsError(["--bias, --darkflat and --dark are for flats: nothing is subtracted from other masters"])

    paths, target = expand(files, keep_missing=True), Path(output)
    require_writable(masters=[target], inputs=[*paths, *calibrators.named_files(config)])

    def done(of_kind: str, count: int, _: int) -> None:
        if of_kind == kind:
            progress(count)

    return calibrators.build_master(config, kind, paths, target, done, tell, force)


def _calibrated(frame: RawFrame | CalibratedFrame, config: Config) -> CalibratedFrame:
    return frame if isinstance(frame, CalibratedFrame) else calibrate_frame(frame, config)
