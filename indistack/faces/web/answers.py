"""Forms of answers: JSON, bytes that are known by a tag, and a file as it is now, whole."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import json
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

FOR_EVER = "public, max-age=31536000, immutable"
ASK = "no-cache"
"""Keep it, but ask whether it still is the newest."""

CHUNK_BYTES = 256 * 1024


def fault(status: int, text: str, **headers: str) -> Response:
    """Return an answer that tells what is wrong."""
    return told({"fault": text}, status, headers)


def told(value: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """Return an answer in JSON, which nobody keeps."""
    body = json.dumps(value, separators=(",", ":"), allow_nan=False).encode()
    return Response(body, status, {"cache-control": "no-store", **(headers or {})}, "application/json")


async def read_body(request: Request) -> dict[str, Any]:
    """Return the table that a request holds as JSON; an empty one where it holds none."""
    try:
        said = json.loads(await request.body())
    except (ValueError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}


class Kept:
    """Bytes that are sent again and again, compressed where that pays and the reader can.

    Parameters
    ----------
    data : bytes
        They.
    media : str
        Their type.
    """

    def __init__(self, data: bytes, media: str) -> None:
        self.data = data
        self.media = media
        self.tag = f'"{hashlib.sha256(data).hexdigest()[:24]}"'
        packed = gzip.compress(data, 6, mtime=0) if not media.startswith("image/") or "svg" in media else data
        self.packed = packed if len(packed) < len(data) else b""

    def answer(self, request: Request, keep: str = ASK) -> Response:
        """Return them, or that the reader has them."""
        headers = {"etag": self.tag, "cache-control": keep, "vary": "accept-encoding"}
        if self.tag in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=headers)
        if self.packed and "gzip" in request.headers.get("accept-encoding", ""):
            return Response(self.packed, headers={**headers, "content-encoding": "gzip"}, media_type=self.media)
        return Response(self.data, headers=headers, media_type=self.media)


def picture_answer(request: Request, version: str, data: bytes, media: str) -> Response:
    """Return a picture, whose address holds its version and so never shows another."""
    headers = {"etag": f'"{version}"', "cache-control": FOR_EVER}
    if f'"{version}"' in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return Response(data, headers=headers, media_type=media)


def file_answer(request: Request, path: Path, media: str, name: str = "", keep: str = ASK) -> Response:
    """Return a file as it is now: it stays the same one to the end, although a newer one may take its name.

    Parameters
    ----------
    request : Request
        Asks for it.
    path : Path
        The file.
    media : str
        Its type.
    name : str
        Under which a browser saves it; "" where it is shown.
    keep : str
        For how long it may be kept.
    """
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOFOLLOW)
    except OSError:
        return fault(404, "there is none")
    found = os.fstat(handle)
    tag = f'"{found.st_mtime_ns:x}-{found.st_size:x}"'
    headers = {"etag": tag, "cache-control": keep, "content-length": str(found.st_size)}
    if name:
        headers["content-disposition"] = f'attachment; filename="{name}"'
    if tag in request.headers.get("if-none-match", "") or request.method == "HEAD":
        os.close(handle)
        headers.pop("content-length") if request.method != "HEAD" else None
        return Response(status_code=304 if request.method != "HEAD" else 200, headers=headers, media_type=media)
    return StreamingResponse(_chunks(handle, found.st_size), headers=headers, media_type=media)


async def _chunks(handle: int, n_bytes: int) -> AsyncIterator[bytes]:
    try:
        while n_bytes:
            data = await asyncio.to_thread(os.read, handle, min(CHUNK_BYTES, n_bytes))
            if not data:
                return
            n_bytes -= len(data)
            yield data
    finally:
        os.close(handle)
