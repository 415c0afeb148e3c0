"""The QR code that leads another phone here: the numeric address that the request came in on, the name second."""

from __future__ import annotations

import io
import socket

import segno
from starlette.requests import Request
from starlette.responses import Response

from indistack.faces.web.address import ANYWHERE, is_loopback, link, own_addresses
from indistack.faces.web.answers import ASK, told


def links_of(request: Request) -> dict[str, object]:
    """Return how others reach the page: ``link``, ``name``, and whether they can at all, ``open``."""
    bound, port = request.app.state.bound
    host, _ = request.scope.get("server") or (bound, port)
    host = host.removeprefix("::ffff:")
    if not is_loopback(host):
        return {"link": link(host, port), "name": link(_name(), port), "open": True}
    others = own_addresses() if bound in ANYWHERE else []
    if others:
        return {"link": link(others[0], port), "name": link(_name(), port), "open": True}
    return {"link": link(host, port), "name": "", "open": False}


def _name() -> str:
    return f"{socket.gethostname().partition('.')[0]}.local"


async def invitation(request: Request) -> Response:
    """Tell the addresses."""
    return told(links_of(request))


async def qr_code(request: Request) -> Response:
    """Draw the address: dark on white, with its quiet zone, as phones want it."""
    drawn = io.BytesIO()
    code = segno.make(str(links_of(request)["link"]), error="m", micro=False)
    code.save(drawn, kind="svg", scale=8, dark="#000", light="#fff", xmldecl=False, svgns=True)
    return Response(drawn.getvalue(), headers={"cache-control": ASK}, media_type="image/svg+xml")


def in_terminal(text: str) -> str:
    """Return a QR code of letters, for a terminal."""
    drawn = io.StringIO()
    segno.make(text, error="l", micro=False).terminal(drawn, compact=True)
    return drawn.getvalue()
