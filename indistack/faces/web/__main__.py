"""The page beside an agent: ``python -m indistack.faces.web FOLDER SOCKET PARENT``; the environment holds the door."""

from __future__ import annotations

import json
import os
import socket
import sys
from pathlib import Path

from indistack.faces.web.door import DOOR, Door
from indistack.faces.web.server import serve
from indistack.system import log


def main(words: list[str]) -> None:
    """Serve the socket that was handed over."""
    log.configure("warning")
    folder, handle, parent = words
    facts = json.loads(os.environ.pop(DOOR))
    door = Door(**facts | {"names": tuple(facts["names"])})
    serve(Path(folder), socket.socket(fileno=int(handle)), door, int(parent))


if __name__ == "__main__":
    main(sys.argv[1:])
