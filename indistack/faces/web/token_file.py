"""Who may change things: a token that is shown once, and of which only a scrypt hash is kept."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import secrets
from pathlib import Path

from indistack.errors import SinkError
from indistack.faces.web.patience import Patience
from indistack.system.ordinary_file import read_ordinary

NAME = "page-token.json"
"""File in the output folder."""

ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
"""What is not taken for one another when it is typed from a screen."""
GROUPS, LETTERS = 3, 4
"""30^12 tokens: 58 bits."""

COST, BLOCK, LANES = 2**14, 8, 1
"""Of scrypt: 16 MiB and about 50 ms a try."""


def new_token() -> str:
    """Return a new token, as ``7KQD-2MXA-PV9C``."""
    return "-".join("".join(secrets.choice(ALPHABET) for _ in range(LETTERS)) for _ in range(GROUPS))


def write_token(folder: Path, token: str) -> None:
    """Keep the hash of a token, readable by its owner only; raise SinkError where it cannot be written."""
    salt = os.urandom(16)
    text = json.dumps({"scrypt": [COST, BLOCK, LANES], "salt": salt.hex(), "hash": _hash(token, salt).hex()})
    temporary = folder / f".{NAME}.{os.getpid()}.tmp"
    try:
        temporary.unlink(missing_ok=True)
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(text)
        temporary.replace(folder / NAME)
    except OSError as error:
        raise SinkError(f"{folder / NAME}: cannot be written: {error.strerror}") from error


def has_token(folder: Path) -> bool:
    """Tell whether a token is kept there."""
    return _read(folder) is not None


class Keys:
    """Checks tokens: in constant time, and the slower the more often a caller was wrong.

    Parameters
    ----------
    folder : Path
        The output folder; a token that is made while this runs counts at once.
    patience : Patience, optional
        With who is wrong.
    """

    def __init__(self, folder: Path, patience: Patience | None = None) -> None:
        self._folder = folder
        self.patience = patience or Patience()
        self._known = b"", b""
        self._pepper = os.urandom(16)

    @property
    def exist(self) -> bool:
        """Whether anybody can have a token."""
        return has_token(self._folder)

    def open(self, token: str, caller: str) -> bool:
        """Tell whether a token is right."""
        if self._is_right(token.strip().upper()):
            self.patience.forgive(caller)
            return True
        self.patience.failed(caller)
        return False

    def _is_right(self, token: str) -> bool:
        kept = _read(self._folder)
        if kept is None or len(token) > 100:
            return False
        salt, wanted = kept
        quick = hmac.digest(self._pepper, salt + token.encode(), "sha256")
        if hmac.compare_digest(quick, self._known[0]) and hmac.compare_digest(wanted, self._known[1]):
            return True  # it was right before: scrypt is for who does not know it
        right = hmac.compare_digest(_hash(token, salt), wanted)
        if right:
            self._known = quick, wanted
        return right


def _hash(token: str, salt: bytes) -> bytes:
    return hashlib.scrypt(token.encode(), salt=salt, n=COST, r=BLOCK, p=LANES, dklen=32)


def _read(folder: Path) -> tuple[bytes, bytes] | None:
    try:
        kept = json.loads(read_ordinary(folder / NAME, 10_000))
        return bytes.fromhex(kept["salt"]), bytes.fromhex(kept["hash"])
    except (OSError, ValueError, TypeError, LookupError):
        return None
