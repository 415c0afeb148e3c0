"""The subs that a session has left out, with the small pictures that it keeps of every sub."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from pathlib import Path

import cv2

from indistack.picture.picture_file import fitted, read_picture
from indistack.report.contact_sheet import LeftOut
from indistack.report.markup import markup
from indistack.report.reading import SubTable
from indistack.store.sub_files import PREVIEWS, preview_name
from indistack.values.frame import PixelArray

SHOWN, WIDTH_PX, HEIGHT_PX, QUALITY = 48, 240, 180, 70
"""On the page: 8 kB each, 400 kB in all, so that it can still be sent to a friend."""


def left_out(subs: SubTable) -> list[LeftOut]:
    """Return what is known of the subs that are not in the stack, in the order in which they came."""
    return [
        LeftOut(f"{number}  {_file(line.get('path'))}".strip(), in_words(line), picture_of(subs, number))
        for number, line, used in zip(subs.numbers, subs.lines, subs.used, strict=True)
        if not used
    ]


def in_words(line: Mapping[str, object]) -> str:
    """Return why a sub was left out."""
    reason, detail = str(line.get("reason") or "refused").replace("_", " "), str(line.get("detail") or "")
    return f"{reason}: {detail}" if detail else reason


def picture_of(subs: SubTable, number: int) -> PixelArray | None:
    """Return the small picture of a sub, None where there is none."""
    return read_picture(subs.path.parent / PREVIEWS / preview_name(number))


def as_figures(subs: SubTable) -> str:
    """Return the newest of them as figures of a page; "" where none has a picture."""
    shown = [sub for sub in left_out(subs) if sub.picture is not None]
    figures = "".join(_figure(sub, sub.picture) for sub in shown[-SHOWN:] if sub.picture is not None)
    more = f'<p class="dim">the last {SHOWN} of {len(shown)}</p>' if len(shown) > SHOWN else ""
    return f'<h2>Left out</h2><div class="subs">{figures}</div>{more}' if figures else ""


def _figure(sub: LeftOut, picture: PixelArray) -> str:
    small = fitted(picture, WIDTH_PX, HEIGHT_PX)
    _, jpeg = cv2.imencode(".jpg", cv2.cvtColor(small, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    data = base64.b64encode(jpeg.tobytes()).decode()
    return (
        f'<figure><img src="data:image/jpeg;base64,{data}" alt=""><figcaption>{markup(sub.title)}</figcaption>'
        f"<small>{markup(sub.why)}</small></figure>"
    )


def _file(path: object) -> str:
    return Path(path).name if isinstance(path, str) else ""
