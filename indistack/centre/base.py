"""What a correction is, who can make one, and the settings."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
from pydantic import Field

from indistack.field.quantity import Angle, Length
from indistack.fits_header import Wcs, project
from indistack.settings import Settings


class CentreSettings(Settings):
    """Whether, and when, the mount is sent back to the target."""

    enabled: bool = False
    """Moves the telescope. Not together with a guider, which would pull it back."""
    limit: Length = "3 %"
    """Drift that is corrected, in the units of ``drift.limit``, which is to be larger."""
    max_step: Angle = "1 deg"
    """A larger correction is never sent: that is another target, or a wrong orientation."""
    wait_subs: int = Field(default=1, ge=1)
    """Subs after a correction that are not judged: they were exposed while the mount moved."""
    by: Literal["indi", "ekos"] = "indi"
    """``indi``: the mount is sent a little aside of where it says it is. ``ekos``: Ekos is asked, by D-Bus, to align
    on the target with its own solver."""
    mount: str = ""
    """The mount's INDI name; "" takes the only one there is."""


@dataclass(frozen=True, slots=True)
class Correction:
    """Where the telescope is to go.

    Attributes
    ----------
    east_deg, north_deg : float
        From where it points, in the tangent plane there.
    target_deg : (float, float)
        RA and Dec of the target (ICRS).
    """

    east_deg: float
    north_deg: float
    target_deg: tuple[float, float]

    @property
    def size_arcsec(self) -> float:
        """Its length."""
        return 3600 * math.hypot(self.east_deg, self.north_deg)


def correction(wcs: Wcs, shift_px: tuple[float, float], size_px: tuple[int, int]) -> Correction:
    """Return the way back to the reference's centre.

    Whether the mount has flipped, or the camera has turned, does not matter: all places are the reference's.

    Parameters
    ----------
    wcs : Wcs
        The reference on the sky.
    shift_px : (float, float)
        Where the sub's centre lies in the reference, less the reference's centre.
    size_px : (int, int)
        Width and height of the reference.
    """
    centre_px = np.array([[(size_px[0] - 1) / 2, (size_px[1] - 1) / 2]])
    target, pointed = wcs.to_sky(np.vstack([centre_px, centre_px + shift_px]))
    east_deg, north_deg = project((float(pointed[0]), float(pointed[1])), target[np.newaxis])[0]
    return Correction(float(east_deg), float(north_deg), (float(target[0]), float(target[1])))


class Mover(Protocol):
    """Somebody who can move the telescope."""

    def move(self, correction: Correction) -> None:
        """Ask for a correction, without waiting until it is made.

        Raises
        ------
        SourceError
            It cannot be made now; the message says why.
        """
