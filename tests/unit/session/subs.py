"""Small subs and the session of one, without a pipeline."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import numpy as np

from indistack.config import Config
from indistack.grading.star_measures import measure
from indistack.session.filter_stack import MeasuredSub, Placement
from indistack.session.session import Session
from indistack.session.stack_setup import SetupMaker
from indistack.settings import load
from indistack.system.workers import Workers
from indistack.values.frame import CalibratedFrame, FrameInfo
from indistack.values.star_list import PhotometricMatch, Scene
from indistack.values.transform import Transform
from tests.unit.align.fields import star_list

WIDTH, HEIGHT = 96, 64


def sub_of(
    level: float = 100.0, date_obs: datetime | None = None, masters: tuple[str, ...] = (), **facts: Any
) -> MeasuredSub:
    """An even mono sub with a few stars on its list."""
    info = FrameInfo(date_obs=date_obs, **facts)
    pixels = np.full((HEIGHT, WIDTH), level, np.float32)
    stars = star_list(np.random.default_rng(1).uniform(8, (WIDTH - 8, HEIGHT - 8), (12, 2)))
    frame = CalibratedFrame(pixels, None, 0.0, 1.0, None, info, masters=masters)
    return MeasuredSub(frame, Scene(stars, WIDTH, HEIGHT), measure(stars))


def session_of(workers: Workers, first: MeasuredSub, *words: str) -> Session:
    """An empty session of subs that nobody aligns."""
    config = load(Config, None, ["align.method=none", "stack.method=mean", *words])
    reference = first.as_reference("first")
    setup = SetupMaker(config, workers).make(reference.scene, first.frame)
    return Session(config, setup, reference, first.frame)


def add(session: Session, sub: MeasuredSub, transform: Transform | None = None, number: int = 0) -> dict[str, float]:
    """Add a sub to a session, by default where the reference lies."""
    transform = transform or Transform.identity()
    placement = Placement(transform, PhotometricMatch(), session.filter_stack_for(sub, transform))
    return session.add(sub, placement, number)


def moved(dx: float, dy: float) -> Transform:
    return Transform(np.array([[1, 0, dx], [0, 1, dy], [0, 0, 1.0]]))
