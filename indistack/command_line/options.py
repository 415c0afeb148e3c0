"""The settings that come of what was said on the command line."""

from __future__ import annotations

from collections import Counter
from typing import Any

from indistack.command_line.arguments import Options, default_config_path
from indistack.config import Config
from indistack.errors import SettingsError
from indistack.settings import Given, load

CALIBRATION_OPTIONS = ("dark", "flat", "bias", "darkflat", "library", "learn")

CALLED = {
    "align.centroid.search_px": "--search",
    "align.centroid.star": "--star",
    "align.method": "--align",
    "align.template.box": "--reference-box",
    "align.template.min_score": "-t",
    "align.template.search_box": "--search-box",
    "branches": "--branch",
    "calibrate.library": "--library",
    "debayer.method": "--debayer",
    "indi.host": "--host",
    "indi.port": "--port",
    "picture.operators": "-E",
    "picture.sub_operators": "-e",
    "publish.crop": "--crop",
    "stack.jobs": "--jobs",
    "stack.kappa_high": "-k",
    "stack.kappa_low": "-k",
    "stack.max_memory_mb": "--max-memory",
    "stack.method": "--method",
    "web.listen": "--listen",
}
"""Setting -> the option that says it: what is wrong with one is told by the name that was typed."""

Overrides = dict[str, dict[str, Any]]
"""Table -> setting -> value."""


def config_of(options: Options, overrides: Overrides | None = None) -> Config:
    """Read the settings file, then ``--set``, then the options of the command."""
    said = given_by(options, overrides)
    return load(Config, said.path, said.words, said.options, said.called)


def require_pictures(config: Config) -> None:
    """Raise SettingsError where a picture that the settings name cannot be read: now, and not with the first sub."""
    tables = {"stack": config.stack, **{f"branches.{name}": branch for name, branch in config.branches.items()}}
    masks = {name: table.ground_mask for name, table in tables.items() if table.ground_mask is not None}
    if not masks:
        return
    from indistack.stack.trails import is_mask  # OpenCV

    bad = {name: path for name, path in masks.items() if not is_mask(path)}
    faults = [f"{name}.ground_mask = {str(path)!r}: no picture that can be read" for name, path in bad.items()]
    if faults:
        raise SettingsError(faults)


def given_by(options: Options, overrides: Overrides | None = None) -> Given:
    """Return what was said about settings: in the file, by ``--set``, by the options of the command."""
    path = options.config
    if path is None and default_config_path().is_file():
        path = default_config_path()
    calibration = given(**{name: getattr(options, name, None) for name in CALIBRATION_OPTIONS})
    branches = {name: {"method": method} for name, method in _branches(options).items()}
    said = dict(overrides or {})
    tables = {**said, "calibrate": calibration, "branches": {**said.get("branches", {}), **branches}}
    return Given(path, options.set, {table: entries for table, entries in tables.items() if entries}, CALLED)


def _branches(options: Options) -> dict[str, str]:
    """Name -> method of the further stacks that were asked for."""
    words = [word.partition("=") for word in getattr(options, "branch", ())]
    faults = [f"--branch {name}: expected NAME=METHOD" for name, equals, _ in words if not equals]
    count = Counter(name for name, _, _ in words)
    faults += [f"--branch {name}: is named {times} times" for name, times in count.items() if times > 1]
    if faults:
        raise SettingsError(faults)
    return {name: method for name, _, method in words}


def given(**values: Any) -> dict[str, Any]:
    """Return what was said."""
    return {name: value for name, value in values.items() if value is not None}
