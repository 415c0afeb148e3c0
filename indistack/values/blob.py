"""Files as sources deliver them: bytes that nobody has looked into yet."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from indistack.system.ordinary_file import read_ordinary
from indistack.values.frame import Card


@dataclass(frozen=True, slots=True)
class Spooled:
    """How a blob is kept on the disk.

    Attributes
    ----------
    name : str
        In the spool; "" where it lies in its session already.
    took_ms : float
        What writing it took.
    modified_ns : int or None
        When the file that it came in was written, where it came in one: tells that file from others of its name.
    """

    name: str
    took_ms: float = 0.0
    modified_ns: int | None = None


class Content:
    """The bytes of a file, shared by all who hold a blob of it: who lets go of them frees them for all.

    Parameters
    ----------
    data : bytes-like
        The whole file; may be a memory map of it.
    file : Path, optional
        Where the same bytes stand on this machine's disk.

    Attributes
    ----------
    size_bytes : int
        Their number.
    """

    __slots__ = ("_data", "_file", "size_bytes")

    def __init__(self, data: bytes | memoryview, file: Path | None = None) -> None:
        self._data: bytes | memoryview | None = data
        self._file = file
        self.size_bytes = memoryview(data).nbytes

    @classmethod
    def unread(cls, file: Path) -> Content:
        """Return the bytes of a file that nobody has read yet; raise OSError where it is not there."""
        content = cls(b"", file)
        content.size_bytes = file.stat().st_size
        content.let_go()
        return content

    def read(self) -> bytes | memoryview:
        """Return the bytes, from the disk where they were let go of; raise OSError where that fails."""
        if self._data is None:
            assert self._file is not None, "else they are not let go of"
            return read_ordinary(self._file)
        return self._data

    def let_go(self) -> None:
        """Free the memory, if the bytes stand on the disk."""
        if self._file is not None:
            self._data = None


@dataclass(frozen=True, slots=True)
class Blob:
    """Bytes of one frame as a source delivered them.

    Attributes
    ----------
    content : Content
        The bytes.
    suffix : str
        Format as announced, lower case with its dot (``".fits.fz"``); content decides, not this.
    device : str
        The camera's INDI name, or the folder's or command's name.
    origin : str
        Path of the file, or ``"Device.PROPERTY"``.
    received : datetime
        UTC.
    path : Path or None
        Where the same bytes stand on this machine's disk, if they do.
    fault : str
        Why there are no bytes, when the source could not read it ("" when it could): such a blob is still told of.
    cards : tuple of Card
        What the device itself says of the exposure, as FITS cards; used where the file is silent. For pixels without
        any header (``.bin``) also NAXIS1, NAXIS2 and BITPIX.
    spooled : Spooled or None
        How it is kept, where it is.
    """

    content: Content
    suffix: str
    device: str
    origin: str
    received: datetime
    path: Path | None = None
    fault: str = ""
    cards: tuple[Card, ...] = ()
    spooled: Spooled | None = None

    @property
    def data(self) -> bytes | memoryview:
        """The whole file; see `Content.read`."""
        return self.content.read()

    @property
    def size_bytes(self) -> int:
        """Length of the file."""
        return self.content.size_bytes
