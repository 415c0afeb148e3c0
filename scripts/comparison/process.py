"""Runs a program and tells what it used; run as a program itself, it is the small parent that can tell."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Usage:
    """What one process with its children used.

    Attributes
    ----------
    wall_s, cpu_s : float
        From start to end; user and system time of all cores.
    peak_mb : float
        Resident memory at its highest (1 MB is 1e6 bytes), of the largest process if there were several.
    """

    wall_s: float
    cpu_s: float
    peak_mb: float


def run_measured(command: Sequence[str | Path], log: Path) -> Usage:
    """Run a command to its end, what it says in `log`.

    Raises
    ------
    subprocess.CalledProcessError
        The command failed; `output` is the end of what it said.
    """
    # Linux counts the memory of the parent at the fork as the child's: a parent with pictures in memory must not
    # start what it measures.
    with tempfile.NamedTemporaryFile(suffix=".json") as answer, log.open("wb") as said:
        words = [str(word) for word in command]
        small_parent = [sys.executable, "-I", "-S", __file__, answer.name, *words]
        status = subprocess.run(small_parent, stdin=subprocess.DEVNULL, stdout=said, stderr=said).returncode
        if status:
            raise subprocess.CalledProcessError(status, words, log.read_text(errors="replace")[-2000:])
        return Usage(**json.loads(answer.read()))


def _run(answer: Path, command: Sequence[str]) -> int:
    begin_s = time.perf_counter()
    child = subprocess.Popen(command)
    _, status, used = os.wait4(child.pid, 0)
    wall_s = time.perf_counter() - begin_s
    usage = Usage(wall_s, used.ru_utime + used.ru_stime, used.ru_maxrss * 1024 / 1e6)
    answer.write_text(json.dumps(asdict(usage)))
    return os.waitstatus_to_exitcode(status)


if __name__ == "__main__":
    sys.exit(_run(Path(sys.argv[1]), sys.argv[2:]))
