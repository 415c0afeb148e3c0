"""Room for newer subs: what of finished sessions is given up for them, and how much there is."""

from __future__ import annotations

import logging

from indistack.store.held_files import give_up_checkpoints, held_bytes
from indistack.store.session_folders import SessionFolders

log = logging.getLogger(__name__)


class Room:
    """Gives up what can be made again, oldest first; raw subs only where the user has set how much may be held.

    Parameters
    ----------
    sessions : SessionFolders
        Of the output folder.
    gives_raw : bool
        Whether raw subs may go.

    Attributes
    ----------
    spare_bytes : int
        What raw subs of finished sessions could make room for, by the last count.
    """

    def __init__(self, sessions: SessionFolders, gives_raw: bool) -> None:
        self._sessions = sessions
        self._gives_raw = gives_raw
        self._stay = set[str]()
        self.spare_bytes = 0

    def count(self) -> int:
        """Return what all sessions hold; what the open one does is not spare."""
        held, open_one = self._sessions.held_bytes(), self._sessions.open_one()
        spare = held - (held_bytes(open_one) if open_one is not None else 0)
        self.spare_bytes = spare if self._gives_raw else 0
        return held

    def make(self) -> int:
        """Give up something; return how many bytes that was, 0 where there is nothing."""
        freed = self._checkpoints() or (self._sessions.give_up_oldest() if self._gives_raw else 0)
        self.spare_bytes = max(0, self.spare_bytes - freed)
        return freed

    def _checkpoints(self) -> int:
        for folder in self._sessions.all():
            if folder.name in self._stay or self._sessions.is_needed(folder):
                continue
            if freed := give_up_checkpoints(folder):
                log.info("%s: the checkpoints are removed, room is needed; its raw subs stay", folder)
                return freed
            self._stay.add(folder.name)  # nobody looks at its ledger again for every sub that comes
        return 0
