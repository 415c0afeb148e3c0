"""How the page is reached: under which names, with which code, encrypted or not; and whom it tells by itself."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from pathlib import Path

from indistack.errors import IndistackError

DOOR = "INDISTACK_PAGE_DOOR"
"""In the environment of a page beside an agent: what is set of it, which other users must not see among its words."""


@dataclass(frozen=True, slots=True)
class Door:
    """What is set of it.

    Attributes
    ----------
    names : tuple of str
        Further names of this machine.
    code : str
        Without which nobody sees anything; "": everybody does.
    certificate, key : str
        PEM files, both or none: with them the page is encrypted.
    mqtt : str
        Address of a broker that is told how the night goes; "": none.
    """

    names: tuple[str, ...] = ()
    code: str = ""
    certificate: str = ""
    key: str = ""
    mqtt: str = ""

    @property
    def scheme(self) -> str:
        """With which addresses of the page begin."""
        return "https" if self.certificate else "http"


def require_encryption(door: Door) -> None:
    """Refuse a certificate that cannot be used, in words; the page is never served in the clear in its place.

    Raises
    ------
    IndistackError
        A file is missing, not told, cannot be read, is none of its kind, or the key is that of another certificate.
    """
    if not door.certificate and not door.key:
        return
    if not door.certificate or not door.key:
        raise IndistackError("web.certificate and web.key: both are needed, or none")
    for name, path in (("web.certificate", door.certificate), ("web.key", door.key)):
        try:
            with Path(path).open("rb") as file:
                file.read(1)
        except OSError as error:
            raise IndistackError(f"{name}: {path}: {error.strerror}") from error
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(door.certificate, door.key, _no_password)
    except ssl.SSLError as error:
        raise IndistackError(_in_words(door, error.reason or "")) from error
    except ValueError as error:
        raise IndistackError(f"web.key: {door.key}: is locked by a password; give one that is not") from error


def _no_password() -> str:
    """Stand for what nobody can type when a telescope starts by itself."""
    raise ValueError("a password is asked for")


def _in_words(door: Door, reason: str) -> str:
    if reason == "KEY_VALUES_MISMATCH":
        return f"web.key: {door.key}: is not the key of {door.certificate}"
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_verify_locations(door.certificate)
    except ssl.SSLError:
        return f"web.certificate: {door.certificate}: holds no certificate (PEM is wanted)"
    return f"web.key: {door.key}: holds no key (PEM is wanted)"
