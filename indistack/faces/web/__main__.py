"""The page beside an agent: ``python -m indistack.faces.web FOLDER SOCKET PARENT [NAME...]``."""

from __future__ import annotations

import socket
import sys
from pathlib import Path

from indistack.faces.web.server import serve
from indistack.system import log


def main(words: list[str]) -> None:
    """Serve the socket that was handed over."""
    log.configure("warning")
    folder, handle, parent, *names = words
    serve(Path(folder), socket.socket(fileno=int(handle)), names, int(parent))


if __name__ == "__main__":
    main(sys.argv[1:])
