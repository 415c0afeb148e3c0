"""A small server that speaks as INDI 2.x does where that differs from 1.9.9.

It asks clients and drivers for a sign of life. A camera's BLOBs go to the drivers, too, and as base64; FITS keywords
are told one by one; the camera has SCOPE_INFO of its own; the mount slews, tracks, synchronises or flips by
ON_COORD_SET. The camera and the mount are its own, the stack's driver is a process.
"""

from __future__ import annotations

import base64
import contextlib
import itertools
import os
import socket
import subprocess
import threading
from collections.abc import Mapping
from pathlib import Path

from indistack.faces.indi_device.kernel.xml_stream import Message, XmlReader

CAMERA, MOUNT, STACK = "CCD Simulator 2", "Mount 2", "Live Stack"
LINE = 72

CAMERA_SAYS = """
<defSwitchVector device="{0}" name="CONNECTION" state="Ok" perm="rw" rule="OneOfMany" timeout="60">
<defSwitch name="CONNECT">On</defSwitch><defSwitch name="DISCONNECT">Off</defSwitch></defSwitchVector>
<defTextVector device="{0}" name="DRIVER_INFO" state="Idle" perm="ro" timeout="60">
<defText name="DRIVER_NAME">{0}</defText><defText name="DRIVER_EXEC">indi_simulator_ccd</defText>
<defText name="DRIVER_INTERFACE">22</defText></defTextVector>
<defNumberVector device="{0}" name="CCD_EXPOSURE" state="Idle" perm="rw" timeout="60">
<defNumber name="CCD_EXPOSURE_VALUE" format="%g" min="0" max="3600" step="1">1</defNumber></defNumberVector>
<defNumberVector device="{0}" name="SCOPE_INFO" state="Idle" perm="rw" timeout="60">
<defNumber name="FOCAL_LENGTH" format="%g" min="0" max="9999" step="1">400</defNumber>
<defNumber name="APERTURE" format="%g" min="0" max="9999" step="1">80</defNumber></defNumberVector>
<defTextVector device="{0}" name="FITS_HEADER" state="Idle" perm="rw" timeout="60">
<defText name="KEYWORD_NAME"></defText><defText name="KEYWORD_VALUE"></defText>
<defText name="KEYWORD_COMMENT"></defText></defTextVector>
<defBLOBVector device="{0}" name="CCD1" state="Idle" perm="ro" timeout="60">
<defBLOB name="CCD1"/></defBLOBVector>
"""

MOUNT_SAYS = """
<defSwitchVector device="{0}" name="ON_COORD_SET" state="Ok" perm="rw" rule="OneOfMany" timeout="60">
<defSwitch name="SLEW">Off</defSwitch><defSwitch name="TRACK">Off</defSwitch><defSwitch name="SYNC">On</defSwitch>
<defSwitch name="FLIP">Off</defSwitch></defSwitchVector>
<defSwitchVector device="{0}" name="TELESCOPE_TRACK_STATE" state="Ok" perm="rw" rule="OneOfMany" timeout="60">
<defSwitch name="TRACK_ON">On</defSwitch><defSwitch name="TRACK_OFF">Off</defSwitch></defSwitchVector>
<defNumberVector device="{0}" name="EQUATORIAL_EOD_COORD" state="Ok" perm="rw" timeout="60">
<defNumber name="RA" format="%g" min="0" max="24" step="0">5.5</defNumber>
<defNumber name="DEC" format="%g" min="-90" max="90" step="0">20</defNumber></defNumberVector>
"""


class Peer:
    """A client, or the driver, with the messages that it sends."""

    def __init__(self, server: Indi2Server, connection: socket.socket) -> None:
        self.server, self.connection = server, connection
        self.blobs, self.unanswered, self.is_gone = False, set[str](), False
        self.replies = 0
        self._lock = threading.Lock()
        self.thread = threading.Thread(target=self._read, daemon=True)

    def say(self, text: str) -> None:
        with self._lock, contextlib.suppress(OSError):
            self.connection.sendall(text.encode())

    def ping(self, uid: str) -> None:
        self.unanswered.add(uid)
        self.say(f'<pingRequest uid="{uid}"/>\n')

    def _read(self) -> None:
        files: list[int] = []
        reader = XmlReader(lambda message: self._take(message, files))
        with contextlib.suppress(OSError):
            while True:
                data, passed, _, _ = socket.recv_fds(self.connection, 1 << 16, 4)
                files += passed
                if not data:
                    break
                reader.feed(data)
        self.is_gone = True

    def _take(self, message: Message, files: list[int]) -> None:
        uid = message.attributes.get("uid", "")
        if message.tag == "pingReply":
            self.unanswered.discard(uid)
            self.replies += 1
        elif message.tag == "pingRequest":
            self.say(f'<pingReply uid="{uid}"/>\n')
        else:
            self.server.take(self, message, files)


class Indi2Server:
    """See above.

    Parameters
    ----------
    program : sequence of str
        The stack's driver.
    environment : mapping
        Of that.
    """

    def __init__(self, program: list[str], environment: Mapping[str, str], log: Path) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self.clients: list[Peer] = []
        self.orders: list[tuple[str, dict[str, str]]] = []
        self._uids = itertools.count()
        ours, theirs = socket.socketpair()
        with log.open("wb") as file:
            self.process = subprocess.Popen(program, stdin=theirs, stdout=theirs, stderr=file, env=dict(environment))
        theirs.close()
        self.driver = Peer(self, ours)
        self.driver.thread.start()
        self.driver.say('<getProperties version="1.7"/>\n')
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listener.close()
        for peer in (*self.clients, self.driver):
            with contextlib.suppress(OSError):
                peer.connection.shutdown(socket.SHUT_RDWR)
            peer.thread.join(60)
            peer.connection.close()
        self.process.wait(60)

    def ping_all(self) -> list[Peer]:
        """Ask everybody for a sign of life, and return them."""
        peers = [self.driver, *(client for client in self.clients if not client.is_gone)]
        for peer in peers:
            peer.ping(f"server/{next(self._uids)}")
        return peers

    def name_object(self, name: str) -> None:
        """Tell the camera's FITS keywords one by one, as Ekos has a driver do since 2.0."""
        for keyword, value in (("OBJECT", name), ("OBSERVER", "somebody")):
            told = {"KEYWORD_NAME": keyword, "KEYWORD_VALUE": value, "KEYWORD_COMMENT": ""}
            ones = "".join(f'<oneText name="{key}">{text}</oneText>' for key, text in told.items())
            self._tell(f'<setTextVector device="{CAMERA}" name="FITS_HEADER" state="Ok">{ones}</setTextVector>\n')

    def expose(self, data: bytes, suffix: str = ".fits") -> None:
        """Let the camera deliver a frame."""
        for left_s, state in ((1, "Busy"), (0, "Busy")):
            one = f'<oneNumber name="CCD_EXPOSURE_VALUE">{left_s}</oneNumber>'
            head = f'<setNumberVector device="{CAMERA}" name="CCD_EXPOSURE" state="{state}">'
            self._tell(f"{head}{one}</setNumberVector>\n")
        self._tell(blob_of(CAMERA, data, suffix), is_blob=True)
        self.driver.say(blob_of(CAMERA, data, suffix))  # as to a driver that snoops
        one = '<oneNumber name="CCD_EXPOSURE_VALUE">0</oneNumber>'
        self._tell(f'<setNumberVector device="{CAMERA}" name="CCD_EXPOSURE" state="Ok">{one}</setNumberVector>\n')

    def take(self, peer: Peer, message: Message, files: list[int]) -> None:
        """Pass a message on, or act on it."""
        device = message.attributes.get("device", "")
        if peer is self.driver:
            self._from_driver(message, files)
        elif message.tag == "enableBLOB":
            peer.blobs = message.text in ("Also", "Only")
        elif message.tag == "getProperties":
            for name, words in ((CAMERA, CAMERA_SAYS), (MOUNT, MOUNT_SAYS)):
                if device in ("", name):
                    peer.say(words.format(name))
            self.driver.say(f'<getProperties version="1.7" device="{STACK}"/>\n' if device in ("", STACK) else "")
        elif message.tag.startswith("new"):
            self._order(device, message)

    def _order(self, device: str, message: Message) -> None:
        name = message.attributes.get("name", "")
        if device == STACK:
            self.driver.say(written(message))
            return
        self.orders.append((name, message.values()))
        kind = message.tag.removeprefix("new").removesuffix("Vector")
        ones = "".join(f'<one{kind} name="{key}">{text}</one{kind}>' for key, text in message.values().items())
        self._tell(f'<set{kind}Vector device="{device}" name="{name}" state="Busy">{ones}</set{kind}Vector>\n')

    def _from_driver(self, message: Message, files: list[int]) -> None:
        blob = message.elements[0] if message.tag == "setBLOBVector" and message.elements else None
        if blob is None:
            self._tell(written(message))
            return
        if blob.attributes.get("attached") == "true":
            file = files.pop(0)
            data = os.pread(file, int(blob.attributes["len"]), 0)
            os.close(file)
        else:
            data = base64.b64decode(blob.text)
        assert len(data) == int(blob.attributes["size"])
        self._tell(blob_of(STACK, data, blob.attributes["format"]), is_blob=True)

    def _tell(self, text: str, is_blob: bool = False) -> None:
        for client in list(self.clients):
            if client.blobs or not is_blob:
                client.say(text)

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                self.clients.append(client := Peer(self, self._listener.accept()[0]))
                client.thread.start()


def blob_of(device: str, data: bytes, suffix: str) -> str:
    """Return a BLOB as 2.x writes it: lines of base64, their length told."""
    text = base64.b64encode(data).decode()
    lines = "\n".join(text[at : at + LINE] for at in range(0, len(text), LINE))
    one = f'<oneBLOB name="CCD1" size="{len(data)}" enclen="{len(text)}" format="{suffix}">\n{lines}\n</oneBLOB>'
    return f'<setBLOBVector device="{device}" name="CCD1" state="Ok" timeout="60">\n{one}\n</setBLOBVector>\n'


def written(message: Message) -> str:
    """Return a message as text again."""
    from xml.sax.saxutils import escape, quoteattr

    words = "".join(f" {key}={quoteattr(value)}" for key, value in message.attributes.items())
    return f"<{message.tag}{words}>{escape(message.text)}{''.join(map(written, message.elements))}</{message.tag}>\n"
