"""Where the page is: its socket, and the addresses that people reach it by."""

from __future__ import annotations

import contextlib
import errno
import ipaddress
import logging
import socket

from indistack.errors import IndistackError

log = logging.getLogger(__name__)

TRIED_PORTS = 20
"""So many after the wanted one, where that is taken."""

BACKLOG = 128

ANYWHERE = ("0.0.0.0", "::")

ELSEWHERE = (("192.0.2.1", socket.AF_INET), ("2001:db8::1", socket.AF_INET6))
"""Addresses that nobody has: the way to them shows our own address; nothing is sent."""


def bind(host: str, wanted: int) -> socket.socket:
    """Return a listening socket; where the port is taken, at the next free one, which is told.

    Parameters
    ----------
    host : str
        Address or name of this machine.
    wanted : int
        Port.

    Raises
    ------
    IndistackError
        It cannot be had.
    """
    for port in range(wanted, min(wanted + TRIED_PORTS, 65535) + 1):
        try:
            bound = _bound(host, port)
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise IndistackError(f"no page can be served at {host}:{port}: {error.strerror or error}") from error
            continue
        if port != wanted:
            log.warning("port %d is taken by another program: the page is at port %d", wanted, port)
        return bound
    raise IndistackError(f"no page can be served at {host}: the ports from {wanted} on are taken")


def _bound(host: str, port: int) -> socket.socket:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    family, kind, protocol, _, place = found[0]
    bound = socket.socket(family, kind, protocol)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind(place)
        bound.listen(BACKLOG)
    except OSError:
        bound.close()
        raise
    return bound


def links(host: str, port: int, scheme: str = "http") -> list[str]:
    """Return the addresses under which a browser finds the page, those for other machines first.

    Parameters
    ----------
    host : str
        What the socket is bound to.
    port : int
        Its port.
    scheme : str
        http or https.
    """
    if host not in ANYWHERE:
        return [link(host, port, scheme)]
    numbers = own_addresses()
    names = [f"{socket.gethostname().removesuffix('.local')}.local"] if numbers else []
    return [link(each, port, scheme) for each in (*numbers, *names, "127.0.0.1")]


def link(host: str, port: int, scheme: str = "http") -> str:
    """Return the address of the page at a host."""
    return f"{scheme}://{f'[{host}]' if ':' in host else host}:{port}/"


def own_addresses() -> list[str]:
    """Return this machine's numeric addresses in the network; none where it is in none."""
    found: list[str] = []
    for target, family in ELSEWHERE:
        with contextlib.suppress(OSError), socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((target, 9))
            found.append(probe.getsockname()[0])
    return [each for each in found if not is_loopback(each)]


def is_loopback(host: str) -> bool:
    """Tell whether an address or name is this machine's own for itself only."""
    if host == "localhost":
        return True
    with contextlib.suppress(ValueError):
        return ipaddress.ip_address(host).is_loopback
    return False
