"""The QR code that leads another phone here: the numeric address that the request came in on, the name second."""

from __future__ import annotations

import io
import socket
from urllib.parse import quote

import segno
from starlette.requests import Request
from starlette.responses import Response

from indistack.faces.web.address import ANYWHERE, is_loopback, link, own_addresses
from indistack.faces.web.answers import ASK, told


def links_of(request: Request) -> dict[str, object]:
    """Return how others reach the page: ``link``, ``name``, whether they can, ``open``, and with which ``code``."""
    code = request.app.state.door.code
    return {**_addresses(request), **({"code": code} if code else {})}


def _addresses(request: Request) -> dict[str, object]:
    scheme = request.app.state.door.scheme
    bound, port = request.app.state.bound
    host, _ = request.scope.get("server") or (bound, port)
    host = host.removeprefix("::ffff:")
    if not is_loopback(host):
        return {"link": link(host, port, scheme), "name": link(_name(), port, scheme), "open": True}
    others = own_addresses() if bound in ANYWHERE else []
    if others:
        return {"link": link(others[0], port, scheme), "name": link(_name(), port, scheme), "open": True}
    return {"link": link(host, port, scheme), "name": "", "open": False}


def _name() -> str:
    return f"{socket.gethostname().partition('.')[0]}.local"


async def invitation(request: Request) -> Response:
    """Tell the addresses."""
    return told(links_of(request))


async def qr_code(request: Request) -> Response:
    """Draw the address: dark on white, with its quiet zone, as phones want it."""
    drawn = io.BytesIO()
    code = segno.make(invited(str(links_of(request)["link"]), request.app.state.door.code), error="m", micro=False)
    code.save(drawn, kind="svg", scale=8, dark="#000", light="#fff", xmldecl=False, svgns=True)
    return Response(drawn.getvalue(), headers={"cache-control": ASK}, media_type="image/svg+xml")


def invited(link: str, code: str, *further: str) -> str:
    """Return an address that opens the page; what is secret stands behind the ``#``, which no browser sends."""
    told = "&".join([*([f"code={quote(code, safe='')}"] if code else []), *further])
    return f"{link}#{told}" if told else link


def in_terminal(text: str) -> str:
    """Return a QR code of letters, for a terminal."""
    drawn = io.StringIO()
    segno.make(text, error="l", micro=False).terminal(drawn, compact=True)
    return drawn.getvalue()
