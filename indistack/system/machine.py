"""How the machine itself is: heat, current, clock, and what this process has written to the disk."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path("/")

FIRMWARE = "sys/devices/platform/soc/soc:firmware/get_throttled"
"""What a Raspberry Pi's firmware tells, as bits; a file of its kernel, else asked for with `VCGENCMD`."""

VCGENCMD, PATIENCE_S = "vcgencmd", 2.0

UNDER_VOLTAGE, CAPPED, THROTTLED, TOO_WARM = 1 << 0, 1 << 1, 1 << 2, 1 << 3
"""Bits for now; the same 16 places higher: at any time since the machine was started."""

SINCE_START = 16


@dataclass(frozen=True, slots=True)
class Health:
    """How the machine is.

    Attributes
    ----------
    temperature_c : float or None
        Of its processor, None where it is not told.
    under_voltage, throttled : bool
        The power supply is too weak; the processor is held back by it, or by heat.
    was_under_voltage, was_throttled : bool
        At any time since the machine was started.
    """

    temperature_c: float | None = None
    under_voltage: bool = False
    throttled: bool = False
    was_under_voltage: bool = False
    was_throttled: bool = False


def health(root: Path = ROOT) -> Health:
    """Look at it; what the machine does not tell is taken for good.

    Parameters
    ----------
    root : Path
        Of the file system with ``sys``.
    """
    bits = _firmware_bits(root)
    held_back = CAPPED | THROTTLED | TOO_WARM
    return Health(
        _temperature_c(root),
        bool(bits & UNDER_VOLTAGE) or _alarm(root),
        bool(bits & held_back),
        bool(bits >> SINCE_START & UNDER_VOLTAGE),
        bool(bits >> SINCE_START & held_back),
    )


def clock_is_unset(now: datetime, program: Path = Path(__file__)) -> bool:
    """Tell whether the clock says a time before this program was installed: a Pi's stops without power."""
    try:
        return now < datetime.fromtimestamp(program.stat().st_mtime, UTC)
    except OSError:
        return False


def model(root: Path = ROOT) -> str:
    """Return what the machine is called by who made it, as ``Raspberry Pi 5 Model B``; "" where nothing tells."""
    told = _text(root / "proc/device-tree/model").strip("\0 \n")
    told_of_cores = _text(root / "proc/cpuinfo").partition("model name")[2]
    return told or told_of_cores.partition("\n")[0].strip("\t :")


def memory_bytes(root: Path = ROOT) -> int:
    """Return how much memory the machine has, 0 where the kernel does not tell."""
    words = _text(root / "proc/meminfo").partition("MemTotal:")[2].split()
    return int(words[0]) * 1024 if words and words[0].isdigit() else 0


def written_bytes(root: Path = ROOT) -> int | None:
    """Return what this process has written to disks so far, None where the kernel does not tell."""
    for line in _text(root / "proc/self/io").splitlines():
        name, _, number = line.partition(": ")
        if name == "write_bytes" and number.isdigit():
            return int(number)
    return None


def _temperature_c(root: Path) -> float | None:
    """Of the warmest zone."""
    told = [_text(zone / "temp").strip() for zone in (root / "sys/class/thermal").glob("thermal_zone*")]
    numbers = [int(text) / 1000 for text in told if text.lstrip("-").isdigit()]
    return max(numbers, default=None)


def _alarm(root: Path) -> bool:
    """Whether the kernel of a Pi has seen too little voltage lately."""
    return any(_text(path).strip() == "1" for path in (root / "sys/class/hwmon").glob("hwmon*/in0_lcrit_alarm"))


def _firmware_bits(root: Path) -> int:
    text = _text(root / FIRMWARE).strip() or _asked()
    try:
        return int(text, 16)
    except ValueError:
        return 0


def _asked() -> str:
    """What a Pi's own program says: ``throttled=0x50005``."""
    if shutil.which(VCGENCMD) is None:
        return ""
    try:
        done = subprocess.run(
            [VCGENCMD, "get_throttled"], capture_output=True, text=True, timeout=PATIENCE_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip().partition("=")[2]


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii", errors="replace")
    except OSError:
        return ""
