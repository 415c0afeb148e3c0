"""What headers, devices and files are called does nothing where it is read."""

from __future__ import annotations

import ast
import logging
import os
import subprocess
import sys
import unicodedata
from pathlib import Path

import pytest

import indistack
from indistack.command_line.say import complain, say
from indistack.decode.tiff import Directory
from indistack.fits_header import parse_cards
from indistack.indi.events import FrameBlob, PathSaved, Said, event_of
from indistack.sinks.labels import labels_of, png_chunks
from indistack.system import log
from indistack.system.harmless import harmless, harmless_lines, harmless_values
from tests.unit.decode.files import read, xisf_xml
from tests.unit.decode.tiffs import ASCII, dng

ODD = "M 31\x1b[2J\r\n\x9b5m\u202e\u2066\x00\u200b\udcff"
CLEAN = "M 31?[2J  ?5m?????"


def test_what_steers_hides_or_turns_text_is_replaced() -> None:
    assert harmless(ODD) == CLEAN
    every = harmless("".join(map(chr, range(0x110000))))
    assert len(every) == 0x110000
    assert {unicodedata.category(letter) for letter in every} & {"Cc", "Cf", "Cs", "Zl", "Zp"} == set()


@pytest.mark.parametrize("name", ["M 31", "Σ 2398", "Große Wolke", "H-α (3 nm)", "猟犬座", "100 %"])
def test_names_stay_as_they_are(name: str) -> None:
    assert harmless(name) is name


def test_lines_and_trees_keep_their_shape() -> None:
    assert harmless_lines("a\x1b\nb") == "a?\nb"
    told = harmless_values({"a\x07": [1, None, ("b\x07", 2.5)], "c": {"d": "\x1b"}})
    assert told == {"a?": [1, None, ["b?", 2.5]], "c": {"d": "?"}}


class TestWhereTextEnters:
    def test_fits(self) -> None:
        block = b"OBJECT  = 'a\x1b[2J\x9b'  / b\x07".ljust(80) + b"HISTORY c\rd".ljust(80)
        assert parse_cards(block) == (("OBJECT", "a?[2J?", "b?"), ("HISTORY", "c d", ""))

    def test_xisf(self) -> None:
        keyword = '<FITSKeyword name="OBJECT" value="a&#x202e;b" comment="c&#x85;"/>'
        told = '<Property id="Instrument:Filter:Name" type="String">d&#x202e;</Property>'
        body = f'<Image geometry="8:4:1" sampleFormat="UInt8" location="attachment:4096:32">{keyword}{told}</Image>'
        frame = read(xisf_xml(body, bytes(range(32))), ".xisf")
        assert ("OBJECT", "a?b", "c ") in frame.info.header
        assert frame.info.filter_name == "d?"

    def test_exif(self) -> None:
        import numpy as np

        data = dng(np.zeros((8, 8), np.uint16), "RGGB", {272: (ASCII, b"a\x1b[2Jb\0")})
        assert Directory(memoryview(data)).text(272) == "a?[2Jb"

    def test_indi(self) -> None:
        said = event_of({"kind": "message", "device": "a\x1b", "text": "b\nc"}, None)
        assert said == Said("a?", "b c")
        told = {"device": "a\x1b", "received": 0.0, "facts": {"FILTER_NAME": {"x": "Ha\u202e"}}}
        frame = event_of({"kind": "frame", "property": "CCD1", "suffix": ".fits", **told}, None)
        assert isinstance(frame, FrameBlob)
        assert (frame.device, frame.facts) == ("a?", {"FILTER_NAME": {"x": "Ha?"}})
        saved = event_of({"kind": "path", "path": "/x\u202e", "defined": False, **told}, None)
        assert isinstance(saved, PathSaved)
        assert saved.path == "/x\u202e"  # a file may be called so


class TestWhereTextLeaves:
    @pytest.mark.parametrize("level", ["info", "debug"])
    def test_log(self, level: str, capsys: pytest.CaptureFixture[str]) -> None:
        before = logging.root.handlers[:], logging.root.level
        try:
            log.configure(level)
            try:
                raise ValueError(ODD)
            except ValueError:
                logging.getLogger("x").exception("cannot read %s", ODD)
        finally:
            logging.root.handlers[:], _ = before
            logging.root.setLevel(before[1])
        lines = capsys.readouterr().err.splitlines()
        assert lines[0].endswith(f"cannot read {CLEAN}")
        assert all(line.isprintable() for line in lines)
        assert sum("Traceback" in line for line in lines) == 1

    def test_a_name_without_end_fills_no_log(self) -> None:
        record = logging.makeLogRecord({"msg": "%s is not here", "args": ("x" * 60_000,), "levelno": 20})
        assert len(log._Plain(log.PLAIN, log.CLOCK).format(record)) < 5000

    def test_a_library_that_has_a_line_for_each_piece_of_a_file_is_silent(self) -> None:
        code = (
            "from indistack.system import log\n"
            "log.configure('info')\n"
            "from indistack.decode.tiff_pixels import PACKBITS, _grey\n"
            "_grey(memoryview(bytes([200, 7])), PACKBITS, 8, 1, 10)\n"  # a run of 57 bytes in a row of 10
        )
        environment = {name: value for name, value in os.environ.items() if name != "OPENCV_LOG_LEVEL"}
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=True)
        assert done.stderr == ""

    def test_terminal(self, capsys: pytest.CaptureFixture[str]) -> None:
        say(f"one {ODD}\ntwo")
        complain(f"why {ODD}")
        out, err = capsys.readouterr()
        assert out == f"one {CLEAN.replace('  ?5m', ' ' + chr(10) + '?5m')}\ntwo\n"
        assert all(line.isprintable() for line in (out + err).split("\n"))
        assert err.startswith("indistack: why M 31?")

    def test_labels_of_pictures(self) -> None:
        labels = labels_of((("OBJECT", "a\x1b\x00b", ""),))
        assert labels.target == "a??b"
        assert b"Title\0a??b" in png_chunks(labels)

    def test_nothing_is_printed_by_another_way(self) -> None:
        root = Path(indistack.__file__).parent
        names = {
            path.relative_to(root).as_posix()
            for path in root.rglob("*.py")
            for node in ast.walk(ast.parse(path.read_text()))
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
        }
        assert names == {"command_line/say.py"}
