"""Which stacks are wanted of the same subs, how each combines them, and into which files it goes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from indistack.command_line.arguments import Options
from indistack.command_line.options import given
from indistack.command_line.stack_arguments import NAMED_STACKS
from indistack.config import MAIN
from indistack.errors import SettingsError

NAIVE = "naive"


@dataclass(slots=True)
class WantedStacks:
    """What was asked for.

    Attributes
    ----------
    main : dict
        Settings of the main stack.
    branches : dict
        Name of a further stack -> its settings.
    outputs : dict
        Name of a stack -> files of its own.
    """

    main: dict[str, Any] = field(default_factory=dict)
    branches: dict[str, dict[str, Any]] = field(default_factory=dict)
    outputs: dict[str, list[Path]] = field(default_factory=dict)


def wanted_stacks(options: Options) -> WantedStacks:
    """Return the stacks: where no file was named for another one, the first of those with a letter is the main one.

    Raises
    ------
    SettingsError
        Methods that nobody can tell apart, or a name twice.
    """
    wanted = WantedStacks(main=given(method=options.method))
    for option, (_, method, name) in NAMED_STACKS.items():
        paths = getattr(options, option)
        if not paths:
            continue
        settings = {"method": method, "weight": "equal"} | (_kappa(options) if method == "sigma_clip" else {})
        if options.output or options.png or wanted.outputs:
            wanted.branches[name], wanted.outputs[name] = settings, paths
        else:
            wanted.main, wanted.outputs[MAIN] = settings, paths
    if MAIN in wanted.outputs and options.method:
        raise SettingsError(
            [f"--method {options.method}: name its file by -o; -a, -m, -M, -d, -S say how they combine"]
        )
    if options.kappa_sigma_params and not options.sigma_stack:
        wanted.main |= _kappa(options)
    if options.naive:
        wanted.branches[NAIVE] = {"method": wanted.main.get("method", "mean"), "follow": "camera"}
    _require_other_names(options.branch, wanted.branches)
    return wanted


def _kappa(options: Options) -> dict[str, Any]:
    """Return the limits of a kappa-sigma stack."""
    words = (options.kappa_sigma_params or "").split(",")
    if words == [""]:
        return {}
    try:
        kappa, rounds = float(words[0]), [int(word) for word in words[1:]]
    except ValueError:
        kappa, rounds = 0.0, []
    if not 0 < kappa < 1e6 or len(rounds) > 1 or any(count < 1 for count in rounds):
        raise SettingsError([f"-k {options.kappa_sigma_params}: KAPPA or KAPPA,ITERATIONS is wanted, as 2.5 or 2,4"])
    return {"kappa_low": kappa, "kappa_high": kappa}


def _require_other_names(typed: Sequence[str], made: dict[str, dict[str, Any]]) -> None:
    twice = sorted({word.partition("=")[0] for word in typed} & set(made))
    if twice:
        raise SettingsError(
            [f"--branch {name}: another stack of this run has that name; choose another" for name in twice]
        )
