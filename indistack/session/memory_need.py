"""How much memory stacks will take, counted from the shapes that are allocated, and how much there is."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from indistack.config import Config, jobs_of, stacks_of
from indistack.enhance import most_works_in
from indistack.picture.clipped import CELL_PX
from indistack.picture.linear import binning_for
from indistack.raster.boxes import ASPECT, CUBE_ASPECT, CUBE_SIDE_PX, CUBE_SUBS, SIDE_PX
from indistack.stack import METHODS, BranchSettings, Extent, StackSettings
from indistack.system.resources import children_bytes, resident_bytes, spare_bytes
from indistack.values.frame import CalibratedFrame

SAMPLE_PX = 64
"""Side of the small stacks that tell how much memory a large one takes."""

FLOAT_BYTES, STORED_BYTES = 4, 2
"""Of a pixel in a picture, and as cameras deliver it."""

RENDERED = 2
"""Pictures of its size that are there beside a step's own, while one is made for people: the stack's, and that of the
step before."""

LOADED_BYTES = 12_000_000
"""Libraries that come with the first picture, and what is freed and kept (9 to 16 MB beside grey subs of 1 MP)."""

SAMPLED_BYTES, SAMPLED_PX = 50_000_000, 300_000
"""Samples of a colour picture's sky and stars, and the size from which on there are that many."""

MAPS = 5
"""Planes that are published with a stack where maps are wanted: weight, coverage and what the method knows."""

LUMINANCES = 2
"""Of half the size each way, while stars are looked for."""

TILES, FURTHER_TILES = 8, 2
"""Buffers of a tile's size that a thread holds, and those of each further stack; of cubes two, where first subs are
combined, for which those that sort grey ones take as much as two colours."""

WAITING_SHARE = 0.1
"""Of the memory, for frames that wait; the others wait on the disk."""

ARRIVING = 3
"""A frame while it is received takes so many times its size: its bytes, its pixels, and those of the one before."""

FRAME_PX_BYTES = ARRIVING * STORED_BYTES
"""The same for a pixel, however well its file packs it."""


@dataclass(frozen=True, slots=True)
class MemoryNeed:
    """What is taken beyond what is there when the first sub has been seen.

    Attributes
    ----------
    stacks_bytes : int
        State of the stacks.
    opening_bytes : int
        Subs that are kept to be combined; on the disk where memory is short.
    picture_bytes : int
        A picture while it is made for people, in another thread.
    copy_bytes : int
        The stack's pixels while they are published, as far as the picture is not made of these, and maps; where memory
        is short, they are written from the stack itself, which waits.
    sub_bytes : int
        The next sub while it is received, decoded and looked at.
    scratch_bytes : int
        Buffers of the threads, libraries.
    """

    stacks_bytes: int
    opening_bytes: int
    picture_bytes: int
    copy_bytes: int
    sub_bytes: int
    scratch_bytes: int

    def total(self, lean: bool, opens_on_disk: bool) -> int:
        """Return all of it; `lean`: without what can be spared."""
        least = self.stacks_bytes + self.picture_bytes + self.sub_bytes + self.scratch_bytes
        return least + (0 if lean else self.copy_bytes) + (0 if lean and opens_on_disk else self.opening_bytes)


def need_of(config: Config, branches: Iterable[BranchSettings], extent: Extent, frame: CalibratedFrame) -> MemoryNeed:
    """Return what the stacks of one filter will take.

    Parameters
    ----------
    branches : iterable of BranchSettings
        The stacks that are made.
    extent : Extent
        Their size.
    frame : CalibratedFrame
        The first sub, or a later one of the same size.
    """
    small = replace(extent, height=SAMPLE_PX, width=SAMPLE_PX)
    methods = [METHODS.get(settings.method)(small, settings) for settings in branches]
    per_px = sum(plane.nbytes for method in methods for plane in method.planes().values()) / SAMPLE_PX**2
    per_px += len(methods) * STORED_BYTES / CELL_PX**2
    opening = max((method.opening for method in methods), default=0)
    area_px = extent.height * extent.width
    binning = binning_for((extent.height, extent.width), config.picture.max_side_px)
    frame_px = frame.width * frame.height
    planes = (MAPS if config.publish.maps else 0) + (extent.channels if binning > 1 else 0)
    operated = FLOAT_BYTES * frame_px * frame.channels * most_works_in(config.picture, config.picture.sub_operators)
    stored_channels = 1 if frame.cfa is not None else frame.channels
    return MemoryNeed(
        stacks_bytes=int(area_px * per_px),
        opening_bytes=opening * frame.pixels.nbytes,
        picture_bytes=_pictures_of(config) * FLOAT_BYTES * (area_px // binning**2) * extent.channels,
        copy_bytes=FLOAT_BYTES * area_px * planes,
        sub_bytes=2 * STORED_BYTES * frame_px * stored_channels + LUMINANCES * FLOAT_BYTES * frame_px // 4 + operated,
        scratch_bytes=_scratch_bytes(jobs_of(config.stack), extent, [method.opening for method in methods])
        + LOADED_BYTES
        + _samples_bytes(config, area_px // binning**2, extent.channels),
    )


def _pictures_of(config: Config) -> int:
    """Return how many pictures of its size are there at most while one is made."""
    stacks = stacks_of(config).values()
    return RENDERED + max(most_works_in(config.picture, stack.operators) for stack in stacks)


def lacking(config: Config, need: MemoryNeed, lean: bool, freed_bytes: int = 0) -> str:
    """Say what memory lacks, "" where all fits.

    Parameters
    ----------
    lean : bool
        Without what can be spared.
    freed_bytes : int
        What is about to be given back.
    """
    for room, wanted in (
        (spare_bytes(), need.total(lean, opens_on_disk=True)),
        (_own_room_bytes(config.stack), need.total(lean, opens_on_disk=False)),  # its files count as long as mapped
    ):
        left = room - _regrown_bytes() + freed_bytes
        budget = left - waiting_bytes(config, left)
        if wanted > budget:
            return f"{wanted / 1e6:.0f} MB of memory wanted, {max(0, budget) / 1e6:.0f} MB there"
    return ""


def waiting_bytes(config: Config, room_bytes: int) -> int:
    """Return how much frames that wait may take of the memory that there is."""
    return int(max(0.0, min(config.queue.max_mb * 1e6, WAITING_SHARE * room_bytes)))


def queue_bytes(config: Config) -> int:
    """Return the same for the memory that there is now."""
    return waiting_bytes(config, _room_bytes(config.stack))


def lacking_for_frame(settings: StackSettings, size_bytes: int) -> str:
    """Say what memory lacks even to look at a frame of that size, "" where it can be looked at."""
    wanted, room = ARRIVING * size_bytes, max(0, _room_bytes(settings))
    if wanted <= room:
        return ""
    if _own_room_bytes(settings) <= 0:
        own = f"{(resident_bytes() + children_bytes()[0]) / 1e6:.0f} MB"
        return f"the program itself takes {own} of the {settings.max_memory_mb:g} MB that stack.max_memory_mb allows"
    return f"{wanted / 1e6:.0f} MB of memory wanted to read it, {room / 1e6:.0f} MB there"


def decodable_px(settings: StackSettings) -> int:
    """Return how many pixels a frame may have so that there is memory to decode it."""
    return max(0, _room_bytes(settings)) // FRAME_PX_BYTES


def _room_bytes(settings: StackSettings) -> int:
    return min(spare_bytes(), _own_room_bytes(settings)) - _regrown_bytes()


def _own_room_bytes(settings: StackSettings) -> int:
    """What `max_memory_mb` leaves to this process and its children."""
    if not settings.max_memory_mb:
        return 1 << 62
    return int(settings.max_memory_mb * 1e6) - resident_bytes() - children_bytes()[0]


def _regrown_bytes() -> int:
    """What the children have held, and will hold again with the next frame."""
    now, peak = children_bytes()
    return peak - now


def _samples_bytes(config: Config, picture_px: int, channels: int) -> int:
    """Samples of a picture come when no step works in more: what they take beyond that."""
    if channels == 1:
        return 0
    steps_bytes = (_pictures_of(config) - RENDERED - 1) * FLOAT_BYTES * channels * picture_px
    return max(0, SAMPLED_BYTES * min(picture_px, SAMPLED_PX) // SAMPLED_PX - steps_bytes)


def _scratch_bytes(jobs: int, extent: Extent, openings: Sequence[int]) -> int:
    """Each stack has buffers of its own in every thread, no larger than its share of the stack."""
    sizes_px = ASPECT * SIDE_PX**2, CUBE_ASPECT * CUBE_SIDE_PX**2
    tile_px, box_px = (min(size_px, extent.height * extent.width // jobs) for size_px in sizes_px)
    cubes = sum(2 * CUBE_SUBS * math.ceil(opening / CUBE_SUBS) for opening in openings)
    running = TILES + FURTHER_TILES * (len(openings) - 1)
    floats = running * extent.channels * tile_px + cubes * max(2, extent.channels) * box_px
    return jobs * FLOAT_BYTES * floats
