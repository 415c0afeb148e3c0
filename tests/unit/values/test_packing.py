"""Values as JSON and arrays, and back."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import pytest

from indistack.values.frame import FloatArray
from indistack.values.packing import Arrays, pack, unpack


@dataclass(frozen=True)
class Part:
    plane: FloatArray
    size: tuple[int, int]


@dataclass(frozen=True)
class Whole:
    parts: tuple[Part, ...]
    since: datetime | None
    noise_adu: float


PLANE = np.arange(6, dtype=np.float32).reshape(2, 3)
WHOLE = Whole((Part(PLANE, (2, 3)), Part(PLANE, (3, 2))), datetime(2024, 1, 6, 21, 30, tzinfo=UTC), 1.5)


def test_what_is_packed_and_unpacked_is_the_same_and_its_arrays_are_kept_once() -> None:
    arrays: Arrays = {}
    told = json.loads(json.dumps(pack(WHOLE, arrays)))
    assert [array is PLANE for array in arrays.values()] == [True]
    again = unpack(Whole, told, arrays)
    assert (again.since, again.noise_adu) == (WHOLE.since, 1.5)
    assert [part.size for part in again.parts] == [(2, 3), (3, 2)]
    assert all(part.plane is PLANE for part in again.parts)


def test_nothing_is_nothing() -> None:
    assert unpack(Whole | None, pack(None, {}), {}) is None


def test_a_value_of_another_version_is_told() -> None:
    told = pack(WHOLE, arrays := {})
    with pytest.raises(KeyError, match="unknown"):
        unpack(Whole, told | {"unknown": 1}, arrays)
    with pytest.raises(TypeError, match="noise_adu"):
        unpack(Whole, {name: value for name, value in told.items() if name != "noise_adu"}, arrays)
    with pytest.raises(KeyError, match="array0"):
        unpack(Whole, told, {})
