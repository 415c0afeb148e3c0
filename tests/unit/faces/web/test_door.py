"""Certificates that cannot be used, each told in words that name the setting."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from indistack.errors import IndistackError
from indistack.faces.web.door import Door, require_encryption


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a certificate with its key, another key, one that is locked, and what is neither."""
    folder, openssl = tmp_path_factory.mktemp("certificates"), shutil.which("openssl")
    if openssl is None:
        pytest.skip("there is no openssl here to make certificates with")
    curve = ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"]
    for words in (
        ["genpkey", *curve, "-out", "own.key"],
        ["genpkey", *curve, "-out", "other.key"],
        ["pkey", "-in", "own.key", "-aes256", "-passout", "pass:secret", "-out", "locked.key"],
        ["req", "-new", "-x509", "-key", "own.key", "-subj", "/CN=telescope", "-days", "9", "-out", "own.pem"],
    ):
        subprocess.run([openssl, *words], cwd=folder, check=True, capture_output=True, timeout=120)
    (folder / "text.pem").write_text("not that\n")
    return folder


def test_a_certificate_with_its_key_will_do(files: Path) -> None:
    door = Door(certificate=str(files / "own.pem"), key=str(files / "own.key"))
    require_encryption(door)
    assert (door.scheme, Door().scheme) == ("https", "http")


@pytest.mark.parametrize(
    ("certificate", "key", "told"),
    [
        ("nowhere.pem", "own.key", r"web\.certificate: .*nowhere\.pem: No such file"),
        ("own.pem", "nowhere.key", r"web\.key: .*nowhere\.key: No such file"),
        ("own.pem", "other.key", r"web\.key: .*other\.key: is not the key of .*own\.pem"),
        ("own.pem", "locked.key", r"web\.key: .*locked\.key: is locked by a password"),
        ("text.pem", "own.key", r"web\.certificate: .*text\.pem: holds no certificate"),
        ("own.key", "own.key", r"web\.certificate: .*own\.key: holds no certificate"),
        ("own.pem", "text.pem", r"web\.key: .*text\.pem: holds no key"),
        (".", "own.key", r"web\.certificate: .*: Is a directory"),
    ],
)
def test_what_cannot_be_used_is_told_by_its_setting(files: Path, certificate: str, key: str, told: str) -> None:
    with pytest.raises(IndistackError, match=told):
        require_encryption(Door(certificate=str(files / certificate), key=str(files / key)))
