"""Has the reference of every new session solved, and lets the session know."""

from __future__ import annotations

from indistack.session.filter_stack import Reference
from indistack.session.session import Session
from indistack.solve import FieldToSolve, SkyFinder, SolveSettings


class SolveWatch:
    """Looks after one session after the other; those of the Moon, planets and landscapes are not on its map.

    Parameters
    ----------
    settings : SolveSettings
        Which program, and how long it may take.
    """

    def __init__(self, settings: SolveSettings) -> None:
        self._finder = SkyFinder(settings)
        self._reference: Reference | None = None

    def look(self, session: Session | None, timeout_s: float = 0.0) -> None:
        """Begin a search if the session is new, hand the result over if there is one.

        Parameters
        ----------
        session : Session or None
            The one that is going on.
        timeout_s : float
            How long to wait for a result.
        """
        if session is None or session.sky.solution is not None or not session.aligner.needs_stars:
            return
        if session.reference is not self._reference:
            self._reference = session.reference
            self._finder.begin(_field(session.reference))
        solution = self._finder.result(timeout_s)
        if solution is not None:
            session.locate(solution)

    def close(self) -> None:
        """End a search that is under way."""
        self._finder.stop()


def _field(reference: Reference) -> FieldToSolve:
    scene, info = reference.scene, reference.info
    known = info.ra_deg is not None and info.dec_deg is not None
    centre_deg = (info.ra_deg or 0.0, info.dec_deg or 0.0) if known else None
    return FieldToSolve(scene.stars, scene.width, scene.height, info.scale_arcsec_px, centre_deg)
