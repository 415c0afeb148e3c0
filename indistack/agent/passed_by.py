"""Subs that a stack did not take, as they might only have passed by, until they turn out to have begun the next one."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

from indistack.errors import FrameError
from indistack.field.drift import ODD_REFERENCE
from indistack.store.session_reader import PastSession
from indistack.values.blob import Blob
from indistack.values.outcome import Refused
from indistack.values.sub_report import SubReport

log = logging.getLogger(__name__)

NEW_TARGET, CHANGED = "new_target", "_changed"
"""Reasons of a new stack that take several subs which agree; the former of those that fit each other only, the latter
the end of those by what their files say."""

STRANGERS, OF_CHANGED = 2, 3
"""Where `Drift.memory` counts them."""


class PassedBy:
    """Knows where they are, by the reason that a new stack would have."""

    def __init__(self) -> None:
        self._kept: dict[str, list[tuple[Path, int]]] = {}

    def see(self, report: SubReport, session: Path | None) -> None:
        """Know what became of a sub, whose line and bytes are in that session; None where the disk has taken none."""
        if report.word != Refused.word or report.drift is None or session is None:
            return
        patience = report.drift["patience"]
        if report.stranger:
            self._keep(NEW_TARGET, patience[STRANGERS], session, report.number)
        elif report.reason == f"{next(iter(report.drift['changed']), None)}{CHANGED}":
            self._keep(report.reason, patience[OF_CHANGED], session, report.number)

    def begun(self, reason: str) -> Iterator[Blob]:
        """Return those that belong to the stack that has begun for a reason, in their order, and forget all."""
        kept, self._kept = self._kept, {}
        newest = next(reversed(kept.values()), []) if reason == ODD_REFERENCE else []
        for session, number in kept.get(reason, newest):
            try:
                yield PastSession(session).blob(number)
            except FrameError as error:
                log.warning("sub %d would begin the new stack, but is not kept: %s", number, error.detail)

    def _keep(self, reason: str, count: int, session: Path, number: int) -> None:
        """Keep the last of so many that agree."""
        self._kept[reason] = [*self._kept.pop(reason, []), (session, number)][-count:]
