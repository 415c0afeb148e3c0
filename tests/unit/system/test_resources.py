"""What memory is left, from the files in which the kernel tells it."""

from __future__ import annotations

import mmap
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from indistack.system.resources import available_bytes, peak_bytes, resident_bytes

MB = 1 << 20


def write(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


MACHINE = {"proc/meminfo": "MemTotal: 8388608 kB\nMemAvailable: 2097152 kB\n", "proc/self/cgroup": "0::/user/ekos\n"}


def test_without_limits_it_is_what_the_machine_has_left(tmp_path: Path) -> None:
    assert available_bytes(write(tmp_path, MACHINE)) == 2048 * MB


@pytest.mark.parametrize("group", ["user/ekos", "user"])
def test_a_group_of_version_2_may_leave_less_and_so_may_one_above_it(tmp_path: Path, group: str) -> None:
    limits = {
        "memory.max": f"{600 * MB}\n",
        "memory.current": f"{500 * MB}\n",
        "memory.stat": f"inactive_file {40 * MB}\n",
    }
    root = write(tmp_path, MACHINE | {f"sys/fs/cgroup/{group}/{name}": text for name, text in limits.items()})
    assert available_bytes(root) == 140 * MB


def test_a_group_without_limit_counts_for_nothing(tmp_path: Path) -> None:
    files = {"sys/fs/cgroup/user/memory.max": "max\n", "sys/fs/cgroup/user/memory.current": "5\n"}
    assert available_bytes(write(tmp_path, MACHINE | files)) == 2048 * MB


def test_a_group_of_version_1(tmp_path: Path) -> None:
    group = "sys/fs/cgroup/memory/box"
    files = {
        "proc/self/cgroup": "4:cpuset:/\n3:cpu,memory:/box\n",
        f"{group}/memory.limit_in_bytes": f"{1000 * MB}",
        f"{group}/memory.usage_in_bytes": f"{900 * MB}",
    }
    assert available_bytes(write(tmp_path, MACHINE | files)) == 100 * MB


def test_more_taken_than_allowed_leaves_nothing(tmp_path: Path) -> None:
    files = {"sys/fs/cgroup/user/memory.max": "100", "sys/fs/cgroup/user/memory.current": "200"}
    assert available_bytes(write(tmp_path, MACHINE | files)) == 0


def test_a_kernel_that_tells_nothing_sets_no_limit(tmp_path: Path) -> None:
    assert available_bytes(tmp_path) > 1 << 40


def test_what_is_held_and_what_was_held_at_most(tmp_path: Path) -> None:
    root = write(tmp_path, {"proc/self/status": "VmPeak: 9 kB\nVmHWM: 2048 kB\nVmRSS: 1024 kB\n"})
    assert (resident_bytes(root), peak_bytes(root)) == (MB, 2 * MB)
    now = resident_bytes()  # first: to read it takes memory too
    assert peak_bytes() >= now > MB


def test_on_this_machine() -> None:
    before = resident_bytes()
    held = mmap.mmap(-1, 64 * MB)  # an array may lie where another test's was
    np.frombuffer(held, np.uint8)[:] = 1
    assert 60 * MB < resident_bytes() - before < 80 * MB
    assert 0 < available_bytes() < 1 << 50
    held.close()


FREE_LARGE_ARRAYS = """
import numpy as np
from indistack.system.resources import let_go_of_arrays, resident_bytes

MB = 1 << 20
del [np.ones(3 * MB) for _ in range(4)][:]  # by itself the C library would from now on keep what is smaller
let_go_of_arrays()
pairs = [(np.ones(2 * MB), np.ones(4096)) for _ in range(20)]
full, small = resident_bytes(), [small for _, small in pairs]
del pairs
print((full - resident_bytes()) // MB)
"""


def test_freed_arrays_leave_the_process() -> None:
    # In a process of its own: this one may have free memory from earlier tests, in which these arrays would lie.
    done = subprocess.run([sys.executable, "-c", FREE_LARGE_ARRAYS], capture_output=True, text=True, check=True)
    assert int(done.stdout) > 240
