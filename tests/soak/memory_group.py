"""Runs a program with a bound on its memory, as a small machine would have, and tells what it took."""

from __future__ import annotations

import contextlib
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

GROUPS = Path("/sys/fs/cgroup")
LOOK_S = 0.05


@dataclass(frozen=True, slots=True)
class Usage:
    """What a program took.

    Attributes
    ----------
    status : int
        With which it ended; negative: the signal.
    peak_mb : float
        The most that its processes held together, without pages of files.
    seconds : float
        How long it ran.
    errors : str
        What it said on the error stream.
    """

    status: int
    peak_mb: float
    seconds: float
    errors: str

    @property
    def was_killed(self) -> bool:
        """By the kernel, as there was no more memory."""
        return self.status in (-9, 137)


def why_not() -> str:
    """Say why there are no groups with a bound here, "" where there are."""
    try:
        with memory_group(64_000_000):
            return ""
    except OSError as error:
        return f"no control group can be made: {error.strerror}"


@contextlib.contextmanager
def memory_group(bound_bytes: int) -> Iterator[Path]:
    """Make a control group whose processes may take so much together; yield the file that takes a process in."""
    is_first = (GROUPS / "memory").is_dir()
    parent = GROUPS / "memory" if is_first else GROUPS
    group = Path(tempfile.mkdtemp(prefix="indistack-soak-", dir=parent))
    try:
        (group / ("memory.limit_in_bytes" if is_first else "memory.max")).write_text(str(bound_bytes))
        yield group / "cgroup.procs"
    finally:
        group.rmdir()


def run(command: Sequence[str | Path], bound_bytes: int = 0, timeout_s: float = 600.0) -> Usage:
    """Run a program, bounded where `bound_bytes` says so, to its end."""
    begin_s = time.monotonic()
    with contextlib.ExitStack() as stack:
        entry = stack.enter_context(memory_group(bound_bytes)) if bound_bytes else None
        said = stack.enter_context(tempfile.TemporaryFile())
        starter = ["/bin/sh", "-c", 'echo $$ > "$0"; exec "$@"', entry] if entry is not None else []
        words = [str(word) for word in (*starter, *command)]
        child = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=said)
        peak = _watch(child, begin_s + timeout_s)
        said.seek(0)
        return Usage(child.returncode, peak / 1e6, time.monotonic() - begin_s, said.read().decode(errors="replace"))


def _watch(child: subprocess.Popen[bytes], deadline_s: float) -> int:
    peak, own_peak = 0, 0
    while child.poll() is None:
        if time.monotonic() > deadline_s:
            child.kill()
        tree = [child.pid, *_children(child.pid)]
        held = [_held(pid) for pid in tree]
        own_peak = max(own_peak, held[0][1])
        peak = max(peak, sum(now for now, _ in held))
        time.sleep(LOOK_S)
    return max(peak, own_peak)


def _children(pid: int) -> Iterator[int]:
    try:
        words = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return
    for word in words:
        yield int(word)
        yield from _children(int(word))


def _held(pid: int) -> tuple[int, int]:
    """Memory that a process holds now without pages of files, and the most that it has held so far."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0, 0
    kb = {words[0][:-1]: int(words[1]) for line in lines if (words := line.split())[-1] == "kB"}
    file_kb = kb.get("RssFile", 0)
    now = kb.get("VmRSS", 0) - file_kb
    return now * 1024, (kb.get("VmHWM", 0) - file_kb) * 1024
