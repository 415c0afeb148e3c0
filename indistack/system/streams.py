"""Standard output and error that outlive who reads them: ``... | head``, or a letter they lack, costs no work."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from typing import Any, TextIO, cast


class Outliving:
    """A text stream whose reader may go: what is written afterwards goes nowhere.

    Parameters
    ----------
    stream : TextIO
        What is written to; a pipe whose reader ends, a terminal that is closed, a file on a full disk.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Write, as far as somebody reads; a letter that the stream's encoding lacks becomes a question mark."""
        with self._outliving():
            try:
                self._stream.write(text)
            except UnicodeEncodeError as error:
                self._stream.write(text.encode(error.encoding, "replace").decode(error.encoding))
        return len(text)

    def flush(self) -> None:
        """Flush, as far as somebody reads."""
        with self._outliving():
            self._stream.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    @contextlib.contextmanager
    def _outliving(self) -> Iterator[None]:
        try:
            yield
        except OSError:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self._stream.fileno())  # what is still held would fail again when the process ends
            os.close(nowhere)


@contextlib.contextmanager
def outlive_readers() -> Iterator[None]:
    """Let standard output and error outlive their readers in the block."""
    before = sys.stdout, sys.stderr
    streams = [cast(TextIO, Outliving(stream)) if stream is not None else stream for stream in before]
    sys.stdout, sys.stderr = streams
    try:
        yield
    finally:
        for stream in streams:
            if stream is not None:
                stream.flush()
        sys.stdout, sys.stderr = before
