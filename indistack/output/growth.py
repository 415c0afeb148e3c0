"""Small pictures of the growing stack that a session keeps, so that its night can be shown as a film."""

from __future__ import annotations

import logging
import math
from pathlib import Path

from indistack.store.sub_files import GROWTH, growth_number, preview_name
from indistack.system.atomic import keep_as, remove_if_can_be

log = logging.getLogger(__name__)


class Growth:
    """The pictures of one session, each under the number of subs that it shows.

    Where there are more than wanted, those in between go whose neighbours are nearest in what is seen of the noise:
    it falls with the root of the number. The first and the last one always stay.

    Parameters
    ----------
    session : Path
        Its folder.
    most : int
        Pictures that are kept.
    """

    def __init__(self, session: Path, most: int) -> None:
        self.session = session
        self._folder = session / GROWTH
        self._most = most
        self._numbers = sorted(filter(None, map(growth_number, self._folder.glob("*.jpg"))))

    def keep(self, n_subs: int, picture: Path) -> None:
        """Keep a picture's file under a second name; those of more subs go, as some were taken out since."""
        if n_subs < 1:
            return
        try:
            self._folder.mkdir(exist_ok=True)
            keep_as(picture, self._path(n_subs))
        except OSError as error:
            log.debug("%s has no picture of %d subs: %s", self.session, n_subs, error.strerror)
            return
        for number in [number for number in self._numbers if number > n_subs]:
            self._forget(number)
        if n_subs not in self._numbers:
            self._numbers.append(n_subs)
        while len(self._numbers) > max(self._most, 2):
            self._forget(self._least_missed())

    def _least_missed(self) -> int:
        """Return the number of the picture that leaves the smallest gap."""
        roots = [math.sqrt(number) for number in self._numbers]
        place = min(range(1, len(roots) - 1), key=lambda place: roots[place + 1] - roots[place - 1])
        return self._numbers[place]

    def _forget(self, number: int) -> None:
        self._numbers.remove(number)
        remove_if_can_be(self._path(number))

    def _path(self, n_subs: int) -> Path:
        return self._folder / preview_name(n_subs)
