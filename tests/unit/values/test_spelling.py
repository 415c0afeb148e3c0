"""Names that are one, spelled differently."""

from __future__ import annotations

import pytest

from indistack.values.spelling import is_same, plain


@pytest.mark.parametrize(
    ("name", "same"),
    [
        ("M31", "m_31"),
        ("H-alpha", "HA"),
        ("H\u03b2", "Hb"),
        ("Barnard's Star", "barnards star"),
        ("\u00c9toile", "etoile"),
    ],
)
def test_spelling(name: str, same: str) -> None:
    assert is_same(name, same)


def test_other_names() -> None:
    assert not is_same("M31", "M3")
    assert not is_same("Ha", "Hb")
    assert not is_same("#", "*")
    assert plain("  ") == ""
