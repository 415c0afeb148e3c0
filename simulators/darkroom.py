"""Where an ordered exposure becomes a file: from the scenario's sky, or from a folder of real files."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from .delivery import Payload, damaged, encode, plain
from .exposure import Exposure, Kind
from .observatory import Observatory
from .replay import FileReplay
from .scenario import Scenario
from .truth import Truth


@dataclass(frozen=True, slots=True)
class Order:
    """One exposure as a client ordered it, fixed at the moment at which it begins."""

    kind: Kind
    index: int
    exposure_s: float
    gain_setting: float
    offset_setting: float
    temperature_c: float
    binning: int
    region_px: tuple[int, int, int, int]
    native: bool
    jpeg: bool
    object_name: str
    observer: str
    start: datetime


@dataclass(frozen=True, slots=True)
class FinishedFrame:
    """One finished file, and its truth if the sky is the scenario's."""

    payload: Payload
    truth: Truth | None


class Darkroom:
    """Makes frames to order.

    Parameters
    ----------
    scenario : Scenario
    replay : FileReplay, optional
        Files to use instead of the scenario's sky.
    """

    def __init__(self, scenario: Scenario, replay: FileReplay | None) -> None:
        self._scenario = scenario
        self._replay = replay
        self._observatory = Observatory(scenario)

    @property
    def shows_the_scenario(self) -> bool:
        """Whether the frames come from the scenario, and with them its events."""
        return self._replay is None

    def warm_up(self) -> None:
        """Make what all frames share, about a second's work for 24 megapixels, before the first order."""
        if self._replay is None:
            self._observatory.expose(index=0)

    def take(self, order: Order) -> FinishedFrame:
        """Return the frame that was ordered.

        Raises
        ------
        IndexError
            When all files have been replayed.
        """
        if self._replay is not None:
            replayed = self._replay.frame(order.index)
            return FinishedFrame(plain(replayed.payload, replayed.suffix), None)
        exposure = self._expose(order)
        payload = encode(self._scenario, exposure, native=order.native, jpeg=order.jpeg)
        if order.kind == "light":
            payload = damaged(payload, self._scenario, order.index)
        return FinishedFrame(payload, exposure.truth)

    def _expose(self, order: Order) -> Exposure:
        exposure = self._observatory.expose(
            order.kind,
            index=order.index,
            exposure_s=order.exposure_s,
            gain_setting=order.gain_setting,
            offset_setting=order.offset_setting,
            temperature_c=order.temperature_c,
            binning=order.binning,
            region_px=order.region_px,
            date_obs=order.start,
        )
        # What the client said about target and observer, where it said something.
        if order.object_name:
            exposure.header["OBJECT"] = order.object_name
        if order.observer:
            exposure.header["OBSERVER"] = order.observer
        return exposure
