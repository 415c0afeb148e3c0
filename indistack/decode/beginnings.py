"""What a file that is no frame seems to be instead, by its first bytes, in words for people."""

from __future__ import annotations

SHOWN_BYTES = 16

KINDS = (
    (0, b"LUCAM-RECORDER", "a SER video"),
    (8, b"AVI ", "an AVI video"),
    (4, b"ftypheic", "a HEIC picture"),
    (4, b"ftypmif1", "a HEIC picture"),
    (4, b"ftypavif", "an AVIF picture"),
    (4, b"ftypqt", "a video"),
    (4, b"ftypmp4", "a video"),
    (4, b"ftypisom", "a video"),
    (0, b"\x1a\x45\xdf\xa3", "a video"),
    (8, b"WEBP", "a WebP picture"),
    (0, b"GIF8", "a GIF picture"),
    (0, b"BM", "a BMP picture"),
    (0, b"8BPS", "a Photoshop picture"),
    (0, b"gimp xcf", "a GIMP picture"),
    (0, b"%PDF", "a PDF"),
    (0, b"PK\x03\x04", "a ZIP archive"),
    (0, b"Rar!", "a RAR archive"),
    (0, b"7z\xbc\xaf", "a 7z archive"),
    (0, b"BZh", "packed by bzip2: unpack it first"),
    (0, b"\xfd7zXZ", "packed by xz: unpack it first"),
    (0, b"\x28\xb5\x2f\xfd", "packed by zstd: unpack it first"),
    (0, b"<!DOCTYPE html", "a web page"),
    (0, b"<!doctype html", "a web page"),
    (0, b"<html", "a web page"),
    (0, b"<svg", "an SVG drawing"),
)
"""Where a signature stands, the signature, and what has it."""


def beginning(head: bytes) -> str:
    """Return what the first bytes of a file say that it is: ``it is a web page``, ``it begins with the text "hello"``.

    Parameters
    ----------
    head : bytes
        As many as there are, 24 at least where the file has so many.
    """
    kind = next((kind for at, mark, kind in KINDS if head[at : at + len(mark)] == mark), None)
    if kind is not None:
        return f"it is {kind}"
    first = head[:SHOWN_BYTES]
    if not any(first):
        return "it begins with zeros"
    text = first.decode("ascii", "replace").split("\n")[0].strip()
    if text and text.isprintable() and text.isascii():
        return f'it begins with the text "{text}"'
    return f"it begins with the bytes {first.hex(' ')}"
