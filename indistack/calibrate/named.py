"""The masters that the user named: the same for every frame, and refused where they cannot fit."""

from __future__ import annotations

from indistack.calibrate.base import CalibrateSettings, Master, MasterChoice, Masters
from indistack.calibrate.fit import FrameFacts, compare, exposure_ratio, in_spite_of
from indistack.calibrate.shelf import Shelved
from indistack.values.frame import RawFrame


class NamedMasters:
    """Chooses the masters that it was given.

    Their pixels move to nameless temporary files, from which each choice maps them: memory is taken only while
    somebody looks at them.

    Parameters
    ----------
    masters : Masters
        May be empty.
    settings : CalibrateSettings
        The tolerances; beyond them the user is warned.

    Raises
    ------
    OSError
        The disk is full.
    """

    def __init__(self, masters: Masters, settings: CalibrateSettings) -> None:
        self._settings = settings
        self._shelf = {master.kind: Shelved(master) for master in masters.present()}

    def choose(self, raw: RawFrame) -> MasterChoice:
        """Return the masters.

        Parameters
        ----------
        raw : RawFrame
            The light; only its facts and shape count.

        Raises
        ------
        CalibrationError
            `master_mismatch`: a master is of another size, CFA or binning than the frame.
        """
        masters = Masters(**{kind: shelved.take() for kind, shelved in self._shelf.items()})
        warnings = [line for master in masters.present() for line in self._warnings(master, masters, raw)]
        return MasterChoice(masters, "named" if self._shelf else "", tuple(warnings))

    def _warnings(self, master: Master, masters: Masters, raw: RawFrame) -> list[str]:
        """Return what differs between a master and the frame; raise where they cannot be brought together."""
        comparison = compare(FrameFacts.of(master, master.kind), FrameFacts.of(raw), self._settings)
        comparison.require_geometry(f"master {master.kind}")
        dark = masters.dark
        if master is masters.bias and dark is not None and exposure_ratio(dark, raw.info, self._settings) == 1.0:
            return []  # the bias is not used
        differences = comparison.differences
        differences.pop("exposure", None)  # the dark is scaled, or whoever could not do it tells
        return [in_spite_of(f"{master.kind} {master.source}", differences)] if differences else []
