"""TCP ports for servers of tests, none given twice, also where several processes run tests at once."""

from __future__ import annotations

import socket

HOST = "127.0.0.1"

PORTS = range(20_000, 32_000)
"""Below those that Linux gives to connections by itself (ip_local_port_range)."""

_claims: list[socket.socket] = []
"""A name in the kernel for each port given out; the kernel forgets it with the process."""


def an_unused_port() -> int:
    """Return a TCP port that nothing listens on, and that no other process of tests is given while this one runs."""
    return next(port for port in PORTS if _claim(port))


def _claim(port: int) -> bool:
    claim = socket.socket(socket.AF_UNIX)
    try:
        claim.bind(f"\0indistack-test-port-{port}")
        with socket.socket() as probe:
            probe.bind(("", port))
    except OSError:
        claim.close()
        return False
    _claims.append(claim)
    return True
