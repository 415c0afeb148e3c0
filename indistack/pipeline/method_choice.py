"""Which method a stack has whose settings leave the choice to the program: rejection, where nothing is lost by it."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

import numpy as np

from indistack.config import Config
from indistack.pipeline.pace import Pace
from indistack.raster.tiles import Tile
from indistack.session.memory_need import lacking
from indistack.session.rung import FINEST
from indistack.session.stack_setup import SetupMaker, StackSetup
from indistack.stack import AUTO, METHODS, Extent, StackSettings
from indistack.values.frame import CalibratedFrame
from indistack.values.star_list import Scene

REJECTING, PLAIN, COMET = "sigma_clip", "mean", "comet"
"""What leaves outliers out, what does not, and what leaves the stars out where these are outliers."""

FILTERS = 4
"""So many stacks are reckoned with where the first sub names a filter: luminance and three colours."""

TILE_PX = 256
"""Side of the tile by which the cost of methods is measured on this machine."""

TRIALS = 3
"""The quickest of them counts: what disturbs a measurement makes it longer."""


@dataclass(frozen=True, slots=True)
class Choice:
    """How a stack is made.

    Attributes
    ----------
    config : Config
        The settings, with the method.
    stack_setup : StackSetup
        What its stacks share.
    why_plain : str
        Why outliers are not left out although nobody asked for another method; "" where they are, or somebody did.
    """

    config: Config
    stack_setup: StackSetup
    why_plain: str = ""


def choose(maker: SetupMaker, reference: Scene, frame: CalibratedFrame, pace: Pace, freed_bytes: int = 0) -> Choice:
    """Choose method and resolution of a stack that begins.

    Parameters
    ----------
    maker : SetupMaker
        With the settings.
    reference : Scene
        What subs are aligned to.
    frame : CalibratedFrame
        The first sub.
    pace : Pace
        How subs have come up to now, and what they took.
    freed_bytes : int
        Memory that is about to be given back.

    Raises
    ------
    FrameError
        There is no memory for any.
    """
    plain = maker
    if maker.config.stack.method == AUTO:
        plain = replace(maker, config=with_method(maker.config, PLAIN))
    at_most = maker.slower(FINEST, pace.too_slow) or FINEST
    stack_setup = plain.make(reference, frame, at_most, freed_bytes)
    return chosen(maker.config, stack_setup, frame, pace, freed_bytes)


def chosen(config: Config, stack_setup: StackSetup, frame: CalibratedFrame, pace: Pace, freed_bytes: int = 0) -> Choice:
    """Choose the method of stacks that have found room as plain ones; see `choose`."""
    settings = config.stack
    if settings.method != AUTO:
        return Choice(config, stack_setup)
    plain = with_method(config, PLAIN)
    rejecting, why = settled(config, stack_setup)
    why = why or pace.too_slow or pace.lacks(lambda: extra_s(settings, stack_setup.extent, stack_setup.workers.jobs))
    if why:
        return Choice(plain, stack_setup, why)
    need = stack_setup.need(rejecting, frame)
    several = FILTERS if frame.info.filter_name and frame.channels == 1 else 1
    freed_bytes -= (several - 1) * need.stacks_bytes
    for lean in (stack_setup.lean, True):
        if not (why := lacking(rejecting, need, lean, freed_bytes)):
            return Choice(rejecting, replace(stack_setup, lean=lean))
    return Choice(plain, stack_setup, why)


def settled(config: Config, stack_setup: StackSetup) -> tuple[Config, str]:
    """Return the settings with a method, however much memory and time there is; and why it is a plain one."""
    if config.stack.method != AUTO:
        return config, ""
    why = _unfit(config.stack, stack_setup.extent)
    return with_method(config, PLAIN if why else rejecting_for(config.stack)), why


def with_method(config: Config, method: str) -> Config:
    """Return the same settings for stacks of that method."""
    return config.model_copy(update={"stack": config.stack.model_copy(update={"method": method})})


def rejecting_for(settings: StackSettings) -> str:
    """Return the method that leaves out what does not belong into such a stack."""
    return COMET if settings.followed == "comet" else REJECTING


def extra_s(settings: StackSettings, extent: Extent, jobs: int) -> float:
    """Return how much longer a sub takes where outliers are left out, as measured on a tile."""
    plain_s, rejecting_s = (_tile_s(method, settings, extent) for method in (PLAIN, REJECTING))
    return max(0.0, rejecting_s - plain_s) * extent.height * extent.width / TILE_PX**2 / jobs


def _tile_s(method: str, settings: StackSettings, extent: Extent) -> float:
    small = replace(extent, height=TILE_PX, width=TILE_PX)
    stack = METHODS.get(method)(small, settings)
    whole = slice(0, TILE_PX)
    tile = Tile(whole, whole, np.ones(small.shape, np.float32), 1.0)
    took_s = []
    for _ in range(TRIALS):
        start_s = time.perf_counter()
        stack.update(tile)
        took_s.append(time.perf_counter() - start_s)
    return min(took_s)


def _unfit(settings: StackSettings, extent: Extent) -> str:
    """Say why outliers cannot be left out of such a stack, however much memory and time there is."""
    if extent.own_weights:
        return "drizzled subs do not have all colours in every pixel"
    if settings.last:
        return "subs are taken out again when newer ones come"
    return "stars move through a picture that does not follow them" if settings.followed == "camera" else ""
