"""The real pipeline for a test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from indistack.config import Config
from indistack.pipeline.calibrators import calibrator_factory
from indistack.pipeline.pipeline import Pipeline
from indistack.session.session import Session
from indistack.settings import load
from indistack.system.workers import Workers

MakePipeline = Callable[..., Pipeline]


@pytest.fixture
def make_pipeline() -> Iterator[MakePipeline]:
    """Give a function: settings as ``key=value`` words -> pipeline; `finished` collects the stacks that ended."""
    with Workers(2) as workers:

        def make(*overrides: str, finished: list[Session] | None = None, **options: Any) -> Pipeline:
            config = load(Config, None, overrides)
            keep = finished if finished is not None else []
            return Pipeline(config, workers, calibrator_factory(config)(workers), keep.append, **options)

        yield make
