"""Facts of a picture as XMP."""

import re
import struct
import zlib
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from indistack.picture.integration import Preview
from indistack.picture.linear import StackPicture
from indistack.sinks import Snapshot, sink_for
from indistack.sinks.labels import Labels
from indistack.sinks.xmp import packet

LABELS = Labels("Ring <M 57> & Größe", "indistack 0.1", "2026-10-14T17:30:00", 6, 36.5)
DC, XMP = "{http://purl.org/dc/elements/1.1/}", "{http://ns.adobe.com/xap/1.0/}"
EXIF = "{http://ns.adobe.com/exif/1.0/}"
RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"


def read(data: bytes) -> ElementTree.Element:
    """Return the description in a file's only packet."""
    (found,) = re.findall(rb"<x:xmpmeta.*</x:xmpmeta>", data, re.DOTALL)
    described = ElementTree.fromstring(found).find(f"{RDF}RDF/{RDF}Description")
    assert described is not None
    return described


def test_packet_tells_all_facts_in_any_script() -> None:
    told = read(packet(LABELS))
    assert told.findtext(f"{DC}title/{RDF}Alt/{RDF}li") == "Ring <M 57> & Größe"
    assert told.findtext(f"{DC}description/{RDF}Alt/{RDF}li") == LABELS.description
    assert told.get(f"{XMP}CreateDate") == "2026-10-14T17:30:00"
    assert told.get(f"{XMP}CreatorTool") == "indistack 0.1"
    assert told.get(f"{EXIF}ExposureTime") == "36500/1000"


def test_what_is_not_known_is_not_told() -> None:
    told = read(packet(Labels("", "", "", 0, 0.0)))
    assert [key for key in told.attrib if not key.startswith(RDF)] == [f"{EXIF}ColorSpace"]
    assert len(told) == 0


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp"])
def test_files_hold_it(tmp_path: Path, suffix: str) -> None:
    pixels = np.zeros((40, 60, 3), np.uint8)
    cards = (("OBJECT", "M 57", ""), ("LIVETIME", 36.5, ""))
    path = tmp_path / f"stack{suffix}"
    snapshot = Snapshot(StackPicture(pixels.astype(np.float32)), cards, False, Preview(pixels))
    sink_for(path).write(path, snapshot)
    assert read(path.read_bytes()).findtext(f"{DC}title/{RDF}Alt/{RDF}li") == "M 57"


def test_png_chunk_is_whole(tmp_path: Path) -> None:
    pixels = np.zeros((40, 60), np.uint8)
    path = tmp_path / "stack.png"
    sink_for(path).write(path, Snapshot(StackPicture(pixels.astype(np.float32)), (), False, Preview(pixels)))
    data = path.read_bytes()
    at = data.index(b"iTXtXML:com.adobe.xmp\0\0\0\0\0<?xpacket")
    (length,) = struct.unpack(">I", data[at - 4 : at])
    body, (checksum,) = data[at : at + 4 + length], struct.unpack(">I", data[at + 4 + length : at + 8 + length])
    assert zlib.crc32(body) == checksum
    assert body.endswith(b'<?xpacket end="r"?>')
