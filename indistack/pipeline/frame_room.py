"""Bounds the frames that are decoded by the memory that there is, whatever their files have packed them into."""

from __future__ import annotations

from indistack.config import Config
from indistack.decode import DecodeSettings
from indistack.errors import DecodeError, FrameError
from indistack.session.memory_need import FRAME_PX_BYTES, decodable_px
from indistack.values.frame import RawFrame


class FrameRoom:
    """Knows how large a frame may be; one as large as an earlier one has been reckoned with.

    Parameters
    ----------
    config : Config
        How frames are decoded, and what memory is allowed.
    """

    def __init__(self, config: Config) -> None:
        self._config = config
        self._known_px = 0

    def settings(self) -> DecodeSettings:
        """Return how to decode, with a bound of pixels that find room."""
        decode = self._config.decode
        most = max(decodable_px(self._config.stack), self._known_px) / 1e6
        return decode if most >= decode.max_megapixels else decode.model_copy(update={"max_megapixels": most})

    def note(self, raw: RawFrame) -> None:
        """Reckon with frames of that size from now on."""
        self._known_px = max(self._known_px, raw.width * raw.height)

    def told(self, error: DecodeError) -> FrameError:
        """Return what to say of a frame that cannot be decoded: `no_memory` where only memory forbids it."""
        numbers = error.numbers
        limit = numbers.get("limit_megapixels")
        if not isinstance(limit, float) or limit >= self._config.decode.max_megapixels:
            return error
        width, height = int(numbers["width"]), int(numbers["height"])
        wanted_mb, room_mb = width * height * FRAME_PX_BYTES / 1e6, limit * FRAME_PX_BYTES
        detail = f"{wanted_mb:.0f} MB of memory wanted to decode {width} x {height} pixels, {room_mb:.0f} MB there"
        return FrameError("no_memory", detail)
