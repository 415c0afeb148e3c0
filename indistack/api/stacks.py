"""Whole stacks: of files, and of stacks."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from indistack import batch, merge
from indistack.api.common import Name, SettingsLike, settings_of
from indistack.cluster import DaskCluster
from indistack.config import Config, jobs_of, stacks_of
from indistack.enhance import LookMemory, PictureSettings
from indistack.errors import SettingsError
from indistack.output import snapshots
from indistack.output.aligned_subs import AlignedSubs, aligned_paths
from indistack.pipeline import calibrators
from indistack.pipeline.processing import LocalProcessing, Processing
from indistack.session.stacker import LocalStacker, Stacker
from indistack.sinks import Snapshot, sink_for
from indistack.sinks.png import PngSink
from indistack.sources import expand
from indistack.stack import AUTO, METHODS
from indistack.system.workers import Workers
from indistack.values.counted import counted
from indistack.values.frame import FloatArray, PixelArray
from indistack.values.sub_report import SubReport


@dataclass(frozen=True, slots=True)
class Stacked:
    """A stack.

    Attributes
    ----------
    snapshot : Snapshot
        Picture and header as the sinks get them.
    report : dict
        As the command's ``--report``.
    files : sequence of Path
        What was written, in the order of writing.
    settings : PictureSettings
        How a picture for people is made of it.
    """

    snapshot: Snapshot
    report: dict[str, Any] = field(default_factory=dict)
    files: Sequence[Path] = ()
    settings: PictureSettings = PictureSettings()  # noqa: RUF009 - frozen

    @property
    def picture(self) -> FloatArray:
        """``(height, width)`` or ``(height, width, 3)`` float32, ADU; NaN where nothing covers."""
        return self.snapshot.picture.rows(slice(None))

    @property
    def header(self) -> dict[str, str | int | float | bool]:
        """Cards of the FITS header by keyword; of those that may be repeated, the last."""
        return {keyword: value for keyword, value, _ in self.snapshot.cards}

    def shown(self, memory: LookMemory | None = None) -> PixelArray:
        """Return it as a picture for people: ``(h, w)`` or ``(h, w, 3)`` uint8, RGB, by what a memory holds."""
        preview = snapshots.with_preview(self.snapshot, self.settings, [PngSink()], memory).preview
        assert preview is not None, "that sink needs one"
        return preview.pixels

    def save(self, path: Name) -> None:
        """Write it as a file of the format that the name ends with: ``.fits``, or ``.png`` stretched for people.

        Raises
        ------
        SinkError
            The file cannot be written, or nobody writes such files.
        """
        target = Path(path)
        sink = sink_for(target)
        sink.write(target, snapshots.with_preview(self.snapshot, self.settings, [sink]))


def stack_files(
    files: Sequence[Name],
    settings: SettingsLike = None,
    *,
    reference: str = "first",
    exact: bool | None = None,
    cluster: str = "",
    fits: Path | None = None,
    png: Path | None = None,
    report: Path | None = None,
    outputs: Mapping[str, Sequence[Path]] | None = None,
    best_percent: float | None = None,
    times: Mapping[Path, datetime] | None = None,
    save_aligned: str = "",
    progress: Callable[[SubReport], None] = lambda _: None,
) -> Stacked:
    """Stack files, all into one picture.

    Parameters
    ----------
    files : sequence of path
        Files, folders or globs. A file that is not there is refused as one that cannot be read, while others are.
    reference : str
        What the others are aligned to: ``first`` good sub, ``best`` sub, or a file's path.
    exact : bool, optional
        Combine all subs at once, where the method can, instead of one by one: the same result in any order. By default
        where a method only comes near to it otherwise (median). Every sub takes room on disk meanwhile.
    cluster : str
        Address of a Dask scheduler whose workers see the same files, or ``local``; by default this process does all.
    fits, png, report : Path, optional
        Written when the stack is complete; the report also where nothing could be stacked. The suffix decides the
        form: ``.fits``, or ``.png`` stretched for people. Further branches are written beside, as
        ``NAME-BRANCH.fits``.
    outputs : mapping, optional
        Name of a stack, ``stack`` or a branch -> files of its own that its picture is written to.
    best_percent : float, optional
        Take so many of the subs only, those that show the most detail; the ``best`` reference is the sharpest then.
    times : mapping, optional
        File, as in `files` -> when it was taken (UTC), for files that do not tell.
    save_aligned : str
        What the name of every aligned sub's picture begins with: folder and prefix. "" writes none.
    progress : callable
        Told of every sub's report.

    Raises
    ------
    SettingsError
        No name matches a file, the settings are wrong, or an output cannot be written or is one of the inputs.
    IndistackError
        No sub could be stacked, or an output cannot be written.
    """
    config = settings_of(settings)
    job = batch.Batch(
        expand(files, keep_missing=True),
        fits,
        png,
        report,
        reference,
        calibrators.named_files(config),
        outputs or {},
        best_percent,
    )
    if exact is None:
        methods = {branch.method for branch in stacks_of(config).values()} - {AUTO}
        exact = any(METHODS.get(method).approximates for method in methods)
    if cluster and (best_percent or times or save_aligned or config.picture.sub_operators):
        said = "by a cluster no sub is left out for its sharpness, given a time, changed by operators, or saved"
        raise SettingsError([said])
    saving = _saving(save_aligned, job.files)
    with _processing(cluster, config, job.files, exact, times or {}, saving) as processing:
        result = batch.run(job, config, processing, progress)
    return Stacked(result.snapshot, result.report, result.files, config.picture)


def _saving(prefix: str, files: Sequence[Path]) -> Callable[[], Stacker]:
    """Return what makes stackers, those that write every sub where that is wanted."""
    if not prefix:
        return LocalStacker
    paths = aligned_paths(prefix, files)
    return lambda: AlignedSubs(LocalStacker(), lambda number: paths[number - 1])


@contextmanager
def _processing(
    cluster: str,
    config: Config,
    files: Sequence[Path],
    exact: bool,
    times: Mapping[Path, datetime],
    new_stacker: Callable[[], Stacker],
) -> Iterator[Processing]:
    if not cluster:
        calibrator_for = calibrators.calibrator_factory(config, calibrators.library_of(config))
        yield LocalProcessing(calibrator_for, exact, times, new_stacker)
        return
    with DaskCluster(cluster, config, files, exact) as processing:
        yield processing


def merge_stacks(stacks: Sequence[Name], settings: SettingsLike = None, *, grid: int = 1) -> Stacked:
    """Merge finished stacks of one target: of several nights, or through several telescopes.

    Parameters
    ----------
    stacks : sequence of path
        Two or more FITS files of this program or another, or folders of sessions.
    grid : int
        Number, from 1, of the one whose pixels, light and header the result has.

    Raises
    ------
    FrameError
        One does not go with the others; the detail names it.
    """
    config = settings_of(settings)
    if len(stacks) < 2 or not 1 <= grid <= len(stacks):
        given = counted(len(stacks), "stack")
        many = f"merge: grid {grid}: of {given} a number from 1 to {len(stacks)} is wanted"
        raise SettingsError([many if len(stacks) > 1 else f"merge: {given}: two are needed at least"])
    pictures = [merge.read_picture(Path(path)) for path in stacks]
    with Workers(jobs_of(config.stack)) as workers:
        return Stacked(merge.merge(pictures, workers, grid - 1), settings=config.picture)
