"""A stack that grows with the frames of another program."""

from __future__ import annotations

from datetime import UTC, datetime
from types import TracebackType

import numpy as np

from indistack import batch
from indistack.api.common import DEVICE, Name, SettingsLike, blob_of, settings_of
from indistack.api.stacks import Stacked
from indistack.config import jobs_of
from indistack.errors import IndistackError
from indistack.output import snapshots
from indistack.pipeline import calibrators
from indistack.pipeline.one_picture import OnePicture
from indistack.pipeline.pipeline import Pipeline
from indistack.sources.arrays import blob_of_array
from indistack.store.entries import decided
from indistack.store.line_writer import as_line
from indistack.system.workers import Workers
from indistack.values.frame import CfaPattern, FloatArray, PixelArray
from indistack.values.outcome import Outcome
from indistack.values.sub_report import SubReport


class Session:
    """A stack that grows with every frame that it is given.

    All frames go into one picture; those that do not belong to it are refused, with the reason. Use it in a ``with``
    block, or call `close`.

    Parameters
    ----------
    settings : Config or mapping, optional
        As everywhere here.
    """

    def __init__(self, settings: SettingsLike = None) -> None:
        self._config = batch.for_one_picture(settings_of(settings))
        self._workers = Workers(jobs_of(self._config.stack))
        calibrator_for = calibrators.calibrator_factory(self._config, calibrators.library_of(self._config))
        self._pipeline = Pipeline(
            self._config, self._workers, calibrator_for(self._workers), lambda _: None, skip_repeats=False
        )
        self._one_picture = OnePicture(self._pipeline)
        self._reports: dict[int, SubReport] = {}

    def add(
        self,
        frame: PixelArray | bytes | memoryview | Name,
        *,
        exposure_s: float | None = None,
        cfa: CfaPattern | None = None,
        filter_name: str | None = None,
        date_obs: datetime | None = None,
        **cards: str | int | float | bool,
    ) -> Outcome:
        """Take a frame the whole way into the stack.

        Parameters
        ----------
        frame : array, bytes or path
            ``(height, width)`` or ``(height, width, 3)`` pixels in ADU, or a file's content or name.
        exposure_s, cfa, filter_name, date_obs : optional
            What an array does not say of itself, or a file leaves open.
        **cards
            More of the same by FITS keywords, ``_`` for ``-``: ``GAIN=100, CCD_TEMP=-10.0, OBJECT="M31"``.

        Returns
        -------
        Outcome
            ``Accepted``, or ``Refused`` with its `reason`: what is wrong with the content of a frame never raises.

        Raises
        ------
        DecodeError
            ``not_a_frame``: an array of another shape, or not of numbers.
        """
        stamp = date_obs.astimezone(UTC).replace(tzinfo=None).isoformat() if date_obs else None
        told = {"EXPTIME": exposure_s, "BAYERPAT": cfa, "FILTER": filter_name, "DATE-OBS": stamp}
        told |= {keyword.upper().replace("_", "-"): value for keyword, value in cards.items()}
        facts = tuple((keyword, value, "") for keyword, value in told.items() if value is not None)
        if isinstance(frame, np.ndarray):
            blob = blob_of_array(frame, facts, DEVICE, f"array {len(self._reports) + 1}")
        else:
            blob = blob_of(frame, facts)
        outcomes = dict(self._one_picture.process(blob))
        for number, outcome in outcomes.items():
            self._reports[number] = decided(number, outcome, datetime.now(UTC))
        return outcomes[len(self._reports)]

    @property
    def n_subs(self) -> int:
        """Subs in the stack."""
        return self._pipeline.session.n_subs if self._pipeline.session is not None else 0

    def result(self) -> Stacked:
        """Return the stack as it is now, a copy.

        Raises
        ------
        IndistackError
            No sub has been accepted yet.
        """
        session = self._pipeline.session
        if session is None:
            raise IndistackError(f"none of {len(self._reports)} frames could be stacked")
        snapshot = snapshots.snapshot(session, binning=lambda _: 1)
        return Stacked(
            snapshot, {"subs": [as_line(report) for report in self._reports.values()]}, settings=self._config.picture
        )

    @property
    def picture(self) -> FloatArray:
        """The stack as it is now; see `Stacked.picture`."""
        return self.result().picture

    def save(self, path: Name) -> None:
        """Write the stack as it is now; see `Stacked.save`."""
        self.result().save(path)

    def close(self) -> None:
        """End the threads; the stack can still be read and saved."""
        self._workers.close()

    def __enter__(self) -> Session:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
