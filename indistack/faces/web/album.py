"""The pictures of this night, small and in memory: the newest, the first, and some in between to watch it grow."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from indistack.faces.web.output_folder import Picture, Shown

MOST = 48
"""Pictures of a session."""
MOST_BYTES = 24_000_000


@dataclass(frozen=True, slots=True)
class Page:
    """A picture and what it shows."""

    picture: Picture
    shown: Shown

    def told(self) -> dict[str, Any]:
        """Return what is told of it."""
        return {
            "address": f"/api/v1/pictures/{self.picture.version}",
            "n_subs": self.shown.n_subs,
            "exposure_s": self.shown.exposure_s,
            "snr_gain": self.shown.snr_gain,
        }


class Album:
    """Keeps pages, in even steps of what is seen of the noise; the first and the last one always stay."""

    def __init__(self) -> None:
        self._session = ""
        self._pages: list[Page] = []

    def add(self, session: str, page: Page) -> None:
        """Take a picture in; that of another session begins anew, and so does a stack that has become smaller."""
        if session != self._session or (self._pages and page.shown.n_subs < self._pages[-1].shown.n_subs):
            self._session, self._pages = session, []
        if self._pages and self._pages[-1].shown.n_subs == page.shown.n_subs:
            self._pages.pop()  # the same subs, another look
        self._pages.append(page)
        while len(self._pages) > 3 and (len(self._pages) > MOST or self._n_bytes > MOST_BYTES):
            del self._pages[self._least_missed()]

    def _least_missed(self) -> int:
        """Return the place of the picture that leaves the smallest gap: noise goes with the root of the subs."""
        roots = [math.sqrt(page.shown.n_subs) for page in self._pages]
        return min(range(1, len(roots) - 1), key=lambda place: roots[place + 1] - roots[place - 1])

    @property
    def _n_bytes(self) -> int:
        return sum(len(page.picture.data) for page in self._pages)

    def picture(self, version: str) -> Picture | None:
        """Return a picture that is kept."""
        return next((page.picture for page in reversed(self._pages) if page.picture.version == version), None)

    def told(self) -> list[dict[str, Any]]:
        """Return what is kept, oldest first."""
        return [page.told() for page in self._pages]
