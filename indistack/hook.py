"""The programs that Ekos runs around jobs and captures: they tell the agent on this machine that a frame is there.

Ekos waits for it and gives it no arguments. Old versions (3.6.2) leave its standard input open and silent; newer ones
write one JSON object there. Whatever happens it says nothing and ends with 0 in less than half a second: a slow hook is
lost exposure time, and a failing one stops the sequence. What is not done by then goes on without it. Standard library
only and without pathlib, which would double the time to start.

Where no agent listens the frame is put on record in the output folder, and a stand-in for the agent takes it into the
stack there: a process that Ekos does not wait for, see `indistack run --announced`.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import select
import signal
import socket
import sys
import time
from typing import Any

STDIN_S = 0.25  # how long Ekos may take to say something on standard input
MAX_JSON_BYTES = 1 << 20  # Ekos says less than a kilobyte beside the header of a frame

ALL_S = 0.35  # after this the program ends for Ekos, whatever it is doing

ALONE_S = SEND_S = 30.0
"""So long may the frame take to be announced where the machine is too busy, or an agent is: Ekos no longer waits."""

ANNOUNCED = "announced"
"""Folder in an output folder: the frames that were announced while no agent listened, a file each, named in order."""

STAND_IN = "stand-in"
"""File in it while a stand-in is at work, which leaves as soon as somebody removes it."""

OUTPUT = "INDISTACK_OUTPUT"
"""Variable that names the output folder."""

HOME_OUTPUT, SERVICE_OUTPUT = "~/indistack", "/var/lib/indistack/live"
"""Output folders without it: a person's own, and that of the systemd service."""

LOG = "agent.log"
"""What an agent says that others have started, in its output folder."""

FITS = (".fits", ".fit", ".fts", ".fz", ".xisf")
RAW = (".cr2", ".cr3", ".nef", ".arw", ".dng", ".raf", ".orf", ".rw2", ".pef")
FRAMES = FITS + RAW
"""Ends of the names of what Ekos writes."""

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
    while len(text) <= MAX_JSON_BYTES:
        if not select.select([fd], [], [], max(0.0, deadline - time.monotonic()))[0]:
            break  # what is there is read, however late a busy machine comes to it
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
                    sender.connect(path)  # only who is connected waits for a full queue, and is woken by the alarm
                    sender.send(data)
                    return True
            except (OSError, ValueError):
                continue  # nobody there: the next one
    return False


def let_ekos_go_on() -> None:
    """End for Ekos, which waits no longer, and go on without it: the frame is still to be announced."""
    if os.fork():
        os._exit(0)
    detach(1, 2)
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_REAL, ALONE_S)


def detach(*descriptors: int) -> None:
    """Be no more of Ekos' processes, and neither read nor say anything by these descriptors."""
    os.setsid()
    for descriptor in descriptors:
        os.dup2(os.open(os.devnull, os.O_RDWR), descriptor)


def leave_to_stand_in(message: dict[str, Any]) -> None:
    """Have a frame stacked without an agent, by a process that nobody waits for."""
    began_ns = time.time_ns()
    if os.fork():
        return
    try:
        detach(0, 1, 2)
        put_on_record(message, began_ns)
    finally:
        os._exit(0)


def put_on_record(message: dict[str, Any], began_ns: int) -> None:
    """Write an announcement down, and become the stand-in unless somebody is at work who will read it."""
    settings = own_settings()
    if not (settings.get("enabled", True) and settings.get("alone", True)) or is_held(SERVICE_OUTPUT):
        return
    message["path"] = message["path"] or newest_frame(str(settings.get("folder", "")), began_ns)
    if not os.path.isfile(message["path"]):  # noqa: PTH113
        return
    output = os.path.abspath(os.environ.get(OUTPUT) or os.path.expanduser(HOME_OUTPUT))  # noqa: PTH100, PTH111
    folder, name = f"{output}/{ANNOUNCED}", f"{began_ns:020d}-{os.getpid()}"
    os.makedirs(folder, exist_ok=True)  # noqa: PTH103
    with open(f"{folder}/{name}.new", "w") as file:  # noqa: PTH123
        json.dump(message, file)
        file.flush()
        os.fsync(file.fileno())
    os.rename(f"{folder}/{name}.new", f"{folder}/{name}.json")  # noqa: PTH104
    if not is_held(output):
        become_stand_in(output)


def own_settings() -> dict[str, Any]:
    """Return the table of the hook in the settings file, as it stands there."""
    import tomllib

    base = os.environ.get("XDG_CONFIG_HOME") or os.path.expanduser("~/.config")  # noqa: PTH111
    with contextlib.suppress(OSError, ValueError), open(f"{base}/indistack/indistack.toml", "rb") as file:  # noqa: PTH123
        table = tomllib.load(file).get("hook")
        return table if isinstance(table, dict) else {}
    return {}


def newest_frame(folder: str, until_ns: int) -> str:
    """Return the youngest frame in a folder, and in those within, that was written by then; "" where there is none."""
    found: list[tuple[int, str]] = []
    for place, folders, names in os.walk(os.path.expanduser(folder)) if folder else ():  # noqa: PTH111
        if "status.json" in names and "sessions" in folders:  # an agent's output
            folders.clear()
            continue
        for name in names:
            if name.lower().endswith(FRAMES) and not name.startswith("."):
                with contextlib.suppress(OSError):
                    found.append((os.stat(f"{place}/{name}").st_mtime_ns, f"{place}/{name}"))  # noqa: PTH116
    return max((one for one in found if one[0] <= until_ns), default=(0, ""))[1]


def is_held(output: str) -> bool:
    """Tell whether an agent, or a stand-in, is at work in an output folder: it will read what is on record there."""
    try:
        handle = os.open(output, os.O_RDONLY | os.O_DIRECTORY)
    except OSError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(handle)
    return False


def become_stand_in(output: str) -> None:
    """Go on as `indistack run --announced`, by the Python that has what it needs."""
    root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))  # noqa: PTH100, PTH120
    own = f"{root}/.venv/bin/python"  # of a checkout, which the interpreter of Ekos' scripts does not know
    has_own = sys.prefix == sys.base_prefix and os.path.exists(own)  # noqa: PTH110
    python = own if has_own else sys.executable
    log = os.open(f"{output}/{LOG}", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    os.dup2(log, 1)
    os.dup2(log, 2)
    path = os.pathsep.join(filter(None, [root, os.environ.get("PYTHONPATH")]))
    words = [python, "-P", "-m", "indistack", "run", "--announced", "--output-dir", output]
    os.execve(python, words, {**os.environ, "PYTHONPATH": path})


def main(script: str = POST_CAPTURE) -> int:
    """Run the hook for one of Ekos' scripts; always 0."""
    try:
        signal.signal(signal.SIGALRM, lambda _number, _frame: let_ekos_go_on())
        signal.setitimer(signal.ITIMER_REAL, ALL_S)
        arguments = sys.argv[1:]
        given = bool(arguments) and not arguments[0].startswith("-")
        said = {} if given or os.isatty(0) else read_json(0, STDIN_S)
        message = announcement(arguments, said, script)
        if not announce(message) and script == POST_CAPTURE:
            leave_to_stand_in(message)
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
