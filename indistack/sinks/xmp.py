"""The same facts as XMP, which catalogues of pictures read, with letters of any script.

XMP specification part 1 (ISO 16684-1), and part 3 on how each kind of file holds it.
"""

from __future__ import annotations

import struct
from xml.sax.saxutils import escape, quoteattr

from indistack.sinks.labels import Labels

JPEG_HEAD = b"http://ns.adobe.com/xap/1.0/\0"
PNG_KEYWORD = b"XML:com.adobe.xmp"

NAMESPACES = {
    "dc": "http://purl.org/dc/elements/1.1/",
    "exif": "http://ns.adobe.com/exif/1.0/",
    "xmp": "http://ns.adobe.com/xap/1.0/",
}


def packet(labels: Labels) -> bytes:
    """Return the XMP of a stack's picture, UTF-8: title and description, program, date, exposure; sRGB."""
    plain = {"xmp:CreatorTool": labels.program, "xmp:CreateDate": labels.date, "exif:DateTimeOriginal": labels.date}
    plain |= {"exif:ColorSpace": "1"}
    if labels.exposure_s > 0:
        plain["exif:ExposureTime"] = f"{round(labels.exposure_s * 1000)}/1000"
    attributes = "".join(f" {name}={quoteattr(text)}" for name, text in plain.items() if text)
    spaces = "".join(f' xmlns:{name}="{address}"' for name, address in NAMESPACES.items())
    texts = {"dc:title": labels.target, "dc:description": labels.description}
    said = "".join(_in_any_language(name, text) for name, text in texts.items() if text)
    return (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>'
        '<x:xmpmeta xmlns:x="adobe:ns:meta/">'
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        f'<rdf:Description rdf:about=""{spaces}{attributes}>{said}</rdf:Description>'
        '</rdf:RDF></x:xmpmeta><?xpacket end="r"?>'
    ).encode()


def jpeg_segment(labels: Labels) -> bytes:
    """Return it as a segment of a JPEG file, with its marker and length."""
    data = JPEG_HEAD + packet(labels)
    return b"\xff\xe1" + struct.pack(">H", len(data) + 2) + data


def png_text(labels: Labels) -> bytes:
    """Return what an iTXt chunk of a PNG file holds: not compressed, of no language."""
    return PNG_KEYWORD + bytes(5) + packet(labels)


def _in_any_language(name: str, text: str) -> str:
    said = f'<rdf:Alt><rdf:li xml:lang="x-default">{escape(text)}</rdf:li></rdf:Alt>'
    return f"<{name}>{said}</{name}>"
