"""Servers that send what no server should, and files that claim what they are not."""

from __future__ import annotations

import random
import socketserver
import threading
from pathlib import Path

from indistack.settings import validate
from indistack.sources import IndiSettings, IndiSource
from indistack.values.blob import Blob
from tests.pipeline.night import blob_of, make_sky
from tests.pipeline.sessions import lines_of, run
from tests.soak.figures import Clock, Figures

FILES, ENDINGS = 60, (".fits", ".fits", ".xisf", ".png", ".tif", ".fz", ".gz", ".cr2", ".bin")

VECTOR = b'<defNumberVector device="Camera" name="CCD_EXPOSURE" state="Idle" perm="rw">'
TALK = (
    b"",
    b"\x00" * 100_000,
    b"<" * 100_000,
    b"<a>" * 20_000,
    b"GET / HTTP/1.0\r\n\r\n",
    VECTOR + b"<defNumber name='x' min='0' max='1e999' step='nan'>" + b"9" * 50_000,
    VECTOR * 500,
    b'<setBLOBVector device="Camera" name="CCD1"><oneBLOB name="CCD1" size="99999999999" format=".fits">',
    b'<setBLOBVector device="Camera" name="CCD1"><oneBLOB name="CCD1" size="-1">AAAA</oneBLOB></setBLOBVector>',
    b'<message device="\xff\xfe\x00" message="&lt;&amp;&#0;"/>',
)


class _Rude(socketserver.BaseRequestHandler):
    """Sends one kind of talk, then waits or hangs up."""

    def handle(self) -> None:
        server = self.server
        assert isinstance(server, RudeServer)
        server.calls += 1
        try:
            self.request.sendall(TALK[server.calls % len(TALK)])
            if server.calls % 2:
                self.request.settimeout(1.0)
                self.request.recv(1 << 16)
        except OSError:
            return


class RudeServer(socketserver.ThreadingTCPServer):
    """A server on a free port of this machine."""

    daemon_threads = True
    calls = 0


def servers(folder: Path, clock: Clock) -> Figures:
    """Let the client talk to a rude server until time is over; it must live, and ask again."""
    figures, blobs = Figures("hostile INDI servers"), list[Blob]()
    with RudeServer(("127.0.0.1", 0), _Rude) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        settings = validate(IndiSettings, {"host": "127.0.0.1", "port": server.server_address[1]})
        source, stop = IndiSource(settings), threading.Event()
        worker = threading.Thread(target=source.run, args=(blobs.append, stop), daemon=True)
        worker.start()
        while not clock.is_over() and worker.is_alive():
            stop.wait(0.2)
        if not worker.is_alive():
            figures.faults.append("the source died")
        stop.set()
        worker.join(60)
        if worker.is_alive():
            figures.faults.append("the source does not end")
        server.shutdown()
        figures.tries = server.calls
    figures.note = f"{len(TALK)} kinds of talk; {len(blobs)} frames were believed"
    return figures


def files(folder: Path, clock: Clock) -> Figures:
    """Damage frames at random; each has one line, and the subs between them are stacked."""
    figures, chance = Figures("hostile files"), random.Random(1)
    sky = make_sky(width_px=160, height_px=120, n_stars=60, mag_max=11.0)
    rounds = 0
    while not clock.is_over():
        good = [sky.expose().to_fits() for _ in range(FILES + 2)]  # each another: repeats leave no line
        bad = [blob_of(_spoilt(data, chance), f"b{n}{chance.choice(ENDINGS)}") for n, data in enumerate(good[1:-1])]
        blobs = [blob_of(good[0]), *bad, blob_of(good[-1])]
        session = run(folder / f"{rounds}", blobs)
        lines = lines_of(session)
        rounds += 1
        figures.tries += len(bad)
        figures.delivered += len(blobs)
        figures.lines += len(lines)
        if lines[-1]["outcome"] != "accepted" or any(line["reason"] == "internal_error" for line in lines):
            figures.faults.append(f"round {rounds}: {[line['reason'] for line in lines]}")
    figures.note = f"{rounds} nights"
    return figures


def _spoilt(data: bytes, chance: random.Random) -> bytes:
    spoilt = bytearray(data)
    way = chance.randrange(5)
    if way == 0:
        del spoilt[chance.randrange(len(spoilt)) :]
    elif way == 1:
        spoilt = bytearray(chance.randbytes(chance.randrange(1, 5000)))
    elif way == 2:
        for _ in range(8):
            spoilt[chance.randrange(2880)] = chance.randrange(256)
    elif way == 3:
        place = 80 * chance.randrange(36)
        spoilt[place : place + 80] = b"NAXIS1  =           2147483647".ljust(80)
    else:
        spoilt[:4] = chance.choice((b"XISF", b"II*\x00", b"\x89PNG", b"\x1f\x8b\x08\x00", b"MM\x00*"))
    return bytes(spoilt)
