"""Two ways to move a telescope: by its INDI driver, and by Ekos."""

from __future__ import annotations

import shutil
import subprocess

import numpy as np

from indistack.centre.base import CentreSettings, Correction, Mover
from indistack.errors import SourceError
from indistack.fits_header import deproject
from indistack.indi import Mount

DBUS_TIMEOUT_S = 5.0
SLEW = 1
"""Ekos' solver action: slew to the target (KStars, ekos/align/align.h, GotoMode)."""


def mover_of(settings: CentreSettings, host: str, port: int) -> Mover:
    """Return who the settings want to move the telescope, the INDI server being at that host and port."""
    return EkosMover() if settings.by == "ekos" else IndiMover(host, port, settings.mount)


class IndiMover:
    """Sends the mount aside of where it says it is.

    Its own coordinates are of the date and perhaps never synchronised: the way from them is the same, their place is
    not.

    Parameters
    ----------
    host, port : str, int
        The INDI server.
    mount : str
        The mount's name; "" takes the only one there is.
    """

    def __init__(self, host: str, port: int, mount: str = "") -> None:
        self._mount = Mount(host, port, mount)

    def move(self, correction: Correction) -> None:
        """See `indistack.centre.base.Mover`."""

        def aside(ra_h: float, dec_deg: float) -> tuple[float, float]:
            step = np.array([[correction.east_deg, correction.north_deg]])
            ra_deg, dec_deg = deproject((15 * ra_h, dec_deg), step)[0]
            return float(ra_deg) / 15, float(dec_deg)

        self._mount.goto(aside)


class EkosMover:
    """Asks Ekos to take a picture, solve it and slew to the target, by D-Bus."""

    def move(self, correction: Correction) -> None:
        """See `indistack.centre.base.Mover`."""
        ra_deg, dec_deg = correction.target_deg
        _ekos("setTargetCoords", f"double:{ra_deg / 15:.8f}", f"double:{dec_deg:.8f}")
        _ekos("setSolverAction", f"int32:{SLEW}")
        if "boolean true" not in _ekos("captureAndSolve"):
            raise SourceError("Ekos does not align now")


def _ekos(method: str, *arguments: str) -> str:
    """Call a method of Ekos' align module; return the reply."""
    program = shutil.which("dbus-send")
    if program is None:
        raise SourceError("dbus-send is not installed")
    words = [program, "--session", "--print-reply", "--dest=org.kde.kstars", "/KStars/Ekos/Align"]
    words += [f"org.kde.kstars.Ekos.Align.{method}", *arguments]
    try:
        done = subprocess.run(words, capture_output=True, text=True, timeout=DBUS_TIMEOUT_S, stdin=subprocess.DEVNULL)
    except subprocess.TimeoutExpired as error:
        raise SourceError("Ekos does not answer") from error
    if done.returncode != 0:
        raise SourceError(f"Ekos cannot be asked: {done.stderr.strip()}")
    return done.stdout
