"""The file for those who look for a fault: all of ours is in it, nothing of who and where."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest

from indistack.cli import main
from indistack.command_line.bundle import write_bundle
from indistack.command_line.doctor import Finding
from indistack.config import Config
from indistack.errors import IndistackError
from indistack.settings import load
from indistack.system import private

SECRETS = ("galileo", "dome7", "52.51", "13.405", "192.168.3.17", "tokenabc", "mount.local")


@pytest.fixture
def output(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An agent's folder after a night, all lines of which tell who and where somebody is."""
    monkeypatch.setattr(private.platform, "node", lambda: "dome7")
    monkeypatch.setattr(private, "_user", lambda: "galileo")
    monkeypatch.setattr(Path, "home", lambda: Path("/home/galileo"))
    folder = tmp_path / "out"
    session = folder / "sessions" / "20240101-000000_M31_001"
    session.mkdir(parents=True)
    (folder / "status.json").write_text(json.dumps({"host": "dome7", "sky": {"site_lat": 52.51}, "n_subs": 3}))
    line = {"number": 3, "path": "/home/galileo/3.fits", "detail": "SITELAT=52.51 SITELONG=13.405", "SITELAT": "52.51"}
    (session / "ledger.jsonl").write_text(json.dumps(line) + '\n{"half of a line about galileo')
    told = {"text": "192.168.3.17 refused, tokenabc at tgram://tokenabc/x", "token": "tokenabc"}
    (folder / "log.jsonl").write_text(json.dumps(told).replace("refused, tokenabc", "refused,") + "\n")
    return folder


def write(path: Path, output: Path) -> dict[str, str]:
    secrets = ['indi.host="mount.local"', 'solve.arguments=["--lat", "52.51"]', 'notify.urls=["tgram://tokenabc/x"]']
    config = load(Config, None, secrets)
    write_bundle(path, config, output, [Finding("BAD", "INDI server", "mount.local does not answer")])
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name).decode() for name in archive.namelist()}


def test_nothing_private_is_in_it(tmp_path: Path, output: Path) -> None:
    for name, text in write(tmp_path / "a.zip", output).items():
        assert [secret for secret in SECRETS if secret in text] == [], name


def test_what_finds_faults_is_in_it(tmp_path: Path, output: Path) -> None:
    parts = write(tmp_path / "a.zip", output)
    assert json.loads(parts["status.json"])["n_subs"] == 3
    first, second = map(json.loads, parts["ledger.jsonl"].splitlines())
    assert (first["number"], first["path"]) == (3, "~/3.fits")
    assert second == {"unreadable_bytes": 30}
    assert "refused" in parts["log.jsonl"]
    assert "does not answer" in parts["doctor.txt"]
    assert json.loads(parts["machine.json"])["packages"]["numpy"][0].isdigit()
    assert json.loads(parts["settings.json"])["stack"]["method"] == "auto"
    assert json.loads(parts["sessions.json"])[0]["name"] == "20240101-000000_M31_001"


def test_an_output_folder_that_is_not_there_is_no_hindrance(tmp_path: Path) -> None:
    assert "machine.json" in write(tmp_path / "a.zip", tmp_path / "none")


def test_no_file_is_replaced(tmp_path: Path, output: Path) -> None:
    (tmp_path / "a.zip").write_bytes(b"mine")
    with pytest.raises(IndistackError, match="is there already"):
        write(tmp_path / "a.zip", output)
    assert (tmp_path / "a.zip").read_bytes() == b"mine"


def test_the_doctor_writes_it(tmp_path: Path, output: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "a.zip"
    main(["doctor", "--set", "indi.port=1", "--output-dir", str(output), "--bundle", str(path)])
    assert zipfile.is_zipfile(path)
    assert "look through it" in capsys.readouterr().out
