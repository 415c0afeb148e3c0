"""Lays finished stacks on one grid and averages them."""

from __future__ import annotations

import logging
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np

from indistack import __version__
from indistack.debayer import DEBAYERS
from indistack.errors import FrameError
from indistack.fits_header import StackFacts, output_cards
from indistack.merge.pictures import Picture
from indistack.merge.place import area_px, place, spread
from indistack.photometry import MatchSettings, Photometer, measure_sky_levels
from indistack.picture.clipped import CELL_PX
from indistack.picture.linear import StackPicture
from indistack.raster.tiles import Sampling, Tile, integrate
from indistack.raster.warp import regridded
from indistack.sinks import Snapshot
from indistack.stack import METHODS, Extent, MethodSettings, StackMethod, Tally
from indistack.stars import StarFinder, StarsSettings
from indistack.system.workers import Workers
from indistack.values.counted import counted
from indistack.values.frame import CalibratedFrame, FloatArray, FrameInfo
from indistack.values.grid import PlacedSub, StackGrid
from indistack.values.star_list import PhotometricMatch, Scene
from indistack.values.transform import Transform

log = logging.getLogger(__name__)

METHOD = "mean"


@dataclass(frozen=True, slots=True)
class Layer:
    """A picture with its stars and its place on the common grid."""

    picture: Picture
    scene: Scene
    transform: Transform

    def binned(self, factor: int, finder: StarFinder) -> Layer:
        """Return it with pixels of so many by so many."""
        picture = self.picture.binned(factor)
        return Layer(picture, finder.scene(picture.frame), regridded(self.transform, factor, (factor - 1) / 2))


def merge(pictures: Sequence[Picture], workers: Workers, grid: int = 0) -> Snapshot:
    """Average stacks of one target, each with the weight of its noise.

    Parameters
    ----------
    pictures : sequence of Picture
        Two or more, all mono or all colour.
    workers : Workers
        The threads.
    grid : int
        Index of the one whose pixels, light and header the result has.

    Raises
    ------
    FrameError
        One does not go with the others; the detail names its file: ``channels_differ``, ``duplicate`` (the same pixels
        as another one), ``scale_unknown`` (too few stars in common to compare their brightness), or why it cannot be
        aligned.
    """
    _require_same_channels(pictures)
    _require_different(pictures)
    finder = StarFinder(StarsSettings(), workers)
    base = Layer(pictures[grid], finder.scene(pictures[grid].frame), Transform.identity())
    stack = METHODS.get(METHOD)(Extent(*base.picture.frame.pixels.shape), MethodSettings())
    clipped: FloatArray | None = None
    for picture in pictures:
        layer = base if picture is base.picture else _on_grid(picture, base, finder)
        _lay(layer, _placed(layer, base), stack, workers)
        if layer.picture.clipped is not None:
            grid_of_all = StackGrid.over(*base.picture.frame.pixels.shape[:2])
            subs = picture.n_subs * _map_on(grid_of_all, layer.picture.clipped, layer.transform, workers)
            clipped = subs if clipped is None else clipped + subs
    stack.tally = Tally(sum(one.n_subs for one in pictures), sum(one.exposure_s for one in pictures))
    if clipped is not None:
        clipped = StackPicture(clipped / np.float32(stack.tally.n_subs)).binned(CELL_PX)
    return replace(_snapshot(stack, base.picture, pictures), clipped=clipped)


def _require_same_channels(pictures: Sequence[Picture]) -> None:
    first = pictures[0]
    for other in pictures[1:]:
        if other.frame.channels != first.frame.channels:
            names = {1: "mono", 3: "colour"}
            detail = (
                f"{other.path} is {names[other.frame.channels]}, {first.path} is {names[first.frame.channels]}:"
                " an average of the two would have neither's colours"
            )
            raise FrameError("channels_differ", detail)


def _require_different(pictures: Sequence[Picture]) -> None:
    """Refuse what would be counted twice."""
    for one, other in combinations(pictures, 2):
        if np.array_equal(one.frame.pixels, other.frame.pixels):
            detail = f"{other.path} holds the same pixels as {one.path}: its subs would be counted twice"
            raise FrameError("duplicate", detail)


def _on_grid(picture: Picture, base: Layer, finder: StarFinder) -> Layer:
    """Find a picture's place; one with finer pixels is binned, as interpolation would leave most of its light out."""
    scene = finder.scene(picture.frame)
    scales = [one.frame.info.scale_arcsec_px for one in (picture, base.picture)]
    told_scale = scales[0] / scales[1] if scales[0] and scales[1] else None
    try:
        layer = Layer(picture, scene, place(scene, base.scene, told_scale))
    except FrameError as error:
        raise FrameError(
            error.reason, f"{picture.path} on {base.picture.path}: {error.detail}", error.numbers
        ) from error
    factor = round(1 / math.sqrt(area_px(layer.transform)))
    return layer.binned(factor, finder) if factor > 1 else layer


def _placed(layer: Layer, base: Layer) -> PlacedSub:
    """Bring a picture's light to the base's, and weigh it by its noise."""
    if layer is base:
        return PlacedSub(base.picture.frame, base.transform)
    match = _match(layer, base)
    area = max(1.0, area_px(layer.transform))  # the noise of enlarged pixels is alike in that many of the grid
    noise_adu = match.scale * layer.scene.stars.noise_adu
    weight = (
        (base.scene.stars.noise_adu / noise_adu) ** 2 / area if min(noise_adu, base.scene.stars.noise_adu) > 0 else 1.0
    )
    log.info("%s: scale %.3f, weight %.3f, %s", layer.picture.path, match.scale, weight, layer.transform)
    return PlacedSub(layer.picture.frame, layer.transform, match, weight)


def _match(layer: Layer, base: Layer) -> PhotometricMatch:
    """Compare by the stars alone: the exposures in the headers are sums, and what was averaged is not told."""
    frames = [replace(one.picture.frame, info=FrameInfo()) for one in (layer, base)]
    photometer = Photometer(MatchSettings(), base.scene, measure_sky_levels(frames[1]), frames[1].info)
    match = photometer.match(frames[0], spread(layer.scene, layer.transform), layer.transform)
    if match.transparency is None:
        detail = f"{layer.picture.path}: {match.compared} stars to compare with {base.picture.path} are too few"
        raise FrameError("scale_unknown", detail, {"compared": match.compared})
    return match


def _lay(layer: Layer, placed: PlacedSub, stack: StackMethod, workers: Workers) -> None:
    grid = StackGrid.over(*stack.integration().pixels.shape[:2])
    sampling = Sampling(DEBAYERS.get("bilinear")())
    own = layer.picture.weight
    weight = None if own is None else _map_on(grid, own, layer.transform, workers)

    def take(tile: Tile) -> None:
        stack.update(tile if weight is None else replace(tile, weight=tile.weight * weight[tile.rows, tile.cols]))

    integrate(placed, grid, sampling, take, workers)


def _map_on(grid: StackGrid, own: FloatArray, transform: Transform, workers: Workers) -> FloatArray:
    """Return a picture's own map on the grid, 0 where it does not reach."""
    plane = np.zeros(grid.size, np.float32)
    frame = CalibratedFrame(own, None, 0.0, 1.0, None, FrameInfo())

    def take(tile: Tile) -> None:
        np.maximum(tile.pixels, 0, out=plane[tile.rows, tile.cols])

    sampling = Sampling(DEBAYERS.get("bilinear")(), kernel="linear")
    integrate(PlacedSub(frame, transform), grid, sampling, take, workers)
    return plane


def _snapshot(stack: StackMethod, base: Picture, pictures: Sequence[Picture]) -> Snapshot:
    """The result with the header of the base, in which what changed is made true, and with its weights."""
    begins = [one.frame.info.date_obs for one in pictures]
    ends = [one.end for one in pictures]
    facts = StackFacts(
        stack.tally.exposure_s,
        stack.tally.n_subs,
        f"merge of {len(pictures)} stacks",
        __version__,
        min(filter(None, begins), default=None),
        max(filter(None, ends), default=None),
        history=[f"merged: {one.path.name}, {counted(one.n_subs, 'sub')}, {one.exposure_s:g} s" for one in pictures],
    )
    info, result = base.frame.info, stack.integration()
    picture, weight = StackPicture(result.pixels, result.weight), StackPicture(result.weight)
    cards = output_cards(info, facts)
    return Snapshot(picture, cards, info.bottom_up, orientation=info.orientation, maps={"WEIGHT": weight})
