"""Every error the project raises on purpose, sorted by how far it reaches.

    IndistackError
    +-- SettingsError      nothing starts; all faults are listed at once
    +-- SourceError        a source is gone; it is tried again with back-off
    +-- FrameError         this sub only: refused with a stable reason word and numbers
    |   +-- DecodeError        the bytes are no frame
    |   +-- CalibrationError   the masters do not fit the frame
    |   +-- RegistrationError  the frame cannot be aligned
    +-- StackError         stop adding, keep the last snapshot
    +-- SinkError          that output only
    +-- SolveError         the stack's place on the sky stays unknown

Foreign exceptions are translated into one of these where they enter.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

Number = float | int | str


class IndistackError(Exception):
    """Root of all errors raised on purpose."""


class SettingsError(IndistackError):
    """The settings are wrong; carries every fault found.

    Parameters
    ----------
    faults : sequence of str
        One sentence per fault, each naming the setting.
    """

    def __init__(self, faults: Sequence[str]) -> None:
        self.faults = tuple(faults)
        super().__init__("; ".join(self.faults))


class SourceError(IndistackError):
    """A source of frames cannot deliver at the moment."""


class FrameError(IndistackError):
    """One frame cannot be used.

    Parameters
    ----------
    reason : str
        Stable word, used alike by log, ledger, page and tests (``"truncated"``).
    detail : str
        One sentence for a person: what was wrong with which value.
    numbers : mapping, optional
        The figures behind the reason.
    """

    def __init__(self, reason: str, detail: str, numbers: Mapping[str, Number] | None = None) -> None:
        self.reason = reason
        self.detail = detail
        self.numbers: dict[str, Number] = dict(numbers or {})
        super().__init__(f"{reason}: {detail}")


class DecodeError(FrameError):
    """The bytes are not a frame that can be read."""


class CalibrationError(FrameError):
    """A master does not fit the frame it was meant for."""


class RegistrationError(FrameError):
    """The transform from this frame to the reference cannot be found."""


class StackError(IndistackError):
    """The stack cannot take any more subs."""


class SinkError(IndistackError):
    """One output cannot be written; the others go on."""


class SolveError(IndistackError):
    """A plate-solving program has found nothing that can be believed."""
