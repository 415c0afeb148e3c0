"""What belongs to the subs of one filter: what light they are compared with, and the stacks that they make."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from indistack.canvas import Placed
from indistack.config import Config, stacks_of
from indistack.easel import Easel
from indistack.fan import Fan
from indistack.frame import CalibratedFrame, FrameInfo, Scene, Transform
from indistack.measures import Measures, measure
from indistack.photometry import Photometer, Sky
from indistack.quality import Judge


@dataclass(frozen=True, slots=True)
class Reference:
    """A frame that others are compared with.

    Attributes
    ----------
    scene : Scene
        Its stars.
    sky : Sky
        Its sky, in blocks.
    info : FrameInfo
        Its header facts, the base of the stack's own.
    name : str
        File name or origin.
    """

    scene: Scene
    sky: Sky
    info: FrameInfo
    name: str

    def moved(self, transform: Transform) -> Reference:
        """Return the same with its places as seen in another frame; without a picture."""
        x, y = transform.apply(self.scene.stars.xy).T
        scene = replace(self.scene, stars=replace(self.scene.stars, x=x, y=y), luminance=None)
        return replace(self, scene=scene, sky=replace(self.sky, xy=transform.apply(self.sky.xy)))


@dataclass(frozen=True, slots=True)
class Seen:
    """A calibrated sub and what its stars tell."""

    frame: CalibratedFrame
    scene: Scene
    measures: Measures


class Track:
    """One filter's part of a session.

    Parameters
    ----------
    config : Config
        The settings.
    light : Reference
        Whose light the subs are brought to; its places are those of the session's reference.
    easel : Easel
        What all stacks of the session share.
    by_stars : bool
        Whether subs are aligned, and therefore judged, by stars.

    Attributes
    ----------
    judge : Judge
        Compares subs with those before.
    photometer : Photometer
        Matches their light.
    fan : Fan
        The stacks.
    masters : sequence of str
        Calibration of the first sub.
    first, end : datetime or None
        Start of the earliest sub, end of the latest.
    """

    def __init__(self, config: Config, light: Reference, easel: Easel, by_stars: bool) -> None:
        self.light = light
        self.judge = Judge(config.quality, measure(light.scene.stars), by_stars)
        self.photometer = Photometer(config.match, light.scene, light.sky, light.info)
        self.fan = Fan(stacks_of(config), easel)
        self.masters: Sequence[str] = ()
        self.first: datetime | None = None
        self.end: datetime | None = None

    @property
    def n_subs(self) -> int:
        """Subs in the main stack."""
        return self.fan.main.method.tally.n_subs

    def count(self, sub: Placed, measures: Measures) -> None:
        """A sub has been added."""
        self.judge.remember(measures, sub.match)
        self.masters = self.masters or sub.frame.masters
        begin = sub.frame.info.date_obs
        if begin is not None:
            end = begin + timedelta(seconds=sub.exposure_s)
            self.first = min(begin, self.first or begin)
            self.end = max(end, self.end or end)
