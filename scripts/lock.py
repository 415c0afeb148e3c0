#!/usr/bin/env python3
"""Resolve the dependencies named in pyproject.toml and pin them in requirements/*.txt.

Run it with .venv's Python to take up newer releases. It pins one version of each package for all machines that
indistack supports, and stops if a wheel for one of them is missing. With ``--check`` it changes nothing, and tells
which of the present pins have no wheel for which Python on which machine; either asks the package index.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PYTHONS = ("3.11", "3.12", "3.13")
MACHINES = ("x86_64", "aarch64")
# Its metadata asks for packages that it does not use, one of them without wheels: pinned without its dependencies.
BARE = "pyindi-client"
# rich's metadata asks for what it needs to show source code and Markdown only, which nothing here does.
UNUSED = ("pygments", "markdown-it-py", "mdurl")


def pip_report(requirements: list[str], python: str, machine: str, *options: str) -> dict[str, str]:
    """Return {name: version} that pip would install from wheels for this Python on this kind of machine."""
    platforms = [f"--platform={tag}_{machine}" for tag in ("manylinux_2_28", "manylinux_2_17", "manylinux2014")]
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--dry-run", "--ignore-installed", "--report=-"]
    command += ["--only-binary=:all:", "--target=unused", f"--python-version={python}", *platforms, *options]
    answer = subprocess.run([*command, *requirements], check=True, stdout=subprocess.PIPE, text=True)
    chosen = (item["metadata"] for item in json.loads(answer.stdout)["install"])
    return {re.sub(r"[-_.]+", "-", meta["name"]).lower(): meta["version"] for meta in chosen}


def resolve(requirements: list[str], known: dict[str, str]) -> dict[str, str]:
    """Return the pins that `requirements` need, beyond the `known` ones and in agreement with them."""
    bare = [line for line in requirements if line.startswith(BARE)]
    whole = [line for line in requirements if line not in bare]
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as constraints:
        constraints.writelines(f"{name}=={version}\n" for name, version in known.items())
        constraints.flush()
        pins = pip_report(whole, PYTHONS[0], MACHINES[0], f"--constraint={constraints.name}")
    if bare:
        pins |= pip_report(bare, PYTHONS[0], MACHINES[0], "--no-deps")
    return {name: version for name, version in sorted(pins.items()) if name not in known}


def without_wheel(pins: dict[str, str]) -> list[str]:
    """Return which pins have no wheel, for each Python on each kind of machine, as lines for people."""
    faults = []
    for python in PYTHONS:
        for machine in MACHINES:
            lines = [f"{name}=={version}" for name, version in pins.items()]
            if not has_wheels(lines, python, machine):
                faults += [
                    f"{line}: Python {python}, {machine}" for line in lines if not has_wheels([line], python, machine)
                ]
    return faults


def has_wheels(requirements: list[str], python: str, machine: str) -> bool:
    """Whether there is a wheel for each of them."""
    try:
        pip_report(requirements, python, machine, "--no-deps")
    except subprocess.CalledProcessError:
        return False
    return True


def present_pins() -> dict[str, str]:
    """Return all pins as they are."""
    lines = [line for path in (ROOT / "requirements").glob("*.txt") for line in path.read_text().splitlines()]
    return dict(line.split("==") for line in lines if "==" in line)


def stop_without_wheels(pins: dict[str, str]) -> None:
    """End the program where a wheel is missing."""
    if faults := without_wheel(pins):
        sys.exit("\n".join(["no wheel:", *faults]))


def new_pins() -> dict[str, dict[str, str]]:
    """Return the pins of each file: lock (to run), dev (to test and check) and bench (to compare)."""
    pyproject = tomllib.loads((ROOT / "pyproject.toml").read_text())
    project, extras = pyproject["project"], pyproject["project"]["optional-dependencies"]
    build = [line for line in pyproject["build-system"]["requires"] if line != "pip"]  # each environment has its own
    groups = {
        "lock": project["dependencies"] + pyproject["dependency-groups"]["bundled"],
        "dev": extras["test"] + extras["check"] + build,
        "bench": extras["bench"],
    }
    known: dict[str, str] = {}
    files = {}
    for name, requirements in groups.items():
        pins = resolve(requirements, known)
        if name == "lock":
            pins = {package: version for package, version in pins.items() if package not in UNUSED}
        known |= pins
        files[name] = pins
    return files


def main() -> None:
    """Write requirements/*.txt, or check them."""
    if sys.argv[1:] == ["--check"]:
        stop_without_wheels(present_pins())
        return
    files = new_pins()
    stop_without_wheels({name: version for pins in files.values() for name, version in pins.items()})
    for name, pins in files.items():
        lines = [f"{package}=={version}\n" for package, version in pins.items()]
        text = "# Made by scripts/lock.py. Complete: install with --no-deps.\n" + "".join(lines)
        (ROOT / "requirements" / f"{name}.txt").write_text(text)


if __name__ == "__main__":
    main()
