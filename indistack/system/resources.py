"""How much memory this process may still take: of the machine, of its control groups, of its own limits."""

from __future__ import annotations

import ctypes
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path("/")

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3
"""Of glibc's mallopt; the second grows by itself up to 32 MB, a plane of 24 MP binned by two."""

LARGE_BYTES, KEPT_BYTES = 1 << 23, 1 << 26
"""Arrays from there on leave at once; of smaller ones so much is kept for the next sub."""


RESERVE_BYTES, RESERVE_SHARE = 150_000_000, 0.05
"""Left to the system and to what else runs beside us; of a limit that is ours alone, that share of it."""


def available_bytes(root: Path = ROOT) -> int:
    """Return how much memory can be taken before the kernel begins to kill.

    The least of: what the machine has free or can free (MemAvailable), what each control group above this process may
    still take, and what the process's own limit of address space leaves. A large number where nothing is told.

    Parameters
    ----------
    root : Path
        Of the file system with ``proc`` and ``sys``.
    """
    groups = [left for left, _ in _left_in_groups(root)]
    return max(0, min([_free(root), *groups, _left_of_address_space(root)[0]]))


def spare_bytes(root: Path = ROOT) -> int:
    """Return how much of `available_bytes` may be planned with: the kernel kills where the last of it is asked for.

    Of the machine, something is left to the system and to what else runs; of a group's or the process's own limit,
    something for what is not counted in arrays.
    """
    machine = _free(root) - RESERVE_BYTES
    address_space, limit = _left_of_address_space(root)
    groups = [left - int(RESERVE_SHARE * limit) for left, limit in _left_in_groups(root)]
    return max(0, min([machine, *groups, address_space - int(RESERVE_SHARE * limit)]))


def children_bytes(root: Path = ROOT) -> tuple[int, int]:
    """Return what the processes that this one has started hold now, and the most that they have held, in bytes."""
    held = [_fields(root / f"proc/{pid}/status") for pid in _children(root / "proc/self")]
    return sum(each.get("VmRSS", 0) for each in held), sum(each.get("VmHWM", 0) for each in held)


def _children(process: Path) -> Iterator[str]:
    """Each thread has those that it has started; a kernel may not tell."""
    try:
        threads = list((process / "task").iterdir())
    except OSError:
        return
    for thread in threads:
        for line in _lines(thread / "children"):
            yield from line.split()


def resident_bytes(root: Path = ROOT) -> int:
    """Return what this process holds in memory now."""
    return _fields(root / "proc/self/status").get("VmRSS", 0)


def peak_bytes(root: Path = ROOT) -> int:
    """Return the most that this process has held in memory so far.

    Not from getrusage: there a process starts with the memory of the one that forked it.
    """
    return _fields(root / "proc/self/status").get("VmHWM", 0)


@contextmanager
def bound_memory(spare_bytes: int) -> Iterator[None]:
    """Let this process take no more memory of its own than so much beyond what it has: MemoryError tells of more."""
    soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
    limit = _fields(ROOT / "proc/self/status").get("VmData", 0) + spare_bytes
    known = [each for each in (soft, hard) if each != resource.RLIM_INFINITY]
    resource.setrlimit(resource.RLIMIT_DATA, (min([limit, *known]), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))


def let_go_of_arrays() -> None:
    """Have the memory of large arrays leave the process as soon as they are freed, instead of being kept for others.

    At 24 MP the process is 6 % smaller. Small arrays are kept: every fresh page is cleared by the kernel first.
    """
    set_option = getattr(ctypes.CDLL(None), "mallopt", None)  # another C library may not have it
    if set_option is not None:
        set_option(M_MMAP_THRESHOLD, LARGE_BYTES)
        set_option(M_TRIM_THRESHOLD, KEPT_BYTES)


def give_back_memory() -> None:
    """Return to the system what was freed and is kept for others."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)


def _free(root: Path) -> int:
    return _fields(root / "proc/meminfo").get("MemAvailable", 1 << 62)


def _left_in_groups(root: Path) -> Iterator[tuple[int, int]]:
    """What the groups leave, of both versions, and their limits: ``limit - used``; pages of files count as free."""
    for line in _lines(root / "proc/self/cgroup"):
        _, controllers, path = line.split(":", 2)
        if not controllers:
            yield from _left(root / "sys/fs/cgroup", path, "memory.max", "memory.current")
        elif "memory" in controllers.split(","):
            yield from _left(root / "sys/fs/cgroup/memory", path, "memory.limit_in_bytes", "memory.usage_in_bytes")


def _left(base: Path, path: str, limit_name: str, used_name: str) -> Iterator[tuple[int, int]]:
    """Go from the process's group up to the root: each may have a limit."""
    group = base / path.strip("/")
    for folder in (group, *group.parents):
        if not folder.is_relative_to(base):
            return
        limit, used = _number(folder / limit_name), _number(folder / used_name)
        if limit is not None and used is not None:
            files = _fields(folder / "memory.stat")
            of_files = sum(files.get(f"total_{name}", files.get(name, 0)) for name in ("inactive_file", "active_file"))
            yield limit - used + of_files, limit


def _left_of_address_space(root: Path) -> tuple[int, int]:
    """What the process's own limit leaves, and the limit."""
    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    if limit == resource.RLIM_INFINITY:
        return 1 << 62, 0
    return limit - _fields(root / "proc/self/status").get("VmSize", 0), limit


def _fields(path: Path) -> dict[str, int]:
    """Numbers of a file of lines ``name value`` or ``Name: value kB``, in bytes."""
    numbers = {}
    for line in _lines(path):
        name, *rest = line.replace(":", " ").split()
        if rest and rest[0].isdigit():
            numbers[name] = int(rest[0]) * (1024 if rest[1:] == ["kB"] else 1)
    return numbers


def _number(path: Path) -> int | None:
    """Number in a file; None where there is none: the word ``max``, or no such file."""
    lines = _lines(path)
    return int(lines[0]) if lines and lines[0].isdigit() else None


def _lines(path: Path) -> list[str]:
    try:
        return [line for line in path.read_text(encoding="ascii", errors="replace").splitlines() if line.strip()]
    except OSError:
        return []
