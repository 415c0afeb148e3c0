"""The programs that Ekos runs around jobs and captures: they tell the agent on this machine that a frame is there.

Ekos waits for it and gives it no arguments. Old versions (3.6.2) leave its standard input open and silent; newer ones
write one JSON object there. Whatever happens it says nothing and ends with 0 in less than half a second: a slow hook is
lost exposure time, and a failing one stops the sequence. Standard library only and without pathlib, which would double
the time to start.
"""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import sys
import time
from typing import Any

STDIN_S = 0.25
"""How long Ekos may take to say something on standard input."""

MAX_JSON_BYTES = 1 << 20
"""Ekos says less than a kilobyte beside the header of a frame."""

SEND_S = 0.05
ALL_S = 0.35
"""After this the program ends, whatever it is doing."""


POST_CAPTURE, PRE_JOB, POST_JOB = "POST_CAPTURE", "PRE_JOB", "POST_JOB"
"""Ekos' scripts, as newer versions call them on standard input; old ones say nothing there."""


def candidates() -> list[str]:
    """Return where an agent of this user may listen, best first; Ekos and agent may have been started differently."""
    user = os.getuid()
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    folders = [f"{runtime}/indistack"] if runtime else []
    folders += [f"/run/user/{user}/indistack", f"/tmp/indistack-{user}"]
    explicit = os.environ.get("INDISTACK_SOCKET")
    paths = ([explicit] if explicit else []) + [f"{folder}/agent.sock" for folder in folders]
    return list(dict.fromkeys(paths))


def read_json(fd: int, seconds: float) -> dict[str, Any]:
    """Return the JSON object that comes on a file descriptor; {} when none does within the time, or a huge one."""
    deadline = time.monotonic() + seconds
    text = b""
    while len(text) <= MAX_JSON_BYTES and (left_s := deadline - time.monotonic()) > 0:
        if not select.select([fd], [], [], left_s)[0]:
            break
        chunk = os.read(fd, 1 << 16)
        text += chunk
        if not chunk or text.rstrip().endswith(b"}"):
            try:
                value = json.loads(text)
            except ValueError:
                if chunk:
                    continue
                break
            return value if isinstance(value, dict) else {}
    return {}


def announcement(arguments: list[str], said: dict[str, Any], script: str) -> dict[str, Any]:
    """Return what the agent is told: which script it is, the file's path and the job's target where known."""
    job, fits = said.get("job"), said.get("fits")
    job = job if isinstance(job, dict) else {}
    path = fits.get("filename") if isinstance(fits, dict) else None
    if arguments and not arguments[0].startswith("-"):
        path = arguments[0]
    return {
        "path": os.path.abspath(path) if isinstance(path, str) and path else "",  # noqa: PTH100 - see above
        "type": str(job.get("type", "")),
        "target": str(job.get("target_name", "")),
        "script": script,
    }


def announce(message: dict[str, Any]) -> bool:
    """Send a message to the first agent that listens; return whether there is one."""
    data = json.dumps(message).encode()
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        sender.settimeout(SEND_S)
        for path in candidates():
            try:
                if os.stat(os.path.dirname(path)).st_uid in (os.getuid(), 0):  # noqa: PTH116, PTH120 - see above
                    sender.sendto(data, path)
                    return True
            except (OSError, ValueError):
                continue  # nobody there: the next one
    return False


def main(script: str = POST_CAPTURE) -> int:
    """Run the hook for one of Ekos' scripts; always 0."""
    try:
        signal.signal(signal.SIGALRM, lambda _number, _frame: os._exit(0))
        signal.setitimer(signal.ITIMER_REAL, ALL_S)
        arguments = sys.argv[1:]
        given = bool(arguments) and not arguments[0].startswith("-")
        said = {} if given or os.isatty(0) else read_json(0, STDIN_S)
        announce(announcement(arguments, said, script))
    except Exception:  # noqa: BLE001 - Ekos must go on
        pass
    signal.setitimer(signal.ITIMER_REAL, 0)  # an interpreter that ends has no handlers: the alarm would kill it
    return 0


def pre_job() -> int:
    """Run the hook before a job; always 0."""
    return main(PRE_JOB)


def post_job() -> int:
    """Run the hook after a job; always 0."""
    return main(POST_JOB)


if __name__ == "__main__":
    sys.exit(main())
