"""Examines INDI servers, the stack's device for them, and who has the ports that are wanted."""

from __future__ import annotations

import os
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path

from indistack import __version__
from indistack.command_line.finding import GOOD, WARN, Finding
from indistack.config import Config
from indistack.faces.indi_device.agent_process import server_port
from indistack.system.listeners import is_taken, listener, processes_of
from indistack.values.own_driver import OWN_DRIVER

SERVER = "indiserver"

COMMANDS = ("indistack", "indistack-pre-job", "indistack-post-capture", "indistack-post-job", OWN_DRIVER)
"""What an installation puts beside the server."""

DESCRIPTIONS = Path("/usr/share/indi")


def examine_indi(config: Config) -> Iterator[Finding]:
    """Yield what was found about server, device, links and ports."""
    yield program_of_server()
    yield device(DESCRIPTIONS)
    yield from links()
    yield from servers()
    yield server(config.indi.host, config.indi.port)
    yield from page(config.web.listen or "off")


def program_of_server() -> Finding:
    """Look for indiserver."""
    path = shutil.which(SERVER)
    why = "needed on the machine with the telescope, and for the demo"
    return Finding(GOOD, SERVER, path) if path else Finding(WARN, SERVER, f"not installed; {why}")


def device(descriptions: Path) -> Finding:
    """Look whether Ekos can have the stack as a device: a program beside indiserver, and its description in a file."""
    server, program = shutil.which(SERVER), shutil.which(OWN_DRIVER)
    description = descriptions / f"{OWN_DRIVER}.xml"
    if server is None or (not description.exists() and not description.is_symlink()):
        return Finding(GOOD, "INDI device", "not installed; scripts/install makes the stack a camera of Ekos'")
    if description.is_symlink():
        return Finding(WARN, "INDI device", f"{description} is a link, which KStars leaves out; copy the file")
    if program is None or Path(program).parent != Path(server).parent:
        return Finding(WARN, "INDI device", f"{OWN_DRIVER} is not beside {server}; link it to there")
    version = version_of(Path(program).resolve())
    if version not in (None, __version__):
        return Finding(
            WARN, "INDI device", f"{program} is version {version}, this is {__version__}; run scripts/install again"
        )
    return Finding(GOOD, "INDI device", f"{program}, in Ekos' profiles as Live Stack")


def version_of(program: Path) -> str | None:
    """Return the version of the installation that a program belongs to, None where that is not told there."""
    found = program.parent.parent.glob("lib/python3*/site-packages/indistack-*.dist-info")
    return next((path.name.removeprefix("indistack-").removesuffix(".dist-info") for path in found), None)


def links() -> Iterator[Finding]:
    """Tell of commands whose installation has gone."""
    server = shutil.which(SERVER)
    for folder in dict.fromkeys([Path(server).parent] if server else []):
        for path in (folder / name for name in COMMANDS):
            if path.is_symlink() and not path.exists():
                text = f"{path} leads to {path.readlink()}, which is not there; run scripts/install again"
                yield Finding(WARN, "links", text)


def servers() -> Iterator[Finding]:
    """Tell of several servers: clients, and the agent, may talk to the wrong one."""
    running = processes_of(SERVER)
    if len(running) > 1:
        told = ", ".join(f"port {server_port(each.pid)} (process {each.pid})" for each in running)
        text = f"{len(running)} run here: {told}; end those that are left over, or give each its -p and -u"
        yield Finding(WARN, "INDI servers", text)


def server(host: str, port: int) -> Finding:
    """Look whether the server answers, and who does if it is another program."""
    at = f"{host}:{port}"
    try:
        with socket.create_connection((host, port), timeout=2):
            pass
    except OSError as error:
        return Finding(WARN, "INDI server", f"does not answer at {at}: {error.strerror or error}")
    there = listener(port) if _is_here(host) else None
    if there is not None and there.name != SERVER:
        text = f"{at} is taken by {there.name} (process {there.pid}), which may be no INDI server"
        return Finding(WARN, "INDI server", text)
    return Finding(GOOD, "INDI server", f"answers at {at}{f' (process {there.pid})' if there else ''}")


def page(address: str) -> Iterator[Finding]:
    """Tell who has the page's port, where somebody has."""
    port = address.rpartition(":")[2]
    if not port.isdecimal() or not is_taken(int(port)):
        return
    there = listener(int(port))
    if there is None or "indistack" not in " ".join(there.words):
        who = f"{there.name} (process {there.pid})" if there else "a program of another user"
        text = f"port {port} is taken by {who}: the page goes elsewhere; web.listen or --listen names another place"
        yield Finding(WARN, "page", text)


def _is_here(host: str) -> bool:
    return host in ("localhost", os.uname().nodename) or host.startswith("127.") or host == "::1"
