"""Solves one field at a time in a thread of its own: a sub never waits for it."""

from __future__ import annotations

import logging
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from indistack.errors import SolveError
from indistack.settings import built
from indistack.solve.base import SOLVERS, FieldToSolve, Solution, SolveSettings, find_program
from indistack.solve.plane import require_believable
from indistack.solve.program import run

log = logging.getLogger(__name__)

LEAST_STARS = 8
"""Fewer make a pattern that is found anywhere."""


class SkyFinder:
    """Finds where fields are, one at a time; the latest counts.

    Parameters
    ----------
    settings : SolveSettings
        Which program, and how long it may take.
    """

    def __init__(self, settings: SolveSettings) -> None:
        self._settings = settings
        self._program = find_program(settings)
        self._search: Search | None = None
        if self._program is None and settings.program != "off":
            log.info("no plate-solving program is installed: positions are in pixels, or as the header tells")

    def begin(self, field: FieldToSolve) -> None:
        """Look for a field, and for no other any more; nobody waits for the end of a search before."""
        if self._search is not None:
            self._search.cancel()
        if self._program is not None:
            self._search = Search(field, self._settings, *self._program)

    def result(self, timeout_s: float = 0.0) -> Solution | None:
        """Return where the field is, None while, or where, that is not known.

        Parameters
        ----------
        timeout_s : float
            How long to wait for the search to end.
        """
        if self._search is None:
            return None
        self._search.ended.wait(timeout_s)
        return self._search.solution

    def stop(self) -> None:
        """End a search; afterwards no process of it is left."""
        if self._search is not None:
            self._search.cancel()
            self._search.ended.wait()
            self._search = None


class Search:
    """One field's search, from its beginning to its end.

    Attributes
    ----------
    solution : Solution or None
        What was found.
    ended : Event
        Set at the end.
    """

    def __init__(self, field: FieldToSolve, settings: SolveSettings, name: str, command: Path) -> None:
        self.solution: Solution | None = None
        self.ended = threading.Event()
        self._field = field
        self._settings = settings
        self._name = name
        self._command = command
        self._stop = threading.Event()
        threading.Thread(target=self._work, name="solve", daemon=True).start()

    def cancel(self) -> None:
        """Have it end at once."""
        self._stop.set()

    def _work(self) -> None:
        try:
            self.solution = self._solve()
        except Exception:  # the top of a thread: the stack goes on in pixels
            log.exception("a bug in indistack; the field is not solved")
        finally:
            self.ended.set()

    def _solve(self) -> Solution | None:
        """Try with all that is known, then without believing where the mount says it points."""
        if len(self._field.stars) < LEAST_STARS:
            log.info("%s is not asked: %d stars are too few", self._name, len(self._field.stars))
            return None
        for field in _attempts(self._field):
            begin_s = time.monotonic()
            try:
                found = self._attempt(field)
            except (SolveError, OSError) as error:
                if self._stop.is_set():
                    return None
                log.info("%s: %s", self._name, error)
                continue
            _tell(found, time.monotonic() - begin_s)
            return found
        return None

    def _attempt(self, field: FieldToSolve) -> Solution:
        solver = built(SOLVERS.get(self._name), self._settings)
        with tempfile.TemporaryDirectory(prefix="indistack-solve-", ignore_cleanup_errors=True) as place:
            folder = Path(place)
            words = [*solver.prepare(field, folder), *self._settings.arguments]
            run([str(self._command), *words], folder, self._settings.timeout_s, self._stop)
            solution = solver.read(field, folder)
        require_believable(solution, field)
        return solution


def _attempts(field: FieldToSolve) -> Iterator[FieldToSolve]:
    yield field
    if field.centre_deg is not None:
        yield replace(field, centre_deg=None)


def _tell(solution: Solution, took_s: float) -> None:
    wcs = solution.wcs
    log.info(
        "%s: RA %.4f, Dec %+.4f deg, %.3f arcsec/px, turned by %.1f deg; %.1f s",
        solution.program, wcs.ra_deg, wcs.dec_deg, wcs.scale_arcsec_px, wcs.rotation_deg, took_s,
    )  # fmt: skip
